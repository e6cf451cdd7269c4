"""What may be copied where (contract 4.2): the rules of snapshots, and what travels in them."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Draft
from rehearsal.azure.clock import iso
from rehearsal.azure.compute import errors
from rehearsal.azure.identity import errors as identity_errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

SNAPSHOTS = "Microsoft.Compute/snapshots"
COPY_START_SINCE = "2020-12-01"
_AT_ONCE = 100
_CUSTOMER_KEY = "EncryptionAtRestWithCustomerKey"
_UNUSABLE = frozenset({"PremiumV2_LRS", "UltraSSD_LRS"})

# What a snapshot takes over from its source unless it is said otherwise.
TRAVELS = (
    "osType",
    "hyperVGeneration",
    "diskSizeGB",
    "diskSizeBytes",
    "encryption",
    "supportedCapabilities",
    "purchasePlan",
    "securityProfile",
)


def completion(azure: Azure, snapshot: Resource) -> float:
    """Give how much of a snapshot's data is there, in percent; 100 if it is no background copy."""
    copy = snapshot.hidden.get("copy")
    if copy is None or copy["state"] == "done":
        return 100.0
    if copy["state"] == "failed":
        return float(copy["percent"])
    share = (azure.now() - copy["began"]) / (copy["ends"] - copy["began"])
    return float(min(99, int(share * 100)))


def source_of(azure: Azure, draft: Draft, source: str) -> Resource:
    """Give the source a new resource is made from, if the caller may use it; ArmError if not."""
    subscription = ids.subscription_of(source)
    known = azure.directory.subscriptions.get(subscription.lower())
    here = azure.directory.subscriptions[ids.subscription_of(draft.id).lower()]
    action = "Microsoft.Compute/disks/beginGetAccess/action"
    if known is not None and known.tenant != here.tenant:
        raise identity_errors.LINKED_AUTHORIZATION_FAILED.of(
            principal=draft.caller,
            action=action,
            scope=draft.id,
            tenant=here.tenant,
            linked=known.id,
        )
    found = azure.resources.find(source)
    if found is None:
        raise errors.SOURCE_NOT_FOUND.of(source=source)
    for needed in (f"{found.kind}/read", f"{found.kind}/beginGetAccess/action"):
        if not draft.caller.allowed(needed, found.key):
            raise identity_errors.LINKED_ACCESS_DENIED.of(
                principal=draft.caller,
                action=f"{draft.type.kind}/write",
                scope=draft.id,
                linked=found.id,
            )
    return found


def check_incremental(azure: Azure, source: Resource) -> None:
    """Refuse to make an image of an incremental snapshot, if the switch says that it cannot be."""
    allowed = bool(azure.switches["imageFromIncrementalSnapshot"])
    if source.kind == SNAPSHOTS and source.properties.get("incremental") and not allowed:
        raise errors.INCREMENTAL_IMAGE.of(source=source.id)


def check_ready(azure: Azure, source: Resource) -> None:
    """Refuse a source whose data is not complete, or of a kind that cannot be read."""
    machine = azure.resources.find(str(source.body.get("managedBy") or "/"))
    captured = machine is not None and machine.hidden.get("captured")
    if captured and not azure.switches["diskReadableAfterCapture"]:
        raise errors.DISK_CAPTURED.of(disk=source.name)
    percent = completion(azure, source)
    if percent < 100:
        raise errors.NOT_COPIED_YET.of(snapshot=source.id, percent=percent)
    if source.state == "Creating":
        raise errors.NOT_COPIED_YET.of(snapshot=source.id, percent=0)
    sku = str((source.body.get("sku") or {}).get("name"))
    if sku in _UNUSABLE:
        raise errors.DISK_KIND_REFUSED.of(sku=sku)


def check_copy(draft: Draft, source: Resource, *, incremental: bool) -> None:
    """Apply the rules of createOption Copy: it stays in its region."""
    near = source.location == draft.location
    own = source.subscription == ids.subscription_of(draft.id).lower()
    if not near and not own:
        # So it was seen: the answer misleads, for the source is there.
        raise errors.SOURCE_NOT_FOUND.of(source=source.id)
    if not near:
        raise errors.OTHER_REGION.of(kind=draft.type.kind, source=source.id)
    if not own and incremental:
        raise errors.INCREMENTAL_ELSEWHERE.of(source=source.id)
    if not own:
        _check_key(source)


def check_copy_start(azure: Azure, draft: Draft, source: Resource, *, incremental: bool) -> None:
    """Apply the rules of createOption CopyStart: incremental to incremental, across regions."""
    if draft.api_version < COPY_START_SINCE:
        raise errors.COPY_START_VERSION.of(version=draft.api_version)
    if not incremental or not source.properties.get("incremental"):
        raise errors.COPY_START_NEEDS_INCREMENTAL.of(source=source.id)
    subscription = ids.subscription_of(draft.id).lower()
    near = source.location == draft.location
    if near and source.subscription != subscription:
        raise errors.INCREMENTAL_ELSEWHERE.of(source=source.id)
    if not near:
        _check_key(source)
    here = [each for each in _under_way(azure, subscription) if each.location == draft.location]
    if len(here) >= _AT_ONCE:
        raise errors.TOO_MANY_COPIES.of(location=draft.location)
    family = source.properties.get("incrementalSnapshotFamilyId")
    for each in here:
        of_disk = each.properties.get("incrementalSnapshotFamilyId") == family
        if of_disk and each.hidden["copy"]["sourceUid"] != source.uid:
            raise errors.DISK_IS_COPIED.of(source=source.id)
    if azure.switches["oneSnapshotToSeveralTargets"]:
        return
    everywhere = [
        each for known in azure.directory.subscriptions for each in _under_way(azure, known)
    ]
    if any(each.hidden["copy"]["sourceUid"] == source.uid for each in everywhere):
        raise errors.SNAPSHOT_IS_COPIED.of(source=source.id)


def carried(azure: Azure, source: Resource, given: Json) -> Json:
    """Give the properties of a copy: what was given, and what travels from the source."""
    taken = {name: source.properties[name] for name in TRAVELS if name in source.properties}
    started = (given.get("creationData") or {}).get("createOption") == "CopyStart"
    if started and not azure.switches["copyStartKeepsSecurity"]:
        taken.pop("securityProfile", None)
    creation = {
        **given.get("creationData", {}),
        "sourceUniqueId": source.properties.get("uniqueId"),
    }
    return {
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        **taken,
        **given,
        "creationData": creation,
        "diskState": "Unattached",
        "timeCreated": iso(azure.now()),
    }


def _under_way(azure: Azure, subscription: str) -> list[Resource]:
    """Give the snapshots of a subscription that are being copied from another region."""
    return [
        each
        for each in azure.resources.of_kind(subscription, SNAPSHOTS)
        if (each.hidden.get("copy") or {}).get("state") == "running"
    ]


def _check_key(source: Resource) -> None:
    if (source.properties.get("encryption") or {}).get("type") == _CUSTOMER_KEY:
        raise errors.CUSTOMER_KEY_TRAVELS.of()
