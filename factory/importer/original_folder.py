"""From the original's folder to definitions: finds the files, reads each, converts each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from factory.common.errors import FactoryError
from factory.importer.conversion import Imported, convert
from factory.importer.identities import identities, image_path
from factory.importer.notes import Notes
from factory.importer.secrets import Secrets
from factory.importer.template import LabVm, find_vm
from factory.importer.texts import UnreadableError, is_manifest, read_json

_MOST_FILES, _DEEPEST = 10_000, 32


def read_definitions(
    given: Path, secrets: Secrets, notes: Notes, size: str | None
) -> list[Imported]:
    """Read every template below the original's folder, or one template's file.

    Raises :class:`FactoryError` if there is nothing to read.
    """
    machines = _machines(given, notes)
    if not machines:
        msg = f"{given}: holds no template of a lab VM -> name the folder with GoldenImages in it"
        raise FactoryError("\n".join([msg, *notes.lines()]))
    named = identities(machines, notes)
    return [
        convert(vm, identity=named[file], image_path=image_path(file), secrets=secrets, size=size)
        for file, vm in machines.items()
    ]


def _machines(given: Path, notes: Notes) -> dict[str, LabVm]:
    """Give the lab VM of every template, by its path below GoldenImages."""
    if given.is_file():
        files = [(given.name, given)]
    else:
        inner = next((p for p in _entries(given) if p.name.lower() == "goldenimages"), None)
        root = inner if inner is not None and inner.is_dir() else given
        files = [(path.relative_to(root).as_posix(), path) for path in _walk(root, root, notes, 0)]
    if len(files) > _MOST_FILES:
        msg = f"{given}: more than {_MOST_FILES} files; is it the right folder?"
        raise FactoryError(msg)
    found: dict[str, LabVm] = {}
    for shown, path in files:
        try:
            template = read_json(path)
        except UnreadableError as error:
            notes.lost(shown, "", str(error))
            continue
        if vm := find_vm(shown, template, notes):
            found[shown] = vm
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            return sorted(Path(entry.path) for entry in found)
    except OSError as error:
        msg = f"{folder}: cannot be read: {error.strerror}"
        raise FactoryError(msg) from None


def _walk(folder: Path, root: Path, notes: Notes, depth: int) -> Iterator[Path]:
    shown = folder.relative_to(root).as_posix()
    if depth > _DEEPEST:
        notes.lost(shown, "", "is nested too deeply")
        return
    for path in _entries(folder):
        if path.is_symlink():
            notes.lost(path.relative_to(root).as_posix(), "", "is a symbolic link")
        elif path.is_dir():
            yield from _walk(path, root, notes, depth + 1)
        elif path.suffix.lower() == ".json" and not is_manifest(path):
            yield path
