"""Managed images: of a generalised machine, or of a snapshot or disk in their region."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.compute import copying, errors
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

IMAGES = "Microsoft.Compute/images"


class Image(Behaviour):
    """A managed image. What it says of its generation is believed until a machine boots of it."""

    read_only = ("provisioningState",)

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it from sourceVirtualMachine or storageProfile.osDisk; never of Trusted Launch."""
        machine = (draft.properties.get("sourceVirtualMachine") or {}).get("id")
        if machine:
            return self._of_machine(azure, draft, str(machine))
        profile = draft.properties.get("storageProfile") or {}
        disk = profile.get("osDisk") or {}
        given = (disk.get("snapshot") or {}).get("id") or (disk.get("managedDisk") or {}).get("id")
        if not given:
            raise errors.MISSING_PARAMETER.of(name="storageProfile.osDisk")
        for name in ("osType", "osState"):
            if not disk.get(name):
                raise errors.MISSING_PARAMETER.of(name=f"storageProfile.osDisk.{name}")
        source = copying.source_of(azure, draft, str(given))
        copying.check_ready(azure, source)
        copying.check_incremental(azure, source)
        self._check_place(draft, source)
        contents = Contents.of(source)
        self._check_security(contents)
        full = {
            "diskSizeGB": contents.size,
            "caching": "None",
            "storageAccountType": "Standard_LRS",
            **disk,
        }
        properties = {
            "hyperVGeneration": "V1",  # what Azure takes a disk or snapshot for, unless told
            **self.given(draft),
            "storageProfile": {"dataDisks": [], "zoneResilient": False, **profile, "osDisk": full},
        }
        return draft.resource(properties, contents=contents.stored())

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change the tags: the rest of an image is what it was made of."""
        return old.topped(tags=draft.tags)

    def _of_machine(self, azure: Azure, draft: Draft, machine_id: str) -> Resource:
        machine = copying.source_of(azure, draft, machine_id)
        self._check_place(draft, machine)
        disk_id = machine.properties["storageProfile"]["osDisk"]["managedDisk"]["id"]
        contents = Contents.of(copying.source_of(azure, draft, disk_id))
        self._check_security(contents)
        asked = draft.properties.get("hyperVGeneration", contents.generation)
        if asked != contents.generation:
            raise errors.GENERATION_DIFFERS.of(asked=asked, found=contents.generation)
        if not machine.hidden.get("generalized"):
            raise errors.NOT_GENERALIZED.of(vm=machine.name)
        profile = image_profile(contents, {"managedDisk": {"id": disk_id}})
        properties = {**self.given(draft), "hyperVGeneration": asked, "storageProfile": profile}
        return draft.resource(properties, contents=contents.stored())

    def _check_place(self, draft: Draft, source: Resource) -> None:
        own = source.subscription == ids.subscription_of(draft.id).lower()
        if source.location != draft.location or not own:
            raise errors.IMAGE_SOURCE_REGION.of(source=source.id, location=draft.location)

    def _check_security(self, contents: Contents) -> None:
        if contents.security == "TrustedLaunch":
            raise errors.TRUSTED_LAUNCH_IMAGE.of()


def image_profile(contents: Contents, source: Json) -> Json:
    """Write the storageProfile of an image that is generalised."""
    disk = {
        "osType": contents.os,
        "osState": "Generalized",
        **source,
        "diskSizeGB": contents.size,
        "caching": "ReadWrite",
        "storageAccountType": "Standard_LRS",
    }
    return {"osDisk": disk, "dataDisks": [], "zoneResilient": False}
