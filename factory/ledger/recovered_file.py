"""``recovered.<stack>.yaml``: what of a lost state stands in Azure, for the program to take in.

``python -m factory recover`` writes it and a person reads it. What it names is held by the ledger
from then on, until it is in the state. Pure but for :func:`read_recovered`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path as File
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from factory.common import names
from factory.common.errors import Problems
from factory.common.fields import Strict, formed
from factory.common.names import image_name
from factory.common.ownership import Owner
from factory.common.versions import Version
from factory.common.yaml_file import Limits, YamlFile
from factory.definitions.loader import read_model
from factory.ledger.model import Held, Ledger, Path, Returning
from factory.ledger.record import Record
from factory.ledger.record_fields import TimeText
from factory.observed.model import Observed, Thing
from factory.settings.stack import Settings

OUTPUT = "recovered"
_TAKING, _SETTLED = "taking in", "settled"
# Written by a program: up to some kilobytes for each version of hundreds of definitions.
_LIMITS = Limits(size=64 * 1024 * 1024, values=500_000)
_HEAD = """\
# What the lost state of a stack is made again from. Written by `python -m factory recover`; look at
# it, then `pulumi preview` and `pulumi up`. Delete it when the program says so: docs/safety.md.
"""
_Part = Annotated[
    str,
    formed(r"^(source|capture|(copy|image|lab)/[^/\s]+)$", "source, capture, copy/, image/, lab/"),
]
_ArmId = Annotated[str, formed(r"^/subscriptions/\S+$", "an ARM id", max_length=1024)]


class Entry(Strict):
    """One version: its record, and the ids of what stands of it."""

    known: str = ""
    """Where its record comes from."""
    retired: TimeText | None = None
    """Since when it counts as retired."""
    captured: Literal["vm", "backing", ""] = ""
    """What its custom image in the factory lab was made from."""
    parts: Annotated[dict[_Part, _ArmId], Field(min_length=1)]
    """ARM ids of its parts."""
    record: Record
    """What it was made from."""

    @property
    def key(self) -> tuple[str, Version]:
        """Its place in a ledger."""
        return self.record.definition, self.record.parsed()

    @property
    def number(self) -> tuple[str, str]:
        """Its place in the stack output."""
        return self.record.definition, self.record.version

    @property
    def paths(self) -> dict[Path, str]:
        """The ids of its parts by their paths."""
        return {tuple(part.split("/")): each for part, each in self.parts.items()}


class _File(Strict):
    schema_: Annotated[Literal["1"], Field(alias="schema")]
    stack: str
    state: Annotated[str, formed(r"^[0-9a-f]{0,32}$", "the id of a state")] = ""
    serial: Annotated[str, formed(r"^[0-9]{1,12}$", "a number")] = "0"
    versions: list[Entry]


@dataclass(frozen=True)
class Recovered:
    """The file as read: ``shown`` is how messages call it.

    ``serial`` is the lowest that the stack's catalogue may have: its receivers saw a lower one.
    ``state`` is the id of the state that was lost, "" if what it made has none.
    """

    shown: str
    serial: int = 0
    entries: Sequence[Entry] = ()
    state: str = ""


def file_name(stack: str) -> str:
    """Name the file of a stack; it lies beside the stack's own."""
    return f"recovered.{stack.rpartition('/')[2]}.yaml"


def read_recovered(folder: File | None, stack: str, problems: Problems) -> Recovered | None:
    """Read the stack's file, None if there is none; faults are noted with their places.

    ``folder`` is where the stack files are, ``stack`` the full name of this one.
    """
    shown = file_name(stack)
    if folder is None or not (folder / shown).is_file():
        return None
    read = read_model(folder / shown, shown, problems, _File, _LIMITS)
    if read is None:
        return None
    found, file = read
    _check(found, file, stack, problems)
    return Recovered(shown, int(found.serial), tuple(found.versions), found.state)


def _check(found: _File, file: YamlFile, stack: str, problems: Problems) -> None:
    if found.stack != stack:
        todo = f"python -m factory recover --stack {stack.rpartition('/')[2]} --write"
        problems.error(file.place(("stack",)), f"is of {found.stack}, not of {stack}", todo)
    seen: set[tuple[str, Version]] = set()
    for index, entry in enumerate(found.versions):
        identity, version = entry.key
        place = file.place(("versions", index, "record"))
        if entry.key in seen:
            problems.error(place, f"{identity} {version} is there twice", "keep one of the two")
        seen.add(entry.key)
        if entry.retired and set(entry.parts) != {"source"}:
            problems.error(
                file.place(("versions", index, "retired")),
                f"{identity} {version} has more than its source, so that it is not retired",
                "take `retired` out",
            )
        if entry.record.source_id.rpartition("/")[2].lower() != image_name(identity, version):
            problems.error(
                file.place(("versions", index, "record", "sourceId")),
                f"is not the source snapshot of {identity} {version}",
                "write the file again",
            )


