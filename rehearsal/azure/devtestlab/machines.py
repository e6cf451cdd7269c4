"""Lab VMs: what a PUT makes, what a GET shows, and how the making ends."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.types import Behaviour, Draft, types_of
from rehearsal.azure.compute import errors as compute_errors
from rehearsal.azure.compute import machines
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.sizes import MACHINES, check_quota
from rehearsal.azure.devtestlab import disks, errors, installing, ordering, policies
from rehearsal.azure.devtestlab.applicable import applicable
from rehearsal.azure.devtestlab.labs import place_of
from rehearsal.azure.devtestlab.sharing import MACHINE_PREVIEW
from rehearsal.azure.model import Resource
from rehearsal.azure.network.resources import reaches_internet
from rehearsal.azure.resources.resources import need_group
from rehearsal.azure.world import Azure

Json = dict[str, Any]

VMS = "Microsoft.DevTestLab/labs/virtualMachines"


class LabMachine(Behaviour):
    """A lab VM and, behind it, a machine in a resource group of its own or of all of the lab's."""

    preview = MACHINE_PREVIEW

    read_only = (
        "provisioningState",
        "uniqueIdentifier",
        "createdDate",
        "createdByUserId",
        "createdByUser",
        "computeId",
        "osType",
        "fqdn",
        "artifactDeploymentStatus",
        "computeVm",
        "applicableSchedule",
        "virtualMachineCreationSource",
        "lastKnownPowerState",
        "password",
    )

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Judge the order and make the machine, which then takes its time to come up."""
        lab = service.need(azure, ids.parent_of(draft.id))
        if not lab.settled:
            raise errors.BUSY.of(name=lab.name, state=lab.state, operation="PUT")
        if not draft.properties.get("size"):
            raise errors.MISSING.of(what="size")
        image = ordering.choose_image(azure, draft, lab)
        ordering.check_name(draft.name, image.contents.os)
        ordering.check_credentials(draft.properties)
        storage = ordering.storage_type(draft, lab)
        policies.check(azure, lab, draft, storage)
        network, vnet, subnet = self._place(azure, draft, lab)
        check_quota(azure, lab.subscription, lab.location, str(draft.properties["size"]))
        artifacts = installing.planned(azure, lab, draft, image.contents.os)
        for asked in draft.properties.get("dataDiskParameters") or ():
            disks.check_attach(azure, lab.key, asked)
        resource = super().create(azure, draft)
        group = self._group(azure, lab, draft) or f"{lab.name}{ids.digits(resource.uid, 12)}"
        public = not draft.properties.get("disallowPublicIpAddress")
        host = f"{draft.name.lower()}{ids.digits(resource.uid, 6)}"
        order = ordering.order(draft, image, storage, subnet, host if public else "")
        machine = machines.build(azure, lab.subscription, group, order, lab.id)
        hidden = {
            "machine": machine.key,
            "declared": image.declared,
            "asGeneralized": image.as_generalized,
            "network": {"virtualNetworkId": network.id, "subnetId": subnet["id"]},
            "online": public or reaches_internet(vnet, subnet),
        }
        resource = (
            self._resolved(azure, resource, draft, storage, host)
            .knowing(**hidden)
            .setting(
                computeId=machine.id,
                osType=image.contents.os,
                virtualMachineCreationSource=image.source,
                labVirtualNetworkId=network.id,
                labSubnetName=subnet["name"],
                artifacts=artifacts,
                artifactDeploymentStatus={"artifactsApplied": 0, "totalArtifacts": len(artifacts)},
                lastKnownPowerState="Starting",
            )
        )
        self._expire(azure, resource)
        for asked in draft.properties.get("dataDiskParameters") or ():
            disks.attach(azure, resource, asked)
        return resource

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change tags and notes: of the rest, the service ignores what a later PUT says."""
        changed = old.topped(tags=draft.tags)
        if "notes" in draft.properties:
            changed = changed.setting(notes=draft.properties["notes"])
        return changed

    def begin(self, azure: Azure, resource: Resource, operation: str) -> None:
        """Let it come up, or time out if its image does not boot."""
        machine = machine_of(azure, resource)
        contents = Contents.of(machines.disk_of(azure, machine))
        generalized = bool(resource.hidden["asGeneralized"])
        up = machines.boots(contents, resource.hidden["declared"], as_generalized=generalized)
        step = "create" if up else "provisioningTimeOut"
        azure.agenda.after(
            azure.times.of("virtualMachine", step),
            "lab.cameUp" if up else "lab.timedOut",
            key=resource.key,
            uid=resource.uid,
            operation=operation,
        )

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Show artifacts, compute VM and network card only when asked (contract 1.3)."""
        properties = {**resource.properties, "networkInterface": {}}
        if "artifacts" not in expand:
            properties.pop("artifacts", None)
        machine = azure.resources.find(resource.hidden["machine"])
        if "computevm" in expand and machine is not None:
            properties["computeVm"] = _compute_view(machine, disks.of_machine(azure, resource))
        if "networkinterface" in expand and machine is not None:
            view = machines.network_view(azure, machine)
            properties["networkInterface"] = {**resource.hidden["network"], **view}
        if "applicableschedule" in expand:
            properties["applicableSchedule"] = applicable(azure, resource)
        return {**resource.body, "properties": properties}

    def failed(self, azure: Azure, resource: Resource) -> None:
        """End what the machine behind it was in the middle of."""
        machine = azure.resources.find(resource.hidden["machine"])
        if machine is None:
            return
        if machine.state == "Creating":
            machines.failed(azure, machine)
        else:
            power = str(machine.hidden["power"])
            machine = machines.set_power(azure, machine, machines.TURNED_BACK.get(power, power))
        known = "Stopped" if machine.hidden["power"] == "deallocated" else "Running"
        azure.resources.keep(resource.setting(lastKnownPowerState=known))

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Take along the machine and its disk; data disks are the lab's and stay."""
        disks.free(azure, resource)
        machine = azure.resources.find(resource.hidden["machine"])
        if machine is not None:
            machines.tear_down(azure, machine)

    def _group(self, azure: Azure, lab: Resource, draft: Draft) -> str:
        """Name the group that the lab has for all its machines, "" if each is to have its own."""
        group = str(lab.properties.get("vmCreationResourceGroupId") or "")
        if not group:
            return ""
        # Of the lab's own subscription, whatever the id says: it makes machines nowhere else.
        found = need_group(azure, lab.subscription, ids.group_of(group))
        if azure.resources.find(f"{found.id}/providers/{MACHINES}/{draft.name}") is not None:
            raise errors.ALREADY_EXISTS.of(name=draft.name)
        return found.name

    def _place(self, azure: Azure, draft: Draft, lab: Resource) -> tuple[Resource, Resource, Json]:
        network = str(draft.properties.get("labVirtualNetworkId") or "")
        if network.lower().startswith("/virtualnetworks/"):
            network = lab.key + network
        return place_of(azure, lab, network, str(draft.properties.get("labSubnetName") or ""))

    def _resolved(
        self, azure: Azure, resource: Resource, draft: Draft, storage: str, host: str
    ) -> Resource:
        """Put in what the SDKs' sentinels stand for (contract 2)."""
        defaults = {
            "allowClaim": False,
            "disallowPublicIpAddress": False,
            "notes": "",
            "isAuthenticationWithSshKey": False,
        }
        properties = {**defaults, **resource.properties}
        properties |= {
            "ownerObjectId": ordering.owner_of(draft),
            "createdByUserId": draft.caller.object_id,
            "createdByUser": draft.caller.name,
            "storageType": storage,
            "fqdn": f"{host}.{draft.location}.cloudapp.azure.com",
        }
        return resource.setting(**properties)

    def _expire(self, azure: Azure, resource: Resource) -> None:
        date = resource.properties.get("expirationDate")
        if not date:
            return
        try:
            due = datetime.fromisoformat(str(date)).timestamp()
        except ValueError:
            raise errors.INVALID_VALUE.of(name="expirationDate", value=str(date)) from None
        azure.agenda.at(due, "lab.expired", key=resource.key, uid=resource.uid)


