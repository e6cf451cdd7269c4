"""What one stack tells the next: one stack output, read strictly, never a reason to delete.

Shape: ``{schema, stack, serial, definitions: {identity: {version: record [+ retired, revoked,
handedOver]}} [, revoked: {identity: {version: reason}}]}``. Plain data but for a version being
built, which hangs on its own record alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from factory.catalogue_serial import (
    HANDED_OVER,
    OUTPUT,
    RECEIVED,
    is_unknown,
    last_serial,
    mark,
    next_serial,
    received,
    serial_of,
    shown,
    unreadable,
)
from factory.names import image_name
from factory.problems import INVISIBLE
from factory.record import Record, read_record
from factory.versions import Version

SCHEMA = "1"
# What no chain of stacks has, and what no clock counts to: beyond that a catalogue is not ours.
_MOST_ENTRIES = 100_000
_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_HIDDEN = re.compile(f"[\\r\\n{INVISIBLE}]")


@dataclass(frozen=True)
class Entry:
    """One version in a catalogue; ``retired`` says since when its origin lets it go.

    ``revoked`` says why nobody is to use it, "" if it is good; ``handed_over`` that another stack
    builds its definition now: it is good until that one has a newer version.
    """

    record: Record
    retired: datetime | None = None
    revoked: str = ""
    handed_over: bool = False

    @property
    def living(self) -> bool:
        """Tell whether its stack still answers for the definition by it."""
        return self.retired is None and not self.revoked and not self.handed_over

    def dump(self) -> dict[str, str]:
        """Give it as plain data, as it stands in a catalogue."""
        entry = self.record.dump()
        if self.retired is not None:
            entry["retired"] = self.retired.isoformat(timespec="seconds")
        if self.revoked:
            entry["revoked"] = self.revoked
        if self.handed_over:
            entry[HANDED_OVER] = "yes"
        return entry


@dataclass(frozen=True)
class Catalogue:
    """What a source stack offers, and what it says nobody is to use (known here or not).

    Of several stacks together (factory/catalogues.py) ``stack`` names all of them, ``origins`` says
    which one each entry is of, and ``serials`` has the serial of each.
    """

    stack: str
    serial: int
    entries: Mapping[tuple[str, Version], Entry] = field(default_factory=dict)
    revoked: Mapping[tuple[str, Version], str] = field(default_factory=dict)
    origins: Mapping[tuple[str, Version], str] = field(default_factory=dict)
    serials: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def origin(self, record: Record) -> str:
        """Name the stack that offers a version."""
        return self.origins.get((record.definition, record.parsed()), self.stack)

    def of(self, identity: str) -> list[Entry]:
        """Give the entries of one definition, oldest first."""
        found = [(key[1], entry) for key, entry in self.entries.items() if key[0] == identity]
        return [entry for _, entry in sorted(found, key=lambda item: item[0])]

    @property
    def identities(self) -> set[str]:
        """Definitions that have at least one entry."""
        return {identity for identity, _ in self.entries}

    def marked(self) -> dict[str, dict[str, dict[str, str]]]:
        """Give what is revoked or retired, {identity: {version: entry}}.

        A stack in the middle of a chain passes it on as it is, whether or not it holds the version:
        the stack behind it hears of nothing else, and absence is never a reason to delete.
        """
        found: dict[str, dict[str, dict[str, str]]] = {}
        for (identity, version), entry in sorted(self.entries.items()):
            if entry.retired is not None or entry.revoked:
                found.setdefault(identity, {})[str(version)] = entry.dump()
        return found


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
        raise unreadable(stack, f"it says it is of {shown(value['stack'])}", "see receivesFrom")
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


def written(
    stack: str,
    serial: int,
    definitions: Mapping[str, Mapping[str, Any]],
    revoked: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Write a catalogue down as a stack output; :func:`read_catalogue` reads it."""
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "stack": stack,
        "serial": str(serial),
        "definitions": definitions,
    }
    return {**told, "revoked": revoked} if revoked else told


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


__all__ = [
    "HANDED_OVER",
    "OUTPUT",
    "RECEIVED",
    "SCHEMA",
    "Catalogue",
    "Entry",
    "last_serial",
    "mark",
    "next_serial",
    "read_catalogue",
    "received",
    "written",
]
