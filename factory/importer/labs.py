"""Reads Labs.json: which lab of which subscription takes what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory.common.errors import FactoryError
from factory.importer.arm.values import lowered
from factory.importer.notes import Notes
from factory.importer.prefixes import patterns_for
from factory.importer.texts import UnreadableError, read_json

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOST = 5_000
_KEYS = {"subscriptionid", "labname", "resourcegroup", "imagepaths"}


@dataclass
class OldLab:
    """One lab of Labs.json. ``region`` is not in there: Azure or the user knows it."""

    where: str
    subscription: str
    name: str
    group: str = ""
    region: str = ""
    patterns: list[str] = field(default_factory=list)


def is_subscription(text: str) -> bool:
    """Tell whether a text is a subscription's id, and not a placeholder."""
    return bool(_GUID.fullmatch(text))


def read_labs(path: Path, files: Mapping[str, str], notes: Notes) -> list[OldLab]:
    """Read all labs in their order, doubled ones once. Raises :class:`FactoryError`."""
    try:
        content = read_json(path)
    except UnreadableError as error:
        msg = f"{path}: {error}"
        raise FactoryError(msg) from None
    listed = lowered(content).get("labs")
    if not isinstance(listed, list):
        msg = f'{path}: expected {{"Labs": [...]}} -> name the original\'s Labs.json'
        raise FactoryError(msg)
    if len(listed) > _MOST:
        msg = f"{path}: {len(listed)} labs, at most {_MOST} are read"
        raise FactoryError(msg)
    read = [
        _lab(f"{path.name}: Labs[{index}]", raw, files, notes) for index, raw in enumerate(listed)
    ]
    found = together([lab for lab in read if lab is not None], notes)
    return [lab for lab in found if _takes_something(lab, notes)]


def together(labs: Iterable[OldLab], notes: Notes) -> list[OldLab]:
    """Put together what is one lab: of one name, and of one group as far as groups are named."""
    found: dict[tuple[str, str], list[OldLab]] = {}
    for lab in labs:
        its = found.setdefault((lab.subscription.lower(), lab.name.lower()), [])
        group = lab.group.lower()
        first = next((each for each in its if each.group.lower() in {group, ""} or not group), None)
        if first is None:
            its.append(lab)
            continue
        notes.lost(lab.where, lab.name, f"is listed twice; put together with {first.where}")
        first.group = first.group or lab.group
        first.patterns = list(dict.fromkeys(first.patterns + lab.patterns))
    return [lab for its in found.values() for lab in its]


def _lab(where: str, raw: Any, files: Mapping[str, str], notes: Notes) -> OldLab | None:
    fields = lowered(raw)
    words = {}
    for key in ("SubscriptionId", "LabName", "ResourceGroup"):
        value = fields.get(key.lower(), "")
        words[key] = value.strip() if isinstance(value, str) else ""
        if not words[key] and key != "ResourceGroup":
            notes.lost(where, key, "is missing or no text; the lab is left out")
            return None
    for key in sorted(fields.keys() - _KEYS):
        notes.lost(where, key[:60], "is no key that the original read")
    lab = OldLab(where, words["SubscriptionId"], words["LabName"], words["ResourceGroup"])
    entries = fields.get("imagepaths")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, str):
            notes.lost(where, "ImagePaths", "one of them is no text")
            continue
        lab.patterns += patterns_for(entry, files, f"{where} {lab.name}", notes)
    return lab


def _takes_something(lab: OldLab, notes: Notes) -> bool:
    lab.patterns = list(dict.fromkeys(lab.patterns))
    if not lab.patterns:
        notes.lost(lab.where, lab.name, "takes no image, so that it is left out")
    return bool(lab.patterns)