def machine_of(azure: Azure, vm: Resource) -> Resource:
    """Give the machine behind a lab VM; ArmError 404 if somebody deleted it."""
    return service.need(azure, str(vm.hidden["machine"]))


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for lab VMs."""

    def came_up(key: str, uid: str, operation: str) -> None:
        vm = _living(azure, key, uid)
        if vm is None:
            return
        machines.came_up(azure, machine_of(azure, vm))
        azure.resources.keep(vm.setting(lastKnownPowerState="Running"))
        installing.start(azure, key, operation, first=0)

    def timed_out(key: str, uid: str, operation: str) -> None:
        vm = _living(azure, key, uid)
        if vm is None:
            return
        machines.failed(azure, machine_of(azure, vm))
        azure.resources.keep(vm.setting(provisioningState="Failed", lastKnownPowerState="Running"))
        azure.operations.finish(operation, compute_errors.PROVISIONING_TIMED_OUT.of(vm=vm.name))

    def expired(key: str, uid: str) -> None:
        vm = _living(azure, key, uid)
        if vm is not None:
            service.delete(azure, types_of(azure)[VMS.lower()], vm.id)

    return {"lab.cameUp": came_up, "lab.timedOut": timed_out, "lab.expired": expired}


def _living(azure: Azure, key: str, uid: str) -> Resource | None:
    vm = azure.resources.find(key)
    return vm if vm is not None and vm.uid == uid and vm.state != "Deleting" else None


def _compute_view(machine: Resource, data: list[Resource]) -> Json:
    properties = machine.properties
    disk = properties["storageProfile"]["osDisk"]
    return {
        "statuses": machines.instance_view(machine)["statuses"],
        "osType": disk["osType"],
        "vmSize": properties["hardwareProfile"]["vmSize"],
        "networkInterfaceId": properties["networkProfile"]["networkInterfaces"][0]["id"],
        "osDiskId": disk["managedDisk"]["id"],
        "dataDiskIds": [each.id for each in data],
        "dataDisks": [
            {"name": each.name, "diskSizeGiB": each.properties["diskSizeGiB"]} for each in data
        ],
    }
