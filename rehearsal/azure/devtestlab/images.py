"""Custom images: captured from a VM of the lab, or made of something that is in Azure already."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.clock import iso
from rehearsal.azure.compute import copying, machines
from rehearsal.azure.compute import errors as compute_errors
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.copying import SNAPSHOTS
from rehearsal.azure.compute.images import IMAGES
from rehearsal.azure.devtestlab import backing, errors, installing
from rehearsal.azure.devtestlab.machines import VMS, machine_of
from rehearsal.azure.devtestlab.templates import SCRIPT_EXTENSIONS
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

CUSTOM_IMAGES = "Microsoft.DevTestLab/labs/customImages"
_SOURCES = ("vm", "vhd", "managedImageId", "managedSnapshotId")
_OS_INFO = {
    "Windows": ("windowsOsInfo", "windowsOsState"),
    "Linux": ("linuxOsInfo", "linuxOsState"),
}
_AS_IT_IS = ("NonSysprepped", "NonDeprovisioned")
_BY_SERVICE = ("SysprepRequested", "DeprovisionRequested")
_DONE_BEFORE = ("SysprepApplied", "DeprovisionApplied")


@dataclass(frozen=True)
class _Captured:
    """A machine at the moment a capture begins."""

    vm: Resource
    state: str
    contents: Contents


class CustomImage(Behaviour):
    """A custom image. Once it stands, a PUT changes its tags and nothing else."""

    read_only = ("provisioningState", "uniqueIdentifier", "creationDate")

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it from exactly one of its four sources."""
        given = [name for name in _SOURCES if draft.properties.get(name)]
        if len(given) != 1:
            raise errors.ONE_CAPTURE_SOURCE.of()
        lab = service.need(azure, ids.parent_of(draft.id))
        made = {"author": draft.caller.name, **self.given(draft)}
        resource = draft.resource({**made, "creationDate": iso(azure.now())})
        resource = resource.setting(uniqueIdentifier=resource.uid)
        if given[0] == "vm":
            return self._of_vm(azure, resource, lab)
        if given[0] == "vhd":
            return self._of_vhd(resource, lab)
        return self._of_managed(azure, resource, lab, given[0])

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change the tags."""
        return old.topped(tags=draft.tags)

    def duration(self, azure: Azure, resource: Resource) -> float:
        """Take the time of its source."""
        return azure.times.of("customImage", str(resource.hidden["step"]))

    def finish(self, azure: Azure, resource: Resource) -> Resource:
        """Complete it; a capture makes what backs the image, in the lab's resource group."""
        if resource.hidden["step"] != "capture":
            return resource
        captured = self._captured(azure, resource)
        azure.resources.keep(captured.vm.knowing(capturing=None))
        machine = machine_of(azure, captured.vm)
        if captured.state in _AS_IT_IS:
            made = backing.snapshot(
                azure, resource, captured.contents, machines.disk_of(azure, machine)
            )
            return resource.setting(managedSnapshotId=made.id.lower()).knowing(backing=made.key)
        if captured.contents.security == "TrustedLaunch":
            raise compute_errors.TRUSTED_LAUNCH_IMAGE.of()
        by_service = captured.state in _BY_SERVICE and captured.contents.installed
        linux = captured.contents.os == "Linux"
        if by_service and not (linux and azure.switches["deprovisionAfterArtifacts"]):
            handler = ".".join(SCRIPT_EXTENSIONS[captured.contents.os])
            raise errors.SEVERAL_EXTENSIONS.of(os=captured.contents.os, handler=handler)
        machine = machines.set_power(azure, machine, "deallocated")
        if azure.switches["captureSetsGeneralized"]:
            machine = machines.generalize(azure, machine)
        machine = azure.resources.keep(machine.knowing(captured=True))
        azure.resources.keep(
            captured.vm.knowing(capturing=None).setting(lastKnownPowerState="Stopped")
        )
        contents = captured.contents
        if captured.state in _BY_SERVICE:
            contents = replace(contents, generalized=True)
            disk = machines.disk_of(azure, machine)
            azure.resources.keep(disk.knowing(contents=contents.stored()))
        made = backing.managed_image(azure, resource, contents, machine)
        return resource.setting(managedImageId=made.id.lower()).knowing(
            backing=made.key, contents=contents.stored()
        )

    def failed(self, azure: Azure, resource: Resource) -> None:
        """Give the machine back that was being captured."""
        vm = azure.resources.find(resource.hidden.get("vm", "/"))
        if vm is not None and vm.hidden.get("capturing") == resource.uid:
            azure.resources.keep(vm.knowing(capturing=None))

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Take along what the service made to back it, not what it was given (contract 4.2).

        Nobody has proven either: the switch customImageDeletesBacking has the other answers.
        """
        self.failed(azure, resource)
        behind = azure.resources.find(resource.hidden.get("backing") or "/")
        if behind is None:
            return
        own = resource.hidden["step"] == "capture"
        takes = {"own": own, "always": True, "never": False}
        if takes[azure.switches["customImageDeletesBacking"]]:
            service.erase(azure, behind)

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Let it go, though VMs were made of it; or not, by the switch imageDeletionWhileUsed."""
        if azure.switches["imageDeletionWhileUsed"] == "allowed":
            return
        lab = azure.resources.find(ids.parent_of(resource.key))
        for each in azure.resources.below(lab) if lab else ():
            used = each.properties.get("formulaContent", {}).get("properties", each.properties)
            named = ids.key_of(str(used.get("customImageId") or ""))
            if named in (resource.key, resource.key.removeprefix(f"{lab.key if lab else ''}")):
                raise errors.IMAGE_USED.of(name=resource.name, user=each.name)

    def _of_vm(self, azure: Azure, resource: Resource, lab: Resource) -> Resource:
        reference = str(resource.properties["vm"].get("sourceVmId") or "")
        path = ids.key_of(reference)
        path = lab.key + path if path.startswith("/virtualmachines/") else path
        vm = azure.resources.find(path)
        if vm is None or vm.kind != VMS or ids.parent_of(vm.key) != lab.key:
            raise errors.NOT_IN_LAB.of(what="virtual machine", reference=reference)
        installing.check_free(vm, "Capture")
        if vm.state != "Succeeded":
            raise errors.BUSY.of(name=vm.name, state=vm.state, operation="Capture")
        os = str(vm.properties["osType"])
        info, name = _OS_INFO[os]
        state = (resource.properties["vm"].get(info) or {}).get(name)
        if state is None:
            raise errors.WRONG_OS_INFO.of(os=os)
        if state not in (*_AS_IT_IS, *_BY_SERVICE, *_DONE_BEFORE):
            raise errors.INVALID_VALUE.of(name=name, value=str(state))
        machine = machine_of(azure, vm)
        off = machine.hidden["power"] == "deallocated"
        if state not in _AS_IT_IS and not off and not azure.switches["captureDeallocates"]:
            raise errors.NOT_DEALLOCATED.of(name=vm.name)
        disk = machines.disk_of(azure, machine)
        contents = Contents.of(disk)
        azure.resources.keep(vm.knowing(capturing=resource.uid))
        if contents.plan:
            resource = resource.setting(customImagePlan=_plan(contents.plan))
        return resource.knowing(
            step="capture",
            vm=vm.key,
            osState=state,
            contents=contents.stored(),
            declared=disk.properties["hyperVGeneration"],
            asGeneralized=state not in _AS_IT_IS,
        )

    def _of_managed(self, azure: Azure, resource: Resource, lab: Resource, name: str) -> Resource:
        what = "managed image" if name == "managedImageId" else "managed snapshot"
        kind = IMAGES if name == "managedImageId" else SNAPSHOTS
        reference = str(resource.properties[name])
        found = azure.resources.find(reference)
        if found is None or found.kind != kind or found.state in ("Creating", "Failed"):
            raise errors.BACKING_NOT_FOUND.of(what=what, reference=reference)
        switch = "labTakesSuppliedImage" if kind == IMAGES else "labTakesSuppliedSnapshot"
        if not azure.switches[switch]:
            raise errors.BACKING_NOT_TAKEN.of(what=what)
        if found.subscription != lab.subscription or found.location != lab.location:
            raise errors.BACKING_ELSEWHERE.of(what=what, reference=reference)
        near = ids.key_of(ids.group_id(found.key)) == ids.key_of(ids.group_id(lab.key))
        if not near and azure.switches["labRefusesForeignGroupImages"]:
            raise errors.BACKING_IN_OTHER_GROUP.of(what=what, reference=reference)
        copying.check_ready(azure, found)
        generalized = kind == IMAGES and _os_disk(found).get("osState") == "Generalized"
        declared = str(found.properties.get("hyperVGeneration", "V1"))
        step = "fromManagedImage" if kind == IMAGES else "fromManagedSnapshot"
        return resource.knowing(
            step=step,
            backing=found.key,
            contents=Contents.of(found).stored(),
            declared=declared,
            asGeneralized=generalized,
        )

    def _of_vhd(self, resource: Resource, lab: Resource) -> Resource:
        vhd = resource.properties["vhd"]
        if vhd.get("osType") not in ("Windows", "Linux"):
            raise errors.INVALID_VALUE.of(name="vhd.osType", value=str(vhd.get("osType")))
        account = ids.name_of(lab.properties["defaultStorageAccount"])
        if not str(vhd.get("imageName") or "").startswith(f"https://{account}.blob."):
            raise errors.WRONG_STORAGE_ACCOUNT.of()
        # No blobs are kept here: the file is taken for a first-generation disk, which is all that
        # a lab boots from a VHD (contract 4.2), prepared as the caller says.
        generalized = bool(vhd.get("sysPrep"))
        contents = Contents(str(vhd["osType"]), "V1", generalized, 127)
        return resource.knowing(
            step="fromVhd", contents=contents.stored(), declared="V1", asGeneralized=generalized
        )

    def _captured(self, azure: Azure, resource: Resource) -> _Captured:
        vm = azure.resources.find(resource.hidden["vm"])
        if vm is None or vm.hidden.get("capturing") != resource.uid or vm.state == "Deleting":
            raise errors.SOURCE_GONE.of(reference=str(resource.properties["vm"]["sourceVmId"]))
        return _Captured(vm, str(resource.hidden["osState"]), Contents.of(resource))


def _plan(plan: Json) -> Json:
    return {"id": plan["name"], "publisher": plan["publisher"], "offer": plan["product"]}


def _os_disk(image: Resource) -> Json:
    found = image.properties["storageProfile"]["osDisk"]
    return found if isinstance(found, dict) else {}
