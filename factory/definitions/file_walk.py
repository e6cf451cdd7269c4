"""Walks an images folder: which files are definitions, and what does not belong there.

Nothing is opened here that is not a plain file inside the folder: links may lead anywhere, and a
pipe would be waited for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from factory.common.errors import Problems

DEFAULTS = "defaults.yaml"
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_DEEPEST = 12
_LONGEST_IDENTITY = 200


@dataclass(frozen=True)
class Found:
    """A definition file: its identity and the ``defaults.yaml`` above it, the nearest last."""

    identity: str
    path: Path
    shown: str
    defaults: tuple[tuple[Path, str], ...] = ()


@dataclass(frozen=True)
class Walk:
    """One walk through an images folder. ``refused`` are identities whose files cannot be used."""

    root: Path
    problems: Problems
    refused: set[str] = field(default_factory=set)

    def files(self, shown: str) -> Iterator[Found]:
        """Give every definition file, in the order of its path; faults go to ``problems``."""
        yield from self._folder(self.root, shown, "", ())

    def _folder(
        self, folder: Path, shown: str, prefix: str, above: tuple[tuple[Path, str], ...]
    ) -> Iterator[Found]:
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.error(shown, f"cannot be read: {error.strerror}", "see its permissions")
            return
        if prefix.count("/") > _DEEPEST:
            self.problems.error(shown, f"folders are nested more than {_DEEPEST} deep")
            return
        self._check_case(listed, shown)
        if any(entry.name == DEFAULTS and _is_file(entry) for entry in listed):
            above = (*above, (folder / DEFAULTS, f"{shown}/{DEFAULTS}"))
        for entry in listed:
            if entry.name.startswith(".") or not self._usable(entry, f"{shown}/{entry.name}"):
                continue
            name = f"{shown}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from self._folder(Path(entry.path), name, f"{prefix}{entry.name}/", above)
            elif entry.name.endswith(".yaml") and entry.name != DEFAULTS:
                identity = f"{prefix}{entry.name.removesuffix('.yaml')}"
                if self._named_well(identity, name):
                    yield Found(identity, Path(entry.path), name, above)
                else:
                    self.refused.add(identity)

    def _usable(self, entry: os.DirEntry[str], shown: str) -> bool:
        if entry.is_symlink():
            self.problems.error(shown, "is a symbolic link", "put the file itself into the folder")
        elif entry.is_dir(follow_symlinks=False):
            return True
        elif not _is_file(entry):
            self.problems.error(shown, "is not a regular file", "take it out of the folder")
        elif entry.name.lower() == DEFAULTS and entry.name != DEFAULTS:
            self.problems.error(shown, "differs from defaults.yaml in case", f"call it {DEFAULTS}")
        elif entry.name.lower().endswith((".yml", ".yaml")) and not entry.name.endswith(".yaml"):
            ending = entry.name.rpartition(".")[2]
            self.problems.error(shown, f"ends in .{ending}", "definitions end in .yaml")
        else:
            return True
        return False

    def _named_well(self, identity: str, shown: str) -> bool:
        fault = fault_of_name(identity)
        if fault:
            self.problems.error(shown, *fault)
        return fault is None

    def _check_case(self, listed: list[os.DirEntry[str]], shown: str) -> None:
        """Names that differ in case alone are one file on half of all machines."""
        by_name: dict[str, str] = {}
        for entry in listed:
            other = by_name.setdefault(entry.name.casefold(), entry.name)
            if other != entry.name:
                self.problems.error(
                    f"{shown}/{entry.name}", f"differs from {other} in case alone", "rename one"
                )


def fault_of_name(identity: str) -> tuple[str, str] | None:
    """Say what is wrong with an identity as a name, and what to do; None if nothing is."""
    for segment in identity.split("/"):
        if not _SEGMENT.fullmatch(segment):
            return (
                f"the name {segment!a} cannot be used",
                "letters a to z, digits, - . _ (63 at most, beginning with a letter or digit)",
            )
    if len(identity) > _LONGEST_IDENTITY:
        return f"the path is longer than {_LONGEST_IDENTITY}", "shorten it"
    return None


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)
