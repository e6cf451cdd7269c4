"""What one stack tells the next: one stack output, never a reason to delete.

Shape: ``{schema, stack [, began], serial, definitions: {identity: {version: record [+ retired,
revoked, handedOver]}} [, revoked: {identity: {version: reason}}]}``. ``began`` is the name under
which a stack began that was renamed since. Plain data but for a version being built, which hangs on
its own record alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from factory.common.versions import Version
from factory.ledger.catalogue_serial import (
    BEGAN,
    HANDED_OVER,
    OUTPUT,
    RECEIVED,
    first_name,
    last_serial,
    mark,
    next_serial,
    received,
)
from factory.ledger.record import Record

SCHEMA = "1"


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

    Of several stacks together (see ``catalogue_merge``) ``stack`` names all of them, ``origins`` says
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


def written(
    stack: str,
    serial: int,
    definitions: Mapping[str, Mapping[str, Any]],
    revoked: Mapping[str, Mapping[str, str]],
    began: str = "",
) -> dict[str, Any]:
    """Write a catalogue down as a stack output; factory/ledger/catalogue_reader.py reads it.

    ``stack`` is the stack's name now, ``began`` the one it had at first.
    """
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "stack": stack,
        "serial": str(serial),
        "definitions": definitions,
    }
    if began not in ("", stack):
        told[BEGAN] = began
    return {**told, "revoked": revoked} if revoked else told


__all__ = [
    "BEGAN",
    "HANDED_OVER",
    "OUTPUT",
    "RECEIVED",
    "SCHEMA",
    "Catalogue",
    "Entry",
    "first_name",
    "last_serial",
    "mark",
    "next_serial",
    "received",
    "written",
]
