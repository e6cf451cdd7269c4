"""Holds a definition to ``images.lock``: what is due because of it, what must not be built.

Every text here ends in the command that brings the lock up to date.
"""

from __future__ import annotations

from factory.definitions.artifact_content import changes, read_contents, unreadable
from factory.definitions.lineage import Image, parent_of
from factory.definitions.lock_file import LockedImage
from factory.ledger.record import Record, Spec
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lock_entry import lock_command
from factory.plan.situation.situation import Situation


def moved(
    situation: Situation, image: Image, entry: LockedImage, newest: Record | Spec
) -> str | None:
    """Say in what the lock went on since a version was built (or begun), or None."""
    shown = situation.lock_shown
    if files := changes(read_contents(newest.contents), entry.contents, image.definition):
        more = f", and {len(files) - 1} more" if len(files) > 1 else ""
        return f"{shown} moved: {files[0]}{more}"
    if parent_of(image) is None and entry.version != newest.base_version:
        return f"{shown} moved: base {entry.version} after {newest.base_version}"
    return None


def unbuildable(
    situation: Situation, found: ImageSituation, image: Image, entry: LockedImage
) -> str:
    """Say why a build would not be as locked, "" if it would."""
    shown = situation.lock_shown
    command = lock_command(situation.name, image.identity)
    contents = situation.contents
    if files := changes(entry.contents, contents, image.definition):
        more = f", and {len(files) - 1} more" if len(files) > 1 else ""
        return f"not as {shown} has it: {files[0]}{more} -> review it, then {command}"
    if blind := unreadable(entry.contents, contents, image.definition):
        return (
            f"cannot be held to {shown}: the files of {', '.join(blind)} are not in it, or neither "
            f"git nor the lab shows them now -> {command}"
        )
    if parent_of(image) is None and found.base_version is None:
        return (
            f"its base {entry.base}, which {shown} says, is no longer offered in "
            f"{situation.region} -> review another one, then {command}"
        )
    return ""
