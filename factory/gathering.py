"""Collects everything that the plan is a function of: the same for the program and the CLI.

The two differ only in who answers for the engine: the program asks it by invoke, the command line
by the ``pulumi`` command. Everything read is read here, once, in one order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from factory import catalogue as cat
from factory.arm import Arm
from factory.armclient import ArmClient
from factory.catalogue import read_catalogue
from factory.cloud import find_cloud, find_credential, provider_lookup
from factory.configuration import parse_settings
from factory.definitions import Image, load_images
from factory.ledger import read_ledger
from factory.lock import Lock, read_lock
from factory.observe import observe
from factory.plan_model import Inputs
from factory.problems import FactoryError, Problem, Problems
from factory.settings import NAMESPACE, Settings
from factory.soaking import check_soaking
from factory.stackconfig import git_commit
from factory.stackfile import read_upstream
from factory.validate import cross_check, wanted_secrets
from factory.vault import Vaults


class Engine(Protocol):
    """What is asked of the engine; ``factory/stackconfig.py`` answers within a program."""

    def raw_settings(self) -> dict[str, Any]:
        """Collect the stack's configuration as plain values, only what is set."""

    def provider_setting(self, key: str) -> str | None:
        """Look up one key of azure-native's configuration."""

    def is_set(self, name: str) -> bool:
        """Tell whether a setting has a value, without looking at it."""

    def stack_name(self) -> str:
        """Give the full name of this stack, organization/project/stack."""

    def full_name(self, stack: str) -> str:
        """Complete the name of another stack of this project."""

    def stack_folder(self) -> Path | None:
        """Give the folder with Pulumi.yaml and the stack files, None if the engine is silent."""

    def own_resources(self, stack: str) -> Mapping[str, Mapping[str, Any]]:
        """Read this stack's resources as last saved: {urn: {type, outputs}}."""

    def outputs_of(self, stack: str) -> Mapping[str, Any]:
        """Read another stack's outputs as last saved; {} for a stack that does not exist."""


@dataclass(frozen=True)
class Sources:
    """What is written in git: the stack's settings and the definitions, checked together."""

    root: Path
    settings: Settings
    images: Mapping[str, Image]
    warnings: tuple[Problem, ...]
    lock_path: Path
    lock: Lock | None = None


def read_sources(
    root: Path, engine: Engine, images: Path | None = None, *, use_lock: bool = True
) -> Sources:
    """Read and check settings, definitions and lock; every fault of all is told at once.

    ``root`` is the folder that relative settings start from, ``images`` a folder to read instead of
    the configured one; without ``use_lock`` the lock file is not looked at. Raises
    :class:`FactoryError`.
    """
    problems = Problems()
    place = f"Pulumi.{engine.stack_name().rpartition('/')[2]}.yaml"
    raw = engine.raw_settings()
    settings = parse_settings(raw, place, problems)
    folder = str(images or raw.get("images", "images"))
    found = load_images(root / folder, folder, problems)
    if settings and found:
        known = [name for name in wanted_secrets(found, settings) if engine.is_set(name)]
        cross_check(found, settings, known, place, problems)
        upstream = read_upstream(engine.stack_folder(), settings.receives_from)
        check_soaking(found, settings, upstream, place, problems)
    lock = _lock(root, settings, place, problems) if settings and use_lock else None
    problems.raise_if_any("definitions and settings")
    if settings is None:  # unreachable: without settings there is a problem
        raise FactoryError(place)
    warnings = tuple(problems.warnings)
    return Sources(root / folder, settings, found, warnings, root / settings.lock_file, lock)


def _lock(root: Path, settings: Settings, stack_file: str, problems: Problems) -> Lock | None:
    """Read the lock of a locked stack; tell the owner of one that is not what the file is worth."""
    shown, path = settings.lock_file, root / settings.lock_file
    if not settings.builds:
        return None
    setting = f"{NAMESPACE}:locked"
    stack = stack_file.removeprefix("Pulumi.").removesuffix(".yaml")
    if settings.locked and not path.is_file():
        problems.error(
            stack_file,
            f"{setting} is set, but there is no {shown}",
            f"python -m factory lock --stack {stack}",
        )
        return None
    if settings.locked:
        return read_lock(path, shown, problems)
    if path.is_file():
        problems.warn(shown, f"is ignored: {setting} is not set in {stack_file}")
    return None


@dataclass(frozen=True)
class Azure:
    """Both services that are asked, as the same identity."""

    arm: Arm
    vaults: Vaults


def connect(engine: Engine) -> Azure:
    """Sign in to Azure as azure-native does. Raises :class:`FactoryError`."""
    lookup = provider_lookup(engine.provider_setting)
    cloud = find_cloud(lookup)
    credential = find_credential(lookup, cloud)
    return Azure(Arm(ArmClient(cloud, credential)), Vaults(cloud, credential))


def gather(sources: Sources, engine: Engine, azure: Azure, *, catalogue: bool = True) -> Inputs:
    """Read the ledger, the source's catalogue and Azure.

    Without ``catalogue`` the source is not asked: a forecast that plays it too foresees what it
    will offer, even before it ever ran.

    Raises :class:`FactoryError`, or :class:`factory.armclient.ArmError` if Azure cannot be read.
    """
    settings, stack = sources.settings, engine.stack_name()
    ledger = read_ledger(engine.own_resources(stack))
    source = None
    if settings.receives_from and catalogue:
        name = engine.full_name(settings.receives_from)
        known = cat.last_serial(ledger.outputs, name)
        source = read_catalogue(engine.outputs_of(name), name, known)
    return Inputs(
        stack=stack,
        images=sources.images,
        settings=settings,
        ledger=ledger,
        observed=observe(
            azure.arm, settings, stack, sources.images, sources.lock, vaults=azure.vaults
        ),
        commit=git_commit(sources.root),
        catalogue=source,
        lock=sources.lock,
    )
