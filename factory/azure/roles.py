"""What the factory may do in Azure: one table, from which roles and their documentation are made.

``python -m factory.roles`` writes the roles into docs/permissions.md.
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
    """A role of its own for each thing that is done; the value is its name in Azure."""

    BUILD = "Image Factory Builder"
    RECEIVE = "Image Factory Receiver"
    SOURCE = "Image Factory Source"
    ENVIRONMENTS = "Image Factory Environments"
    LOOK = "Image Factory Reader"

    @property
    def purpose(self) -> str:
        """What it is for, and where it is assigned."""
        return _PURPOSE[self]


_PURPOSE = {
    Role.BUILD: "Runs a building stack: assigned in its subscription.",
    Role.RECEIVE: "Runs a receiving stack: assigned in its subscription.",
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


_RUNS = _to(Role.BUILD, Role.RECEIVE)
_ALL = _RUNS | {Role.LOOK}
_BUILDS = _to(Role.BUILD)
_BUILD_LOOKS = _to(Role.BUILD, Role.LOOK)
_VERSIONS = "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read"
_ENVIRONMENTS = "Microsoft.DevTestLab/labs/users/environments"
_VM = "Microsoft.DevTestLab/labs/virtualMachines"

GRANTS: Sequence[Grant] = (
    # The stack's own group with its snapshots and managed images. Groups are never deleted.
    Grant("Microsoft.Resources/subscriptions/resourceGroups/read", _ALL),
    Grant("Microsoft.Resources/subscriptions/resourceGroups/write", _RUNS),
    Grant("Microsoft.Compute/snapshots/read", _ALL | {Role.SOURCE}),
    Grant("Microsoft.Compute/snapshots/write", _RUNS),
    Grant("Microsoft.Compute/snapshots/delete", _RUNS),
    Grant("Microsoft.Compute/images/read", _ALL),
    Grant("Microsoft.Compute/images/write", _RUNS),
    Grant("Microsoft.Compute/images/delete", _RUNS),
    Grant("Microsoft.Compute/snapshots/beginGetAccess/action", _RUNS | {Role.SOURCE}, linked=True),
    Grant("Microsoft.Compute/disks/beginGetAccess/action", _BUILDS, linked=True),
    # Labs that receive: their images, and what is made from them.
    Grant("Microsoft.DevTestLab/labs/read", _ALL),
    Grant("Microsoft.DevTestLab/labs/customImages/read", _ALL),
    Grant("Microsoft.DevTestLab/labs/customImages/write", _RUNS),
    Grant("Microsoft.DevTestLab/labs/customImages/delete", _RUNS),
    Grant("Microsoft.DevTestLab/labs/formulas/read", _ALL),
    Grant(f"{_VM}/read", _ALL),
    # Builds: marketplace, quota, build VMs and the disks and machines behind them.
    Grant(_VERSIONS, _BUILD_LOOKS),
    Grant("Microsoft.Compute/locations/usages/read", _BUILD_LOOKS),
    Grant(f"{_VM}/write", _BUILDS),
    Grant(f"{_VM}/delete", _BUILDS),
    Grant(f"{_VM}/applyArtifacts/action", _BUILDS),
    Grant(f"{_VM}/stop/action", _BUILDS),
    Grant("Microsoft.Compute/virtualMachines/read", _BUILDS),
    Grant("Microsoft.Compute/disks/read", _BUILDS),
    # What the owner of an adopted lab allows; without them that is not told beforehand.
    Grant("Microsoft.DevTestLab/labs/policySets/policies/read", _BUILD_LOOKS, adopted=True),
    Grant("Microsoft.DevTestLab/labs/schedules/read", _BUILD_LOOKS, adopted=True),
    # Lab environments, and the lab users who own them.
    Grant("Microsoft.DevTestLab/labs/users/read", _to(Role.ENVIRONMENTS)),
    Grant("Microsoft.DevTestLab/labs/users/write", _to(Role.ENVIRONMENTS)),
    Grant(f"{_ENVIRONMENTS}/read", _to(Role.ENVIRONMENTS, Role.LOOK)),
    Grant(f"{_ENVIRONMENTS}/write", _to(Role.ENVIRONMENTS)),
    Grant(f"{_ENVIRONMENTS}/delete", _to(Role.ENVIRONMENTS)),
    # A factory lab with `create: true` and its network. They are never deleted either.
    Grant("Microsoft.DevTestLab/labs/write", _BUILDS),
    Grant("Microsoft.DevTestLab/labs/virtualNetworks/read", _BUILD_LOOKS),
    Grant("Microsoft.DevTestLab/labs/virtualNetworks/write", _BUILDS),
    Grant("Microsoft.DevTestLab/labs/artifactSources/read", _BUILD_LOOKS),
    Grant("Microsoft.DevTestLab/labs/artifactSources/write", _BUILDS),
    Grant("Microsoft.DevTestLab/labs/artifactSources/artifacts/read", _BUILD_LOOKS),
    Grant("Microsoft.Network/publicIPAddresses/read", _BUILD_LOOKS),
    Grant("Microsoft.Network/publicIPAddresses/write", _BUILDS),
    Grant("Microsoft.Network/publicIPAddresses/join/action", _BUILDS, linked=True),
    Grant("Microsoft.Network/natGateways/read", _BUILD_LOOKS),
    Grant("Microsoft.Network/natGateways/write", _BUILDS),
    Grant("Microsoft.Network/natGateways/join/action", _BUILDS, linked=True),
    Grant("Microsoft.Network/virtualNetworks/read", _BUILD_LOOKS),
    Grant("Microsoft.Network/virtualNetworks/write", _BUILDS),
    Grant("Microsoft.Network/virtualNetworks/subnets/join/action", _BUILDS, linked=True),
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
