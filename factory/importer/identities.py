"""Identities for old files: the same path, in letters that a name may have here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from factory.common.names import image_stem
from factory.importer.notes import Kind, Notes

_LONGEST_SEGMENT = 63


def image_path(relative: str) -> str:
    """Give the original's identity of a file: its path with backslashes and the ending."""
    return relative.replace("/", "\\")


def legal(segment: str) -> str:
    """Spell one folder or file name in letters, digits, ``-``, ``.`` and ``_``, one for one.

    One for one, so that the beginning of a name stays the beginning of what it becomes.
    """
    spelled = re.sub(r"[^A-Za-z0-9._-]", "-", segment)
    return spelled if re.match(r"[A-Za-z0-9]", spelled) else f"x{spelled}"


def identities(files: Iterable[str], notes: Notes) -> dict[str, str]:
    """Give every file (relative, with ``/`` and its ending) its identity; renamings are noted.

    Two files whose names would mean one image in Azure are told apart by a number.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for file in sorted(files):
        own = file[: -len(".json")] if file.lower().endswith(".json") else file
        *folders, last = [legal(segment)[:_LONGEST_SEGMENT] for segment in own.split("/")]
        if last.lower() == "defaults":
            last = "defaults-image"  # defaults.yaml is what a folder inherits here
        stem, number = "/".join((*folders, last)), 1
        identity = stem
        while image_stem(identity) in taken:
            number += 1
            identity = f"{stem}-{number}"
        taken.add(image_stem(identity))
        found[file] = identity
        if number > 1:
            why = f"is {identity}: another file's name is the same in Azure's letters"
            notes.add(Kind.RENAMED, file, "", why)
        elif identity != own:
            notes.add(Kind.RENAMED, file, "", f"is {identity} here")
    return found
