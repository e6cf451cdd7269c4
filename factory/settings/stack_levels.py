"""Which subscription may hold what a stack signs in with: who may write there may become it.

A plain Contributor of a subscription lets himself in by any identity in it, and reaches any state.
So these lie with the stack itself, with one that receives from it, or where no stack is at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from factory.settings.stack import Settings


def below(home: str, stacks: Mapping[str, Settings]) -> dict[str, list[str]]:
    """Give, by stack, the stacks in subscription ``home`` if none of them is at its level or above.

    ``stacks`` are by their short names.
    """
    here = [name for name, each in stacks.items() if each.subscription_id.lower() == home.lower()]
    return {
        name: here
        for name in stacks
        if here and name not in here and not _above(name, stacks).intersection(here)
    }


def _above(name: str, stacks: Mapping[str, Settings]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        source = waiting.pop()
        for other, settings in stacks.items():
            taken = (*settings.receives_from, *settings.parents_from)
            if other not in found and source in {each.rpartition("/")[2] for each in taken}:
                found.add(other)
                waiting.append(other)
    return found


def level_fault(name: str, here: list[str], home: str) -> tuple[str, str]:
    """Say what is wrong with a subscription for the identity of a stack, and what to do."""
    what = (
        f"the identity and the state of {name} would lie in subscription {home}, that of "
        f"{', '.join(here)}: whoever may write there could become {name}"
    )
    where = f"a subscription of {name}, of a stack that receives from it, or of none"
    return what, f"{where} (docs/bootstrap.md, From an earlier layout)"
