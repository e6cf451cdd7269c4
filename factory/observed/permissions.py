"""What a run does in Azure, as the actions that a role has to allow; and whether one does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from factory.settings.stack import Settings

_LAB = "Microsoft.DevTestLab/labs"
_COMPUTE = "Microsoft.Compute"
_STORE = (
    f"{_COMPUTE}/snapshots/write",
    f"{_COMPUTE}/snapshots/delete",
    f"{_COMPUTE}/images/write",
    f"{_COMPUTE}/images/delete",
)
_BUILD = (
    f"{_LAB}/virtualMachines/write",
    f"{_LAB}/virtualMachines/delete",
    f"{_LAB}/virtualMachines/applyArtifacts/action",
    f"{_LAB}/virtualMachines/stop/action",
    f"{_LAB}/customImages/write",
    f"{_LAB}/customImages/delete",
)
_MAKE = (
    f"{_LAB}/write",
    f"{_LAB}/virtualNetworks/write",
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Network/natGateways/write",
    "Microsoft.Network/publicIPAddresses/write",
)
_DELIVER = (
    f"{_LAB}/read",
    f"{_LAB}/customImages/read",
    f"{_LAB}/customImages/write",
    f"{_LAB}/customImages/delete",
    f"{_LAB}/virtualMachines/read",
    f"{_LAB}/formulas/read",
)


@dataclass(frozen=True)
class Grant:
    """What one role assignment allows, as ARM's permissions tell it."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Tell whether an action is allowed; names are compared ignoring case."""
        lowered = action.lower()
        return any(fnmatchcase(lowered, each.lower()) for each in self.actions) and not any(
            fnmatchcase(lowered, each.lower()) for each in self.not_actions
        )


def needed(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Give what a stack's runs will have to do, by scope: resource groups of its subscription."""
    subscription = f"/subscriptions/{settings.subscription_id}"
    # The own group may not be there yet, so the right to make it is asked of the subscription.
    home = (
        subscription
        if settings.group.create
        else f"{subscription}/resourceGroups/{settings.resource_group}"
    )
    making = {"Microsoft.Resources/subscriptions/resourceGroups/write"}
    actions: dict[str, set[str]] = {home: {*_STORE, *(making if settings.group.create else ())}}
    lab = settings.factory_lab
    if lab is not None:
        own = lab.resource_group.lower() == settings.resource_group.lower()
        scope = home if own else f"{subscription}/resourceGroups/{lab.resource_group}"
        actions.setdefault(scope, set()).update(_BUILD, _MAKE if lab.create else ())
    for target in settings.labs:
        scope = f"{subscription}/resourceGroups/{target.resource_group}"
        actions.setdefault(scope, set()).update(_DELIVER)
    return {scope: tuple(sorted(found)) for scope, found in actions.items()}


def refused(actions: Iterable[str], grants: Iterable[Grant]) -> list[str]:
    """Give the actions that no grant allows."""
    held = tuple(grants)
    return [action for action in actions if not any(each.allows(action) for each in held)]
