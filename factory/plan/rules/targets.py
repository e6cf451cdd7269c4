"""Which labs take a definition, and which of them are to hold a version of it.

Pure. What the settings say decides; what a lab holds already counts where ``keep`` and
``onRemoval`` say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from factory.ledger.model import Held
from factory.plan.inputs import Inputs
from factory.plan.steps.repair import had
from factory.settings.stack import OnRemoval, TargetLab


def takers(inputs: Inputs, identity: str) -> list[TargetLab]:
    """Give the labs of this stack that take a definition, in the order of the settings."""
    return [lab for lab in inputs.settings.labs if inputs.takes(lab.images, identity)]


def labs_for(
    inputs: Inputs, identity: str, held: Held | None, newer: Sequence[Held], *, newest: bool
) -> list[TargetLab]:
    """Give the labs that are to hold a version; ``newer`` are the newer ones that stay.

    The newest goes to every taker; an older one stays where it is and goes nowhere new, so that a
    lab that subscribes late gets the newest alone. The newest is one that is there: what the same
    run builds or receives may fail, and comes besides. A lab with a ``keep`` of its own holds what
    that says, a late one too; never less than the newest that it has.
    """
    wanted = takers(inputs, identity)
    if held is not None and inputs.settings.on_removal is OnRemoval.KEEP:
        taken = {lab.name for lab in wanted}
        wanted += [
            lab for lab in inputs.settings.labs if lab.name in held.labs and lab.name not in taken
        ]
    if newest or held is None:
        return wanted
    return [lab for lab in wanted if _stays_in(inputs, lab, held, newer)]


def _stays_in(inputs: Inputs, lab: TargetLab, held: Held, newer: Sequence[Held]) -> bool:
    there = lab.name in held.labs or had(inputs, lab.name, held.identity, str(held.version))
    if lab.keep is None or held.record is None:
        return there
    age = inputs.observed.now - datetime.fromisoformat(held.record.built)
    if lab.keep.allows(len(newer) + 1, age):
        return True
    return there and not any(inputs.lab_has(lab.name, other) for other in newer)
