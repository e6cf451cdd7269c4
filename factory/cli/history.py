"""``history``: what happened when, from the stack's updates and the records in its state."""

from __future__ import annotations

import argparse

from factory.cli.common.options import Commands, add_command
from factory.cli.common.stack_inputs import Stack
from factory.ledger.history import history_text

_EXAMPLE = """  python -m factory history --stack dev
  python -m factory history windows/2022/base --stack dev

It asks the engine alone, not Azure.

exit codes: 0 done, 1 error"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "history",
        _run,
        about="tell what happened when to one image or to all",
        example=_EXAMPLE,
    )
    parser.add_argument("image", metavar="IMAGE", nargs="?", help="one definition (default: all)")


def _run(options: argparse.Namespace) -> int:
    engine = Stack.of(options).engine
    image = options.image.removesuffix(".yaml") if options.image else None
    print(history_text(engine.updates(), engine.export(engine.stack_name()), image))
    return 0
