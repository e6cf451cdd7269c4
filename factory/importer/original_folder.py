"""From the original's folder to definitions: finds the files, reads each, converts each."""

from __future__ import annotations

import os
from collections.abc import Collection, Container, Iterator
from pathlib import Path
from typing import Any

from factory.common.errors import FactoryError
from factory.importer.arm.values import lowered
from factory.importer.conversion import Imported, convert
from factory.importer.hcl_files import READ, hcl_templates
from factory.importer.identities import identities, image_path
from factory.importer.notes import Notes
from factory.importer.other_sources import of_packer_json
from factory.importer.secrets import Secrets
from factory.importer.template import LabVm, find_vms, is_parameters
from factory.importer.texts import UnreadableError, is_manifest, read_json

_MOST_FILES, _DEEPEST = 10_000, 32
_BICEP = "is no template yet: make one of it (az bicep build) and import that"


def read_definitions(
    given: Path, secrets: Secrets, notes: Notes, size: str | None
) -> list[Imported]:
    """Read every template below the original's folder, or one template's file.

    Raises :class:`FactoryError` if there is nothing to read.
    """
    machines = _machines(given, notes)
    if not machines:
        todo = "name a template, or a folder of them such as GoldenImages"
        msg = f"{given}: holds no template of a lab VM -> {todo}"
        raise FactoryError("\n".join([msg, *notes.lines()]))
    named = identities(machines, notes)
    return [
        convert(
            vm,
            identity=named[file],
            # The original made images of a file's first VM alone.
            image_path=image_path(file) if vm.of_original and file == vm.where else None,
            secrets=secrets,
            size=size,
        )
        for file, vm in machines.items()
    ]


def _machines(given: Path, notes: Notes) -> dict[str, LabVm]:
    """Give the lab VMs of every template: by its path below GoldenImages, further ones by name."""
    if given.is_file():
        root = given.parent
        # Parameters stand beside a template; nobody has to name them.
        files, only = [each for each in _entries(root) if each.is_file()], {given}
        if not given.name.lower().endswith(READ):
            is_bicep = given.suffix.lower() == ".bicep"
            why = "is of no kind that can be read; docs/moving-in.md lists them"
            notes.lost(given.name, "", _BICEP if is_bicep else why)
    else:
        inner = next((p for p in _entries(given) if p.name.lower() == "goldenimages"), None)
        root = inner if inner is not None and inner.is_dir() else given
        files = list(_walk(root, root, notes, 0))
        only = set(files)
    if len(only) > _MOST_FILES:
        msg = f"{given}: more than {_MOST_FILES} files; is it the right folder?"
        raise FactoryError(msg)
    found = _of_json(files, only, root, notes)
    for path, template in hcl_templates(files, only, root, notes).items():
        below = path.relative_to(root)
        for vm in find_vms(below.as_posix(), template, notes):
            found[_named((below.parent / (vm.name or below.stem)).as_posix(), found)] = vm
    return found


def _of_json(
    files: list[Path], only: Container[Path], root: Path, notes: Notes
) -> dict[str, LabVm]:
    contents = _contents([p for p in files if p.suffix.lower() == ".json"], root, only, notes)
    values = {path: content for path, content in contents.items() if is_parameters(content)}
    # What an environment's template is called in the portal stands beside it.
    titles = {each: title for each in contents if (title := _title(each, contents[each]))}
    used: set[Path] = set()
    found: dict[str, LabVm] = {}
    for path in [each for each in contents if each in only and each not in {*values, *titles}]:
        shown = path.relative_to(root).as_posix()
        own = _parameters_of(path, values)
        used |= set(own)
        if len(own) > 1:
            names = ", ".join(each.name for each in own)
            why = f"more than one file has values for it; {own[0].name} is taken of {names}"
            notes.lost(shown, "parameters", why)
        template = of_packer_json(contents[path]) or contents[path]
        vms = find_vms(shown, template, notes, values[own[0]] if own else None)
        title = titles.get(path.with_name("metadata.json"), "")
        for number, vm in enumerate((vm.titled(title) for vm in vms), 1):
            stem = shown[: -len(path.suffix)]
            found[shown if number == 1 else _named(f"{stem} {vm.name or number}", found)] = vm
    for path in sorted(each for each in values if each in only and each not in used):
        shown = path.relative_to(root).as_posix()
        notes.lost(shown, "", "holds values for parameters, and no template beside it is its own")
    return found


def _title(path: Path, content: Any) -> str:
    """Give the title of an environment's template by its metadata.json; "" for any other file."""
    known = path.name.lower() == "metadata.json"
    return str(lowered(content).get("itemdisplayname") or "") if known else ""


def _contents(
    files: list[Path], root: Path, only: Container[Path], notes: Notes
) -> dict[Path, Any]:
    """Read files as JSON; of those that nobody named, one that cannot be read is no fault."""
    found = {}
    for path in files:
        try:
            found[path] = read_json(path)
        except UnreadableError as error:
            if path in only:
                notes.lost(path.relative_to(root).as_posix(), "", str(error))
    return found


def _parameters_of(path: Path, values: Collection[Path]) -> list[Path]:
    """Give the parameters files of a template, the best first: ``<its name>.parameters.json``.

    The portal's export calls them template.json and parameters.json.
    """
    stem = path.stem.lower()
    beside = [each for each in sorted(values) if each.parent == path.parent]
    own = [each for each in beside if each.name.lower().startswith(f"{stem}.")]
    own.sort(key=lambda each: each.name.lower() != f"{stem}.parameters.json")
    return own or [each for each in beside if each.stem.lower() == "parameters"]


def _named(stem: str, taken: Container[str]) -> str:
    """Name a VM as a file of its own would be, so that it can be told from all others."""
    wanted, number = f"{stem}.json", 2
    while wanted in taken:
        wanted, number = f"{stem} {number}.json", number + 1
    return wanted


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
        elif path.suffix.lower() == ".bicep":
            notes.lost(path.relative_to(root).as_posix(), "", _BICEP)
        elif path.name.lower().endswith(READ) and not is_manifest(path):
            yield path
