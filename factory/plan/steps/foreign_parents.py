"""Parents that another stack builds: brought into this stack's factory lab to be built on. Pure.

A guest comes as a receiving stack's versions do: one copy, one managed image, one custom image in
the factory lab. It is nobody's but the children's: no lab gets it, and no catalogue has it.
"""

from __future__ import annotations

from factory.common import names
from factory.common.names import version_urn_name
from factory.ledger.catalogue import Entry
from factory.ledger.model import Held
from factory.ledger.record import Record
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, RegionDelivery, Step, VersionPlan
from factory.plan.rules.channel import on_hold
from factory.plan.rules.revocation import bad_offer, revoked
from factory.plan.steps.delivery import Consignment, regions, travel_fault
from factory.settings.stack import Settings, TargetLab


def plan_guests(inputs: Inputs, identity: str, guests: list[Held], draft: Draft) -> None:
    """Plan what other stacks built of one definition: what comes, what stays, what goes again.

    Notes in ``draft.newest`` which version children are built on, or why there is none.
    """
    if not inputs.settings.builds:
        return
    child = _child(inputs, identity)
    hosting = child is not None and inputs.elsewhere(identity)
    good = [guest for guest in guests if guest.record and not revoked(inputs, guest)]
    if hosting:
        if good and _newer(draft, identity, good[-1].record):
            draft.newest[identity] = version_urn_name(good[-1].identity, good[-1].version)
        _invite(inputs, identity, str(child), draft)
    for guest in guests:
        if guest.record is None:
            continue
        if reason := _leaves(inputs, identity, guest, good, hosting=hosting):
            draft.steps.append(_step(Action.RETIRE, guest, reason, _lab(inputs)))
        else:
            _stay(inputs, guest, guest.record, draft)


def _child(inputs: Inputs, identity: str) -> str | None:
    """Name a definition that this stack builds on this one, or None."""
    children = inputs.children.get(identity, ())
    return next((child for child in children if not on_hold(inputs, child)), None)


def _leaves(
    inputs: Inputs, identity: str, guest: Held, good: list[Held], *, hosting: bool
) -> str | None:
    """Say why a guest goes, or None: not before a newer one is there whole."""
    settings = inputs.settings
    if settings.hold and inputs.takes(settings.hold, identity):
        return None
    if reason := revoked(inputs, guest):
        return f"revoked: {reason}"
    if not inputs.elsewhere(identity):
        own = inputs.held_of(identity)
        if identity not in inputs.images:
            return "its definition was removed from git"
        built = any(each.record and not each.guest and not each.retired for each in own)
        return "this stack builds it now" if built else None
    if not hosting and not inputs.children.get(identity):
        return "nothing is built on it here any more"
    newer = [each for each in good if each.version > guest.version]
    lab = _lab(inputs)
    return "a newer one is here" if any(inputs.lab_has(lab, each) for each in newer) else None


def _invite(inputs: Inputs, identity: str, child: str, draft: Draft) -> None:
    """Bring the newest version that is offered, if it is newer than what is here."""
    offer = _offered(inputs, identity)
    if offer is None:
        if identity not in draft.newest:
            told = inputs.parents.stack if inputs.parents else "image-factory:parentsFrom"
            why = f"its base {identity} is built elsewhere, and {told} offers no good version of it"
            draft.parentless[identity] = (Action.WAIT, f"{why} yet")
        return
    record = offer.record
    name = version_urn_name(record.definition, record.parsed())
    settings = inputs.settings
    if not _newer(draft, identity, record) or (
        settings.hold and inputs.takes(settings.hold, identity)
    ):
        return
    if _neighbour(inputs, record):
        draft.newest[identity] = name
        draft.neighbours.add(name)
        return
    fault = travel_fault(record, settings.region, settings.subscription_id)
    if (record.definition, record.parsed()) in inputs.ledger.held:
        fault = "this stack gave that number to a version of its own; the next one comes"
    delivered: tuple[RegionDelivery, ...] = ()
    if not fault:
        delivered, steps = _delivered(inputs, record, None, available=True)
        if not any(region.labs for region in delivered):
            fault = "; ".join(step.reason for step in steps)
    if fault:
        why = f"its base {name} cannot come to {_lab(inputs)}: {fault}"
        draft.parentless[identity] = (Action.REFUSE, why)
        if identity in draft.newest:  # children stay on what is here
            version = str(record.parsed())
            draft.steps.append(Step(Action.WARN, identity, version, f"cannot come: {fault}"))
        return
    origin = inputs.parents.origin(record) if inputs.parents else record.stack
    reason = f"released by {origin}; {child} is built on it"
    draft.steps.append(
        Step(Action.RECEIVE, record.definition, record.version, reason, _lab(inputs))
    )
    draft.versions.append(_guest(record, delivered))
    draft.newest[identity] = name


