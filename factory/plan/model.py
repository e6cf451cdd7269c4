"""The plan's vocabulary: what will be declared, and what will happen, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from factory.common.ownership import BuildKey
from factory.common.versions import Version
from factory.definitions.definition import USUAL_TIME_LIMIT
from factory.ledger.catalogue import Entry
from factory.ledger.failed_builds import FailedBuilds
from factory.ledger.record import Failure, Record, Spec
from factory.settings.stack import TargetLab


class Action(StrEnum):
    """What happens to a version, in the order in which a plan lists it.

    Environments, groups, labs, networks and artifact sources have four of their own: created,
    replaced, updated, deleted.
    """

    BUILD = "build"
    RESUME = "resume"
    RECEIVE = "receive"
    DELIVER = "deliver"
    RESTORE = "restore"
    PROTECT = "protect"
    WAIT = "wait"
    KEEP = "keep"
    ADOPT = "adopt"
    CREATE = "create"
    REPLACE = "replace"
    UPDATE = "update"
    MARK = "mark"
    UNMARK = "unmark"
    UNPROTECT = "unprotect"
    RETIRE = "retire"
    REMOVE = "remove"
    DELETE = "delete"
    FORGET = "forget"
    REFUSE = "refuse"
    NOTHING = "nothing"
    WARN = "warn"


# Actions that change something; a plan with none of them has nothing due.
CHANGES = frozenset(Action) - {Action.KEEP, Action.NOTHING, Action.WAIT, Action.WARN}


@dataclass(frozen=True)
class Step:
    """One line of the plan; ``resource`` is what it is about, by its name in the state."""

    action: Action
    identity: str
    version: str
    reason: str
    lab: str = ""
    resource: str = ""


@dataclass(frozen=True)
class LabDelivery:
    """One version in one lab. ``adopt`` is the id of one that is there but not in the ledger.

    ``remake`` is the id of one that Azure never finished: it is cleared and made again.
    ``retiring`` is the day until which one that is to go stays, marked as such. ``called`` is what
    the state calls a lab that has a namesake there.
    """

    lab: TargetLab
    held: bool
    adopt: str | None = None
    remake: str | None = None
    retiring: str = ""
    called: Sequence[str] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """What the state calls the lab: by its name, or by name and group if that is taken."""
        return tuple(self.called) or (self.lab.name,)


@dataclass(frozen=True)
class CopyPlan:
    """The copy of a source snapshot in one region; ``incremental`` crosses regions (CopyStart).

    ``origin`` is the id of another copy that it is made from, where the source is gone; ``lost``
    says that it is not there and cannot be made: what was made from it stays as it is. ``held``:
    the ledger has it.
    """

    name: str
    incremental: bool
    adopt: str | None = None
    origin: str = ""
    lost: bool = False
    held: bool = False


@dataclass(frozen=True)
class RegionDelivery:
    """What one region of this subscription gets: at most one copy, one backing image, its labs.

    ``waits`` says that something here is not in the ledger yet, so that the copy has to be complete
    before anything is made from it.
    """

    region: str
    copy: CopyPlan | None
    backing: bool
    labs: tuple[LabDelivery, ...]
    waits: bool
    adopt_backing: str | None = None
    remake_backing: str | None = None
    backing_lost: bool = False


@dataclass(frozen=True)
class SourcePlan:
    """The source snapshot of a released version in the stack that built it.

    ``origin`` is the id of the copy (in ``region``) that a lost one is made again from; ``waits``
    says that it is not complete yet, ``lost`` that it is gone for good. ``adopt`` is the id of one
    that is there and that the state lost.
    """

    origin: str = ""
    region: str = ""
    waits: bool = False
    lost: bool = False
    adopt: str | None = None


class Source(StrEnum):
    """What the factory lab's custom image is declared from."""

    VM = "vm"
    BACKING = "backing"


