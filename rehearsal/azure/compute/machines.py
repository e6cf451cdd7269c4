"""The machine behind a lab VM, with disk and network card."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.service import erase
from rehearsal.azure.arm.types import Behaviour
from rehearsal.azure.clock import iso
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.sizes import MACHINES
from rehearsal.azure.model import Resource
from rehearsal.azure.network.resources import ADDRESSES, CARDS, address_of
from rehearsal.azure.resources.resources import empty_group, group_id, make_group
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

DISKS = "Microsoft.Compute/disks"
_POWER = {
    "running": "VM running",
    "deallocated": "VM deallocated",
    "starting": "VM starting",
    "deallocating": "VM deallocating",
    "stopped": "VM stopped",
    "stopping": "VM stopping",
}
# The power that a machine has after a start or a stop that failed.
TURNED_BACK = {"starting": "deallocated", "deallocating": "running", "stopping": "running"}


@dataclass(frozen=True)
class Order:
    """What a machine is to be.

    `declared` is the generation its image claims to have, `host` the name of its public address, ""
    for a machine without one.
    """

    name: str
    location: str
    size: str
    sku: str
    contents: Contents
    declared: str
    image: Json
    subnet: str
    user: str
    host: str


class Machine(Behaviour):
    """A compute VM: read only here, since the lab service alone makes them."""

    def failed(self, azure: Azure, resource: Resource) -> None:
        """Turn it back from a start or a stop that failed; it is as good as it was."""
        power = str(resource.hidden["power"])
        machine = resource.setting(provisioningState="Succeeded")
        set_power(azure, machine, TURNED_BACK.get(power, power))

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Add the instance view if it is asked for."""
        if "instanceview" not in expand:
            return resource.body
        return resource.setting(instanceView=instance_view(resource)).body


def build(azure: Azure, subscription: str, group: str, order: Order, lab: str) -> Resource:
    """Make disk, card and machine, all still being created, and their group unless it stands."""
    standing = azure.resources.find(group_id(subscription, group))
    holder = standing or make_group(
        azure,
        subscription,
        group,
        order.location,
        tags={"CreatedBy": "DevTestLabs"},
        managed_by=lab,
    )
    path = f"{holder.id}/providers/{MACHINES}/{order.name}"
    disk = _disk(azure, holder.id, order, path)
    card = _card(azure, holder.id, order, path)
    body: Json = {
        "id": path,
        "name": order.name,
        "type": MACHINES,
        "location": order.location,
        "tags": {"CreatedBy": "DevTestLabs"},
    }
    body |= {"plan": order.contents.plan} if order.contents.plan else {}
    body["properties"] = {
        "vmId": new_uid(),
        "hardwareProfile": {"vmSize": order.size},
        "storageProfile": {
            "imageReference": order.image,
            "osDisk": {
                "osType": order.contents.os,
                "name": disk.name,
                "createOption": "FromImage",
                "caching": "ReadWrite",
                "managedDisk": {"storageAccountType": order.sku, "id": disk.id},
                "diskSizeGB": order.contents.size,
            },
            "dataDisks": [],
        },
        "osProfile": {"computerName": order.name, "adminUsername": order.user},
        "networkProfile": {"networkInterfaces": [{"id": card.id}]},
        "timeCreated": iso(azure.now()),
        "provisioningState": "Creating",
    }
    if order.contents.security != "Standard":
        body["properties"]["securityProfile"] = _security(order.contents)
    hidden = {
        "uid": new_uid(),
        "power": "starting",
        "generalized": False,
        "disk": disk.key,
        "ownGroup": standing is None,
    }
    return azure.resources.keep(Resource(ids.key_of(path), MACHINES, body, hidden))


def boots(order_contents: Contents, declared: str, *, as_generalized: bool) -> bool:
    """Tell whether a machine comes up: right generation, and generalised if it is treated so."""
    return declared == order_contents.generation and (
        order_contents.generalized or not as_generalized
    )


def came_up(azure: Azure, machine: Resource) -> None:
    """Finish a machine that booted: its system is somebody now, no longer generalised."""
    azure.resources.keep(machine.setting(provisioningState="Succeeded").knowing(power="running"))
    disk = disk_of(azure, machine)
    contents = replace(Contents.of(disk), generalized=False)
    azure.resources.keep(
        disk.setting(provisioningState="Succeeded", diskState="Attached").knowing(
            contents=contents.stored()
        )
    )


def failed(azure: Azure, machine: Resource) -> None:
    """Finish a machine that did not come up; it stands there, running and of no use."""
    azure.resources.keep(machine.setting(provisioningState="Failed").knowing(power="running"))
    disk = disk_of(azure, machine)
    azure.resources.keep(disk.setting(provisioningState="Succeeded", diskState="Attached"))


def set_power(azure: Azure, machine: Resource, power: str) -> Resource:
    """Change the power state; the disk of a deallocated machine is `Reserved`."""
    state = "Reserved" if power == "deallocated" else "Attached"
    azure.resources.keep(disk_of(azure, machine).setting(diskState=state))
    return azure.resources.keep(machine.knowing(power=power))


def generalize(azure: Azure, machine: Resource) -> Resource:
    """Mark a machine as generalised: it can be captured, and never started again."""
    return azure.resources.keep(machine.knowing(generalized=True))


def disk_of(azure: Azure, machine: Resource) -> Resource:
    """Give the OS disk of a machine; LookupError if it is gone, which a lab VM outlives not."""
    disk = azure.resources.find(machine.hidden["disk"])
    if disk is None:
        message = f"the disk of {machine.id} is gone"
        raise LookupError(message)
    return disk


