"""Reads the stack files of the stacks before this one, where they lie beside its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from factory.common.errors import Problems
from factory.settings.loader import parse_settings
from factory.settings.soak_check import Upstream
from factory.settings.stack import Settings
from factory.settings.stack_file import (
    StackFile,
    read_stack_file,
    stack_file_name,
    stack_of,
    with_defaults,
)

# A subscription may come by ARM_SUBSCRIPTION_ID; nothing here hangs on it.
ANY_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


def read_sibling(folder: Path | None, name: str) -> tuple[StackFile, Settings] | None:
    """Read another stack's file; None if it is not there, or not to be understood.

    What is wrong with it is told by its own stack. ``folder`` is where Pulumi.yaml is, None if the
    engine does not say.
    """
    # Another project's, maybe: its stack file need not be the one of that name here.
    if folder is None or "/" in name:
        return None
    path = folder / stack_file_name(name)
    if not path.is_file() or stack_of(path) is None:
        return None
    unheard = Problems()
    stack = read_stack_file(path, path.name, unheard)
    raw = {"subscriptionId": ANY_SUBSCRIPTION, **with_defaults(stack, folder / "Pulumi.yaml")}
    settings = parse_settings(raw, stack, unheard) if stack.file else None
    return (stack, settings) if settings else None


def read_upstream(folder: Path | None, stacks: Sequence[str]) -> list[list[Upstream]]:
    """Read every chain that leads to this stack: one it receives from, the one before it, and on.

    A chain ends where a file is not there, or not to be understood.
    """
    return [chain for name in stacks for chain in _chains(folder, name, ())]


def read_receivers(folder: Path | None, stack: str) -> list[str]:
    """Name the stacks that take from ``stack`` (its short name) by the stack files in a folder.

    A file that is not to be understood names none: what is wrong with it is told by its own stack.
    """
    found = []
    for path in sorted(folder.glob("Pulumi.*.yaml")) if folder is not None else ():
        name = stack_of(path)
        read = read_sibling(folder, name) if name else None
        if name and read and stack in (*read[1].receives_from, *read[1].parents_from):
            found.append(name)
    return found


def _chains(folder: Path | None, name: str, seen: tuple[str, ...]) -> list[list[Upstream]]:
    found = None if name in seen else read_sibling(folder, name)
    if found is None:
        return []
    here = Upstream(name, found[1])
    before = [
        chain
        for source in here.settings.receives_from
        for chain in _chains(folder, source, (*seen, name))
    ]
    return [[here, *chain] for chain in before] or [[here]]