def write_recovered(stack: str, serial: int, entries: Sequence[Entry], state: str = "") -> str:
    """Write the file's text: the same entries give the same text."""
    plain = [_plain(entry) for entry in sorted(entries, key=lambda entry: entry.key)]
    told = {"state": state} if state else {}
    found = {"schema": "1", "stack": stack, **told, "serial": str(serial), "versions": plain}
    return _HEAD + yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)


def _plain(entry: Entry) -> dict[str, Any]:
    plain = entry.model_dump(
        mode="json", by_alias=True, exclude={"record"}, exclude_none=True, exclude_defaults=True
    )
    return {**plain, "record": entry.record.dump()}


def with_recovered(
    ledger: Ledger,
    recovered: Recovered | None,
    observed: Observed,
    settings: Settings,
    owner: Owner,
) -> Ledger:
    """Lay over a ledger what the file has and the state lacks.

    Only what is in Azure, whole and with our tags, comes back; and nothing that an earlier run had
    in the state: what left it since was meant to.
    """
    if recovered is None:
        return ledger
    over: dict[tuple[str, Version], Held] = {}
    before = noted(ledger)
    for entry in recovered.entries:
        held = ledger.about(entry.key)
        if before.get(entry.number) == _SETTLED or held.going_on or held.retired:
            continue
        there = {
            path: thing.id
            for path, id_ in entry.paths.items()
            if not held.has(*path) and (thing := _there(observed, settings, path, id_))
            if _ours(thing, entry, owner)
        }
        if there:
            over[entry.key] = replace(
                held,
                record=held.record or entry.record,
                retired=_moment(entry.retired),
                returning=Returning(there, entry.captured),
            )
    return replace(ledger, held={**ledger.held, **over})


def settled(ledger: Ledger, recovered: Recovered | None) -> dict[str, dict[str, str]] | None:
    """Give what a lost state was made again from, as a stack output; None if it never was.

    What is ``settled`` needs nothing more of the file, and is never to come back. A version is
    remembered as long as the file or the state has it.
    """
    if recovered is None and not isinstance(ledger.outputs.get(OUTPUT), Mapping):
        return None
    earlier = noted(ledger)
    found: dict[str, dict[str, str]] = {}
    for identity, version in sorted(ledger.held):
        if how := earlier.get((identity, str(version))):
            found.setdefault(identity, {})[str(version)] = how
    for identity, version in sorted(entry.key for entry in recovered.entries) if recovered else ():
        held = ledger.held.get((identity, version))
        going_on = held is not None and held.returning is not None
        found.setdefault(identity, {})[str(version)] = _TAKING if going_on else _SETTLED
    return found


def noted(ledger: Ledger) -> dict[tuple[str, str], str]:
    """Give what an earlier run said of each version, by identity and version."""
    before = ledger.outputs.get(OUTPUT)
    pairs = before.items() if isinstance(before, Mapping) else ()
    return {
        (str(identity), str(text)): str(how)
        for identity, versions in pairs
        if isinstance(versions, Mapping)
        for text, how in versions.items()
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _there(observed: Observed, settings: Settings, path: Path, id_: str) -> Thing | None:
    """Find a part in Azure where it belongs; None if it is not there, or another one is."""
    things: Mapping[str, Thing] = {}
    if path[0] == "capture":
        things = observed.captures if settings.builds else {}
    elif path[0] == "lab":
        lab = observed.labs.get(path[1])
        things = (lab.images or {}) if lab else {}
    else:
        things = observed.managed_images if path[0] == "image" else observed.snapshots
    thing = things.get(id_.lower().rpartition("/")[2])
    return thing if thing is not None and thing.id.lower() == id_.lower() else None


def _ours(thing: Thing, entry: Entry, owner: Owner) -> bool:
    return (
        thing.is_ours(owner, entry.record.build)
        and not thing.broken
        # A number that a failed build had may be given again: a file that stayed knows the old one.
        and thing.tags.get(names.FINGERPRINT) == entry.record.fingerprint
    )
