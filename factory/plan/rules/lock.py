"""Holds a definition to ``images.lock``: what is due because of it, what must not be built. Pure.

Every text here ends in the command that brings the lock up to date.
"""

from __future__ import annotations

from factory.definitions.artifact_content import changes, read_contents, unreadable
from factory.definitions.definition import Base
from factory.definitions.lineage import Image, parent_of
from factory.definitions.lock_file import Lock, LockedImage, base_of
from factory.ledger.record import Record, Spec
from factory.plan.inputs import Inputs


def locked_base(lock: Lock | None, image: Image) -> Base | None:
    """Give the marketplace base to ask for: the lock's exact version, if the lock knows it.

    None for an image built on another one.
    """
    base = image.definition.base
    if not isinstance(base, Base):
        return None
    entry = _find(lock, image) if lock else None
    if entry is None or entry.base != base_of(image, entry.version):
        return base
    return base.model_copy(update={"version": entry.version})


def _find(lock: Lock, image: Image) -> LockedImage | None:
    """Find a definition's entry; one that moved since may stand there by a name it had."""
    return next((lock.images[name] for name in image.names if name in lock.images), None)


def entry_for(inputs: Inputs, image: Image) -> LockedImage | None:
    """Give a definition's entry; None if the stack is not locked.

    Raises :class:`LookupError` with a line for the user if the lock does not fit the definition.
    """
    lock = inputs.lock
    if lock is None:
        return None
    entry = _find(lock, image)
    if entry is None:
        msg = f"{lock.shown} has no entry for it -> {_command(inputs, image)}"
        raise LookupError(msg)
    base = image.definition.base
    fixed = base.version if isinstance(base, Base) and base.version != "latest" else entry.version
    expected = base_of(image, fixed)
    if entry.base != expected:
        asked = expected if fixed != entry.version else base.urn
        msg = (
            f"{lock.shown} has the base {entry.base}, but its definition says {asked} -> "
            f"{_command(inputs, image)}"
        )
        raise LookupError(msg)
    return entry


def moved(inputs: Inputs, image: Image, entry: LockedImage, newest: Record | Spec) -> str | None:
    """Say in what the lock went on since a version was built (or begun), or None."""
    shown = inputs.lock.shown if inputs.lock else ""
    if files := changes(read_contents(newest.contents), entry.contents, image.definition):
        more = f", and {len(files) - 1} more" if len(files) > 1 else ""
        return f"{shown} moved: {files[0]}{more}"
    if parent_of(image) is None and entry.version != newest.base_version:
        return f"{shown} moved: base {entry.version} after {newest.base_version}"
    return None


def check_buildable(inputs: Inputs, image: Image, entry: LockedImage) -> None:
    """Raise :class:`LookupError` with a line for the user if a build would not be as locked."""
    shown = inputs.lock.shown if inputs.lock else ""
    command = _command(inputs, image)
    contents = inputs.observed.contents
    if files := changes(entry.contents, contents, image.definition):
        more = f", and {len(files) - 1} more" if len(files) > 1 else ""
        msg = f"not as {shown} has it: {files[0]}{more} -> review it, then {command}"
        raise LookupError(msg)
    if blind := unreadable(entry.contents, contents, image.definition):
        msg = (
            f"cannot be held to {shown}: the files of {', '.join(blind)} are not in it, or neither "
            f"git nor the lab shows them now -> {command}"
        )
        raise LookupError(msg)
    if parent_of(image) is None and image.identity not in inputs.observed.base_versions:
        msg = (
            f"its base {entry.base}, which {shown} says, is no longer offered in "
            f"{inputs.settings.region} -> review another one, then {command}"
        )
        raise LookupError(msg)


def _command(inputs: Inputs, image: Image) -> str:
    stack = inputs.name.rpartition("/")[2]
    return f"python -m factory lock --stack {stack} --only {image.identity}"
