"""Actions on lab VMs and disks that take their time and then have changed one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.compute import sizes
from rehearsal.azure.devtestlab import disks, errors, installing
from rehearsal.azure.devtestlab.machines import VMS, machine_of
from rehearsal.azure.model import Resource
from rehearsal.azure.principals import Principal
from rehearsal.azure.world import Azure

Json = dict[str, Any]


@dataclass(frozen=True)
class _Change:
    """What an action is called while it runs, how long that is, what may be said against it."""

    state: str
    times: tuple[str, str]
    check: Callable[[Azure, Resource, Json], None]
    effect: Callable[[Azure, Resource, Json], None]


def begin(azure: Azure, resource: Resource, action: str, asked: Json, caller: Principal) -> str:
    """Judge an action and begin with it; gives the operation. ArmError says why not."""
    change = _CHANGES[action]
    installing.check_free(resource, action[:1].upper() + action[1:])
    asked = {**asked, "caller": {"id": caller.object_id, "name": caller.name}}
    change.check(azure, resource, asked)
    azure.resources.keep(
        resource.setting(provisioningState=change.state).knowing(before=resource.state)
    )
    operation = azure.operations.begin(resource.key, "POST")
    azure.agenda.after(
        azure.times.of(*change.times),
        "lab.changed",
        key=resource.key,
        uid=resource.uid,
        operation=operation,
        verb=action,
        asked=asked,
    )
    return operation


def claimable(azure: Azure, lab: Resource) -> Resource:
    """Give a machine that anybody may claim; ArmError 404 if the lab has none."""
    for vm in azure.resources.listed(f"{lab.key}/virtualmachines"):
        if vm.properties.get("allowClaim") and vm.state == "Succeeded":
            return vm
    raise errors.NOTHING_TO_CLAIM.of(lab=lab.name)


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for these actions."""

    def changed(key: str, uid: str, operation: str, verb: str, asked: Json) -> None:
        found = azure.resources.find(key)
        if found is None or found.uid != uid or found.state != _CHANGES[verb].state:
            return
        ended = str(found.hidden.get("before", "Succeeded"))
        found = azure.resources.keep(found.setting(provisioningState=ended))
        _CHANGES[verb].effect(azure, found, asked)
        azure.operations.finish(operation)

    return {"lab.changed": changed}


def _nothing(_azure: Azure, _resource: Resource, _asked: Json) -> None:
    """Some actions are never refused, and some leave all as it was."""


def _check_claim(_azure: Azure, vm: Resource, _asked: Json) -> None:
    if not vm.properties.get("allowClaim"):
        raise errors.NOT_CLAIMABLE.of(vm=vm.name)


def _claim(azure: Azure, vm: Resource, asked: Json) -> None:
    owner = asked["caller"]
    azure.resources.keep(
        vm.setting(ownerObjectId=owner["id"], ownerUserPrincipalName="", allowClaim=False)
    )


def _give_up(azure: Azure, vm: Resource, _asked: Json) -> None:
    azure.resources.keep(vm.setting(ownerObjectId="", ownerUserPrincipalName="", allowClaim=True))


def _check_size(azure: Azure, vm: Resource, asked: Json) -> None:
    if not asked.get("size"):
        raise errors.MISSING.of(what="size")
    sizes.check_quota(
        azure,
        vm.subscription,
        vm.location,
        str(asked["size"]),
        instead_of=str(vm.properties["size"]),
    )


def _resize(azure: Azure, vm: Resource, asked: Json) -> None:
    machine = machine_of(azure, vm)
    profile = {**machine.properties["hardwareProfile"], "vmSize": asked["size"]}
    azure.resources.keep(machine.setting(hardwareProfile=profile))
    azure.resources.keep(vm.setting(size=asked["size"]))


def _check_disk(azure: Azure, vm: Resource, asked: Json) -> None:
    disks.check_attach(azure, ids.parent_of(vm.key), asked)


def _check_held(azure: Azure, vm: Resource, asked: Json) -> None:
    reference = str(asked.get("existingLabDiskId") or "")
    disk = disks.find(azure, ids.parent_of(vm.key), reference)
    if not ids.same(str(disk.properties.get("leasedByLabVmId") or "/"), vm.id):
        raise errors.DISK_ELSEWHERE.of(disk=disk.name, vm=vm.name)


def _let_go(azure: Azure, vm: Resource, asked: Json) -> None:
    disk = disks.find(azure, ids.parent_of(vm.key), str(asked["existingLabDiskId"]))
    azure.resources.keep(disk.setting(leasedByLabVmId=""))


def _hand_over(azure: Azure, vm: Resource, asked: Json) -> None:
    disks.hand_over(azure, vm, str(asked["caller"]["id"]))


def _check_lease(azure: Azure, disk: Resource, asked: Json) -> None:
    lab = disk.key.partition("/users/")[0]
    vm = azure.resources.find(str(asked.get("leasedByLabVmId") or "/"))
    if vm is None or vm.kind != VMS or ids.parent_of(vm.key) != lab:
        raise errors.NOT_IN_LAB.of(
            what="virtual machine", reference=str(asked.get("leasedByLabVmId") or "")
        )
    disks.check_attach(azure, lab, {"existingLabDiskId": disk.id})


def _lease(azure: Azure, disk: Resource, asked: Json) -> None:
    azure.resources.keep(disk.setting(leasedByLabVmId=str(asked["leasedByLabVmId"])))


def _check_leased(azure: Azure, disk: Resource, _asked: Json) -> None:
    if azure.resources.find(str(disk.properties.get("leasedByLabVmId") or "/")) is None:
        raise errors.DISK_ELSEWHERE.of(disk=disk.name, vm="any machine")


def _release(azure: Azure, disk: Resource, _asked: Json) -> None:
    azure.resources.keep(disk.setting(leasedByLabVmId=""))


_CHANGES = {
    "claim": _Change("Claiming", ("virtualMachine", "claim"), _check_claim, _claim),
    "unClaim": _Change("Unclaiming", ("virtualMachine", "claim"), _nothing, _give_up),
    "resize": _Change("Resizing", ("virtualMachine", "resize"), _check_size, _resize),
    "redeploy": _Change("Redeploying", ("virtualMachine", "redeploy"), _nothing, _nothing),
    "addDataDisk": _Change("Updating", ("labDisk", "attach"), _check_disk, disks.attach),
    "detachDataDisk": _Change("Updating", ("labDisk", "attach"), _check_held, _let_go),
    "transferDisks": _Change("Updating", ("labDisk", "attach"), _nothing, _hand_over),
    "attach": _Change("Attaching", ("labDisk", "attach"), _check_lease, _lease),
    "detach": _Change("Detaching", ("labDisk", "attach"), _check_leased, _release),
}