def instance_view(machine: Resource) -> Json:
    """Write the instance view: provisioning, power, and OSState/generalized once it is so."""
    state = "succeeded" if machine.state == "Succeeded" else machine.state.lower()
    power = machine.hidden["power"]
    statuses = [
        {
            "code": f"ProvisioningState/{state}",
            "level": "Info",
            "displayStatus": f"Provisioning {state}",
        },
        {"code": f"PowerState/{power}", "level": "Info", "displayStatus": _POWER[power]},
    ]
    if machine.hidden["generalized"]:
        statuses.insert(
            1, {"code": "OSState/generalized", "level": "Info", "displayStatus": "VM generalized"}
        )
    return {"statuses": statuses, "hyperVGeneration": machine.hidden.get("generation")}


def network_view(azure: Azure, machine: Resource) -> Json:
    """Give what the lab service tells of the network of a machine: its addresses and its name."""
    card = azure.resources.find(machine.properties["networkProfile"]["networkInterfaces"][0]["id"])
    if card is None:
        return {}
    (place,) = (each["properties"] for each in card.properties["ipConfigurations"])
    view = {"privateIpAddress": place["privateIPAddress"]}
    address = azure.resources.find(place.get("publicIPAddress", {}).get("id", "/"))
    if address is None:
        return view
    name = address.properties["dnsSettings"]["fqdn"]
    windows = machine.properties["storageProfile"]["osDisk"]["osType"] == "Windows"
    way_in = {"rdpAuthority": f"{name}:3389"} if windows else {"sshAuthority": f"{name}:22"}
    return {
        **view,
        "publicIpAddressId": address.id,
        "publicIpAddress": address.properties["ipAddress"],
        "dnsName": name,
        **way_in,
    }


def tear_down(azure: Azure, machine: Resource) -> None:
    """Remove a machine with its group and all that is in it; of a shared group, its parts alone."""
    group = azure.resources.find(ids.group_id(machine.id))
    if group is not None and machine.hidden.get("ownGroup", True):
        empty_group(azure, group)
        return
    card = machine.properties["networkProfile"]["networkInterfaces"][0]["id"]
    address = f"{ids.group_id(machine.id)}/providers/{ADDRESSES}/{machine.name}"
    for part in (machine.id, card, address, machine.hidden["disk"]):
        found = azure.resources.find(part)
        if found is not None:
            erase(azure, found)


def _security(contents: Contents) -> Json:
    return {
        "securityType": contents.security,
        "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
    }


def _disk(azure: Azure, group: str, order: Order, machine: str) -> Resource:
    contents, uid = order.contents, new_uid()
    name = f"{order.name}_OsDisk_1_{uid.replace('-', '')}"
    properties: Json = {
        "osType": contents.os,
        "hyperVGeneration": order.declared,
        "supportedCapabilities": {"architecture": "x64", "diskControllerTypes": "SCSI"},
        "creationData": {"createOption": "FromImage", "imageReference": order.image},
        "diskSizeGB": contents.size,
        "diskSizeBytes": contents.size * 2**30,
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        "timeCreated": iso(azure.now()),
        "uniqueId": uid,
        "diskState": "Attached",
        "provisioningState": "Creating",
    }
    if contents.plan:
        properties["purchasePlan"] = contents.plan
    if contents.security != "Standard":
        properties["securityProfile"] = {"securityType": contents.security}
    path = f"{group}/providers/{DISKS}/{name}"
    body: Json = {
        "id": path,
        "name": name,
        "type": DISKS,
        "location": order.location,
        "managedBy": machine,
        "sku": {"name": order.sku, "tier": order.sku.partition("_")[0]},
        "properties": properties,
    }
    hidden = {"uid": uid, "contents": contents.stored()}
    return azure.resources.keep(Resource(ids.key_of(path), DISKS, body, hidden))


def _card(azure: Azure, group: str, order: Order, machine: str) -> Resource:
    path = f"{group}/providers/{CARDS}/{order.name}"
    last = int(ids.digits(path, 4)) % 250 + 4
    place: Json = {
        "privateIPAddress": f"10.0.0.{last}",
        "privateIPAllocationMethod": "Dynamic",
        "primary": True,
        "subnet": {"id": order.subnet},
    }
    configuration = f"{path}/ipConfigurations/ipconfig"
    if order.host:
        address = _address(azure, group, order, configuration)
        place["publicIPAddress"] = {"id": address.id}
    properties: Json = {
        "ipConfigurations": [{"id": configuration, "name": "ipconfig", "properties": place}],
        "virtualMachine": {"id": machine},
        "primary": True,
        "provisioningState": "Succeeded",
    }
    return _network_part(azure, order, CARDS, path, {"properties": properties})


def _address(azure: Azure, group: str, order: Order, user: str) -> Resource:
    """Make the public address of a machine, for the network card that uses it."""
    path = f"{group}/providers/{ADDRESSES}/{order.name}"
    name = f"{order.host}.{order.location}.cloudapp.azure.com"
    properties = {
        "publicIPAllocationMethod": "Dynamic",
        "publicIPAddressVersion": "IPv4",
        "ipAddress": address_of(path),
        "ipConfiguration": {"id": user},
        "dnsSettings": {"domainNameLabel": order.host, "fqdn": name},
        "provisioningState": "Succeeded",
    }
    sku = {"name": "Basic", "tier": "Regional"}
    return _network_part(azure, order, ADDRESSES, path, {"sku": sku, "properties": properties})


def _network_part(azure: Azure, order: Order, kind: str, path: str, body: Json) -> Resource:
    head = {"id": path, "name": order.name, "type": kind, "location": order.location}
    return azure.resources.keep(
        Resource(ids.key_of(path), kind, {**head, **body}, {"uid": new_uid()})
    )
