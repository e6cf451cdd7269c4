"""What a receiving stack takes from its source's catalogue."""

from __future__ import annotations

from factory.common.versions import Version
from factory.ledger.catalogue import Entry
from factory.ledger.model import Held
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Step, VersionPlan
from factory.plan.rules.channel import admitted, on_hold, pinned
from factory.plan.rules.revocation import bad_offer, revoked
from factory.plan.rules.targets import takers
from factory.plan.steps.delivery import Consignment, regions, travel_fault


def receive(inputs: Inputs, identity: str, held: list[Held], draft: Draft) -> None:
    """Take the newest version that the source offers, if it is newer than what is here."""
    if inputs.catalogue is None or identity not in inputs.images:
        return
    labs = takers(inputs, identity)
    if on_hold(inputs, identity) or not labs:
        reason = "on hold" if labs else "no lab here takes it"
        draft.steps.append(Step(Action.NOTHING, identity, "", reason))
        return
    if all(lab.name in inputs.out_of_reach for lab in labs):
        reason = "no lab that takes it can be reached"
        draft.steps.append(Step(Action.WAIT, identity, "", reason))
        return
    offer = _wanted(inputs, identity, held, draft)
    if offer is None:
        return
    record = offer.record
    identity, version = record.definition, record.parsed()
    steps = []
    for region in sorted({lab.region for lab in labs}):
        fault = travel_fault(record, region, inputs.settings.subscription_id)
        if fault:
            steps.append(Step(Action.REFUSE, identity, str(version), f"{region}: {fault}"))
    if steps:
        draft.steps += steps
        return
    goods = Consignment(
        identity=identity,
        version=version,
        capture=record.capture,
        labs=labs,
        held=None,
        source_region=record.region,
        same_subscription=False,
    )
    delivered = regions(inputs, goods, restore_capture=False)
    draft.versions.append(VersionPlan(identity, version, regions=delivered, record=record))
    draft.steps.append(
        Step(
            Action.RECEIVE, identity, str(version), f"released by {inputs.catalogue.origin(record)}"
        )
    )
    draft.steps += goods.steps


def _wanted(inputs: Inputs, identity: str, held: list[Held], draft: Draft) -> Entry | None:
    """Choose the offer to take, or note why there is none."""
    if inputs.catalogue is None:
        return None
    offers = [
        entry
        for name in inputs.names_of(identity)
        for entry in inputs.catalogue.of(name)
        if entry.retired is None and not bad_offer(inputs, inputs.catalogue, entry.record)
    ]
    offers.sort(key=lambda entry: (entry.record.parsed(), entry.record.built))
    offer, waiting = admitted(inputs, identity, offers)
    here = {version.version for version in held if not revoked(inputs, version)}
    newer = offer is not None and offer.record.parsed() > max(here, default=Version(0, 0))
    wanted = offer is not None and (
        newer or (pinned(inputs, identity) is not None and offer.record.parsed() not in here)
    )
    if waiting and not wanted and offers and offers[-1].record.parsed() not in here:
        draft.steps.append(Step(Action.WAIT, identity, offers[-1].record.version, waiting))
        return None
    if offer is None or not wanted:
        draft.steps.append(Step(Action.NOTHING, identity, "", "its source has nothing newer"))
        return None
    return offer
