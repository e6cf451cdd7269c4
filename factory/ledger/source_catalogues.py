"""Several stacks' catalogues as one: every definition has one stack that answers for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from factory.common.errors import FactoryError
from factory.common.versions import Version
from factory.ledger.catalogue import (
    OUTPUT,
    Catalogue,
    Entry,
    first_name,
    last_serial,
    read_catalogue,
)
from factory.ledger.stack_outputs import unfolded

_MOST_NAMED = 5


class NotBroughtUpError(FactoryError):
    """A source never ran: it has nothing to offer yet, and that is nobody's mistake."""

    def __init__(self, source: str) -> None:
        """Take the source's full name."""
        super().__init__(
            f"{source} has not been brought up yet, there is nothing to receive from it -> run "
            "`up` there first; nothing was changed"
        )
        self._source = source

    def consequence(self, stack: str) -> str:
        """Say what it means for the stack (its full name) that receives."""
        home, _, short = self._source.rpartition("/")
        own, _, name = stack.rpartition("/")
        source = short if home == own else self._source
        return f"{source} has not been brought up yet: nothing can be said of {name}"


def read_all(
    outputs: Callable[[str], Mapping[str, Any]],
    stacks: Sequence[str],
    own: Mapping[str, Any],
    present: Callable[[str], str],
    now: datetime,
    *,
    patient: bool = False,
    chains: Callable[[str], Mapping[str, str] | None] = lambda _: None,
) -> Catalogue | None:
    """Read the catalogues of ``stacks`` by their full names; None if there are none to read.

    ``outputs`` gives a stack's outputs, ``own`` are those of this stack, which say what was read
    last, ``present`` gives a definition's name of today, ``now`` is the time by Azure's clock,
    ``chains`` gives what is known of the stacks before a source (see ``read_catalogue``).

    With ``patient`` a stack that never ran
    offers nothing, where otherwise it stops the run (:class:`NotBroughtUpError`); one whose
    catalogue was read before has to have it still. Raises :class:`FactoryError` with one line.
    """
    found = []
    for stack in stacks:
        told = unfolded(outputs(stack))
        # What was read before the source was renamed stands under its name of then.
        known = last_serial(own, stack, now) or last_serial(own, first_name(told), now)
        if not known and OUTPUT not in told:
            if not patient:
                raise NotBroughtUpError(stack)
            continue
        found.append(read_catalogue(told, stack, known, now, chains(stack)))
    if not found and not (patient and stacks):
        return None
    return merged(found, ", ".join(stacks), present)


def merged(
    catalogues: Sequence[Catalogue], called: str, present: Callable[[str], str]
) -> Catalogue:
    """Give all that several stacks offer as one catalogue, ``called`` as messages name it.

    What a stack has handed over counts beside what the one offers that builds it now. Raises
    :class:`FactoryError` if two stacks answer for one definition.
    """
    _one_answers(catalogues, present)
    if len(catalogues) == 1:
        return catalogues[0]
    entries: dict[tuple[str, Version], Entry] = {}
    origins: dict[tuple[str, Version], str] = {}
    bad: dict[tuple[str, Version], str] = {}
    serials: dict[str, int] = {}
    warnings = []
    # What was handed over was there first: whoever holds it must not take another for it.
    for catalogue in catalogues:
        serials[catalogue.stack] = catalogue.serial
        bad |= catalogue.revoked
        for key, entry in catalogue.entries.items():
            other = entries.get(key)
            if other is not None and other.record != entry.record:
                later = origins[key] if entry.handed_over else catalogue.stack
                warnings.append(
                    f"{key[0]} {key[1]} of {later} is left out: another stack gave that number to "
                    f"a version before it handed {key[0]} over -> it comes with the next version, "
                    f"or by image-factory:rebuild in {later}"
                )
                if not entry.handed_over:
                    continue
            entries[key], origins[key] = entry, catalogue.stack
    newest = max((catalogue.serial for catalogue in catalogues), default=0)
    return Catalogue(called, newest, entries, bad, origins, serials, tuple(warnings))


def _one_answers(catalogues: Sequence[Catalogue], present: Callable[[str], str]) -> None:
    answers: dict[str, str] = {}
    both: dict[tuple[str, str], set[str]] = {}
    for catalogue in catalogues:
        for (identity, _), entry in sorted(catalogue.entries.items()):
            if not entry.living:
                continue
            name = present(identity)
            first = answers.setdefault(name, catalogue.stack)
            if first != catalogue.stack:
                both.setdefault((first, catalogue.stack), set()).add(name)
    if not both:
        return
    (first, second), names = min(both.items())
    some = ", ".join(sorted(names)[:_MOST_NAMED]) + (" ..." if len(names) > _MOST_NAMED else "")
    msg = (
        f"both {first} and {second} offer {some}: a definition has one stack that builds it -> "
        "take it out of image-factory:builds of one of them and run `up` there; nothing was changed"
    )
    raise FactoryError(msg)
