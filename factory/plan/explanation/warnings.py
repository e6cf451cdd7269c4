"""What a reader has to know besides the lines of a plan."""

from __future__ import annotations

from collections.abc import Iterator

from factory.plan.situation.situation import Situation
from factory.settings.stack import NAMESPACE


def warnings(situation: Situation) -> tuple[str, ...]:
    """Give all of them: what could not be read, what follows from nothing, what is done with."""
    return (*situation.warnings, *_pins(situation), *_recovered(situation))


def _pins(situation: Situation) -> Iterator[str]:
    """Tell of pins to a version that is neither here nor offered."""
    source = ", and its source does not offer it" if situation.receives else ""
    for name, number in situation.pins_to_nothing:
        yield (
            f"{NAMESPACE}:pin: {name} {number}: there is no such version here{source}; "
            "labs keep what they have, and get nothing newer"
        )


def _recovered(situation: Situation) -> Iterator[str]:
    """Name what the file of a lost state lists and nothing has, and say when it is done with.

    Said in the run that takes the rest in: what goes later was meant to.
    """
    file = situation.file
    if file is None:
        return
    for version, parts in file.left_out:
        yield (
            f"{file.shown}: {version}: not taken in, since nothing in Azure has "
            f"that id and the tags of this build: {', '.join(parts)}"
        )
    if file.done:
        yield f"{file.shown} is not needed any more: what it names is in the state, or gone"
