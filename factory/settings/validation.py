"""Checks everything that files say, all at once, without an engine and without Azure."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from factory.common.errors import FactoryError, Problems
from factory.common.messages import near_name
from factory.common.yaml_file import read_yaml
from factory.definitions.loader import Images, read_images
from factory.settings.cross_check import cross_check, wanted_secrets
from factory.settings.loader import parse_settings
from factory.settings.policy_file import POLICIES, check_policies, read_policies
from factory.settings.project_file import check_options
from factory.settings.selection import with_always
from factory.settings.shared_places import check_apart
from factory.settings.shared_work import check_all_built, check_order, check_sharing, named_sources
from factory.settings.sibling_stacks import read_sibling
from factory.settings.stack import Settings
from factory.settings.stack_file import (
    StackFile,
    check_keys,
    is_about_deployments,
    read_stack_file,
    stack_file_name,
    stack_of,
    with_defaults,
)
from factory.settings.stack_levels import below, level_fault


@dataclass(frozen=True)
class Project:
    """Where a project's files are. ``images`` is a folder to read instead of the configured one."""

    work: Path
    stacks: tuple[Path, ...] = ()
    images: Path | None = None

    @property
    def root(self) -> Path:
        """The folder that relative settings start from: ``main`` of Pulumi.yaml."""
        file = self.work / "Pulumi.yaml"
        read = read_yaml(file, "Pulumi.yaml", Problems()) if file.is_file() else None
        return (self.work / str((read.data.get("main") if read else None) or ".")).resolve()


@dataclass(frozen=True)
class Checked:
    """What was read: images by folder, stacks by name; faults are with the problems.

    ``built`` are the images as each stack builds them, with its ``always``.
    """

    images: Mapping[Path, Images] = field(default_factory=dict)
    built: Mapping[str, Images] = field(default_factory=dict)
    stacks: Mapping[str, tuple[StackFile, Settings | None]] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many definitions were looked at, faulty ones included."""
        return sum(len(each.sound) + len(each.faulty) for each in self.images.values())


def find_project(work: Path, stack: str | Path | None, images: Path | None) -> Project:
    """Find a project's stack files: the one that is named, or all in the work folder.

    Raises :class:`FactoryError` if a stack is named that has no file.
    """
    if stack is None:
        found = sorted(path for path in work.glob("Pulumi.*.yaml") if stack_of(path))
        return Project(work, tuple(found), images)
    file = stack if isinstance(stack, Path) else work / stack_file_name(stack)
    if not file.is_file() or is_about_deployments(file):
        what = f"{shown(file)} is no stack file" if file.is_file() else f"there is no {shown(file)}"
        msg = f"{what} -> name a stack, or the path of its stack file"
        raise FactoryError(msg)
    return Project(work, (file,), images)


def check(project: Project, problems: Problems) -> Checked:
    """Read and check definitions and stack files; every fault goes to ``problems``."""
    root = project.root
    check_options(project.work, problems)
    images: dict[Path, Images] = {}
    built: dict[str, Images] = {}
    stacks: dict[str, tuple[StackFile, Settings | None]] = {}
    folders: dict[str, Path] = {}

    def read(folder: Path) -> Images:
        if folder not in images:
            images[folder] = read_images(folder, shown(folder), problems)
        return images[folder]

    for path in project.stacks:
        name = stack_of(path) or path.name
        stack = read_stack_file(path, shown(path), problems)
        raw = with_defaults(stack, project.work / "Pulumi.yaml")
        if "ARM_SUBSCRIPTION_ID" in os.environ:
            raw.setdefault("subscriptionId", os.environ["ARM_SUBSCRIPTION_ID"])
        settings = parse_settings(raw, stack, problems) if stack.file else None
        folder = project.images or root / str(raw.get("images", "images"))
        found = read(folder)
        if settings:
            found = with_always(found, settings, stack)
        built[name] = found
        stacks[name], folders[name] = (stack, settings), folder
        wanted = wanted_secrets(found.sound, settings) if settings else {}
        check_keys(stack, wanted, problems)
        if settings:
            known = {*stack.secrets, *(wanted if stack.elsewhere else ())}
            cross_check(found.sound, settings, known, stack, problems, faulty=found.faulty)
            rules = read_policies(root, settings.policies, stack.place("policies"), problems)
            held = check_policies(rules, found.sound, settings, stack, problems)
            problems.errors += held.broken
    _check_together(project, stacks, {name: read(folders[name]) for name in stacks}, problems)
    if not project.stacks:
        read_policies(root, POLICIES, "", problems)
        read(project.images or root / "images")
    return Checked(images, built, stacks, folders)


def _check_sources_are_there(
    project: Project,
    stacks: Collection[str],
    stack: StackFile,
    settings: Settings,
    problems: Problems,
) -> None:
    """Warn of stacks of this project that are named, and have no file beside this one's."""
    there = {*stacks, *(stack_of(path) or "" for path in project.work.glob("Pulumi.*.yaml"))} - {""}
    for source in named_sources(settings, stack):
        name = source.stack
        if "/" not in name and name not in there:
            problems.warn(
                source.place,
                f"{source.key}: there is no {stack_file_name(name)} beside this file",
                near_name(name, there - {stack.stack})
                or "name it organization/project/stack if it is of another project",
            )


def _check_together(
    project: Project,
    stacks: Mapping[str, tuple[StackFile, Settings | None]],
    images: Mapping[str, Images],
    problems: Problems,
) -> None:
    """Check how several stacks share the work; of those not read here, by the files beside."""

    def sibling(name: str) -> tuple[StackFile, Settings] | None:
        stack, settings = stacks.get(name, (None, None))
        if stack is not None and settings is not None:
            return stack, settings
        return read_sibling(project.work, name)

    for name, (stack, settings) in stacks.items():
        if settings:
            check_sharing(images[name].sound, settings, stack, sibling, problems)
            _check_sources_are_there(project, stacks, stack, settings, problems)
    read = [(stack, settings) for stack, settings in stacks.values() if settings]
    check_order(read, problems)
    _check_level(project, {name: each for name, (_, each) in stacks.items() if each}, problems)
    folders = {id(each): each.sound for each in images.values()}
    check_apart({} if len(folders) > 1 else next(iter(folders.values()), {}), read, problems)
    # One stack alone knows nothing of what the others build.
    if len(stacks) > 1 and len(folders) == 1:
        (found,) = folders.values()
        check_all_built(found, [settings for _, settings in read], problems)


def _check_level(project: Project, stacks: Mapping[str, Settings], problems: Problems) -> None:
    """Tell where the bootstrap keeps identities and states, if it lies beside."""
    for path in sorted((project.work / "bootstrap").glob("Pulumi.*.yaml")):
        stack = read_stack_file(path, shown(path), Problems())
        home = str(stack.raw.get("subscriptionId", ""))
        for name, here in below(home, stacks).items():
            problems.warn(stack.place("subscriptionId"), *level_fault(name, here, home))


def shown(path: Path) -> str:
    """Call a path as a user at the shell would: from where she is, if it is below."""
    here = Path.cwd()
    absolute = path.absolute()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else str(path)
