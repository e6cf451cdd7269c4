"""Snapshots and disks, without HTTP."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.clock import iso
from rehearsal.azure.compute import copying, errors
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.galleries import versions
from rehearsal.azure.errors import ArmError
from rehearsal.azure.identity import errors as identity_errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

_READ_ONLY = (
    "provisioningState",
    "uniqueId",
    "timeCreated",
    "diskState",
    "diskSizeBytes",
    "incrementalSnapshotFamilyId",
    "completionPercent",
    "copyCompletionError",
)
# After creation only these can change; the rest of a later PUT is as it was.
_CHANGEABLE = ("networkAccessPolicy", "publicNetworkAccess", "encryption", "diskSizeGB", "osType")


class _FromSource(Behaviour):
    """What snapshots and disks share: they are made from something, and hardly change."""

    read_only = _READ_ONLY

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change tags, sku and the few properties that can change."""
        changes = {name: draft.properties[name] for name in _CHANGEABLE if name in draft.properties}
        return old.topped(tags=draft.tags, **draft.top).setting(**changes)

    def patch(self, azure: Azure, old: Resource, body: Json) -> Resource:
        """Change by PATCH what a PUT could change too."""
        given = body.get("properties") or {}
        changes = {name: given[name] for name in _CHANGEABLE if name in given}
        return super().patch(azure, old, body).setting(**changes)

    def _option(self, draft: Draft) -> str:
        creation = draft.properties.get("creationData")
        if not isinstance(creation, dict) or not creation.get("createOption"):
            raise errors.MISSING_PARAMETER.of(name="creationData.createOption")
        return str(creation["createOption"])

    def _source(self, azure: Azure, draft: Draft) -> Resource:
        creation = draft.properties["creationData"]
        # Terraform names a managed disk by sourceUri too, and Azure takes it.
        source = creation.get("sourceResourceId") or creation.get("sourceUri")
        if not source:
            raise errors.MISSING_PARAMETER.of(name="creationData.sourceResourceId")
        return copying.source_of(azure, draft, str(source))


class Snapshot(_FromSource):
    """A snapshot: Copy within a region, CopyStart into another one."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it by the rules of its createOption."""
        option = self._option(draft)
        if option not in ("Copy", "CopyStart"):
            raise errors.INVALID_PARAMETER.of(name="creationData.createOption", value=option)
        source = self._source(azure, draft)
        incremental = bool(draft.properties.get("incremental", False))
        copying.check_ready(azure, source)
        if option == "Copy":
            copying.check_copy(draft, source, incremental=incremental)
        else:
            copying.check_copy_start(azure, draft, source, incremental=incremental)
        given = {**self.given(draft), "incremental": incremental}
        resource = draft.resource(
            copying.carried(azure, source, given), contents=source.hidden.get("contents")
        )
        # Unless told otherwise Azure keeps incremental snapshots zone-redundant (contract 4.2).
        usual = {"name": "Standard_ZRS" if incremental else "Standard_LRS", "tier": "Standard"}
        sku = {**usual, **(resource.body.get("sku") or {})}
        resource = resource.topped(sku=sku).setting(uniqueId=resource.uid)
        if incremental:
            family = source.properties.get("incrementalSnapshotFamilyId", source.uid)
            resource = resource.setting(incrementalSnapshotFamilyId=family)
        return self._copying(azure, resource, source) if option == "CopyStart" else resource

    def duration(self, azure: Azure, resource: Resource) -> float:
        """Take the time of the kind of snapshot: it grows with the size of a full copy."""
        if resource.hidden.get("copy"):
            return azure.times.of("snapshot", "copyAccepted")
        if resource.properties.get("incremental"):
            return azure.times.of("snapshot", "incremental")
        size = float(resource.properties.get("diskSizeGB") or 0)
        return azure.times.of("snapshot", "full", gib=size)

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Add how far a background copy is."""
        if "copy" not in resource.hidden:
            return resource.body
        return resource.setting(completionPercent=copying.completion(azure, resource)).body

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Fail the copies that were being made from it."""
        for subscription in azure.directory.subscriptions:
            for each in azure.resources.of_kind(subscription, copying.SNAPSHOTS):
                copy = each.hidden.get("copy")
                if copy and copy["state"] == "running" and copy["sourceUid"] == resource.uid:
                    fail_copy(azure, each, errors.COPY_SOURCE_GONE.of(source=resource.id))

    def _copying(self, azure: Azure, resource: Resource, source: Resource) -> Resource:
        size = float(resource.properties.get("diskSizeGB") or 0)
        began = azure.now()
        ends = began + azure.times.of("snapshot", "copyToRegion", gib=size)
        azure.agenda.at(ends, "compute.copied", key=resource.key, uid=resource.uid)
        copy = {
            "state": "running",
            "began": began,
            "ends": ends,
            "sourceUid": source.uid,
            "source": source.id,
            "from": source.location,
        }
        return resource.knowing(copy=copy)


