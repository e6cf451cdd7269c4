"""Retirement in two steps, where asked for: first marked, then deleted after ``retireAfter``."""

from __future__ import annotations

from datetime import datetime, timedelta

from factory.ledger.model import Held
from factory.plan.inputs import Inputs
from factory.plan.rules.channel import above_pin
from factory.settings.stack import TargetLab

WHOLE = ""


def retire_after_of(inputs: Inputs, identity: str) -> timedelta | None:
    """Give how long what is to go stays marked: the stack's own wins over the definition's."""
    if inputs.settings.retire_after is not None:
        return inputs.settings.retire_after
    image = inputs.images.get(inputs.present(identity))
    return image.definition.retire_after if image else None


def marked_since(inputs: Inputs, held: Held, lab: str = WHOLE) -> datetime:
    """Give since when a version, or its image in one lab, is marked: from now on, if it is not."""
    return held.retiring.get(lab, inputs.observed.now)


def marked_until(inputs: Inputs, held: Held, lab: str = WHOLE) -> datetime | None:
    """Give until when what is to go stays marked; None if it goes in this run.

    A version above a pin goes at once: a rollback that takes a week is none.
    """
    rule = retire_after_of(inputs, held.identity)
    if rule is None or (above_pin(inputs, held) and not inputs.settings.builds):
        return None
    until = marked_since(inputs, held, lab) + rule
    return until if inputs.observed.now < until else None


def holders(inputs: Inputs, held: Held) -> list[TargetLab]:
    """Give the labs of this stack that hold a version; one that left the settings is not named."""
    return [lab for lab in inputs.settings.labs if lab.name in held.labs]
