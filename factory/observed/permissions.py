"""What a run does in Azure, as the actions that a role has to allow; and whether one does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from factory.observed.model import Thing
from factory.settings.stack import Group, Settings

_LAB = "Microsoft.DevTestLab/labs"
_LABS = f"/providers/{_LAB}"
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
_DISKS = (f"{_COMPUTE}/virtualMachines/read", f"{_COMPUTE}/disks/read")
_MAKE = (
    f"{_LAB}/write",
    f"{_LAB}/virtualNetworks/write",
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Network/natGateways/write",
    "Microsoft.Network/networkSecurityGroups/write",
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


def needed(
    settings: Settings, foundations: Mapping[str, Thing] | None = None
) -> dict[str, tuple[str, ...]]:
    """Give what a stack's runs will have to do, by scope: groups and labs of its subscription.

    A group that is none of the ``foundations`` that are there has no rights of its own to be asked
    for yet, so those of the subscription have to do.
    """
    there = {thing.id.lower() for thing in (foundations or {}).values()}
    subscription = f"/subscriptions/{settings.subscription_id}"
    actions: dict[str, set[str]] = {}

    def need(scope: str, *more: str) -> None:
        actions.setdefault(scope, set()).update(more)

    def place(group: Group) -> str:
        own = f"{subscription}/resourceGroups/{group.name}"
        if not group.create or own.lower() in there:
            return own
        need(subscription, "Microsoft.Resources/subscriptions/resourceGroups/write")
        return subscription

    need(place(settings.group), *_STORE)
    lab = settings.factory_lab
    if lab is not None:
        home = f"{subscription}/resourceGroups/{lab.resource_group}{_LABS}/{lab.name}"
        if lab.create:
            home = place(lab.group if settings.lab_apart else settings.group)
        need(home, *_BUILD, *(_MAKE if lab.create else ()))
        if lab.vm_resource_group:
            need(f"{subscription}/resourceGroups/{lab.vm_resource_group}", *_DISKS)
    for target in settings.labs:
        group = f"{subscription}/resourceGroups/{target.resource_group}"
        need(f"{group}{_LABS}/{target.azure_name}", *_DELIVER)
    return {scope: tuple(sorted(found)) for scope, found in actions.items()}


def refused(actions: Iterable[str], grants: Iterable[Grant]) -> list[str]:
    """Give the actions that no grant allows."""
    held = tuple(grants)
    return [action for action in actions if not any(each.allows(action) for each in held)]
