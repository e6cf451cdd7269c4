"""Kept images that `pulumi destroy` refuses to delete, and how that comes off before they retire.

The engine refuses to delete what is protected, also when a program drops it. So whatever is to go
is declared once more without protection, and dropped by the next run. The ledger shows which run
it is: the part ``protected`` is made before anything is protected and goes after all of it was
unprotected, wherever a run is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence

from factory.common.errors import Problems
from factory.ledger.model import Held
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Step
from factory.settings.stack import NAMESPACE

FIRST = "its protection goes first, the next `up` does the rest"


def stays_protected(inputs: Inputs, held: Held, leaving: Sequence[str]) -> bool:
    """Tell whether a kept version is protected by this run; ``leaving`` are labs it is to leave."""
    return inputs.settings.protect_images and not (leaving and held.protected)


def protection(inputs: Inputs, held: Held, leaving: Sequence[str], why: str) -> list[Step]:
    """Say what this run changes about the protection of a kept version."""
    version, identity = str(held.version), held.identity
    if held.protected and leaving:
        return [
            Step(Action.UNPROTECT, identity, version, f"{why}; {FIRST}", lab) for lab in leaving
        ]
    wanted = inputs.settings.protect_images
    if wanted == held.protected:
        return []
    if wanted:
        reason = "from now on `pulumi destroy` refuses to delete it"
        return [Step(Action.PROTECT, identity, version, reason)]
    return [Step(Action.UNPROTECT, identity, version, f"{NAMESPACE}:protectImages is not set")]


def check_lab_protection(inputs: Inputs, problems: Problems) -> None:
    """A lab that left the settings cannot be declared once more, so its images cannot go yet."""
    named = {lab.name for lab in inputs.settings.labs}
    left: dict[str, int] = {}
    for held in inputs.ledger.held.values():
        for lab in held.labs - named if held.protected else ():
            left[lab] = left.get(lab, 0) + 1
    for lab, count in sorted(left.items()):
        problems.error(
            f"{NAMESPACE}:labs",
            f"the lab {lab} is not there any more, but {count} of its images are protected",
            f"put it back, run `up` with {NAMESPACE}:protectImages: false, and take it out then",
        )
