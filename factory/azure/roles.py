"""What the factory may do in Azure: one table, from which roles and their documentation are made.

``python -m factory.azure.roles`` writes the roles into docs/permissions.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs" / "permissions.md"
_BEGIN, _END = "<!-- roles: begin -->", "<!-- roles: end -->"


class Role(StrEnum):
    """A role of its own for each place where something is done; the value is its name in Azure."""

    STORE = "Image Factory Store"
    RECEIVE = "Image Factory Receiver"
    BUILD = "Image Factory Builder"
    LAB = "Image Factory Lab"
    DISKS = "Image Factory Disks"
    OFFERS = "Image Factory Offers"
    SOURCE = "Image Factory Source"
    ENVIRONMENTS = "Image Factory Environments"
    LOOK = "Image Factory Reader"

    @property
    def purpose(self) -> str:
        """What it is for, and where it is assigned."""
        return _PURPOSE[self]


_PURPOSE = {
    Role.STORE: "Keeps a stack's snapshots and managed images: assigned on its own resource group.",
    Role.RECEIVE: "Delivers into a lab: assigned on each lab that receives images.",
    Role.BUILD: "Builds in the factory lab: assigned on it, or on its resource group where the "
    "stack makes the lab.",
    Role.LAB: "Makes the factory lab and its network: assigned on their resource group.",
    Role.DISKS: "Reads the disks of build VMs: assigned on the resource group where they stand.",
    Role.OFFERS: "Reads marketplace versions and the cores in use: assigned in the subscription "
    "of a building stack, since Azure has them there alone.",
    Role.SOURCE: "Lets a receiving stack copy: assigned to its identity on the resource group of "
    "the stack it receives from.",
    Role.ENVIRONMENTS: "Makes lab environments: beside one of the above where the settings have "
    "environments, on those labs.",
    Role.LOOK: "Reads plan, why, forecast and orphans: assigned in the stack's subscription.",
}


@dataclass(frozen=True)
class Grant:
    """One action and who may do it. ``linked`` ones Azure asks for on what a request refers to.

    Such an action has no request of its own, so no record of requests shows it. ``adopted`` ones
    are asked for where the factory lab is one of others.
    """

    action: str
    roles: frozenset[Role]
    linked: bool = False
    adopted: bool = False


def _to(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_STORES = _to(Role.STORE)
_BUILDS = _to(Role.BUILD)
_MAKES = _to(Role.LAB)
_LOOKS = _to(Role.LOOK)
_VERSIONS = "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read"
_ENVIRONMENTS = "Microsoft.DevTestLab/labs/users/environments"
_VM = "Microsoft.DevTestLab/labs/virtualMachines"
# What a network is made of, and which part of it others join.
_NETWORK = {
    "publicIPAddresses": "",
    "natGateways": "",
    "networkSecurityGroups": "",
    "virtualNetworks": "/subnets",
}

GRANTS: Sequence[Grant] = (
    # The stack's own group with its snapshots and managed images. Groups are never deleted.
    Grant("Microsoft.Resources/subscriptions/resourceGroups/read", _STORES | _MAKES | _LOOKS),
    Grant("Microsoft.Resources/subscriptions/resourceGroups/write", _STORES | _MAKES),
    Grant("Microsoft.Compute/snapshots/read", _STORES | _LOOKS | {Role.SOURCE}),
    Grant("Microsoft.Compute/snapshots/write", _STORES),
    Grant("Microsoft.Compute/snapshots/delete", _STORES),
    Grant("Microsoft.Compute/images/read", _STORES | _LOOKS),
    Grant("Microsoft.Compute/images/write", _STORES),
    Grant("Microsoft.Compute/images/delete", _STORES),
    Grant(
        "Microsoft.Compute/snapshots/beginGetAccess/action", _STORES | {Role.SOURCE}, linked=True
    ),
    # Labs that receive: their images, and what is made from them. The factory lab has both too.
    Grant("Microsoft.DevTestLab/labs/read", _BUILDS | _LOOKS | {Role.RECEIVE}),
    Grant("Microsoft.DevTestLab/labs/customImages/read", _BUILDS | _LOOKS | {Role.RECEIVE}),
    Grant("Microsoft.DevTestLab/labs/customImages/write", _BUILDS | {Role.RECEIVE}),
    Grant("Microsoft.DevTestLab/labs/customImages/delete", _BUILDS | {Role.RECEIVE}),
    Grant("Microsoft.DevTestLab/labs/formulas/read", _LOOKS | {Role.RECEIVE}),
    Grant(f"{_VM}/read", _BUILDS | _LOOKS | {Role.RECEIVE}),
    # Builds: marketplace, quota, build VMs and the disks and machines behind them.
    Grant(_VERSIONS, _LOOKS | {Role.OFFERS}),
    Grant("Microsoft.Compute/locations/usages/read", _LOOKS | {Role.OFFERS}),
    Grant(f"{_VM}/write", _BUILDS),
    Grant(f"{_VM}/delete", _BUILDS),
    Grant(f"{_VM}/applyArtifacts/action", _BUILDS),
    Grant(f"{_VM}/stop/action", _BUILDS),
    Grant("Microsoft.Compute/virtualMachines/read", _to(Role.DISKS)),
    Grant("Microsoft.Compute/disks/read", _to(Role.DISKS)),
    Grant("Microsoft.Compute/disks/beginGetAccess/action", _to(Role.DISKS), linked=True),
    # What the owner of an adopted lab allows; without them that is not told beforehand.
    Grant("Microsoft.DevTestLab/labs/policySets/policies/read", _BUILDS | _LOOKS, adopted=True),
    Grant("Microsoft.DevTestLab/labs/schedules/read", _BUILDS | _LOOKS, adopted=True),
    # Lab environments, and the lab users who own them.
    Grant("Microsoft.DevTestLab/labs/users/read", _to(Role.ENVIRONMENTS)),
    Grant("Microsoft.DevTestLab/labs/users/write", _to(Role.ENVIRONMENTS)),
    Grant(f"{_ENVIRONMENTS}/read", _LOOKS | {Role.ENVIRONMENTS}),
    Grant(f"{_ENVIRONMENTS}/write", _to(Role.ENVIRONMENTS)),
    Grant(f"{_ENVIRONMENTS}/delete", _to(Role.ENVIRONMENTS)),
    # A factory lab with `create: true` and its network. They are never deleted either.
    Grant("Microsoft.DevTestLab/labs/write", _MAKES),
    Grant("Microsoft.DevTestLab/labs/virtualNetworks/read", _BUILDS | _MAKES | _LOOKS),
    Grant("Microsoft.DevTestLab/labs/virtualNetworks/write", _MAKES),
    Grant("Microsoft.DevTestLab/labs/artifactSources/read", _BUILDS | _LOOKS),
    Grant("Microsoft.DevTestLab/labs/artifactSources/write", _MAKES),
    Grant("Microsoft.DevTestLab/labs/artifactSources/artifacts/read", _BUILDS | _LOOKS),
    *(
        grant
        for kind, part in _NETWORK.items()
        for grant in (
            Grant(f"Microsoft.Network/{kind}/read", _MAKES | _LOOKS),
            Grant(f"Microsoft.Network/{kind}/write", _MAKES),
            Grant(f"Microsoft.Network/{kind}{part}/join/action", _MAKES, linked=True),
        )
    ),
)


def actions_of(role: Role, *, linked: bool = True, adopted: bool = True) -> list[str]:
    """Give the actions of a role, in the order of the table."""
    found = [grant for grant in GRANTS if role in grant.roles]
    return [
        grant.action
        for grant in found
        if (linked or not grant.linked) and (adopted or not grant.adopted)
    ]


def definition(role: Role, scopes: Sequence[str]) -> dict[str, Any]:
    """Give a role as `az role definition create` takes it."""
    return {
        "Name": role.value,
        "IsCustom": True,
        "Description": role.purpose,
        "Actions": actions_of(role),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": list(scopes),
    }


def documented(text: str) -> str:
    """Give the document with its roles as the table has them."""
    head, _, rest = text.partition(_BEGIN)
    tail = rest.partition(_END)[2]
    parts = []
    for role in Role:
        shown = json.dumps(definition(role, ["/subscriptions/SUBSCRIPTION"]), indent=2)
        parts.append(f"### {role.value}\n\n{role.purpose}\n\n```json\n{shown}\n```\n")
    return f"{head}{_BEGIN}\n\n" + "\n".join(parts) + f"\n{_END}{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(documented(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
