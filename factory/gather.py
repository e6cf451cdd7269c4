"""Collects everything that the plan is a function of: the same for the program and the CLI.

The two differ only in who answers for the engine: the program asks it by invoke, the command line
by the ``pulumi`` command. Everything read is read here, once, in one order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from factory.azure.client import ArmClient
from factory.azure.cloud import find_cloud, find_credential, provider_lookup
from factory.azure.key_vault import Vaults
from factory.azure.observer import observe
from factory.azure.resources import Arm
from factory.common.errors import FactoryError, Problem, Problems
from factory.common.names import logical_name
from factory.common.ownership import Owner, new_state_id
from factory.definitions.lineage import present_names
from factory.definitions.loader import Image, read_images
from factory.definitions.lock_file import Lock, read_lock
from factory.ledger.catalogue import Catalogue
from factory.ledger.foundations import chain_of, located
from factory.ledger.lab_places import as_placed
from factory.ledger.model import Ledger
from factory.ledger.name_in_state import as_spelled
from factory.ledger.recovered_file import Recovered, read_recovered, with_recovered
from factory.ledger.source_catalogues import read_all
from factory.ledger.state_reader import read_ledger
from factory.ledger.undeclared_entries import check_resources
from factory.plan.inputs import Inputs
from factory.settings.cross_check import cross_check, wanted_secrets
from factory.settings.engine_command import HalfReplaced
from factory.settings.engine_config import git_commit
from factory.settings.loader import parse_settings
from factory.settings.policy_file import NO_POLICIES, Policies, check_policies, read_policies
from factory.settings.project_file import check_options
from factory.settings.selection import selected, with_always
from factory.settings.shared_work import check_sharing
from factory.settings.sibling_stacks import read_sibling, read_upstream
from factory.settings.soak_check import check_soaking
from factory.settings.stack import NAMESPACE, Settings
from factory.settings.stack_file import (
    StackFile,
    check_keys,
    read_stack_file,
    same_value,
    stack_file_name,
)


class Engine(Protocol):
    """What is asked of the engine; ``factory.settings.engine_config`` answers in a program."""

    def stack_file(self) -> Path | None:
        """Give the file that most of the configuration comes from, None if there is none."""

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

    def half_replaced(self, stack: str) -> HalfReplaced:
        """Give what replacements that failed before have left in this stack's state."""

    def digest(self, name: str, salt: str) -> str:
        """Give what tells a stack secret from another one, "" where secrets are not read."""

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
    recovered: Recovered | None = None
    policies: Policies = NO_POLICIES


def read_sources(
    root: Path,
    engine: Engine,
    images: Path | None = None,
    *,
    use_lock: bool = True,
    use_recovered: bool = True,
) -> Sources:
    """Read and check settings, definitions and lock; every fault of all is told at once.

    ``root`` is the folder that relative settings start from, ``images`` a folder to read instead of
    the configured one; without ``use_lock`` the lock file is not looked at, without
    ``use_recovered`` the file that a lost state is made again from. Raises :class:`FactoryError`.
    """
    problems = Problems()
    place = stack_file_name(engine.stack_name())
    check_options(engine.stack_folder(), problems)
    raw = engine.raw_settings()
    stack = _stack_file(engine, place, raw, problems)
    settings = parse_settings(raw, stack, problems)
    folder = str(images or raw.get("images", "images"))
    found = read_images(root / folder, folder, problems)
    if settings:
        found = with_always(found, settings, stack)
    wanted = wanted_secrets(found.sound, settings) if settings else {}
    check_keys(stack, wanted, problems)
    if settings:
        known = [name for name in wanted if engine.is_set(name)]
        cross_check(found.sound, settings, known, stack, problems, faulty=found.faulty)
        beside = engine.stack_folder()
        check_sharing(
            found.sound, settings, stack, lambda name: read_sibling(beside, name), problems
        )
        for chain in read_upstream(beside, settings.receives_from):
            theirs = selected(found.sound, chain[-1].settings)
            check_soaking(theirs, settings, chain, stack.name, problems)
    policies = NO_POLICIES
    if settings:
        rules = read_policies(root, settings.policies, stack.place("policies"), problems)
        policies = check_policies(rules, found.sound, settings, stack, problems)
    lock = _lock(root, settings, stack, problems) if settings and use_lock else None
    lost = (
        read_recovered(engine.stack_folder(), engine.stack_name(), problems)
        if use_recovered
        else None
    )
    problems.raise_if_any("definitions and settings")
    if settings is None:  # unreachable: without settings there is a problem
        raise FactoryError(place)
    warnings = tuple(problems.warnings)
    lock_path = root / settings.lock_file
    return Sources(root / folder, settings, found.sound, warnings, lock_path, lock, lost, policies)


