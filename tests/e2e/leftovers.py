"""What no test may leave behind: things with a stack's tags that are in no state.

The logic of `python -m factory orphans`, asked within this process, since its start alone would
cost each test seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from unittest.mock import patch

from factory.cli.common.options import Place
from factory.cli.common.stack_inputs import Stack
from factory.cli.orphans import look
from factory.common.errors import FactoryError
from factory.plan.recovery.orphans import Fate, Orphan
from factory.plan.recovery.tables import orphans_table
from rehearsal.home import Home
from rehearsal.workspace import PROJECT
from tests.e2e.harness import FactoryUnderTest


@dataclass(frozen=True)
class Found:
    """One orphan of one stack."""

    stack: str
    orphan: Orphan

    def is_like(self, stack: str, label: str, fate: str) -> bool:
        """Tell whether this is what a test said it leaves."""
        same = (self.stack, self.orphan.fate.value) == (stack, fate)
        return same and fnmatchcase(self.orphan.label.lower(), label.lower())


def leaves(factory: FactoryUnderTest, stack: str, label: str, *, fate: str = "delete") -> None:
    """Say that a test ends with an orphan; any that is not named fails it.

    ``label`` is a pattern of what the table of orphans calls `where`, ``fate`` what it is to `do`.
    """
    factory.left.append((stack, label, fate))


def begun_stacks(home: Home) -> list[str]:
    """Name the stacks on which a run was ever begun; the others cannot have left anything."""
    files = sorted((home.state / ".pulumi" / "stacks" / PROJECT).glob("*.json"))
    # A run that is over has a history, one that was killed has left a backup of the state.
    kept = [home.state / ".pulumi" / folder / PROJECT for folder in ("history", "backups")]
    return [file.stem for file in files if any((each / file.stem).exists() for each in kept)]


def orphans_of(factory: FactoryUnderTest, stack: str) -> list[Orphan]:
    """Look at Azure and at one stack's state, as the factory's own principal."""
    with patch.dict(os.environ, factory.env, clear=True):
        return look(Stack(Place(stack, factory.home.work))).orphans


def check_nothing_is_left(factory: FactoryUnderTest) -> None:
    """Fail with a table of what is to delete or to recover, unless the test said so before.

    What a test said it leaves has to be there too. Raises :class:`AssertionError`.
    """
    found, unread = _all(factory)
    stray = [each for each in found if not any(each.is_like(*left) for left in factory.left)]
    told = list(_tables(stray)) + unread
    told += [
        f"nothing was left like {' '.join(left)}"
        for left in factory.left
        if not any(each.is_like(*left) for each in found)
    ]
    if told:
        raise AssertionError("\n".join(["this test leaves orphans", *told]))


def _all(factory: FactoryUnderTest) -> tuple[list[Found], list[str]]:
    """Give what is in no state and no later run sees to, and which stacks could not be read."""
    found, unread = [], []
    for stack in begun_stacks(factory.home):
        try:
            orphans = orphans_of(factory, stack)
        except FactoryError as error:
            unread.append(f"{stack} ends with settings that cannot be read: {error}")
            continue
        found += [Found(stack, each) for each in orphans if each.fate is not Fate.LEAVE]
    return found, unread


def _tables(stray: list[Found]) -> Iterator[str]:
    for stack in sorted({each.stack for each in stray}):
        own = [each.orphan for each in stray if each.stack == stack]
        yield f"{stack}: {orphans_table(own)}"
