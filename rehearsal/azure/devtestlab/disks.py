"""Data disks of lab users: made, attached to one machine at a time, detached."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.clock import iso
from rehearsal.azure.devtestlab import errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

LAB_DISKS = "Microsoft.DevTestLab/labs/users/disks"


class LabDisk(Behaviour):
    """A data disk in a lab. It stays while a machine has it."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it with a size."""
        if not draft.properties.get("diskSizeGiB"):
            raise errors.MISSING.of(what="properties.diskSizeGiB")
        return super().create(azure, draft)

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse while a machine has it."""
        holder = azure.resources.find(str(resource.properties.get("leasedByLabVmId") or "/"))
        if holder is not None:
            raise errors.DISK_IN_USE.of(disk=resource.name, vm=holder.name)


def of_machine(azure: Azure, vm: Resource) -> list[Resource]:
    """Give the data disks that a machine has."""
    return [
        disk
        for disk in azure.resources.of_kind(vm.subscription, LAB_DISKS)
        if ids.same(str(disk.properties.get("leasedByLabVmId") or "/"), vm.id)
    ]


def free(azure: Azure, vm: Resource) -> None:
    """Take its data disks off a machine that is gone."""
    for disk in of_machine(azure, vm):
        azure.resources.keep(disk.setting(leasedByLabVmId=""))


def hand_over(azure: Azure, vm: Resource, owner: str) -> None:
    """Give the data disks of a machine to another user; they stay attached."""
    lab = ids.parent_of(vm.key)
    for disk in of_machine(azure, vm):
        path = f"{lab}/users/{owner}/disks/{disk.name}"
        if path != disk.key:
            azure.resources.remove(disk)
            moved = {**disk.body, "id": path.lower()}
            azure.resources.keep(Resource(ids.key_of(path), disk.kind, moved, disk.hidden))


def find(azure: Azure, lab: str, reference: str) -> Resource:
    """Find a disk of a lab by its id, whole or short; ArmError 404."""
    path = ids.key_of(reference)
    path = lab + path if path.startswith("/users/") else path
    found = azure.resources.find(path)
    if found is None or found.kind != LAB_DISKS or not found.key.startswith(lab + "/"):
        raise errors.NOT_IN_LAB.of(what="data disk", reference=reference)
    return found


def check_attach(azure: Azure, lab: str, asked: Json) -> None:
    """Judge the body of addDataDisk: a new disk, or one that no machine has."""
    new, old = asked.get("attachNewDataDiskOptions"), asked.get("existingLabDiskId")
    if bool(new) == bool(old):
        raise errors.ONE_DISK_SOURCE.of()
    if new:
        for name in ("diskName", "diskSizeGiB"):
            if not new.get(name):
                raise errors.MISSING.of(what=f"attachNewDataDiskOptions.{name}")
        return
    disk = find(azure, lab, str(old))
    holder = azure.resources.find(str(disk.properties.get("leasedByLabVmId") or "/"))
    if holder is not None:
        raise errors.DISK_IN_USE.of(disk=disk.name, vm=holder.name)


def attach(azure: Azure, vm: Resource, asked: Json) -> None:
    """Attach what `check_attach` let pass; a new disk belongs to the machine's owner."""
    lab = ids.parent_of(vm.key)
    if asked.get("existingLabDiskId"):
        disk = find(azure, lab, str(asked["existingLabDiskId"]))
        azure.resources.keep(disk.setting(leasedByLabVmId=vm.id))
        return
    new, uid = asked["attachNewDataDiskOptions"], new_uid()
    owner = str(vm.properties.get("ownerObjectId") or "unclaimed")
    path = f"{lab}/users/{owner}/disks/{new['diskName']}"
    body: Json = {
        "id": path.lower(),
        "name": new["diskName"],
        "type": LAB_DISKS,
        "location": vm.location,
        "properties": {
            "diskType": new.get("diskType", "Standard"),
            "diskSizeGiB": new["diskSizeGiB"],
            "leasedByLabVmId": vm.id,
            "hostCaching": asked.get("hostCaching", "None"),
            "createdDate": iso(azure.now()),
            "provisioningState": "Succeeded",
            "uniqueIdentifier": uid,
        },
    }
    azure.resources.keep(Resource(ids.key_of(path), LAB_DISKS, body, {"uid": uid}))
