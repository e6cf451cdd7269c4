"""``why``: one definition's story."""

from __future__ import annotations

import argparse
from datetime import timedelta
from itertools import islice

from factory.cli.common.options import Commands, add_command
from factory.cli.common.stack_inputs import Stack
from factory.plan.forecast import WEEK, runs
from factory.plan.planner import make_plan
from factory.plan.reports.image_story import story

_EXAMPLE = """  python -m factory why windows/2022/base --stack dev

What comes next is what time alone brings within 12 weeks of daily runs.

exit codes: 0 done, 1 error"""
_AHEAD = 12 * WEEK


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "why",
        _run,
        about="tell why one image is due or not, and its versions",
        example=_EXAMPLE,
    )
    parser.add_argument("image", metavar="IMAGE", help="a definition, such as windows/2022/base")


def _run(options: argparse.Namespace) -> int:
    inputs = Stack.of(options).read().inputs
    plan = make_plan(inputs)
    every = timedelta(days=1)
    ahead = islice(runs([inputs], inputs.observed.now + _AHEAD, every), 1, None)
    print(story(inputs, plan, options.image.removesuffix(".yaml"), ahead))
    return 0
