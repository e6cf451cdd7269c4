"""What a lost state can be made again from, and what not and why. Pure.

(settings, definitions, the state as it is, what Azure shows, records that other stacks have) ->
findings, one for each version that the state lacks something of. In doubt a version is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from factory.common import names
from factory.common.errors import FactoryError
from factory.common.ownership import Owner
from factory.common.versions import Version
from factory.ledger.foundations import compute_id
from factory.ledger.model import Path
from factory.ledger.record import Record
from factory.ledger.recovered_file import Entry
from factory.observed.model import Thing
from factory.plan.inputs import Inputs
from factory.plan.recovery.record_from_tags import Home, reread
from factory.plan.recovery.seen_resource import CAPTURE, LAB, Seen

Key = tuple[str, Version]


@dataclass(frozen=True)
class Known:
    """What others have: records and who has them, the highest serial that a receiver saw.

    ``trusted`` are versions that a person says were released, ``foreign`` what a building stack has
    from others to build on. ``remarks`` tell what was not read.
    """

    records: Mapping[Key, tuple[str, Record]] = field(default_factory=dict)
    serial: int = 0
    trusted: Collection[Key] = ()
    remarks: tuple[str, ...] = ()
    foreign: Collection[Key] = ()


@dataclass(frozen=True)
class Finding:
    """One version that the state lacks something of; ``entry`` None if it is left, for ``fault``.

    ``lacks`` tells what could not be known, and so what follows.
    """

    identity: str
    version: Version
    parts: Mapping[Path, Seen]
    entry: Entry | None = None
    lacks: Sequence[str] = ()
    fault: str = ""


@dataclass(frozen=True)
class Findings:
    """All that was found, by identity and version; ``remarks`` on what is no part of a version."""

    found: Sequence[Finding]
    remarks: Sequence[str] = ()

    @property
    def entries(self) -> list[Entry]:
        """What can be taken in."""
        return [each.entry for each in self.found if each.entry is not None]


def find(inputs: Inputs, seen: Iterable[Seen], known: Known) -> Findings:
    """Judge everything that carries the stack's tags; ``inputs.ledger`` is the state as it is."""
    builds = inputs.settings.builds
    versions: dict[Key, dict[Path, Seen]] = {}
    remarks = list(known.remarks)
    every = list(seen)
    for each in every:
        if not each.thing.made_under(inputs.owner):
            continue
        path = None if each.fault else each.part(builds=builds)
        if path is None:
            why = each.fault or "its name is none that the factory gives to what its tags say"
            remarks.append(f"{each.label}: not taken in: {why}")
        elif each.thing.broken:
            remarks.append(f"{each.label}: not taken in: Azure never finished it")
        else:
            _note(versions.setdefault(each.key, {}), path, each)
    found = []
    for key, parts in sorted(versions.items()):
        held = inputs.ledger.about(key)
        lost = {path: part for path, part in parts.items() if not held.has(*path)}
        if lost and not held.retired and not held.going_on:
            found.append(_finding(inputs, key, parts, lost, known))
    for key in sorted(set(known.trusted) - {(each.identity, each.version) for each in found}):
        remarks.append(f"--take {names.version_urn_name(*key)}: nothing of it is there to take in")
    return Findings(found, remarks + _foreign(inputs, every, versions))


def lost_owner(owner: Owner, seen: Iterable[Seen], group: Thing | None) -> Owner:
    """Find out which state was lost by what stands in its own group and factory lab.

    ``owner`` has no id; what is in other labs may be another stack's of that name. Raises
    :class:`FactoryError` if there are things of several.
    """
    own = [each.thing.owner for each in seen if each.kind != LAB]
    own = [group.owner] if group and group.owner and group.owner.state else own
    states = sorted({str(each.state) for each in own if each and each.stack == owner.stack} - {""})
    if len(states) > 1:
        msg = (
            f"things of several states carry the name {owner.stack}: {', '.join(states)}, and "
            "its group does not say which is its own -> write the right one into the group's tag "
            f"{names.STATE}; nothing was changed"
        )
        raise FactoryError(msg)
    return replace(owner, state=states[0] if states else "")


def _note(parts: dict[Path, Seen], path: Path, seen: Seen) -> None:
    """Of several copies in one region (one died) the last is the good one."""
    old = parts.get(path)
    if old is None or (len(old.name), old.name) < (len(seen.name), seen.name):
        parts[path] = seen


