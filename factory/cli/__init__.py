"""The command line: one module per command, which adds its parser, and runs.

Reads what the program reads, outside the engine, and changes no state; only ``orphans --delete``
changes Azure, and some commands write files of the project.
May not know the components: commands declare nothing.

Errors are one line on stderr and exit 1; argparse's own complaints about a command line are exit 1
too, so that 2 keeps one meaning: there is something to do.
"""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import TextIO

from factory import __version__
from factory.cli.common.options import Parser
from factory.common.azure_error import ArmError
from factory.common.errors import FactoryError, harmless

# A command's module is imported if it is asked for: those that read files alone do without the
# engine's SDK, which takes longer to import than 300 definitions to check.
_COMMANDS = {
    "validate": "validate",
    "list": "list_",
    "show": "show",
    "new": "new",
    "schema": "schema",
    "trial": "trial",
    "import": "import_",
    "plan": "plan",
    "why": "why",
    "history": "history",
    "forecast": "forecast",
    "usage": "usage",
    "page": "page",
    "lock": "lock",
    "orphans": "orphans",
    "recover": "recover",
    "ci": "ci",
}
_EXITS = """exit codes:
  0  done (validate: sound; plan: nothing is due; lock --check: nothing differs)
  1  an error, told in one line (validate, schema --check: faults were found)
  2  plan: changes are due; lock --check: the lock differs
  3, 4, 5  ci: see `ci --help`
"""


class _Harmless(io.TextIOBase):
    """Passes on what is printed: names and tags of others may command the terminal of a reader."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(harmless(text))

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def main(argv: Sequence[str]) -> int:
    """Run one command; gives the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter of a definition is no reason for a traceback.
            stream.reconfigure(errors="backslashreplace")
    options = parser(argv[0] if argv else "").parse_args(argv)
    # azure-identity logs a traceback of its own for what is told in one line here.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    try:
        with redirect_stdout(_Harmless(sys.stdout)), redirect_stderr(_Harmless(sys.stderr)):
            code = int(options.run(options))
        sys.stdout.flush()
    except (FactoryError, ArmError) as error:
        print(harmless(f"image-factory: {error}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # A reader such as `head` has seen enough; Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def script() -> None:
    """Run as the installed command ``image-factory``."""
    sys.exit(main(sys.argv[1:]))


def parser(command: str = "") -> argparse.ArgumentParser:
    """Make the parser: of one command, or of all of them if it is none of theirs."""
    top = Parser(
        prog="python -m factory",
        description="Checks and shows definitions, and reads one stack's image factory: what is "
        "due, why, what was, what will be.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"image-factory {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for name in [command] if command in _COMMANDS else _COMMANDS:
        importlib.import_module(f"factory.cli.{_COMMANDS[name]}").add_to(commands)
    return top
