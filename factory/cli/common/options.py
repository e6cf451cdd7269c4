"""Options that every command has, and where they lead: the stack's name, file and work folder."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from factory.common.durations import parse_duration
from factory.common.errors import FactoryError
from factory.settings.stack import WORK_VARIABLE
from factory.settings.stack_file import is_about_deployments, stack_of

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]  # noqa: SLF001 - it has no public name
else:
    Commands = object  # the class is generic in type stubs alone

_LONGEST = 520  # weeks
_STACK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,2}")


class Parser(argparse.ArgumentParser):
    """Ends with exit code 1 for a wrong command line: 2 means that changes are due."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        self.exit(1, f"{self.prog}: {message} (see --help)\n")


@dataclass(frozen=True)
class Place:
    """One stack as the user named it; ``file`` only if it was named by its file."""

    stack: str
    work: Path
    file: Path | None = None
    images: Path | None = None


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    about: str,
    example: str,
    stack_required: bool = True,
) -> Parser:
    """Add a command with the common options; ``example`` is shown at the end of its help.

    ``stack_required`` is False for commands that read files alone and may do without a stack.
    """
    parser = commands.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "-s",
        "--stack",
        required=stack_required,
        metavar="NAME",
        help="a stack, or the path of its Pulumi.<stack>.yaml",
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="definitions to read instead")
    parser.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help=f"the folder with Pulumi.yaml (default: {WORK_VARIABLE}, or here)",
    )
    return parser


def duration(text: str) -> timedelta:
    """Read a length of time of the command line. Raises :class:`ArgumentTypeError`."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_pace(parser: Parser, fewest: int) -> None:
    """Add what a forecast is made by: how many weeks (at least ``fewest``), and how often a run."""

    def weeks(text: str) -> int:
        if not text.isdecimal() or not fewest <= int(text) <= _LONGEST:
            msg = f"expected a number of weeks from {fewest} to {_LONGEST}, got {text!r}"
            raise argparse.ArgumentTypeError(msg)
        return int(text)

    parser.add_argument("--weeks", type=weeks, default=12, metavar="N", help="how far (12)")
    parser.add_argument(
        "--every", type=_every, default="1d", metavar="TIME", help="how often `up` is run (1d)"
    )


def _every(text: str) -> timedelta:
    every = duration(text)
    if every < timedelta(hours=1):
        msg = f"expected at least 1h, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return every


def place(options: argparse.Namespace) -> Place:
    """Find the stack that is meant. Raises :class:`FactoryError` if a file does not name one."""
    images = options.images.absolute() if options.images else None
    named: str = options.stack
    if not _STACK_NAME.fullmatch(named) and not named.endswith((".yaml", ".yml")):
        msg = f"--stack {named!r}: expected a stack's name, or the path of its stack file"
        raise FactoryError(msg)
    if not named.endswith((".yaml", ".yml")):
        return Place(named, work_folder(options.work), None, images)
    file = Path(named).absolute()
    stack = stack_of(file)
    if stack is None or not file.is_file():
        wrong = "is no file" if stack else "is not called Pulumi.<stack>.yaml"
        if is_about_deployments(file):
            wrong = "is for Pulumi Deployments, and no stack file"
        msg = f"--stack {named}: it {wrong} -> name a stack, or the path of its stack file"
        raise FactoryError(msg)
    beside = file.parent if (file.parent / "Pulumi.yaml").is_file() else None
    return Place(stack, options.work or beside or work_folder(None), file, images)


def work_folder(given: Path | None) -> Path:
    """Give the folder with Pulumi.yaml: as given, by the variable, or this one."""
    if given is not None:
        return given.absolute()
    named = os.environ.get(WORK_VARIABLE)
    return Path(named).absolute() if named else Path.cwd()


def warn(text: str) -> None:
    """Tell the user something beside the output of a command."""
    print(f"warning: {text}", file=sys.stderr)
