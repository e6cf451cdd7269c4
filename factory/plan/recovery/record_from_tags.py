"""Writes a release record anew from what Azure tells of a version's parts. Pure.

Most of a record is in tags and properties. What it was made of is not: the definition in git tells
it, if its fingerprint is still the one in the tags.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from factory.common import names
from factory.common.versions import Version
from factory.definitions.loader import Image
from factory.ledger.model import Path
from factory.ledger.record import Record
from factory.plan.recovery.seen_resource import Seen

_GOING = "Retiring, deleted after "


@dataclass(frozen=True)
class Home:
    """Where the version was built: the stack, its region, and the id that its source had."""

    stack: str
    region: str
    source_id: str


def reread(
    parts: Mapping[Path, Seen], image: Image | None, home: Home
) -> tuple[Record | None, list[str]]:
    """Give the record and what of it could not be known; None with the reason if there is none."""
    best = [parts[path] for path in sorted(parts, key=_rank)]
    identity, version = best[0].key
    base, _, base_version = best[0].tag(names.BASE).rpartition(":")
    shape, lacks = _shape(best[0].tag(names.FINGERPRINT), image)
    raw = {
        "schema": "1",
        "definition": identity,
        "version": str(version),
        "fingerprint": best[0].tag(names.FINGERPRINT),
        "baseVersion": base_version,
        "parent": f"{base.removeprefix('image:')}@{base_version}"
        if base.startswith("image:")
        else "",
        "plan": json.dumps(_plan(best), sort_keys=True),
        "commit": best[0].tag(names.COMMIT) or "unknown",
        "built": best[0].tag(names.BUILT),
        "shape": shape,
        "stack": home.stack,
        "attempt": best[0].tag(names.ATTEMPT) or "1",
        "description": _description(best, identity, version),
        "author": _first(best, "author"),
        "tags": json.dumps(_own_tags(best), sort_keys=True),
        "base": base,
        "os": _os(best, image),
        "capture": _capture(parts, image),
        "region": home.region,
        "sourceId": home.source_id,
        "osDiskId": _value(parts, ("source",), "creationData", "sourceResourceId"),
        "vmId": _value(parts, ("capture",), "vm", "sourceVmId"),
        "generation": _first(best, "hyperVGeneration") or "V1",
        "securityType": _first(best, "securityProfile", "securityType"),
        "encryption": _first(best, "encryption", "type"),
        "diskSizeGb": next((str(each.thing.size_gb) for each in best if each.thing.size_gb), "0"),
    }
    try:
        return Record.model_validate(raw), lacks
    except ValidationError as error:
        bad = sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})
        return None, [f"its tags make no record: {', '.join(bad)}"]


def _rank(path: Path) -> tuple[int, Path]:
    """The source is what all the others are made from."""
    return ["source", "capture", "copy", "image", "lab"].index(path[0]), path


def _shape(fingerprint: str, image: Image | None) -> tuple[str, list[str]]:
    if image is not None and image.fingerprint == fingerprint:
        return image.shape, ["a change of its artifacts' files before today goes unnoticed"]
    if image is None:
        return "{}", []
    return "{}", ["its definition changed since, in what is not known"]


def _plan(parts: Sequence[Seen]) -> dict[str, str]:
    """Read the marketplace plan that a custom image is sold under, {} for most."""
    for part in parts:
        if plan := part.texts("customImagePlan"):
            pairs = {"name": "id", "publisher": "publisher", "product": "offer"}
            return {key: plan.get(theirs, "") for key, theirs in pairs.items()}
    for part in parts:
        if plan := part.texts("purchasePlan"):
            return {key: plan.get(key, "") for key in ("name", "publisher", "product")}
    return {}


def _description(parts: Sequence[Seen], identity: str, version: Version) -> str:
    told = _first(parts, "description")
    if told.startswith(_GOING):
        told = told.partition(". ")[2]
    return "" if told == f"{identity} {version}" else told


def _own_tags(parts: Sequence[Seen]) -> dict[str, str]:
    """Give the definition's tags: what all parts carry, since policies add others to some."""
    common: dict[str, str] | None = None
    for part in parts:
        own = {name: text for name, text in part.thing.tags.items() if not names.is_own_tag(name)}
        common = own if common is None else dict(common.items() & own.items())
    return common or {}


def _os(parts: Sequence[Seen], image: Image | None) -> str:
    told = _first(parts, "osType") or _first(parts, "storageProfile", "osDisk", "osType")
    if not told and image is not None:
        return image.definition.os.value
    return told.lower()


def _capture(parts: Mapping[Path, Seen], image: Image | None) -> str:
    """Tell how it was captured: a managed image is generalised, a snapshot need not be."""
    made = parts.get(("capture",))
    state = (
        made.value("vm", "windowsOsInfo", "windowsOsState")
        or made.value("vm", "linuxOsInfo", "linuxOsState")
        if made
        else ""
    )
    images = [part for path, part in parts.items() if path[0] in {"lab", "capture"}]
    if state:
        return "specialized" if state.lower().startswith("non") else "generalized"
    if any(path[0] == "image" for path in parts) or _first(images, "managedImageId"):
        return "generalized"
    if _first(images, "managedSnapshotId"):
        return "specialized"
    return image.definition.capture.value if image is not None else "generalized"


def _first(parts: Sequence[Seen], *keys: str) -> str:
    return next((text for part in parts if (text := part.value(*keys))), "")


def _value(parts: Mapping[Path, Seen], path: Path, *keys: str) -> str:
    return parts[path].value(*keys) if path in parts else ""