def _finding(
    inputs: Inputs,
    key: Key,
    parts: Mapping[Path, Seen],
    lost: Mapping[Path, Seen],
    known: Known,
) -> Finding:
    bare = Finding(*key, parts=lost)
    held = inputs.ledger.about(key)
    prints = {part.tag(names.FINGERPRINT) for part in parts.values()}
    told = known.records.get(key)
    told = (f"{inputs.name}'s own state", held.record) if held.record else told
    if inputs.settings.builds and key in known.foreign:
        return replace(bare, fault="another stack built it: `up` brings it again if it is wanted")
    if told and told[1].fingerprint not in prints:
        return replace(bare, fault=f"its tags are of another build than the record in {told[0]}")
    if len(prints) > 1:
        return replace(bare, fault="its parts are of different builds")
    if fault := _unreleased(inputs, key, parts, known if not held.record else None):
        return replace(bare, fault=fault)
    lacks: list[str] = []
    record = told[1] if told else None
    if record is None:
        image = inputs.images.get(inputs.present(key[0]))
        record, lacks = reread(parts, image, _home(inputs, key, parts, known))
        if record is None:
            return replace(bare, fault="; ".join(lacks))
    gone = inputs.settings.builds and set(parts) == {("source",)}
    raw = {
        "known": told[0] if told else "tags",
        "retired": inputs.observed.now.isoformat(timespec="seconds") if gone else None,
        "captured": _captured(parts),
        "parts": {"/".join(path): part.thing.id for path, part in sorted(lost.items())},
        "record": record.dump(),
    }
    if gone:
        lacks.append("no lab has it: retired from today on")
    return replace(bare, entry=Entry.model_validate(raw), lacks=tuple(lacks))


def _captured(parts: Mapping[Path, Seen]) -> str:
    made = parts.get(("capture",))
    if made is None:
        return ""
    return "vm" if made.value("vm", "sourceVmId") else "backing"


def _unreleased(inputs: Inputs, key: Key, parts: Mapping[Path, Seen], known: Known | None) -> str:
    """Say why a version may never have been released, "" if it was. A record says that it was."""
    if not inputs.settings.builds:
        images = any(path[0] in {"lab", "image"} for path in parts)
        return "" if images else "it came to no lab: if it is offered still, `up` goes on with it"
    marked = any(part.tag(names.RELEASED) for part in parts.values())
    if known is None or marked or key in known.records or key in known.trusted:
        return ""
    number = (key[0], str(key[1]))
    for vm in inputs.observed.vms.values():
        if vm.made_for == number:
            return "its build was cut off, and is not gone on with: it was never released"
    image = inputs.images.get(inputs.present(key[0]))
    verified = image is not None and image.definition.verification is not None
    if ("capture",) in parts and verified:
        return (
            "no lab has it, so that nothing says whether it passed its verification: "
            f"--take {names.version_urn_name(*key)} if it did"
        )
    return ""


def _home(inputs: Inputs, key: Key, parts: Mapping[Path, Seen], known: Known) -> Home:
    """Find out where a version was built; for a receiving stack by what its copies came from."""
    settings, name = inputs.settings, names.image_name(*key)
    source = compute_id(settings, "snapshots", name)
    if settings.builds:
        return Home(inputs.stack, settings.region, source)
    origin = inputs.catalogue.stack if inputs.catalogue else inputs.stack
    like = _like(key[0], known)
    copies = [part for path, part in sorted(parts.items()) if path[0] == "copy"]
    came = [part.value("creationData", "sourceResourceId") for part in copies]
    if like is not None:
        home = like.source_id.rpartition("/")[0]
        return Home(like.stack, like.region, f"{home}/{name}")
    near = next((part.region for part in copies if part.value("incremental") == "False"), "")
    found = next((id_ for id_ in came if id_.lower().endswith(f"/snapshots/{name}")), source)
    return Home(origin, near or settings.region, found)


def _like(identity: str, known: Known) -> Record | None:
    """Give a record of the same stack: one of the definition, or any if there is but one stack."""
    every = {key: record for key, (_, record) in known.records.items() if record.stack}
    same = [record for key, record in sorted(every.items()) if key[0] == identity]
    one = len({record.stack for record in every.values()}) == 1
    return next(iter(same or (every.values() if one else ())), None)


def _foreign(inputs: Inputs, every: Iterable[Seen], versions: Collection[Key]) -> list[str]:
    """Name what has the name of one of ours and is not: it is in the way, and is left."""
    ours = {names.image_name(*key) for key in versions}
    return [
        f"{each.label}: not taken in: it has our name and not this stack's tags"
        for each in every
        if each.kind in {CAPTURE, LAB}
        and each.name in ours
        and not each.thing.made_under(inputs.owner)
    ]
