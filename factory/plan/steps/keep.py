"""What is planned for versions that stay: kept, or marked as going."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from factory.definitions.definition import Capture
from factory.ledger.model import Held
from factory.ledger.record import Record
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, RegionDelivery, Source, SourcePlan, Step, VersionPlan
from factory.plan.rules.channel import above_pin, on_hold
from factory.plan.rules.marking import WHOLE, holders, marked_since, marked_until
from factory.plan.rules.protection import FIRST, protection, stays_protected
from factory.plan.rules.targets import labs_for, takers
from factory.plan.steps.delivery import Consignment, regions
from factory.plan.steps.repair import source_plan, source_there, told
from factory.settings.stack import TargetLab


def keep(
    inputs: Inputs, held: Held, draft: Draft, newer: list[Held], *, newest: bool, reason: str
) -> None:
    """Keep a version where it is, deliver it where it is missing; ``newer`` are those that stay."""
    record = held.record
    if record is None:
        return
    origin = inputs.settings.builds
    captured_from = _captured_from(inputs, held)
    restore = origin and not held.has("capture")
    source = source_plan(inputs, held)
    labs = (
        []
        if origin and above_pin(inputs, held) and not on_hold(inputs, held.identity)
        else labs_for(inputs, held.identity, held, newer, newest=newest)
    )
    going = _going(inputs, held, labs)
    labs += [lab for lab in holders(inputs, held) if lab.name in going]
    leaving = sorted(held.labs - {lab.name for lab in labs})
    if held.protected:
        labs += [lab for lab in holders(inputs, held) if lab.name in leaving]
    days = {lab: _day(until) for lab, until in going.items()}
    goods = _goods(inputs, held, record, labs, days)
    goods.available = source_there(inputs, held, source)
    delivered = regions(inputs, goods, restore_capture=captured_from is Source.BACKING)
    if _unfinished(inputs, held, delivered, goods):
        reason = "its source went before its copy was complete; dropped as unfinished"
        draft.steps.append(Step(Action.FORGET, held.identity, str(held.version), reason))
        return
    if captured_from is Source.BACKING and not _backed(goods, delivered, source):
        captured_from, restore = None, False
    draft.versions.append(
        VersionPlan(
            held.identity,
            held.version,
            regions=delivered,
            record=record,
            retiring={lab: marked_since(inputs, held, lab) for lab in going},
            captured_from=captured_from,
            source=source,
            protected=stays_protected(inputs, held, [*leaving, *going]),
        )
    )
    version = str(held.version)
    draft.steps += told(held, source)
    if restore:
        draft.steps.append(
            Step(
                Action.RESTORE,
                held.identity,
                version,
                "its custom image in the factory lab is gone; made again from its snapshot",
                inputs.settings.factory_lab.name if inputs.settings.factory_lab else "",
            )
        )
    draft.steps += goods.steps
    draft.steps.append(Step(Action.KEEP, held.identity, version, reason))
    reason = "the lab no longer takes it, or keeps fewer"
    draft.steps += [_marking(held, reason, until, lab) for lab, until in going.items()]
    draft.steps += protection(inputs, held, leaving, reason)
    _leave(inputs, held, draft, goods, reason)


def _leave(inputs: Inputs, held: Held, draft: Draft, goods: Consignment, reason: str) -> None:
    """Tell which labs lose a version; one that takes the definition no more gets no newer one."""
    for lab in sorted(held.labs - {lab.name for lab in goods.labs}):
        draft.steps.append(Step(Action.RETIRE, held.identity, str(held.version), reason, lab))
        if lab not in {taker.name for taker in takers(inputs, held.identity)}:
            draft.unreplaced.append(f"{held.identity} {held.version}")


def _unfinished(
    inputs: Inputs, held: Held, delivered: tuple[RegionDelivery, ...], goods: Consignment
) -> bool:
    """Tell whether a received version never came to any lab, and now never will."""
    return not (inputs.settings.builds or goods.available or delivered or held.labs)


def _backed(goods: Consignment, delivered: tuple[RegionDelivery, ...], source: SourcePlan) -> bool:
    """Tell whether the factory lab's own custom image can be made from what is at home."""
    if goods.capture is Capture.SPECIALIZED:
        return not source.lost
    home = (each for each in delivered if each.region == goods.source_region)
    return any(not region.backing_lost for region in home)


