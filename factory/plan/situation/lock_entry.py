"""What ``images.lock`` says of a definition, if the stack is locked."""

from __future__ import annotations

from factory.definitions.definition import Base
from factory.definitions.lineage import Image
from factory.definitions.lock_file import Lock, LockedImage, base_of


def lock_command(stack: str, identity: str) -> str:
    """Give the command that brings the lock up to date for one definition."""
    return f"python -m factory lock --stack {stack.rpartition('/')[2]} --only {identity}"


def lock_entry(lock: Lock | None, stack: str, image: Image) -> tuple[LockedImage | None, str]:
    """Give a definition's entry, and why the lock does not fit it, "" if it does.

    Neither of them if the stack is not locked.
    """
    if lock is None:
        return None, ""
    command = lock_command(stack, image.identity)
    entry = lock.entry_of(image)
    if entry is None:
        return None, f"{lock.shown} has no entry for it -> {command}"
    base = image.definition.base
    fixed = base.version if isinstance(base, Base) and base.version != "latest" else entry.version
    expected = base_of(image, fixed)
    if entry.base == expected:
        return entry, ""
    asked = expected if fixed != entry.version else base.urn
    fault = f"{lock.shown} has the base {entry.base}, but its definition says {asked} -> {command}"
    return None, fault
