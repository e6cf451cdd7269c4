"""``plan``: what the next ``pulumi up`` of a stack would do, as ``pulumi preview`` prints it."""

from __future__ import annotations

import argparse

from factory.cli.common.options import Commands, add_command, warn
from factory.cli.common.stack_inputs import Stack
from factory.plan.planner import make_plan
from factory.plan.reports.json_report import plan_json
from factory.plan.reports.markdown import plan_markdown
from factory.plan.reports.table import plan_table

_EXAMPLE = """  python -m factory plan --stack dev
  python -m factory plan --stack dev --markdown > comment.md

exit codes: 0 nothing is due, 2 changes are due, 1 error"""
CHANGES_DUE = 2


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands, "plan", _run, about="say what the next `up` would do, and why", example=_EXAMPLE
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print it for machines")
    forms.add_argument("--markdown", action="store_true", help="print it for a pull request")


def _run(options: argparse.Namespace) -> int:
    inputs = Stack.of(options).read().inputs
    plan = make_plan(inputs)
    if options.json:
        print(plan_json(inputs, plan))
    elif options.markdown:
        print(plan_markdown(inputs.name, plan))
    else:
        for line in plan.warnings:
            warn(line)
        print(plan_table(plan))
    return 0 if plan.nothing_due else CHANGES_DUE
