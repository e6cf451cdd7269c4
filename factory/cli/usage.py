"""``usage``: which VMs and formulas of the labs are made from which images, and whose they are."""

from __future__ import annotations

import argparse
from datetime import timedelta

from factory.cli.common.options import Commands, add_command, duration, warn
from factory.cli.common.stack_inputs import Stack
from factory.plan.reports.usage_report import usage_json, usage_table
from factory.plan.situation.resolution import resolve
from factory.plan.usage import usages

_EXAMPLE = """  python -m factory usage --stack prod
  python -m factory usage --stack prod --older-than 60d --json

The age is that of the image. Nothing is changed.

exit codes: 0 done, 1 error"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "usage",
        _run,
        about="list lab VMs and formulas by the image that they are made from",
        example=_EXAMPLE,
    )
    parser.add_argument(
        "--older-than",
        type=duration,
        default=timedelta(),
        metavar="TIME",
        help="only those whose image was built longer ago, such as 60d",
    )
    parser.add_argument("--json", action="store_true", help="print it for machines")


def _run(options: argparse.Namespace) -> int:
    situation = resolve(Stack.of(options).read().inputs)
    found = usages(situation, options.older_than)
    unread = {lab.name: lab.unread for lab in situation.labs if lab.unread is not None}
    for lab, reason in unread.items():
        warn(f"lab {lab} was not looked into, since it cannot be read: {reason}")
    if options.json:
        print(usage_json(situation.name, situation.now, found, unread))
    else:
        print(usage_table(found, situation.now))
    return 0
