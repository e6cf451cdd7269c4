"""Parents that another stack builds: brought into this stack's factory lab to be built on.

One comes as a receiving stack's versions do: one copy, one managed image, one custom image in the
factory lab. It is nobody's but the children's: no lab gets it, and no catalogue has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from factory.common.names import image_name, version_urn_name
from factory.common.versions import Version
from factory.ledger.record import Record
from factory.plan.model import Action
from factory.plan.situation.image_situation import ImageSituation, Offer
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import VersionSituation
from factory.plan.travel import in_the_way, travel_fault
from factory.plan.verdicts.departure import Cause, departure
from factory.plan.verdicts.verdict import Arrival, Fate, Parent, VersionVerdict


def judge_foreign(situation: Situation, image: ImageSituation) -> Iterator[VersionVerdict]:
    """Judge what other stacks built and was brought here: what stays, what goes again."""
    lab = situation.factory_lab
    for version in image.foreign if lab is not None else ():
        if version.record is None or lab is None:
            continue
        cause = _leaves(image, version)
        gone = cause and departure(situation, image, version, (lab.lab.name,), cause)
        if cause and gone and gone.leaves:
            yield VersionVerdict(version, Fate.RETIRE, cause.reason, leaving=(gone,))
        else:
            yield VersionVerdict(version, Fate.KEEP, "children are built on it", (lab.lab,))


def _good(image: ImageSituation) -> list[VersionSituation]:
    return [each for each in image.foreign if each.record and not each.revoked]


def _leaves(image: ImageSituation, version: VersionSituation) -> Cause | None:
    """Say why a foreign parent is to go, or None."""
    newer = tuple(each for each in _good(image) if each.version > version.version)
    good: tuple[VersionSituation, ...] | None = None
    reason = ""
    if image.rules.hold:
        return None
    if version.revoked:
        reason = f"revoked: {version.revoked}"
    elif not image.elsewhere and image.image is None:
        reason = "its definition was removed from git"
    elif not image.elsewhere:
        reason = "this stack builds it now" if image.alive else ""
    elif not image.children:
        reason = "nothing is built on it here any more"
    elif newer:
        reason, good = "a newer one is here", newer
    return Cause(reason, good, announced=False) if reason else None


def judge_parent(situation: Situation, image: ImageSituation) -> tuple[Parent, tuple[Arrival, ...]]:
    """Choose what children are built on; bring the newest that is offered, if it is newer."""
    newest = image.released[-1] if image.released else None
    here = Parent(newest.name) if newest else Parent()
    if not (situation.builds and image.elsewhere and image.child):
        return here, ()
    good = _good(image)
    if good and (newest is None or good[-1].version > newest.version):
        newest = good[-1]
        here = Parent(newest.name)
    # The first of those that are as new: the present name comes before former ones.
    offer = max(image.good_offers, key=lambda each: _age(each.entry.record), default=None)
    if offer is None:
        if newest is not None:
            return here, ()
        told = situation.source or "image-factory:parentsFrom"
        why = f"its base {image.identity} is built elsewhere, and {told} offers no good version"
        return Parent(missing=(Action.WAIT, f"{why} of it yet")), ()
    record = offer.entry.record
    if image.rules.hold or (newest is not None and record.parsed() <= newest.version):
        return here, ()
    name = version_urn_name(record.definition, record.parsed())
    if offer.neighbour:
        return Parent(name, neighbour=True), ()
    if fault := _fault(situation, offer):
        why = f"its base {name} cannot come to {situation.lab_name}: {fault}"
        missing = (Action.REFUSE, why)
        if newest is None:
            return Parent(missing=missing), ()
        # Children stay on what is here.
        warning = Arrival(Action.WARN, image.identity, f"cannot come: {fault}", record.version)
        return Parent(here.name, missing=missing), (warning,)
    reason = f"released by {offer.origin}; {image.child} is built on it"
    return Parent(name), (_coming(situation, record, reason),)


def _age(record: Record) -> tuple[Version, str]:
    return record.parsed(), record.built


def _fault(situation: Situation, offer: Offer) -> str:
    """Say why an offer cannot come to the factory lab, "" if it can."""
    record, lab = offer.entry.record, situation.factory_lab
    if offer.own_number:
        return "this stack gave that number to a version of its own; the next one comes"
    if fault := travel_fault(record, situation.region, situation.subscription):
        return fault
    there = lab.lab.thing(image_name(record.definition, record.parsed())) if lab else None
    return in_the_way(situation.owner, record.build, there)


def _coming(situation: Situation, record: Record, reason: str) -> Arrival:
    return Arrival(
        Action.RECEIVE,
        record.definition,
        reason,
        record.version,
        lab=situation.lab_name,
        labs=(situation.factory_lab.lab,) if situation.factory_lab else (),
        record=record,
        foreign=True,
    )
