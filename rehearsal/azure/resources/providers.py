"""Resource providers as ARM lists them: their types, where those are, and which versions they take.

The versions are those that the Pulumi SDK names for each type, newest first; before 2022 from
memory. They tell a client that was given none which to ask for: ARM's providers here take any,
the lab service alone refuses others.
"""

from __future__ import annotations

from typing import Any

from rehearsal.azure.arm.routes import LAB_VERSIONS
from rehearsal.azure.arm.types import types_of
from rehearsal.azure.resources import registration
from rehearsal.azure.world import REGIONS, Azure

Json = dict[str, Any]

_COMPUTE = (
    *("2026-03-01", "2025-11-01", "2025-04-01", "2024-11-01", "2024-07-01", "2024-03-01"),
    *("2023-09-01", "2023-07-01", "2023-03-01", "2022-11-01", "2022-08-01", "2022-03-01"),
    *("2021-11-01", "2021-07-01", "2021-03-01", "2020-12-01", "2020-06-01", "2019-12-01"),
)
_DISKS = (
    *("2026-03-02", "2025-01-02", "2024-03-02", "2023-10-02", "2023-04-02", "2023-01-02"),
    *("2022-07-02", "2022-03-02", "2021-12-01", "2021-08-01", "2021-04-01", "2020-12-01"),
)
_KEY_VAULT = (
    *("2026-03-01-preview", "2026-02-01", "2025-05-01", "2024-12-01-preview", "2024-11-01"),
    *("2024-04-01-preview", "2023-07-01", "2023-02-01", "2022-07-01", "2021-10-01", "2019-09-01"),
)
_IDENTITY = (
    *("2025-05-31-preview", "2025-01-31-preview", "2024-11-30", "2023-07-31-preview"),
    *("2023-01-31", "2022-01-31-preview", "2018-11-30"),
)
_NETWORK = (
    *("2025-07-01", "2025-05-01", "2025-03-01", "2025-01-01", "2024-10-01", "2024-07-01"),
    *("2024-05-01", "2024-03-01", "2024-01-01", "2023-11-01", "2023-09-01", "2023-06-01"),
    *("2023-05-01", "2023-04-01", "2023-02-01", "2022-11-01", "2022-09-01", "2022-07-01"),
    *("2022-05-01", "2022-01-01", "2021-08-01", "2021-05-01", "2021-03-01", "2021-02-01"),
    *("2020-11-01", "2020-08-01", "2020-07-01", "2020-06-01", "2020-05-01", "2020-04-01"),
    *("2020-03-01", "2019-12-01", "2019-11-01", "2019-09-01", "2019-08-01", "2019-07-01"),
    *("2019-06-01", "2019-04-01", "2019-02-01", "2018-12-01", "2018-11-01", "2018-10-01"),
    *("2018-08-01", "2018-07-01", "2018-06-01"),
)
_RESOURCES = (
    *("2025-04-01", "2025-03-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-07-01"),
    *("2022-09-01", "2021-04-01", "2021-01-01", "2020-10-01", "2020-06-01", "2019-10-01"),
)
_STORAGE = (
    *("2026-04-01", "2025-08-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01"),
    *("2023-04-01", "2023-01-01", "2022-09-01", "2022-05-01", "2021-09-01", "2021-08-01"),
    *("2021-06-01", "2021-04-01", "2021-02-01", "2021-01-01", "2019-06-01"),
)
# By namespace, and by type where one has others.
VERSIONS = {
    "Microsoft.Authorization": ("2022-04-01", "2018-07-01", "2015-07-01"),
    "Microsoft.Authorization/locks": ("2020-05-01", "2017-04-01", "2016-09-01", "2015-01-01"),
    "Microsoft.Authorization/roleAssignments": (
        *("2022-04-01", "2020-10-01-preview", "2020-08-01-preview", "2015-07-01"),
    ),
    "Microsoft.Authorization/roleDefinitions": (
        *("2022-05-01-preview", "2022-04-01", "2018-01-01-preview", "2015-07-01"),
    ),
    "Microsoft.Compute": _COMPUTE,
    "Microsoft.Compute/disks": _DISKS,
    "Microsoft.Compute/snapshots": _DISKS,
    "Microsoft.DevTestLab": LAB_VERSIONS[::-1],
    "Microsoft.KeyVault": _KEY_VAULT,
    "Microsoft.ManagedIdentity": _IDENTITY,
    "Microsoft.MarketplaceOrdering": ("2021-01-01", "2015-06-01"),
    "Microsoft.Network": _NETWORK,
    "Microsoft.Resources": _RESOURCES,
    "Microsoft.Storage": _STORAGE,
}
NAMESPACES = tuple(name for name in VERSIONS if "/" not in name)
# What there is beside the types of the tables.
_BESIDE = (
    "Microsoft.Authorization/permissions",
    "Microsoft.Compute/locations",
    "Microsoft.Compute/locations/operations",
    "Microsoft.Compute/locations/publishers",
    "Microsoft.Compute/locations/usages",
    "Microsoft.DevTestLab/locations",
    "Microsoft.DevTestLab/locations/operations",
    "Microsoft.DevTestLab/operations",
    "Microsoft.MarketplaceOrdering/offertypes",
    "Microsoft.Resources/operations",
    "Microsoft.Resources/providers",
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Resources/resources",
    "Microsoft.Resources/subscriptions",
    "Microsoft.Resources/subscriptions/locations",
    "Microsoft.Resources/subscriptions/resourceGroups",
    "Microsoft.Resources/tags",
    "Microsoft.Resources/tenants",
)
# Which are in no region: they hang on scopes, or are of the tenant.
_NOWHERE = ("Microsoft.Authorization/", "Microsoft.MarketplaceOrdering/", "Microsoft.Resources/")


def provider_body(azure: Azure, subscription: str, namespace: str) -> Json | None:
    """Write a resource provider with the types that are rehearsed; None for another."""
    name = next((known for known in NAMESPACES if known.lower() == namespace.lower()), None)
    if name is None:
        return None
    kinds = {kind.kind for kind in types_of(azure).values()} | set(_BESIDE)
    always = registration.always(name)
    return {
        "id": f"/subscriptions/{subscription}/providers/{name}",
        "namespace": name,
        "registrationState": registration.state(azure, subscription, name),
        "registrationPolicy": "RegistrationFree" if always else "RegistrationRequired",
        "resourceTypes": [_type(kind) for kind in sorted(kinds) if kind.startswith(f"{name}/")],
    }


def _type(kind: str) -> Json:
    namespace, _, short = kind.partition("/")
    nowhere = kind.startswith(_NOWHERE) and short != "resourceGroups"
    return {
        "resourceType": short,
        "locations": [] if nowhere else list(REGIONS.values()),
        "apiVersions": list(VERSIONS.get(kind, VERSIONS[namespace])),
        "capabilities": "None",
    }
