"""What carries this stack's tags in Azure and is in no state, and what may become of it.

Pure: (settings, ledger, what Azure reports) -> orphans. Whoever asks reads Azure first and the
ledger after it: what a run makes meanwhile then has its version in the ledger already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from factory.common import names
from factory.common.ownership import Owner
from factory.common.versions import Version
from factory.ledger.model import Held, Ledger
from factory.observed.model import Observed, ObservedLab
from factory.plan.recovery.tagged_resources import Found, Kind, in_state, tagged
from factory.settings.stack import Settings


class Fate(StrEnum):
    """What may become of an orphan."""

    DELETE = "delete"
    RECOVER = "recover"
    LEAVE = "leave"


@dataclass(frozen=True)
class Orphan:
    """One resource in no state. ``label`` names it for people, and is as unique as its id.

    ``gib`` is what its disk is provisioned with, None if Azure does not tell.
    """

    kind: Kind
    id: str
    label: str
    identity: str
    version: str
    fate: Fate
    why: str
    age: timedelta | None = None
    gib: int | None = None
    vm_size: str = ""


def find_orphans(
    settings: Settings,
    owner: Owner,
    ledger: Ledger,
    observed: Observed,
    elsewhere: Mapping[str, ObservedLab] | None = None,
) -> list[Orphan]:
    """List everything that carries this state's tags and is in it no more, in order of deletion.

    ``elsewhere`` are labs that the settings do not name: no `up` takes in what is there, and
    nothing there is deleted unless a person names it. Nor is what may be another state's.
    """
    elsewhere = elsewhere or {}
    observed = replace(observed, labs={**elsewhere, **observed.labs})
    factory_lab = settings.factory_lab.name if settings.factory_lab else ""
    rank = list(Kind)
    all_tagged = list(tagged(observed, owner, factory_lab))
    known = set(in_state(ledger, owner.stack, factory_lab))
    released = {(found.identity, found.version) for found in all_tagged if _was_released(found)}
    orphans = []
    for found in all_tagged:
        if found.key not in known:
            fate, why = _judge(found, ledger, released)
            if found.place in elsewhere:
                fate, why = Fate.RECOVER, "its lab is not in the settings: name it to delete it"
            elif fate is Fate.DELETE and not found.thing.belongs_to(owner):
                fate, why = Fate.RECOVER, f"{_DOUBT} ({found.thing.owner}): name it to delete it"
            orphans.append(_orphan(found, fate, why, observed.now))
    orphans += _foundations(observed, owner, ledger)
    return sorted(orphans, key=lambda orphan: (rank.index(orphan.kind), orphan.label))


_DOUBT = "no id of this state is on it, and another stack may have its name"


def _was_released(found: Found) -> bool:
    """Tell whether a resource shows that its version may have been released.

    Source and captured image carry no mark of it, since they are made before; but a captured image
    that is whole is what a release needs last.
    """
    if found.thing.broken:
        return False
    return names.RELEASED in found.thing.tags or found.kind is Kind.CAPTURE


def _judge(found: Found, ledger: Ledger, released: set[tuple[str, str]]) -> tuple[Fate, str]:
    """Say what may become of it; in doubt it stays."""
    if ledger.empty:
        return Fate.RECOVER, "the state is empty: it was lost, or this is not its backend"
    held = _held(ledger, found)
    if held is not None:
        return _judge_held(found, held)
    if found.kind is Kind.VM:
        return Fate.DELETE, "left over from a build that no state knows"
    if found.thing.broken:
        return Fate.DELETE, "Azure never finished it, and no state knows it"
    if found.thing.provisioning_state.lower() != "succeeded":
        return Fate.LEAVE, f"Azure is still at work on it ({found.thing.provisioning_state})"
    if (found.identity, found.version) in released:
        return Fate.RECOVER, "a released image that the state does not know"
    return Fate.DELETE, "left over from a build that no state knows"


def _judge_held(found: Found, held: Held) -> tuple[Fate, str]:
    """Judge a part that the state lacks of a version that it has."""
    if held.record is None:
        return Fate.LEAVE, "its build goes on, was cut off, or is kept for a look: `up` sees to it"
    if found.kind is Kind.VM:
        return Fate.DELETE, "its image is released"
    if held.retired is None:
        return Fate.LEAVE, "its version is in the state: `up` takes it in"
    if held.record.source_id.lower() == found.thing.id.lower():
        return Fate.LEAVE, "receivers may still copy from it"
    return Fate.DELETE, "its version is retired"


def _held(ledger: Ledger, found: Found) -> Held | None:
    try:
        version = Version.parse(found.version)
    except ValueError:
        return None
    return ledger.held.get((found.identity, version))


def _orphan(found: Found, fate: Fate, why: str, now: datetime) -> Orphan:
    place = found.place or ("snapshots" if found.kind is Kind.SNAPSHOT else "images")
    return Orphan(
        found.kind,
        found.thing.id,
        f"{place}/{found.name}",
        found.identity,
        found.version,
        fate,
        why,
        _age(found.thing.tags.get(names.BUILT, ""), now),
        # A lab's image refers to the managed image or snapshot of its region.
        found.thing.size_gb if found.kind is not Kind.LAB_IMAGE else 0,
        found.vm_size,
    )


def _age(built: str, now: datetime) -> timedelta | None:
    try:
        return max(now - datetime.fromisoformat(built), timedelta(0))
    except (ValueError, TypeError):
        return None


def _foundations(observed: Observed, owner: Owner, ledger: Ledger) -> Iterator[Orphan]:
    for name, thing in observed.foundations.items():
        if name not in ledger.names and thing.belongs_to(owner):
            yield Orphan(
                Kind.FOUNDATION, thing.id, name, "", "", Fate.LEAVE, "the next `up` takes it in"
            )


def chosen(orphans: Sequence[Orphan], wanted: Sequence[str]) -> list[Orphan]:
    """Give those to delete: what nobody needs, or exactly those that are named by label or id.

    Raises :class:`ValueError` for a name that is no orphan, or one that may not be deleted at all.
    """
    if not wanted:
        return [orphan for orphan in orphans if orphan.fate is Fate.DELETE]
    picked = []
    for name in wanted:
        match = [each for each in orphans if name.lower() in {each.label.lower(), each.id.lower()}]
        if not match:
            msg = f"{name} is no orphan of this stack"
            raise ValueError(msg)
        if match[0].fate is Fate.LEAVE:
            msg = f"{name} is not to be deleted: {match[0].why}"
            raise ValueError(msg)
        picked.append(match[0])
    return [orphan for orphan in orphans if orphan in picked]