def _offered(inputs: Inputs, identity: str) -> Entry | None:
    """Give the newest good version of a definition that other stacks offer."""
    catalogue = inputs.parents
    if catalogue is None:
        return None
    offers = [
        entry
        for name in inputs.names_of(identity)
        for entry in catalogue.of(name)
        if entry.retired is None and not bad_offer(inputs, catalogue, entry.record)
    ]
    return max(offers, key=lambda each: (each.record.parsed(), each.record.built), default=None)


def _newer(draft: Draft, identity: str, record: Record | None) -> bool:
    """Tell whether a version is newer than the one that children would be built on."""
    if record is None:
        return False
    place = names.parse_part(draft.newest.get(identity, ""))
    return place is None or record.parsed() > place[1]


def _neighbour(inputs: Inputs, record: Record) -> bool:
    """Tell whether its own stack holds it in this very lab: then it is used where it is."""
    name = names.image_name(record.definition, record.parsed()).lower()
    thing = inputs.observed.captures.get(name)
    return (
        thing is not None
        and not thing.broken
        and thing.belongs_to(record.stack)
        and thing.is_of(record.definition, record.version)
    )


def _stay(inputs: Inputs, guest: Held, record: Record, draft: Draft) -> None:
    """Keep a guest as it is; what was deleted of it by hand comes again while it is offered."""
    key = (guest.identity, guest.version)
    available = inputs.parents is None or key in inputs.parents.entries
    delivered, steps = _delivered(inputs, record, guest, available=available)
    if not any(region.labs for region in delivered):
        reason = "its source went before its copy was complete; dropped as unfinished"
        draft.steps.append(_step(Action.FORGET, guest, reason))
        return
    draft.steps += [step for step in steps if step.action is not Action.DELIVER]
    draft.versions.append(_guest(record, delivered))
    draft.steps.append(_step(Action.KEEP, guest, "children are built on it"))


def _delivered(
    inputs: Inputs, record: Record, held: Held | None, *, available: bool
) -> tuple[tuple[RegionDelivery, ...], list[Step]]:
    goods = Consignment(
        identity=record.definition,
        version=record.parsed(),
        capture=record.capture,
        labs=[lobby(inputs.settings)],
        held=held,
        source_region=record.region,
        same_subscription=False,
        available=available,
    )
    return regions(inputs, goods, restore_capture=False), goods.steps


def lobby(settings: Settings) -> TargetLab:
    """Describe a stack's factory lab as one that guests are delivered to."""
    own = settings.factory_lab
    if own is None:
        msg = "only a stack with a factory lab has guests"
        raise ValueError(msg)
    return TargetLab.model_validate(
        {
            "name": own.name,
            "resourceGroup": own.resource_group,
            "region": settings.region,
            "images": ["**"],
        }
    )


def _guest(record: Record, delivered: tuple[RegionDelivery, ...]) -> VersionPlan:
    number = record.parsed()
    return VersionPlan(record.definition, number, regions=delivered, record=record, guest=True)


def _lab(inputs: Inputs) -> str:
    return inputs.settings.factory_lab.name if inputs.settings.factory_lab else ""


def _step(action: Action, guest: Held, reason: str, lab: str = "") -> Step:
    return Step(action, guest.identity, str(guest.version), reason, lab)