def _captured_from(inputs: Inputs, held: Held) -> Source | None:
    """Tell what the factory lab's custom image is declared from, None in a receiving stack."""
    if not inputs.settings.builds:
        return None
    return Source.VM if held.parts.get(("capture",), {}).get("vm") else Source.BACKING


def _going(inputs: Inputs, held: Held, labs: list[TargetLab]) -> dict[str, datetime]:
    """Give the labs where a version that stays is to go, but stays marked until then."""
    names = {lab.name for lab in labs}
    ends = {lab.name: marked_until(inputs, held, lab.name) for lab in holders(inputs, held)}
    return {lab: until for lab, until in ends.items() if until and lab not in names}


def _goods(
    inputs: Inputs,
    held: Held,
    record: Record,
    labs: list[TargetLab],
    retiring: Mapping[str, str],
) -> Consignment:
    return Consignment(
        identity=held.identity,
        version=held.version,
        capture=record.capture,
        labs=labs,
        held=held,
        source_region=record.region,
        same_subscription=inputs.settings.builds,
        retiring=retiring,
    )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _marking(held: Held, reason: str, until: datetime, lab: str = WHOLE) -> Step:
    """Tell the first of two steps, with the date of the second; once marked, it merely stays."""
    since = held.retiring.get(lab)
    told = f"{reason}; no new delivery, deleted after {_day(until)}"
    if since is not None:
        told = f"marked on {_day(since)}: {told}"
    action = Action.MARK if since is None else Action.KEEP
    return Step(action, held.identity, str(held.version), told, lab)


def mark(inputs: Inputs, held: Held, draft: Draft, reason: str, until: datetime) -> None:
    """Mark a version that is to go in every lab that holds it; nothing is deleted yet.

    It is delivered nowhere, and what somebody deletes meanwhile is not made again.
    """
    record = held.record
    if record is None:
        return
    days = {lab.name: _day(until) for lab in holders(inputs, held)}
    goods, version = _as_it_is(inputs, held, record, days)
    draft.versions.append(replace(version, retiring={WHOLE: marked_since(inputs, held)}))
    draft.steps += goods.steps
    draft.steps.append(_marking(held, reason, until))
    _leave(inputs, held, draft, goods, "the lab is no longer in the settings")


def unprotect(inputs: Inputs, held: Held, draft: Draft, reason: str, *, revoked: str = "") -> None:
    """Declare a protected version that is to go as it is, without its protection."""
    record = held.record
    if record is None:
        return
    goods, version = _as_it_is(inputs, held, record, dict.fromkeys(held.labs, "the next `up`"))
    told = revoked if inputs.settings.builds else ""
    draft.versions.append(replace(version, revoked=told))
    draft.steps += goods.steps
    why = f"{reason}; {FIRST}"
    draft.steps.append(Step(Action.UNPROTECT, held.identity, str(held.version), why))


def _as_it_is(
    inputs: Inputs, held: Held, record: Record, retiring: Mapping[str, str]
) -> tuple[Consignment, VersionPlan]:
    """Give a version that goes soon as it stands: delivered nowhere new, nothing mended."""
    captured_from = _captured_from(inputs, held) if held.has("capture") else None
    source = source_plan(inputs, held, mend=False)
    goods = _goods(inputs, held, record, holders(inputs, held), retiring)
    goods.available = source_there(inputs, held, source)
    delivered = regions(inputs, goods, restore_capture=captured_from is Source.BACKING)
    if captured_from is Source.BACKING and not _backed(goods, delivered, source):
        captured_from = None
    version = VersionPlan(
        held.identity,
        held.version,
        regions=delivered,
        record=record,
        captured_from=captured_from,
        source=source,
    )
    return goods, version
