"""A stack as the plan finds it: all that the later stages read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from factory.common.ownership import Owner
from factory.common.versions import Version
from factory.definitions.artifact_content import Contents
from factory.definitions.definition import VaultRef
from factory.definitions.lineage import IMAGE_PATH
from factory.ledger.foundations import FOUNDATION_KINDS
from factory.ledger.model import Foundation
from factory.observed.artifact_manifest import Shelves
from factory.observed.lab_rules import LabRules
from factory.observed.model import BuildVm, Thing
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.places import Displaced
from factory.plan.situation.sizes import Sizes
from factory.plan.situation.version_situation import VersionSituation
from factory.settings.environments import LabEnvironment, Replace
from factory.settings.policy_file import Policies
from factory.settings.stack import FactoryLab

# {identity: {version: reason}}, as it stands in a catalogue
Revoked = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Limits:
    """What a run may do at most; 0 is no limit of builds and cores, ``free`` None is unknown."""

    builds: int
    cores: int
    free: int | None
    retirements: int


@dataclass(frozen=True)
class FactoryLabSituation:
    """The lab that builds. ``deleted``: this stack made it and it is gone.

    ``unfinished``: Azure was still making it when the last run ended.
    """

    spec: FactoryLab
    lab: LabSituation
    deleted: bool
    unfinished: bool


@dataclass(frozen=True)
class Original:
    """One image of the original image factory in one lab; ``held`` if it was adopted before.

    ``identity`` is the definition that its tag names, "" if none has that path; ``fault`` says why
    it cannot be adopted; ``deleted``: it was adopted, and somebody deleted it.
    """

    lab: LabSituation
    name: str
    thing: Thing
    held: bool
    identity: str = ""
    created: datetime | None = None
    fault: str = ""
    deleted: bool = False

    @property
    def path(self) -> str:
        """What its tag says, for people."""
        return str(self.thing.tags.get(IMAGE_PATH, "-"))


@dataclass(frozen=True)
class EnvironmentSituation:
    """An environment by its logical name: what the settings say, what the ledger has.

    ``held`` is its name in Azure, ``held_id`` its id there, "" if the state has none.
    """

    logical_name: str
    declared: LabEnvironment | None
    held: str | None
    held_id: str = ""

    @property
    def goes_first(self) -> bool:
        """Tell whether the one that is there goes before its successor is made."""
        first = self.declared is not None and self.declared.replace is Replace.DELETE_FIRST
        return first and bool(self.held_id)

    @property
    def lab(self) -> str:
        """The lab that it is in."""
        return self.logical_name.split("/", 2)[1]

    @property
    def shown(self) -> str:
        """How people call it."""
        return self.logical_name.split("/", 2)[2]


@dataclass(frozen=True)
class FoundationSituation:
    """A group, lab, network or artifact source of the stack's own, by its logical name.

    ``declared`` is its name by the settings, "" if they name it no more. ``held``: the state has
    it; ``finished``: as a whole, as far as is known. ``edited`` names settings that have changed.
    """

    logical_name: str
    declared: str
    held: bool
    finished: bool
    edited: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """What it is, for people."""
        kind = FOUNDATION_KINDS.get(self.logical_name, "artifact source")
        return f"{kind} {self.declared or self.logical_name.rpartition('/')[2]}"


@dataclass(frozen=True)
class GroupSituation:
    """A group that the stack stands on; ``created``: the settings have it made if it is not there.

    ``lent``: others made it. It is used as it is.
    """

    setting: str
    name: str
    created: bool
    there: bool
    lent: bool


@dataclass(frozen=True)
class RecoveredFile:
    """The file that a lost state is made again from; ``done`` if it has nothing more to give.

    ``left_out`` are the versions whose parts nothing in Azure has as this stack's.
    """

    shown: str
    serial: int
    done: bool
    left_out: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Losses:
    """What a run would lose that no run may lose; see factory/plan/verdicts/guards.py.

    ``state`` are the ids of what carries the stack's tag while its state is empty, ``foundations``
    what this stack made and its settings no longer say, ``adopted`` and ``protected`` count images
    by the labs that left the settings. ``displaced`` stands elsewhere than they say.
    """

    state: tuple[str, ...]
    foundations: tuple[tuple[str, Foundation], ...]
    adopted: Mapping[str, int]
    protected: Mapping[str, int]
    displaced: tuple[Displaced, ...]


@dataclass(frozen=True)
class Situation:
    """Everything that is known before anything is decided.

    ``images`` are the definitions by their present names, parents first; ``labs`` those of the
    settings, in their order. ``snapshots`` and ``managed_images`` are what the stack's group
    holds, by lower-cased name, if that was asked (``group_read``), ``vms`` the VMs in its lab.
    ``source`` names who offers versions, None if nobody is asked. ``present`` gives the present
    name for former ones. ``revoked`` is all that is known to be, ``last_versions`` the newest
    numbers that were ever given, ``given`` those of the ledger alone. ``occupied`` are things of
    others where foundations of this stack are to be, ``lent`` are groups that others made,
    ``adopted`` and ``remade`` foundations to take in or to make again, by their logical names.
    ``outputs`` are the stack's own of the last run.
    ``owner`` is the full name and the id that its tags say, ``name`` the name it has now,
    ``last_name`` that of the last run. ``fresh`` is an id for a state that has none. ``rules`` are
    those of a factory lab that others keep, ``policies`` those of the company.
    """

    owner: Owner
    name: str
    last_name: str
    now: datetime
    commit: str
    builds: bool
    subscription: str
    region: str
    images: Mapping[str, ImageSituation]
    labs: tuple[LabSituation, ...]
    factory_lab: FactoryLabSituation | None
    limits: Limits
    protects: bool
    keeps_removed: bool
    grace_for_vms: timedelta | None
    source_grace: timedelta
    source: str | None
    contents: Contents
    shelves: Shelves
    vault_faults: Mapping[VaultRef, str]
    lock_shown: str
    vms: Mapping[str, BuildVm]
    snapshots: Mapping[str, Thing]
    managed_images: Mapping[str, Thing]
    group_read: bool
    originals: tuple[Original, ...]
    environments: tuple[EnvironmentSituation, ...]
    foundations: tuple[FoundationSituation, ...]
    losses: Losses
    present: Mapping[str, str]
    revoked: Revoked
    passed_on: Mapping[str, Mapping[str, Mapping[str, str]]]
    pending: Mapping[str, int]
    unmade: frozenset[str]
    given: Mapping[str, Version]
    last_versions: Mapping[str, Version]
    occupied: Mapping[str, Thing]
    lent: frozenset[str]
    groups: tuple[GroupSituation, ...]
    adopted: Mapping[str, str]
    remade: Mapping[str, str]
    outputs: Mapping[str, Any]
    recovered: Mapping[str, Mapping[str, str]] | None
    file: RecoveredFile | None
    pins_to_nothing: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    sizes: Sizes
    rules: LabRules | None
    policies: Policies
    fresh: str = ""

    @property
    def stack(self) -> str:
        """The full name under which it began: names of VMs hang on it."""
        return self.owner.stack

    def image(self, identity: str) -> ImageSituation:
        """Give a definition by any of its names."""
        return self.images[self.present.get(identity, identity)]

    def lab(self, name: str) -> LabSituation | None:
        """Give a lab by its name, the stack's own among them; None if the settings name none."""
        own = self.factory_lab
        if own is not None and own.lab.name == name:
            return own.lab
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, LabSituation]:
        return {lab.name: lab for lab in self.labs}

    def holders(self, version: VersionSituation) -> tuple[LabSituation, ...]:
        """Give the labs that hold a version; one that left the settings is not named."""
        return tuple(lab for lab in self.labs if lab.name in version.labs)

    @property
    def receives(self) -> bool:
        """Tell whether it takes versions from other stacks, and has asked them."""
        return not self.builds and self.source is not None

    @property
    def lab_name(self) -> str:
        """The name of the factory lab, "" in a stack that has none."""
        return self.factory_lab.lab.name if self.factory_lab else ""
