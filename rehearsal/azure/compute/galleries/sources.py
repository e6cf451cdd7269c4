"""What a version is made from: a managed image, another version, a disk or snapshot, a machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Draft
from rehearsal.azure.compute import copying, machines
from rehearsal.azure.compute import errors as compute_errors
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.galleries import errors, replication
from rehearsal.azure.compute.galleries.definitions import EXCLUSIVE, SUPPORTED, security_type
from rehearsal.azure.compute.galleries.galleries import VERSIONS
from rehearsal.azure.compute.images import IMAGES
from rehearsal.azure.compute.sizes import MACHINES
from rehearsal.azure.identity import errors as identity_errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

_WHOLE = (IMAGES, VERSIONS, MACHINES)  # named under storageProfile itself
_DISKS = (copying.SNAPSHOTS, machines.DISKS)  # named disk by disk


@dataclass(frozen=True)
class Source:
    """The source of a version: what it holds, and what the service takes it for.

    ``state`` is its osState, "" where the service cannot tell; ``data`` its data disks.
    """

    resource: Resource
    contents: Contents
    generation: str
    state: str
    data: tuple[Json, ...] = ()


def source_of(azure: Azure, draft: Draft, definition: Resource) -> Source:
    """Give the source that a draft names, if a version can be made of it; ArmError if not."""
    named, kinds = _named(draft)
    found = _found(azure, draft, named, kinds)
    _check_place(azure, draft, found)
    if found.kind == VERSIONS and not usable(found):
        raise errors.SOURCE_NOT_READY.of(source=found.id, state=found.state)
    if found.kind not in (VERSIONS, MACHINES):
        copying.check_ready(azure, found)
    source = _read(azure, found)
    _check_kind(source, definition.properties)
    _check_security(azure, source, definition.properties)
    if found.kind == IMAGES and any(_feeding(azure, found)):
        raise errors.SOURCE_BUSY.of(source=found.id)
    return source


def usable(version: Resource) -> bool:
    """Tell whether a version was published: one that is being changed is as good as before."""
    return bool(version.hidden.get("published")) and version.state in ("Succeeded", "Updating")


def _named(draft: Draft) -> tuple[str, tuple[str, ...]]:
    storage = draft.properties.get("storageProfile") or {}
    whole = storage.get("source") or {}
    disk = (storage.get("osDiskImage") or {}).get("source") or {}
    if whole.get("communityGalleryImageId"):
        raise errors.SOURCE_NOT_REHEARSED.of(what="a community gallery's image")
    if disk.get("uri"):
        raise errors.SOURCE_NOT_REHEARSED.of(what="a VHD")
    given = [
        (str(value), kinds)
        for value, kinds in (
            (whole.get("id"), _WHOLE),
            (whole.get("virtualMachineId"), (MACHINES,)),
            (disk.get("id"), _DISKS),
        )
        if value
    ]
    if len(given) > 1:
        raise errors.TWO_KINDS.of()
    if not given:
        raise compute_errors.MISSING_PARAMETER.of(name="storageProfile.source")
    return given[0]


def _found(azure: Azure, draft: Draft, named: str, kinds: tuple[str, ...]) -> Resource:
    known = azure.directory.subscriptions.get(ids.subscription_of(named).lower())
    here = azure.directory.subscriptions[ids.subscription_of(draft.id).lower()]
    found = azure.resources.find(named)
    if known is not None and known.tenant != here.tenant:
        raise identity_errors.LINKED_AUTHORIZATION_FAILED.of(
            principal=draft.caller,
            action=f"{VERSIONS}/write",
            scope=draft.id,
            tenant=here.tenant,
            linked=known.id,
        )
    if found is None or found.kind not in kinds:
        raise errors.SOURCE_ELSEWHERE.of(source=named)
    # Reading is enough of what is an image already; a disk or a machine must be one's to change.
    right = "read" if found.kind in (IMAGES, VERSIONS) else "write"
    if not draft.caller.allowed(f"{found.kind}/{right}", found.key):
        raise identity_errors.LINKED_ACCESS_DENIED.of(
            principal=draft.caller,
            action=f"{VERSIONS}/write",
            scope=draft.id,
            linked=found.id,
        )
    return found


def _check_place(azure: Azure, draft: Draft, found: Resource) -> None:
    own = found.subscription == ids.subscription_of(draft.id).lower()
    foreign = {"none": False, "versions": found.kind == VERSIONS, "all": True}
    if not own and not foreign[azure.switches["galleryTakesForeignSources"]]:
        raise errors.SOURCE_OF_OTHERS.of(source=found.id)
    near = found.location == draft.location
    if found.kind == VERSIONS:
        near = replication.stands_in(azure, found, draft.location) or not usable(found)
    if not near:
        raise errors.SOURCE_ELSEWHERE.of(source=found.id)


def _read(azure: Azure, found: Resource) -> Source:
    properties = found.properties
    if found.kind == IMAGES:
        storage = properties["storageProfile"]
        data = tuple(
            {"lun": each.get("lun"), "sizeInGB": each.get("diskSizeGB"), "hostCaching": "None"}
            for each in storage.get("dataDisks") or ()
        )
        generation = str(properties.get("hyperVGeneration", "V1"))
        return Source(found, Contents.of(found), generation, storage["osDisk"]["osState"], data)
    if found.kind == VERSIONS:
        of = azure.resources.find(ids.parent_of(found.key))
        declared = of.properties if of else {}
        data = tuple(properties["storageProfile"].get("dataDiskImages") or ())
        state = str(declared.get("osState", ""))
        return Source(found, Contents.of(found), str(found.hidden["declared"]), state, data)
    if found.kind == MACHINES:
        disk = machines.disk_of(azure, found)
        state = "Generalized" if found.hidden.get("generalized") else "Specialized"
        generation = str(disk.properties["hyperVGeneration"])
        return Source(found, Contents.of(disk), generation, state)
    return Source(found, Contents.of(found), str(properties.get("hyperVGeneration", "V1")), "")


def _check_kind(source: Source, wanted: Json) -> None:
    name = source.resource.id
    if source.state and source.state != wanted["osState"]:
        raise errors.OTHER_STATE.of(source=name, wanted=wanted["osState"], found=source.state)
    if source.generation != wanted["hyperVGeneration"]:
        raise errors.OTHER_GENERATION.of(
            source=name, wanted=wanted["hyperVGeneration"], found=source.generation
        )
    if source.contents.os != wanted["osType"]:
        raise errors.OTHER_OS.of(source=name, wanted=wanted["osType"], found=source.contents.os)


def _check_security(azure: Azure, source: Source, wanted: Json) -> None:
    resource, security = source.resource, security_type(wanted)
    if security in SUPPORTED and resource.kind not in (IMAGES, VERSIONS):
        raise errors.SECURITY_SOURCE.of(security=security, source=resource.id)
    # What a disk or a snapshot says of itself counts, and a copy may have lost it.
    found = source.contents.security
    if resource.kind in _DISKS:
        own = resource.properties.get("securityProfile") or {}
        found = str(own.get("securityType") or "Standard")
    if found != (security if security in EXCLUSIVE else "Standard"):
        raise errors.SECURITY_DIFFERS.of(
            found=found, source=resource.id, wanted=security or "Standard"
        )
    step = bool(resource.properties.get("incremental")) and found in EXCLUSIVE
    if step and not azure.switches["galleryTakesIncrementalTrustedLaunch"]:
        raise errors.SECURITY_SOURCE.of(security=security, source=resource.id)


def _feeding(azure: Azure, image: Resource) -> Iterator[Resource]:
    """Give the versions that are being made of a managed image."""
    for subscription in azure.directory.subscriptions:
        for version in azure.resources.of_kind(subscription, VERSIONS):
            if version.state == "Creating" and version.hidden.get("source") == image.uid:
                yield version
