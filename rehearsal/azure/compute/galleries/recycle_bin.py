"""Where deleted versions lie for a while, if their gallery says so (softDeletePolicy)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.clock import iso
from rehearsal.azure.compute.galleries.galleries import GALLERIES
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

BIN = f"{GALLERIES}/softDeletedArtifactTypes/artifacts/versions"
_DAY = 86400.0
_RETENTION = 7.0  # days, unless the policy says otherwise


def keeps(azure: Azure, version: Resource) -> bool:
    """Tell whether the gallery of a version keeps what is deleted."""
    gallery = azure.resources.find(_gallery(version.key))
    policy = (gallery.properties.get("softDeletePolicy") or {}) if gallery else {}
    return bool(policy.get("isSoftDeleteEnabled"))


def put_in(azure: Azure, version: Resource) -> None:
    """Lay a version that is gone into the bin; its time there begins now."""
    gallery = azure.resources.find(_gallery(version.key))
    if gallery is None:
        return
    policy = gallery.properties.get("softDeletePolicy") or {}
    usable = azure.now() + _DAY * float(policy.get("retentionPeriodInDays", _RETENTION))
    ends = usable + _DAY * float(policy.get("gracePeriodInDays", 0))
    path = item_id(version.id)
    body: Json = {
        "id": path,
        "name": version.name,
        "type": BIN,
        "location": version.location,
        "properties": {
            "resourceArmId": version.id,
            "softDeletedArtifactType": "Images",
            "softDeletedTime": iso(azure.now()),
            "consumptionEndTime": iso(usable),
            "hardDeletionTargetTime": iso(ends),
        },
    }
    uid = new_uid()
    held = {"body": version.body, "hidden": {**version.hidden, "soft": None}}
    azure.resources.keep(Resource(ids.key_of(path), BIN, body, {"uid": uid, "version": held}))
    azure.agenda.at(ends, "gallery.purged", key=ids.key_of(path), uid=uid)


def take_out(azure: Azure, version_id: str) -> Resource | None:
    """Give a version back from the bin, and empty its place there; None if it is not to be had."""
    item = azure.resources.find(item_id(version_id))
    if item is None:
        return None
    until = datetime.fromisoformat(item.properties["consumptionEndTime"]).astimezone(UTC)
    azure.resources.remove(item)
    if until.timestamp() < azure.now():
        return None
    held = item.hidden["version"]
    version = Resource(ids.key_of(version_id), held["body"]["type"], held["body"], held["hidden"])
    return version.setting(provisioningState="Succeeded").knowing(revived=True)


def held(azure: Azure, definition: Resource) -> list[Resource]:
    """Give what lies in the bin of a definition."""
    return azure.resources.listed(ids.collection_of(item_id(f"{definition.id}/versions/-")))


def item_id(version_id: str) -> str:
    """Write the id under which a version lies in the bin."""
    gallery, definition = _gallery(version_id), ids.name_of(ids.parent_of(version_id))
    name = ids.name_of(version_id)
    return f"{gallery}/softDeletedArtifactTypes/Images/artifacts/{definition}/versions/{name}"


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for the bin."""

    def purged(key: str, uid: str) -> None:
        item = azure.resources.find(key)
        if item is not None and item.uid == uid:
            azure.resources.remove(item)

    return {"gallery.purged": purged}


def _gallery(version_id: str) -> str:
    return ids.parent_of(ids.parent_of(version_id))
