"""What the commands begin with that read files alone: where they are."""

from __future__ import annotations

import argparse
from pathlib import Path

from factory.cli.common.options import place, work_folder
from factory.common.errors import FactoryError, Problems
from factory.common.messages import near_name
from factory.definitions.lineage import Image
from factory.settings.selection import builds
from factory.settings.validation import Checked, Project, check, find_project


def project_of(options: argparse.Namespace) -> Project:
    """Find the project that the options name. Raises :class:`FactoryError`."""
    images = options.images.absolute() if options.images else None
    if options.stack is None:
        return find_project(work_folder(options.work), None, images)
    named = place(options)
    return find_project(named.work, named.file or named.stack, images)


def folder_of(project: Project, checked: Checked) -> Path:
    """Give the images folder that is meant: the one of the stack, or of the first of them."""
    if project.images:
        return project.images
    return next(iter(checked.folders.values()), project.root / "images")


def image_of(project: Project, checked: Checked, name: str, problems: Problems) -> Image:
    """Find a definition by its identity or its file, as the first stack builds it that does.

    Raises :class:`FactoryError`.
    """
    folder = folder_of(project, checked)
    found = checked.images[folder]
    identity = identity_of(name, folder)
    if identity in found.sound:
        for stack, (_, settings) in checked.stacks.items():
            mine = settings is not None and settings.builds and builds(settings, identity)
            if mine and checked.folders[stack] == folder:
                return checked.built[stack].sound[identity]
        return found.sound[identity]
    if identity in found.faulty:
        own = Problems([each for each in problems.errors if identity in each.where])
        (own if own.errors else problems).raise_if_any(f"{identity} cannot be shown")
    todo = near_name(identity, (*found.sound, *found.faulty)) or "`list` names them all"
    msg = f"there is no definition {identity!r} in {folder.name} -> {todo}"
    raise FactoryError(msg)


def identity_of(name: str, folder: Path) -> str:
    """Read an identity from what a user writes: itself, or the path of its file."""
    path = Path(name)
    if path.suffix == ".yaml" and path.absolute().is_relative_to(folder.absolute()):
        name = path.absolute().relative_to(folder.absolute()).as_posix()
    return name.removesuffix(".yaml")


def read(options: argparse.Namespace) -> tuple[Project, Checked, Problems]:
    """Find and check everything that the options name."""
    project, problems = project_of(options), Problems()
    return project, check(project, problems), problems
