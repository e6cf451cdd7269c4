"""What happened when: the engine's list of updates, and what each of them left in the state. Pure.

A resource of the state says when the engine made it. What is gone from the state is gone from here
too, except for its count in the update that deleted it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from factory.common import names
from factory.common.versions import Version
from factory.ledger.catalogue import first_name
from factory.ledger.record import Record, read_failure, read_record

_Key = tuple[str, Version]
_DELIVERED = "delivered to "


@dataclass(frozen=True)
class Event:
    """One thing that happened to a version, by the engine's clock."""

    when: datetime
    identity: str
    version: Version
    what: str


def history_text(
    updates: Sequence[Mapping[str, Any]], export: Mapping[str, Any], identity: str | None = None
) -> str:
    """Tell the updates, oldest first, each with what it did to the images (or to one of them).

    ``updates`` are those of `pulumi stack history --json`, newest first; ``export`` is the stack's
    exported deployment.
    """
    found = [event for event in events(export) if identity in {None, event.identity}]
    lines: list[str] = []
    oldest_first = list(reversed(updates))
    for index, update in enumerate(oldest_first):
        after = oldest_first[index + 1] if index + 1 < len(oldest_first) else None
        begin, end = _moment(update["startTime"]), _moment(after["startTime"]) if after else None
        mine = [e for e in found if begin <= e.when and (end is None or e.when < end)]
        found = [event for event in found if event not in mine]
        if mine or identity is None:
            lines += [_update(update), *_told(mine)]
    if found:
        lines[:0] = ["before what the stack's history holds", *_told(found)]
    return "\n".join(lines or ["Nothing happened yet."])


def events(export: Mapping[str, Any]) -> list[Event]:
    """Read from the state what was made when: releases, deliveries, retirements."""
    resources = (export.get("deployment") or {}).get("resources") or []
    outputs = (each.get("outputs") for each in resources if each["type"] == "pulumi:pulumi:Stack")
    began = first_name(next((each for each in outputs if each), {}))
    found = []
    for resource in resources:
        place = names.parse_part(names.logical_name(str(resource["urn"])))
        created = resource.get("created")
        if place is None or not created or resource.get("delete"):
            continue
        what = _what(place[2], resource.get("outputs") or {}, str(resource["urn"]), began)
        if what:
            found.append(Event(_moment(str(created)), place[0], place[1], what))
    return sorted(found, key=lambda event: (event.identity, event.version, event.when, event.what))


def _what(path: tuple[str, ...], outputs: Mapping[str, Any], urn: str, began: str) -> str:
    if path == ("record",):
        record = read_record(outputs.get("output"))
        return _release(record, urn, began) if record else "released"
    if path == ("retired",):
        return "retired"
    if path[:1] == ("lab",):
        return _DELIVERED + path[1]
    if path[:1] == ("vm",):
        return f"attempt {path[1]} began to build"
    if path[:1] == ("verify",):
        return f"attempt {path[1]} began to verify it"
    if path == ("failed",):
        failure = read_failure(outputs.get("output"))
        return f"failed: {failure.error}" if failure else "failed"
    return ""


def _release(record: Record, urn: str, began: str) -> str:
    """Tell a build of this stack, which may have been renamed since, from one of another."""
    stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
    here = record.stack == began or record.stack.endswith(f"/{project}/{stack}")
    verb = "released" if here else f"received from {record.stack}"
    commit = record.commit[:8] + ("-dirty" if record.commit.endswith("-dirty") else "")
    return (
        f"{verb} (built {record.built[:16].replace('T', ' ')}, base {record.base_version}, "
        f"commit {commit})"
    )


def _told(mine: Sequence[Event]) -> list[str]:
    """Write one line per version, its events in the order in which they happened."""
    by_version: dict[_Key, list[str]] = {}
    for event in sorted(mine, key=lambda event: event.when):
        by_version.setdefault((event.identity, event.version), []).append(event.what)
    lines = []
    for (identity, version), what in sorted(by_version.items()):
        labs = [text.removeprefix(_DELIVERED) for text in what if text.startswith(_DELIVERED)]
        said = [text for text in what if not text.startswith(_DELIVERED)]
        said += [_DELIVERED + ", ".join(sorted(labs))] if labs else []
        lines.append(f"    {identity} {version}: {'; '.join(said)}")
    return lines


def _update(update: Mapping[str, Any]) -> str:
    begin, end = _moment(update["startTime"]), update.get("endTime")
    took = f" in {round((_moment(end) - begin).total_seconds())} s" if end else ""
    changes = update.get("resourceChanges") or {}
    counts = [f"{count} {what}" for what, count in sorted(changes.items()) if what != "same"]
    message = str(update.get("message") or "").partition("\n")[0]
    return (
        f"{begin:%Y-%m-%d %H:%M} {update['kind']} {update.get('result', 'under way')}{took}: "
        f"{', '.join(counts) or 'no changes'}{f' ({message})' if message else ''}"
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
