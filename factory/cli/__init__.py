"""The command line: reads what the program reads, outside the engine.

It changes nothing in Azure and in no stack's state, but for what ``orphans --delete`` was told to;
``import`` and ``lock`` alone write files.

One module per command: it adds its parser, and runs. Errors are one line on stderr and exit 1;
argparse's own complaints about a command line are exit 1 too, so that 2 keeps one meaning: there is
something to do.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from factory.armclient import ArmError
from factory.cli import forecast, history, lock, moving, orphans, plan, why
from factory.cli.options import Parser
from factory.problems import FactoryError

_COMMANDS = (plan, why, history, forecast, lock, orphans, moving)
_EXITS = """exit codes:
  0  done (plan: nothing is due; lock --check: nothing differs)
  1  an error, told in one line
  2  plan: changes are due; lock --check: the lock differs
"""


def main(argv: Sequence[str]) -> int:
    """Run one command; gives the exit code."""
    options = parser().parse_args(argv)
    # azure-identity logs a traceback of its own for what is told in one line here.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except (FactoryError, ArmError) as error:
        print(f"image-factory: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # A reader such as `head` has seen enough; Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    top = Parser(
        prog="python -m factory",
        description="Reads one stack's image factory: what is due, why, what was, what will be.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for module in _COMMANDS:
        module.add_to(commands)
    return top