class Disk(_FromSource):
    """A managed disk of its own: empty, or from a snapshot or disk of its region."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it; Empty, Copy and FromImage of a gallery's version are rehearsed."""
        option = self._option(draft)
        if option not in ("Empty", "Copy", "FromImage"):
            raise errors.INVALID_PARAMETER.of(name="creationData.createOption", value=option)
        if option == "FromImage":
            resource = self._of_version(azure, draft)
        elif option == "Empty":
            made = {"diskState": "Unattached", "timeCreated": iso(azure.now())}
            resource = draft.resource({**self.given(draft), **made})
        else:
            source = self._source(azure, draft)
            copying.check_ready(azure, source)
            copying.check_copy(draft, source, incremental=False)
            properties = copying.carried(azure, source, self.given(draft))
            resource = draft.resource(properties, contents=source.hidden.get("contents"))
        sku = {"name": "Standard_LRS", "tier": "Standard", **(resource.body.get("sku") or {})}
        return resource.topped(sku=sku).setting(uniqueId=resource.uid)

    def _of_version(self, azure: Azure, draft: Draft) -> Resource:
        """Make the OS disk of a gallery's version that stands in the disk's region."""
        reference = draft.properties["creationData"].get("galleryImageReference") or {}
        if not reference.get("id"):
            raise errors.MISSING_PARAMETER.of(name="creationData.galleryImageReference.id")
        definition, version = versions.chosen(azure, str(reference["id"]), draft.location)
        if not draft.caller.allowed(f"{version.kind}/read", version.key):
            raise identity_errors.LINKED_ACCESS_DENIED.of(
                principal=draft.caller,
                action=f"{draft.type.kind}/write",
                scope=draft.id,
                linked=version.id,
            )
        contents, declared = Contents.of(version), definition.properties
        properties: Json = {
            "osType": declared["osType"],
            "hyperVGeneration": declared["hyperVGeneration"],
            "diskSizeGB": contents.size,
            "diskSizeBytes": contents.size * 2**30,
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            **self.given(draft),
            "diskState": "Unattached",
            "timeCreated": iso(azure.now()),
        }
        if declared.get("purchasePlan"):
            properties["purchasePlan"] = declared["purchasePlan"]
        if contents.security != "Standard":
            properties["securityProfile"] = {"securityType": contents.security}
        return draft.resource(properties, contents=contents.stored())

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse while a machine has it."""
        machine = resource.body.get("managedBy")
        if machine and azure.resources.find(str(machine)) is not None:
            raise errors.DISK_ATTACHED.of(disk=resource.name, machine=str(machine))


def kill_copy(azure: Azure, snapshot: Resource, *, at: float) -> None:
    """Let a background copy die once it has reached a percentage."""
    copy = snapshot.hidden["copy"]
    moment = copy["began"] + (copy["ends"] - copy["began"]) * at / 100
    azure.agenda.at(moment, "compute.copyDied", key=snapshot.key, uid=snapshot.uid, percent=at)


def fail_copy(
    azure: Azure, snapshot: Resource, error: ArmError, percent: float | None = None
) -> None:
    """End a background copy badly: it stays at the percentage it had reached."""
    percent = copying.completion(azure, snapshot) if percent is None else percent
    copy = {**snapshot.hidden["copy"], "state": "failed", "percent": percent}
    told = {"errorCode": error.code, "errorMessage": error.message}
    azure.resources.keep(snapshot.setting(copyCompletionError=told).knowing(copy=copy))


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for background copies."""

    def copied(key: str, uid: str) -> None:
        snapshot = azure.resources.find(key)
        if snapshot is None or snapshot.uid != uid or snapshot.hidden["copy"]["state"] != "running":
            return
        azure.resources.keep(snapshot.knowing(copy={**snapshot.hidden["copy"], "state": "done"}))

    def died(key: str, uid: str, percent: float) -> None:
        snapshot = azure.resources.find(key)
        if snapshot is None or snapshot.uid != uid or snapshot.hidden["copy"]["state"] != "running":
            return
        fail_copy(
            azure, snapshot, errors.COPY_DIED.of(source=snapshot.hidden["copy"]["source"]), percent
        )

    return {"compute.copied": copied, "compute.copyDied": died}
