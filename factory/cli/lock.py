"""``lock``: writes or checks the lock file, from what marketplace and artifact sources have now."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from factory.azure.observer import observe_offers
from factory.cli.common.options import Commands, add_command, warn
from factory.cli.common.stack_inputs import Stack
from factory.common.errors import FactoryError, Problems
from factory.common.patterns import fault_of
from factory.definitions.lock_file import LockedImage, differences, read_lock, write_lock
from factory.gather import connect
from factory.plan.relock import relocked
from factory.settings.selection import selected
from factory.settings.stack import NAMESPACE

_EXAMPLE = """  python -m factory lock --stack dev
  python -m factory lock --stack dev --only 'windows/**'
  python -m factory lock --stack dev --check

It writes image-factory:lockFile, images.lock unless said otherwise. Only a stack with
image-factory:locked is held to it.

exit codes: 0 written, or as it should be; 2 (--check) differences; 1 error"""
DIFFERENT = 2


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "lock",
        _run,
        about="write exact bases and artifacts to the lock file",
        example=_EXAMPLE,
    )
    parser.add_argument("--only", type=_pattern, metavar="PATTERN", help="leave all others")
    parser.add_argument("--check", action="store_true", help="write nothing, tell what differs")


def _pattern(text: str) -> str:
    if fault := fault_of(text):
        msg = f"{text!r}: {fault}"
        raise argparse.ArgumentTypeError(msg)
    if text.startswith("!"):
        msg = f"{text!r} excludes; name what is meant"
        raise argparse.ArgumentTypeError(msg)
    return text


def _run(options: argparse.Namespace) -> int:
    stack = Stack.of(options)
    sources = stack.sources(use_lock=False)
    path, shown = sources.lock_path, sources.settings.lock_file
    if not sources.settings.builds:
        msg = f"{stack.engine.stack_name()} builds nothing -> lock the stack it receives from"
        raise FactoryError(msg)
    problems = Problems()
    old = _old(path, shown, options, problems)
    problems.raise_if_any("lock")
    images = selected(sources.images, sources.settings)
    offers = observe_offers(connect(stack.engine).arm, sources.settings, images)
    for line in offers.warnings:
        warn(line)
    new = relocked(images, offers, old, problems, options.only, learn=not options.check)
    # What other stacks build is theirs to lock, in this file or another.
    new |= {name: old[name] for name in old.keys() & sources.images.keys() - images.keys()}
    problems.raise_if_any("lock")
    found = differences(old, new)
    print("\n".join([_headline(shown, found, path), *(f"  {line}" for line in found)]))
    if options.check:
        return DIFFERENT if found or not path.is_file() else 0
    _write(path, write_lock(new))
    if not sources.settings.locked:
        warn(f"{shown} is ignored until {NAMESPACE}:locked is set")
    return 0


def _old(
    path: Path, shown: str, options: argparse.Namespace, problems: Problems
) -> Mapping[str, LockedImage]:
    """Read what is there; a whole new file may replace one that cannot be read, such as a merge."""
    if not path.is_file():
        return {}
    faults = problems if options.only or options.check else Problems()
    lock = read_lock(path, shown, faults)
    for fault in faults.errors if faults is not problems else ():
        warn(f"{fault}; it is written anew")
    return lock.images if lock else {}


def _headline(shown: str, found: list[str], path: Path) -> str:
    if not path.is_file():
        return f"{shown}: a new file"
    return f"{shown}: {len(found) or 'no'} difference{'' if len(found) == 1 else 's'}"


def _write(path: Path, text: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        msg = f"{path} cannot be written: {error.strerror or error}"
        raise FactoryError(msg) from None
