"""What a receiving stack takes from its source's catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from factory.common.durations import spell_duration
from factory.common.versions import Version
from factory.plan.model import Action
from factory.plan.situation.image_situation import ImageSituation, Offer
from factory.plan.situation.situation import Situation
from factory.plan.travel import travel_fault
from factory.plan.verdicts.verdict import Arrival

WAITS_FOR_APPROVAL = "waits for approval in image-factory:approve"


def judge_offers(situation: Situation, image: ImageSituation) -> Iterator[Arrival]:
    """Take the newest version that the source offers, if it is newer than what is here."""
    identity, labs = image.identity, image.takers
    if situation.source is None or image.image is None:
        return
    if image.on_hold or not labs:
        reason = "on hold" if labs else "no lab here takes it"
        yield Arrival(Action.NOTHING, identity, reason)
        return
    if not any(lab.reachable for lab in labs):
        yield Arrival(Action.WAIT, identity, "no lab that takes it can be reached")
        return
    found = _wanted(situation, image)
    if isinstance(found, Arrival):
        yield found
        return
    record = found.entry.record
    refused = [
        Arrival(Action.REFUSE, record.definition, f"{region}: {fault}", record.version)
        for region in sorted({lab.spec.region for lab in labs})
        if (fault := travel_fault(record, region, situation.subscription))
    ]
    yield from refused or [
        Arrival(
            Action.RECEIVE,
            record.definition,
            f"released by {found.origin}",
            record.version,
            labs=labs,
            record=record,
        )
    ]


def _wanted(situation: Situation, image: ImageSituation) -> Offer | Arrival:
    """Choose the offer to take, or say why there is none."""
    offers = image.good_offers
    offer, waiting = _admitted(situation, image, offers)
    here = {version.version for version in image.own if not version.revoked}
    if offer is not None and (other := _other_build(image, offer)):
        return Arrival(Action.WAIT, image.identity, other, offer.entry.record.version)
    if offer is not None:
        number = offer.entry.record.parsed()
        newer = number > max(here, default=Version(0, 0))
        if newer or (image.rules.pin is not None and number not in here):
            return offer
    if waiting and offers and offers[-1].entry.record.parsed() not in here:
        newest = offers[-1].entry.record.version
        return Arrival(Action.WAIT, image.identity, waiting, newest)
    return Arrival(Action.NOTHING, image.identity, "its source has nothing newer")


def _other_build(image: ImageSituation, offer: Offer) -> str:
    """Say that what is offered has the number of another build that is here, "" if it has not."""
    build = offer.entry.record.build
    for version in image.versions:
        record = version.record
        same = record and (record.definition, record.version) == (build.definition, build.version)
        if record and same and not record.build.same(build):
            return (
                f"{offer.origin} gave that number to another build than the one of {record.built} "
                "that is here, so that it cannot come (that stack was destroyed and made again) -> "
                "it comes with the next version, or by image-factory:rebuild there"
            )
    return ""


def _admitted(
    situation: Situation, image: ImageSituation, offers: Sequence[Offer]
) -> tuple[Offer | None, str]:
    """Choose what a receiving stack lets in: the newest offer that its policy admits.

    Gives it, or None, with the reason why the newest offer is not the one.
    """
    pin = image.rules.pin
    if pin is not None:
        found = next((offer for offer in offers if offer.entry.record.parsed() == pin), None)
        return found, f"pinned to {pin}" + ("" if found else ", which its source does not offer")
    waiting = ""
    for offer in reversed(offers):
        fault = _not_yet(situation, image, offer)
        if fault is None:
            return offer, waiting
        waiting = waiting or f"{offer.entry.record.version} {fault}"
    return None, waiting


def _not_yet(situation: Situation, image: ImageSituation, offer: Offer) -> str | None:
    after, record = image.rules.after, offer.entry.record
    if after is not None:
        age = situation.now - datetime.fromisoformat(record.built)
        if age < after:
            return f"is {spell_duration(age)} old; it soaks for {spell_duration(after)}"
    named = {record.version, f"{record.version}@{record.digest}"}
    if image.rules.approved is not None and named.isdisjoint(image.rules.approved):
        return f"{WAITS_FOR_APPROVAL} as {record.version}@{record.digest}"
    return None