def _stack_file(
    engine: Engine, place: str, raw: Mapping[str, Any], problems: Problems
) -> StackFile:
    """Read the file that settings come from, for their places; another stack's file has none."""
    path = engine.stack_file()
    if path is None:
        return StackFile(place)
    own = Problems()
    stack = read_stack_file(path, place, own)
    if not all(same_value(raw.get(name), value) for name, value in stack.raw.items()):
        return StackFile(place)  # the engine was given another file
    problems.errors += own.errors
    return stack


def _lock(root: Path, settings: Settings, place: StackFile, problems: Problems) -> Lock | None:
    """Read the lock of a locked stack; tell the owner of one that is not what the file is worth."""
    shown, path = settings.lock_file, root / settings.lock_file
    if not settings.builds:
        return None
    setting = f"{NAMESPACE}:locked"
    if settings.locked and not path.is_file():
        problems.error(
            place.place("locked"),
            f"{setting} is set, but there is no {shown}",
            f"python -m factory lock --stack {place.stack}",
        )
        return None
    if settings.locked:
        return read_lock(path, shown, problems)
    if path.is_file():
        problems.warn(shown, f"is ignored: {setting} is not set in {place.name}")
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


def read_catalogues(
    sources: Sources, engine: Engine, own: Mapping[str, Any], now: datetime
) -> tuple[Catalogue | None, Catalogue | None]:
    """Read what this stack receives, and where it finds parents; ``own`` are its own outputs.

    ``now`` is the time by Azure's clock.

    Raises :class:`FactoryError`.
    """
    moved = present_names(sources.images)

    def read(names: Sequence[str], *, patient: bool) -> Catalogue | None:
        stacks = [engine.full_name(name) for name in names]
        return read_all(
            engine.outputs_of,
            stacks,
            own,
            lambda name: moved.get(name, name),
            now,
            patient=patient,
            chains=lambda name: chain_of(engine.stack_folder(), name, engine.full_name),
        )

    # The first run of a building stack must not wait for the first run of another.
    return (
        read(sources.settings.receives_from, patient=False),
        read(sources.settings.parents_from, patient=True),
    )


def owner_of(
    ledger: Ledger, name: str, recovered: Recovered | None = None, fresh: str = ""
) -> Owner:
    """Say whose the things of a stack are that is called ``name`` now.

    A state that is made again is that which was lost; one that begins gets the id ``fresh``.
    """
    if recovered is not None:
        fresh = recovered.state
    begins = ledger.empty or recovered is not None
    return Owner(ledger.first_name or name, ledger.state or (fresh if begins else ""))


def gather(sources: Sources, engine: Engine, azure: Azure, *, catalogue: bool = True) -> Inputs:
    """Read the ledger, the source's catalogue and Azure.

    Without ``catalogue`` the source is not asked: a forecast that plays it too foresees what it
    will offer, even before it ever ran.

    Raises :class:`FactoryError`, or :class:`ArmError` if Azure cannot be read.
    """
    name = engine.stack_name()
    resources = engine.own_resources(name)
    check_resources(name, resources)
    # A stack that never came up has left nothing behind.
    half = engine.half_replaced(name) if resources else HalfReplaced()
    living = {urn: each for urn, each in resources.items() if logical_name(urn) not in half.gone}
    ledger = replace(read_ledger(living), pending=half.old, unmade=half.gone)
    settings, ledger = as_placed(as_spelled(sources.settings, ledger), ledger)
    fresh = new_state_id()
    owner = owner_of(ledger, name, sources.recovered, fresh)
    wanted = selected(sources.images, settings)
    observed = observe(azure.arm, settings, owner, wanted, sources.lock, vaults=azure.vaults)
    receives, parents = (
        read_catalogues(sources, engine, ledger.outputs, observed.now)
        if catalogue
        else (None, None)
    )
    return Inputs(
        stack=owner.stack,
        images=sources.images,
        settings=settings,
        ledger=with_recovered(
            located(ledger, observed, settings, owner),
            sources.recovered,
            observed,
            settings,
            owner,
        ),
        observed=observed,
        commit=git_commit(sources.root),
        catalogue=receives,
        lock=sources.lock,
        policies=sources.policies,
        parents=parents,
        sources=tuple(
            engine.full_name(name) for name in (*settings.receives_from, *settings.parents_from)
        ),
        recovered=sources.recovered,
        renamed=name if name != owner.stack else "",
        state=owner.state,
        fresh=fresh,
        tokens={
            source.name: engine.digest(source.token, f"{owner.stack}\n{source.name}")
            for source in settings.artifact_sources
            if source.token
        },
    )