@dataclass(frozen=True)
class VersionPlan:
    """One version to declare: being built (``spec``), kept or received (``record``), or retired.

    ``retiring`` says since when it is marked as going: by lab, "" for all of them.
    ``attempt`` is the attempt to build it that begins or goes on, ``verifying`` that to verify it.
    ``vm_held`` and ``verifying_held``: the ledger has the VM of that attempt. ``protected``: the
    engine is to refuse to delete its images. ``foreign``: another stack built it, and it is brought
    into the factory lab for children; ``handed_over``: another stack builds its definition now.
    ``adopt_capture`` is the id of a custom image in the factory lab that the state lost.
    ``time_limit``: how long Azure may take for any one of its parts.
    """

    identity: str
    version: Version
    regions: tuple[RegionDelivery, ...] = ()
    spec: Spec | None = None
    attempt: int = 1
    verifying: int = 1
    record: Record | None = None
    retired: datetime | None = None
    retiring: Mapping[str, datetime] = field(default_factory=dict)
    revoked: str = ""
    captured_from: Source | None = None
    adopt_capture: str | None = None
    source: SourcePlan = SourcePlan()
    vm_held: bool = False
    verifying_held: bool = False
    protected: bool = False
    foreign: bool = False
    handed_over: bool = False
    time_limit: timedelta = USUAL_TIME_LIMIT

    @property
    def build(self) -> BuildKey:
        """Which build it is."""
        facts = self.record or self.spec
        return facts.build if facts else BuildKey(self.identity, str(self.version))

    def entry(self, record: Record) -> dict[str, str]:
        """Give this version's place in the catalogue, as plain data."""
        return Entry(record, self.retired, self.revoked, self.handed_over).dump()


@dataclass(frozen=True)
class Adoption:
    """A custom image of the original factory to declare; ``id`` if it is taken in by this run."""

    lab: str
    name: str
    id: str | None


@dataclass(frozen=True)
class Unreleased:
    """A version that failed and is kept for a look: its source and capture, if they were made.

    ``vm`` names the lab VM that failed; it stays as it is, outside the state.
    """

    identity: str
    version: Version
    spec: Spec
    until: datetime
    failure: Failure | None
    source: bool
    capture: bool
    vm: str = ""


@dataclass(frozen=True)
class UnmanagedVm:
    """A VM of ours in the factory lab that nothing needs and that no resource stands for."""

    vm: str
    identity: str
    version: Version
    attempt: str
    built: str = ""


@dataclass(frozen=True)
class Cost:
    """What a run costs in things; ``guessed`` names definitions whose size no record tells yet."""

    vm_minutes: int = 0
    builds: int = 0
    copied_gib: int = 0
    stored_before_gib: int = 0
    stored_after_gib: int = 0
    guessed: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write it as the last line of a plan."""
        parts = []
        if self.builds:
            builds = "1 build" if self.builds == 1 else f"{self.builds} builds"
            parts.append(f"about {self.vm_minutes} VM minutes for {builds}")
        if self.copied_gib:
            parts.append(f"{self.copied_gib} GiB copied between regions")
        before, after = self.stored_before_gib, self.stored_after_gib
        parts.append(f"{before} GiB stored" + (f", {after} GiB after" if after != before else ""))
        count = len(self.guessed)
        guesses = "one size is a guess" if count == 1 else f"{count} sizes are guesses"
        return f"Cost: {'; '.join(parts)}{f' ({guesses})' if count else ''}."


@dataclass(frozen=True)
class Plan:
    """What the program declares (``versions``) and what a reader sees (``steps``).

    ``passed_on`` are the entries of the source's catalogue that this stack's own repeats.
    ``holdings`` ({lab: {identity: versions}}) is what labs held already and still are to hold.
    ``revoked`` ({identity: {version: reason}}) is for the catalogue: also what is gone here.
    ``neighbours`` are parents (identity@version) that another stack holds in the same factory lab.
    ``state`` is the id that everything new carries. ``lent`` are groups that others made.
    ``recovered`` ({identity: {version: "taking in" | "settled"}}) is what a lost state was made
    again from, None if that never happened. ``replaced`` are the ids of environments that go before
    their successors are made, by their logical names. ``cost`` is an estimate.
    """

    versions: tuple[VersionPlan, ...]
    steps: tuple[Step, ...]
    last_versions: Mapping[str, Version] = field(default_factory=dict)
    failed_builds: Mapping[str, FailedBuilds] = field(default_factory=dict)
    adopted: Mapping[str, str] = field(default_factory=dict)
    lent: frozenset[str] = frozenset()
    remade: Mapping[str, str] = field(default_factory=dict)
    serial: int = 0
    passed_on: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    adoptions: tuple[Adoption, ...] = ()
    holdings: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    revoked: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unreleased: tuple[Unreleased, ...] = ()
    unmanaged_vms: tuple[UnmanagedVm, ...] = ()
    neighbours: frozenset[str] = frozenset()
    recovered: Mapping[str, Mapping[str, str]] | None = None
    state: str = ""
    replaced: Mapping[str, str] = field(default_factory=dict)
    cost: Cost = Cost()

    @property
    def nothing_due(self) -> bool:
        """Tell whether running this plan builds, delivers, retires and forgets nothing."""
        return not any(step.action in CHANGES for step in self.steps)
