"""Which versions stay and which retire. Only what was good when the run began counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from factory.common.names import image_name, version_urn_name
from factory.definitions.policies import Keep
from factory.ledger.model import Held
from factory.plan.inputs import Inputs
from factory.plan.rules.channel import above_pin, on_hold, pinned
from factory.settings.stack import OnRemoval


@dataclass(frozen=True)
class Verdict:
    """What becomes of one released version, and why."""

    held: Held
    stays: bool
    reason: str


def keep_of(inputs: Inputs, identity: str) -> Keep:
    """Give the rule of a definition: the stack's own wins over what its file says."""
    if inputs.settings.keep is not None:
        return inputs.settings.keep
    image = inputs.images.get(inputs.present(identity))
    return (image.definition.keep if image else None) or Keep()


def judge(inputs: Inputs, identity: str, released: list[Held]) -> list[Verdict]:
    """Decide for every released version (oldest first) that is not retired yet.

    What :class:`Keep` allows stays, counted by build date among what the ledger shows released; so
    does what is pinned. An older one stays as long as it is the newest that some lab holds: the
    good one never goes before a newer one is there. In a receiving stack a version that its source
    retired goes sooner, and one above a pin at once, under the same condition.
    """
    keep = keep_of(inputs, identity)
    pin = pinned(inputs, identity)
    verdicts = []
    for place, held in enumerate(released):
        newer = released[place + 1 :]
        allowed = keep.allows(len(newer) + 1, _age(inputs, held))
        goes = _going(inputs, held, allowed=allowed, keep=keep)
        if inputs.elsewhere(identity):
            verdicts.append(_handed_over(inputs, identity, held))
        elif on_hold(inputs, identity):
            verdicts.append(Verdict(held, True, "on hold"))
        elif identity not in inputs.images:
            keeps = inputs.settings.on_removal is OnRemoval.KEEP
            verdicts.append(Verdict(held, keeps, "its definition was removed from git"))
        elif held.version == pin:
            verdicts.append(Verdict(held, True, "pinned"))
        elif child := _child_of(inputs, held):
            verdicts.append(Verdict(held, True, f"{child} is built on it"))
        elif goes and (use := _used(inputs, held, newer, keep)):
            verdicts.append(Verdict(held, True, use))
        elif goes is None:
            rank = f"number {len(newer) + 1} of the {keep}"
            verdicts.append(Verdict(held, True, rank))
        else:
            others = [o for o in released if o.version == pin] if above_pin(inputs, held) else newer
            stays = _kept_for(inputs, held, others)
            verdicts.append(Verdict(held, stays is not None, stays or goes))
    return verdicts


def _handed_over(inputs: Inputs, identity: str, held: Held) -> Verdict:
    """Judge a version of what another stack builds now: it stays until an engineer lets it go.

    Nobody here can tell whether the other stack has a good one by now, or who has it yet.
    """
    if not inputs.takes(inputs.settings.let_go, identity):
        todo = "kept until image-factory:letGo takes it"
        return Verdict(held, True, f"another stack builds it now; {todo}")
    if child := _child_of(inputs, held):
        return Verdict(held, True, f"{child} is built on it")
    return Verdict(held, False, "another stack builds it now, and image-factory:letGo takes it")


def _child_of(inputs: Inputs, held: Held) -> str | None:
    """Name a version that is still kept and was built on this one, or None."""
    return inputs.ledger.children.get(version_urn_name(held.identity, held.version))


def _used(inputs: Inputs, held: Held, newer: list[Held], keep: Keep) -> str | None:
    """Say which formula, or which VM within its grace, is made from a version; None if none is."""
    image = image_name(held.identity, held.version).lower()
    grace = inputs.settings.grace_for_vms
    since = _due_since(held, newer, keep)
    for lab in sorted(held.labs):
        if lab in inputs.observed.unread:
            return f"whether lab {lab} still uses it cannot be read"
        observed = inputs.observed.labs.get(lab)
        for use in observed.uses.get(image, ()) if observed else ():
            if use.kind == "formula":
                return f"formula {use.name} in lab {lab} is made from it"
            if grace is not None and since is not None and inputs.observed.now < since + grace:
                until = (since + grace).date()
                return f"VM {use.name} in lab {lab} is made from it; it stays until {until}"
    return None


def _due_since(held: Held, newer: list[Held], keep: Keep) -> datetime | None:
    """Give the moment from which a version was to go: pushed out by a newer one, or too old."""
    moments = []
    if len(newer) >= keep.newest and (pusher := newer[keep.newest - 1].record):
        moments.append(datetime.fromisoformat(pusher.built))
    if keep.for_ is not None and held.record:
        moments.append(datetime.fromisoformat(held.record.built) + keep.for_)
    return min(moments, default=None)


def _going(inputs: Inputs, held: Held, *, allowed: bool, keep: Keep) -> str | None:
    """Say why a version is to go, or None."""
    if above_pin(inputs, held) and not inputs.settings.builds:
        return f"rolled back to {pinned(inputs, held.identity)}"
    if _retired_at_source(inputs, held):
        return "retired by its source"
    return None if allowed else f"beyond the {keep}"


def _kept_for(inputs: Inputs, held: Held, others: list[Held]) -> str | None:
    """Say why a version that is to go stays all the same, or None."""
    if not others:
        return "the last good version"
    for lab in sorted(held.labs - inputs.gone):
        if not any(inputs.lab_has(lab, other) for other in others):
            return f"the newest that lab {lab} holds"
    return None


def _age(inputs: Inputs, held: Held) -> timedelta:
    built = held.record.built if held.record else inputs.observed.now.isoformat()
    return inputs.observed.now - datetime.fromisoformat(built)


def _retired_at_source(inputs: Inputs, held: Held) -> bool:
    if inputs.catalogue is None:
        return False
    entry = inputs.catalogue.entries.get((held.identity, held.version))
    return entry is not None and entry.retired is not None


def grace_over(inputs: Inputs, held: Held) -> bool:
    """Tell whether a retired version's source snapshot may go: its receivers had time to copy."""
    if held.retired is None:
        return False
    since: timedelta = inputs.observed.now - held.retired
    return since >= inputs.settings.source_grace
