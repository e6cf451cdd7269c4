"""What is planned for versions that are there: kept, retired, revoked, forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from factory.channel import above_pin, on_hold
from factory.delivering import Consignment, labs_for, regions
from factory.draft import Draft
from factory.ledger import Held
from factory.marking import WHOLE, holders, marked_since, marked_until
from factory.plan_model import Action, Inputs, Source, Step, VersionPlan
from factory.record import Record
from factory.retention import grace_over, keep_of
from factory.settings import TargetLab


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
    labs = (
        []
        if origin and above_pin(inputs, held) and not on_hold(inputs, held.identity)
        else labs_for(inputs, held.identity, held, newer, newest=newest)
    )
    going = _going(inputs, held, labs)
    labs += [lab for lab in holders(inputs, held) if lab.name in going]
    days = {lab: _day(until) for lab, until in going.items()}
    goods = _goods(inputs, held, record, labs, days)
    delivered = regions(inputs, goods, restore_capture=captured_from is Source.BACKING)
    draft.versions.append(
        VersionPlan(
            held.identity,
            held.version,
            regions=delivered,
            record=record,
            retiring={lab: marked_since(inputs, held, lab) for lab in going},
            captured_from=captured_from,
        )
    )
    version = str(held.version)
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
    for lab in sorted(held.labs - {lab.name for lab in goods.labs}):
        draft.steps.append(Step(Action.RETIRE, held.identity, version, reason, lab))


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
    captured_from = _captured_from(inputs, held) if held.has("capture") else None
    labs = holders(inputs, held)
    goods = _goods(inputs, held, record, labs, {lab.name: _day(until) for lab in labs})
    draft.versions.append(
        VersionPlan(
            held.identity,
            held.version,
            regions=regions(inputs, goods, restore_capture=captured_from is Source.BACKING),
            record=record,
            retiring={WHOLE: marked_since(inputs, held)},
            captured_from=captured_from,
        )
    )
    draft.steps += goods.steps
    draft.steps.append(_marking(held, reason, until))
    left = "the lab is no longer in the settings"
    for lab in sorted(held.labs - {lab.name for lab in labs}):
        draft.steps.append(Step(Action.RETIRE, held.identity, str(held.version), left, lab))


def retire(inputs: Inputs, held: Held, draft: Draft, reason: str) -> None:
    """Drop a version from every lab. Its origin keeps the source snapshot for ``sourceGrace``."""
    version = str(held.version)
    if inputs.present(held.identity) not in inputs.images:
        draft.unreplaced.append(f"{held.identity} {version}")
    for lab in sorted(held.labs) or [""]:
        draft.steps.append(Step(Action.RETIRE, held.identity, version, reason, lab))
    if inputs.settings.builds and held.record is not None:
        draft.versions.append(
            VersionPlan(
                held.identity, held.version, record=held.record, retired=inputs.observed.now
            )
        )


def revoke(inputs: Inputs, held: Held, draft: Draft, reason: str, *, replaced: int) -> None:
    """Take a version out of every lab at once. Its origin keeps it, so that it can be restored."""
    version = str(held.version)
    for lab in sorted(held.labs):
        draft.steps.append(Step(Action.RETIRE, held.identity, version, f"revoked: {reason}", lab))
    if not inputs.settings.builds:
        if not held.labs:
            draft.steps.append(Step(Action.RETIRE, held.identity, version, f"revoked: {reason}"))
        return
    if replaced >= keep_of(inputs, held.identity).newest:
        retire(inputs, held, draft, f"revoked: {reason}, and replaced since")
        return
    vm = held.parts.get(("capture",), {}).get("vm")
    draft.steps.append(Step(Action.KEEP, held.identity, version, f"revoked: {reason}"))
    draft.versions.append(
        VersionPlan(
            held.identity,
            held.version,
            record=held.record,
            revoked=reason,
            captured_from=Source.VM if vm else None,
        )
    )


def still_retired(inputs: Inputs, held: Held, draft: Draft) -> None:
    """Keep a retired version's source for its receivers, until they had time to copy."""
    version = str(held.version)
    if grace_over(inputs, held):
        reason = "retired, and its receivers had time to copy"
        draft.steps.append(Step(Action.REMOVE, held.identity, version, reason))
        return
    reason = "retired; its source snapshot stays until receivers had time to copy"
    draft.steps.append(Step(Action.KEEP, held.identity, version, reason))
    draft.versions.append(
        VersionPlan(held.identity, held.version, record=held.record, retired=held.retired)
    )


def leftovers(identity: str, held: list[Held], draft: Draft) -> None:
    """Announce what leaves the state: released build VMs, and attempts that came to nothing."""
    going_on = {version.version for version in draft.versions if version.identity == identity}
    for version in held:
        if version.record and version.has("spec"):
            reason = "its build VM was released when the image was"
            draft.steps.append(Step(Action.FORGET, identity, str(version.version), reason))
        elif not version.record and version.version not in going_on:
            reason = "this attempt came to nothing; what is left of it goes"
            draft.steps.append(Step(Action.FORGET, identity, str(version.version), reason))
