"""``forecast``: plays the plan ahead, week by week."""

from __future__ import annotations

import argparse

from factory.cli.common.options import Commands, add_command, add_pace
from factory.cli.common.stack_inputs import Stack
from factory.common.errors import FactoryError
from factory.plan.forecast import forecast
from factory.plan.inputs import Inputs
from factory.plan.reports.forecast_report import forecast_json, forecast_table

_EXAMPLE = """  python -m factory forecast --stack dev
  python -m factory forecast --stack prod --weeks 4 --every 7d --json

A stack that receives is played together with the stacks before it; with --alone they release
nothing new.

exit codes: 0 done, 1 error (a guard that would stop a run among them, with its date)"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "forecast",
        _run,
        about="say what every lab will hold, week by week",
        example=_EXAMPLE,
    )
    add_pace(parser, fewest=1)
    parser.add_argument("--alone", action="store_true", help="do not play the stacks before it")
    parser.add_argument("--json", action="store_true", help="print it for machines")


def _run(options: argparse.Namespace) -> int:
    stack = Stack.of(options)
    chain = list(_chain(stack, {}, alone=options.alone).values())
    weeks = forecast(chain, options.weeks, options.every)
    write = forecast_json if options.json else forecast_table
    print(write(chain[-1].name, weeks, options.every))
    return 0


def _chain(
    stack: Stack, found: dict[str, Inputs], *, alone: bool, below: tuple[str, ...] = ()
) -> dict[str, Inputs]:
    """Read the stack and all before it, by full name: each after those that it takes from."""
    reading = stack.read(catalogue=alone)
    name = reading.inputs.name
    if name in below:
        msg = f"{name} receives from itself, by way of others"
        raise FactoryError(msg)
    for source in [] if alone else stack.sources_of(reading):
        if source.engine.stack_name() not in found:
            _chain(source, found, alone=alone, below=(*below, name))
    found[name] = reading.inputs
    return found
