"""What one stack tells the next: one stack output, never a reason to delete.

Shape: ``{schema, stack [, began], serial, definitions: {identity: {version: record [+ retired,
revoked, handedOver]}} [, revoked: {identity: {version: reason}}]}``; in the state it is folded
(see ``stack_outputs``). ``began`` is the name under which a stack began that was renamed since.
Plain data but for a version being built, which hangs on its own record alone. The serial is raised
when the content changes, so that an old catalogue shows. It is read strictly: anything that this
program would not have written stops the run, and nothing is ever deleted for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from factory.common.errors import INVISIBLE, FactoryError
from factory.common.names import image_name
from factory.common.versions import Version
from factory.ledger.record import Record, read_record

SCHEMA = "2"
_EARLIER = "1"  # the same, printed by the engine (see stack_outputs)
OUTPUT = "catalogue"
RECEIVED = "received"
HANDED_OVER = "handedOver"
BEGAN = "began"
# A serial is a time by Azure's clock (see next_serial): nobody has one of tomorrow.
_AHEAD = timedelta(hours=1)
# How the engine writes "not known yet" into a saved output (pulumi sdk, runtime/rpc.py UNKNOWN).
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# What no chain of stacks has: beyond that a catalogue is not ours.
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

    Of several stacks together (see ``source_catalogues``) ``stack`` names all of them, ``origins``
    says which one each entry is of, and ``serials`` has the serial of each.
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
    """Write a catalogue down as a stack output; :func:`read_catalogue` reads it.

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


def first_name(outputs: Mapping[str, Any]) -> str:
    """Give the full name under which a stack began, by its outputs; "" if they do not say."""
    told = outputs.get(OUTPUT)
    name = told.get(BEGAN) if isinstance(told, Mapping) else ""
    return name if name and isinstance(name, str) else last_name(outputs)


def last_name(outputs: Mapping[str, Any]) -> str:
    """Give a stack's full name at its last run, by its outputs; "" if they do not say."""
    told = outputs.get(OUTPUT)
    name = told.get("stack") if isinstance(told, Mapping) else ""
    return name if isinstance(name, str) else ""


def last_serial(outputs: Mapping[str, Any], stack: str, now: datetime) -> int:
    """Give the serial this stack last received from ``stack`` (its own output), 0 if never.

    One of the future was forged, before such were refused: it counts for nothing, since it would
    stop this stack for good.
    """
    told = outputs.get(RECEIVED)
    if not isinstance(told, Mapping):
        return 0
    several = told.get("serials")
    if isinstance(several, Mapping):
        found = _serial_of(several.get(stack, 0), stack)
    else:
        found = _serial_of(told.get("serial"), stack) if told.get("stack") == stack else 0
    return found if _is_possible(found, now) else 0


def received(serials: Mapping[str, int]) -> dict[str, Any]:
    """Write down what was received last, by stack, as a stack output; :func:`last_serial` reads it.

    Of one stack ``{stack, serial}``, of several ``{serials: {stack: serial}}``.
    """
    if len(serials) == 1:
        ((stack, serial),) = serials.items()
        return {"stack": stack, "serial": str(serial)}
    return {"serials": {stack: str(serial) for stack, serial in sorted(serials.items())}}


def mark(entry: Mapping[str, Any]) -> str:
    """Give what sets an entry apart besides its record, which never changes."""
    moved = HANDED_OVER if entry.get(HANDED_OVER) else ""
    return str(entry.get("retired") or entry.get("revoked") or moved)


