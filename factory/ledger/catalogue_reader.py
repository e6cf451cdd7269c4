"""Reads a catalogue strictly: what another stack says is believed only if all of it is ours.

Anything that this program would not have written stops the run; nothing is ever deleted for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from factory.common.errors import INVISIBLE
from factory.common.names import image_name
from factory.common.versions import Version
from factory.ledger.catalogue import SCHEMA, Catalogue, Entry
from factory.ledger.catalogue_serial import (
    HANDED_OVER,
    OUTPUT,
    is_unknown,
    serial_of,
    shown,
    unreadable,
)
from factory.ledger.record import read_record

# What no chain of stacks has, and what no clock counts to: beyond that a catalogue is not ours.
_MOST_ENTRIES = 100_000
_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_HIDDEN = re.compile(f"[\\r\\n{INVISIBLE}]")


def read_catalogue(outputs: Mapping[str, Any], stack: str, last_serial: int) -> Catalogue:
    """Read the outputs of the stack that is received from.

    Raises :class:`FactoryError` with one line if there is no catalogue, if it is older than what
    was last received, or if anything in it is not what this program would have written. Entries
    that are not known yet (a build that failed or never ran) are left out, in preview and up alike.
    """
    value = outputs.get(OUTPUT)
    if not isinstance(value, Mapping) or not {"schema", "stack", "serial"} <= set(value):
        raise unreadable(
            stack, "it has no catalogue with schema and serial", "run `up` there first"
        )
    if value["schema"] != SCHEMA:
        raise unreadable(
            stack,
            f"schema {shown(value['schema'])}, expected {SCHEMA!r}",
            "run one program in both",
        )
    if value["stack"] != stack:
        raise unreadable(
            stack,
            f"it says it is of {shown(value['stack'])}",
            "if the stack was renamed, run `up` there first; else see receivesFrom",
        )
    serial = serial_of(value["serial"], stack)
    if serial < last_serial:
        raise unreadable(
            stack,
            f"its serial {serial} is lower than the last one received, {last_serial}",
            "an old state was put back there: run `up` there once",
        )
    entries = _entries(value.get("definitions", {}), stack)
    bad = {key: entry.revoked for key, entry in entries.items() if entry.revoked}
    told = {**_revoked(value.get("revoked", {}), stack), **bad}
    return Catalogue(stack, serial, entries, told, serials={stack: serial})


def _revoked(value: Any, stack: str) -> dict[tuple[str, Version], str]:
    found: dict[tuple[str, Version], str] = {}
    try:
        for identity, versions in value.items():
            for text, reason in versions.items():
                found[str(identity), Version.parse(text)] = str(reason)[:1024]
    except (AttributeError, TypeError, ValueError):
        raise unreadable(
            stack, "what it says is revoked is malformed", "run one program in both"
        ) from None
    return found


def _entries(definitions: Any, stack: str) -> dict[tuple[str, Version], Entry]:
    if not isinstance(definitions, Mapping):
        raise unreadable(stack, "definitions is not a mapping", "run one program in both")
    entries: dict[tuple[str, Version], Entry] = {}
    for identity, versions in definitions.items():
        if isinstance(versions, str) and is_unknown(versions):
            continue
        if not isinstance(versions, Mapping):
            raise unreadable(
                stack, f"{shown(identity)} is not a mapping", "run one program in both"
            )
        for text, raw in versions.items():
            if raw is None or is_unknown(raw):
                continue
            entry = _entry(identity, text, raw)
            if entry is None:
                raise unreadable(
                    stack,
                    f"the entry {shown(identity)} {shown(text)} is malformed",
                    "run one program in both",
                )
            entries[identity, entry.record.parsed()] = entry
            if len(entries) > _MOST_ENTRIES:
                raise unreadable(stack, f"more than {_MOST_ENTRIES} entries", "is it ours?")
    _check_origins(entries.values(), stack)
    return entries


def _check_origins(entries: Iterable[Entry], stack: str) -> None:
    """A stack has one resource group for its snapshots; an entry that leads elsewhere is forged."""
    homes: dict[str, str] = {}
    for entry in entries:
        record = entry.record
        home = record.source_id.lower().rpartition("/providers/")[0]
        other = homes.setdefault(record.stack, home)
        if other != home:
            raise unreadable(
                stack,
                f"{shown(record.definition)} {record.version} is in {home}, others of "
                f"{shown(record.stack)} in {other}",
                "find out who wrote it",
            )


def _entry(identity: str, version: str, raw: Any) -> Entry | None:
    if not isinstance(raw, Mapping):
        return None
    data = dict(raw)
    retired, revoked = data.pop("retired", None), data.pop("revoked", "")
    handed_over = data.pop(HANDED_OVER, "")
    record = read_record(data)
    if record is None or (record.definition, record.version) != (identity, version):
        return None
    if not _IDENTITY.fullmatch(identity) or len(identity) > 256:
        return None
    name = image_name(identity, record.parsed())
    if record.source_id.rpartition("/")[2].lower() != name:
        return None
    if not isinstance(revoked, str) or len(revoked) > 1024 or _HIDDEN.search(revoked):
        return None
    if handed_over not in ("", "yes"):
        return None
    try:
        since = datetime.fromisoformat(retired) if retired else None
    except (TypeError, ValueError):
        return None
    if since is not None and since.utcoffset() is None:
        return None
    return Entry(record, since, revoked, handed_over == "yes")
