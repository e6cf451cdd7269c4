"""``orphans``: what carries a stack's tags in Azure and is in no state; ``--delete`` clears it.

The one command that changes something, and only what it has shown.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from factory.azure.observer import observe, observe_elsewhere
from factory.azure.resources import Arm
from factory.azure.waiter import Waiter
from factory.cli.common.options import Commands, add_command, warn
from factory.cli.common.stack_inputs import Stack
from factory.common.errors import FactoryError
from factory.gather import connect, owner_of, read_sources
from factory.ledger.lab_places import as_placed
from factory.ledger.state_reader import read_ledger
from factory.plan.recovery.orphans import Orphan, chosen, find_orphans
from factory.plan.recovery.tables import orphans_json, orphans_table

_EXAMPLE = """  python -m factory orphans --stack dev
  python -m factory orphans --stack dev --delete
  python -m factory orphans --stack dev --delete --yes team-web/linux-rhel-9-20261123-1

WHERE is the column of that name, or an ARM id; without any, --delete takes what says `delete`.

exit codes: 0 done, 1 error (something was not deleted among them)"""
_GONE_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True)
class Look:
    """One look at Azure and at the state after it."""

    stack: str
    now: datetime
    arm: Arm
    interval: timedelta
    orphans: list[Orphan]


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "orphans",
        _run,
        about="list what carries the stack's tags and is in no state",
        example=_EXAMPLE,
    )
    parser.add_argument("where", metavar="WHERE", nargs="*", help="only these, released ones too")
    parser.add_argument("--json", action="store_true", help="print it for machines")
    parser.add_argument("--delete", action="store_true", help="delete what was shown, if confirmed")
    parser.add_argument("--yes", action="store_true", help="do not ask before deleting")


def _run(options: argparse.Namespace) -> int:
    stack = Stack.of(options)
    seen = look(stack)
    try:
        doomed = chosen(seen.orphans, options.where)
    except ValueError as error:
        raise FactoryError(str(error)) from None
    shown = doomed if options.where else seen.orphans
    if options.json:
        print(orphans_json(seen.stack, seen.now, shown))
    else:
        print(orphans_table(shown))
    if not options.delete or not doomed:
        return 0
    if not options.yes:
        _confirm(doomed)
    return _delete(stack, doomed)


def look(stack: Stack) -> Look:
    """Look at Azure, then at the state: a run going on writes down first what it makes."""
    engine = stack.engine
    sources = read_sources(engine.root, engine, stack.place.images)
    arm, name = connect(engine).arm, engine.stack_name()
    before = read_ledger(engine.own_resources(name))
    owner, (settings, _) = owner_of(before, name), as_placed(sources.settings, before)
    observed = observe(arm, settings, owner, {})
    elsewhere, denied = observe_elsewhere(arm, settings)
    for lab, reason in {**observed.unread, **denied}.items():
        warn(f"lab {lab} was not looked into, since it cannot be read: {reason}")
    _, ledger = as_placed(sources.settings, read_ledger(engine.own_resources(name)))
    orphans = find_orphans(settings, owner, ledger, observed, elsewhere)
    return Look(name, observed.now, arm, settings.poll_interval, orphans)


def _confirm(doomed: Sequence[Orphan]) -> None:
    if not sys.stdin.isatty():
        msg = "nothing was deleted: there is nobody to confirm it -> --yes"
        raise FactoryError(msg)
    print("To be deleted: " + ", ".join(orphan.label for orphan in doomed), file=sys.stderr)
    answer = input(f"Delete {'it' if len(doomed) == 1 else f'these {len(doomed)}'}? [y/N] ")
    if answer.strip().lower() not in {"y", "yes"}:
        msg = "nothing was deleted"
        raise FactoryError(msg)


def _delete(stack: Stack, doomed: Sequence[Orphan]) -> int:
    """Look once more, since a run may have begun meanwhile, and delete what is as it was shown."""
    seen = look(stack)
    same = {(each.id, each.fate) for each in seen.orphans}
    left = 0
    for orphan in doomed:
        if (orphan.id, orphan.fate) not in same:
            warn(f"{orphan.label} is not as it was shown any more; it was not touched")
            left += 1
            continue
        asyncio.run(Waiter(seen.arm, seen.interval).gone(orphan.id, _GONE_WITHIN))
        print(f"deleted {orphan.label}", file=sys.stderr)
    return 1 if left else 0