def next_serial(
    previous: Mapping[str, Any],
    content: Mapping[str, Mapping[str, str]],
    revoked: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> int:
    """Give the serial of a catalogue with ``content`` ({identity: {version: mark}}).

    A mark is when it was retired, or why it was revoked, "" for a good version.

    The old one if nothing changed, else a higher one. Never below the seconds since 1970, so that a
    stack that was destroyed and made again does not look like an old state to its receivers; and
    never one of the future, which no receiver believes: who forged one is overruled.
    """
    old = previous.get(OUTPUT)
    if not isinstance(old, Mapping) or "serial" not in old:
        return int(now.timestamp())
    before = {
        identity: {
            version: mark(raw)
            for version, raw in versions.items()
            if isinstance(raw, Mapping) and not _is_unknown(raw)
        }
        for identity, versions in (old.get("definitions") or {}).items()
        if isinstance(versions, Mapping)
    }
    serial = _serial_of(old["serial"], "this stack")
    same = {k: v for k, v in before.items() if v} == {k: dict(v) for k, v in content.items() if v}
    if not _is_possible(serial, now):
        return int(now.timestamp())
    if same and (old.get("revoked") or {}) == revoked:
        return serial
    return max(serial + 1, int(now.timestamp()))


def read_catalogue(
    outputs: Mapping[str, Any],
    stack: str,
    last_serial: int,
    now: datetime,
    chain: Mapping[str, str] | None = None,
) -> Catalogue:
    """Read the outputs of the stack that is received from; ``now`` is the time by Azure's clock.

    ``chain`` has the resource group's id of it and of every stack before it, by full name; None if
    nobody knows all of them. Raises :class:`FactoryError` with one line if there is no catalogue,
    if it is older than what was last received, if an entry is of no stack of the chain, or if
    anything in it is not what this program would have written. Entries that are not known yet (a
    build that failed or never ran) are left out, in preview and up alike.
    """
    value = outputs.get(OUTPUT)
    if not isinstance(value, Mapping) or not {"schema", "stack", "serial"} <= set(value):
        raise _unreadable(
            stack, "it has no catalogue with schema and serial", "run `up` there first"
        )
    if value["schema"] not in (SCHEMA, _EARLIER):
        raise _unreadable(
            stack,
            f"schema {_shown(value['schema'])}, expected {SCHEMA!r}",
            "run one program in both",
        )
    if value["stack"] != stack:
        raise _unreadable(
            stack,
            f"it says it is of {_shown(value['stack'])}",
            "if the stack was renamed, run `up` there first; else see receivesFrom",
        )
    serial = _serial_of(value["serial"], stack)
    if not _is_possible(serial, now):
        raise _unreadable(
            stack,
            f"its serial {serial} is of a time that has not come",
            "find out who wrote it; `up` there writes a good one",
        )
    if serial < last_serial:
        raise _unreadable(
            stack,
            f"its serial {serial} is lower than the last one received, {last_serial}",
            "an old state was put back there: put the newest one back (`pulumi stack import`), or "
            "have something built anew there (image-factory:rebuild); see docs/security.md (The "
            "serial)",
        )
    entries = _entries(value.get("definitions", {}), stack)
    if chain is not None:
        _check_chain(entries.values(), stack, chain)
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
        raise _unreadable(
            stack, "what it says is revoked is malformed", "run one program in both"
        ) from None
    return found


def _entries(definitions: Any, stack: str) -> dict[tuple[str, Version], Entry]:
    if not isinstance(definitions, Mapping):
        raise _unreadable(stack, "definitions is not a mapping", "run one program in both")
    entries: dict[tuple[str, Version], Entry] = {}
    for identity, versions in definitions.items():
        if isinstance(versions, str) and _is_unknown(versions):
            continue
        if not isinstance(versions, Mapping):
            raise _unreadable(
                stack, f"{_shown(identity)} is not a mapping", "run one program in both"
            )
        for text, raw in versions.items():
            if raw is None or _is_unknown(raw):
                continue
            entry = _entry(identity, text, raw)
            if entry is None:
                raise _unreadable(
                    stack,
                    f"the entry {_shown(identity)} {_shown(text)} is malformed",
                    "run one program in both",
                )
            entries[identity, entry.record.parsed()] = entry
            if len(entries) > _MOST_ENTRIES:
                raise _unreadable(stack, f"more than {_MOST_ENTRIES} entries", "is it ours?")
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
            raise _unreadable(
                stack,
                f"{_shown(record.definition)} {record.version} is in {home}, others of "
                f"{_shown(record.stack)} in {other}",
                "find out who wrote it",
            )


def _check_chain(entries: Iterable[Entry], stack: str, chain: Mapping[str, str]) -> None:
    """What is offered was built by a stack of the chain: by its name, or where that one keeps it.

    The name alone is not enough, and the place alone has to be: a stack that was renamed since goes
    on under the name it began with, and one whose group is another now left the old ones there.
    """
    homes = {home.lower() for home in chain.values()}
    subscriptions = {name: _subscription(home) for name, home in chain.items()}
    for record in (entry.record for entry in entries):
        home = record.source_id.lower().rpartition("/providers/")[0]
        named = subscriptions.get(record.stack)
        if home not in homes and named != _subscription(home):
            raise _unreadable(
                stack,
                f"{_shown(record.definition)} {record.version} is said to be of "
                f"{_shown(record.stack)}, in {home}: that is no stack before this one",
                "find out who wrote it",
            )


def _subscription(home: str) -> str:
    return home.lower().split("/")[2]


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


def _unreadable(stack: str, why: str, todo: str) -> FactoryError:
    """Make the error for a catalogue that cannot be used, in one line."""
    return FactoryError(
        f"the catalogue of {stack} cannot be used: {why} -> {todo}; nothing was changed"
    )


def _shown(value: Any) -> str:
    """Write what may be anything so that it stays short and on its line."""
    return ascii(value)[:80] if isinstance(value, str | int | float) else type(value).__name__


def _is_unknown(raw: Any) -> bool:
    """Tell whether an entry, or a value in it, is not known; entries hold texts, nothing deeper."""
    inside = raw.values() if isinstance(raw, Mapping) else (raw,)
    return any(isinstance(value, str) and value == _UNKNOWN for value in inside)


def _serial_of(value: Any, stack: str) -> int:
    """Read a serial. Raises :class:`FactoryError` for what is none."""
    text = str(value).removesuffix(".0") if isinstance(value, str | int | float) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise _unreadable(stack, f"serial {_shown(value)} is not a number", "see `stack output`")
    return int(text)


def _is_possible(serial: int, now: datetime) -> bool:
    """Tell whether a serial is not of the future, by Azure's clock."""
    return serial <= (now + _AHEAD).timestamp()
