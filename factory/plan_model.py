"""The plan's vocabulary: what will be declared, and what will happen, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from factory.catalogue import Catalogue, Entry
from factory.definitions import Image
from factory.ledger import Held, Ledger
from factory.lineage import present_names
from factory.lock import Lock
from factory.names import image_name
from factory.observed import Observed, Thing
from factory.patterns import takes_any
from factory.record import Failure, Record, Spec
from factory.settings import Settings, TargetLab
from factory.versions import Version


class Action(StrEnum):
    """What happens to a version, in the order in which a plan lists it.

    Environments of labs have three of their own: created, replaced, deleted.
    """

    BUILD = "build"
    RESUME = "resume"
    RECEIVE = "receive"
    DELIVER = "deliver"
    RESTORE = "restore"
    WAIT = "wait"
    KEEP = "keep"
    ADOPT = "adopt"
    CREATE = "create"
    REPLACE = "replace"
    MARK = "mark"
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
    """One line of the plan."""

    action: Action
    identity: str
    version: str
    reason: str
    lab: str = ""


@dataclass(frozen=True)
class Inputs:
    """Everything that the plan is a function of. ``lock`` is there for a locked stack alone."""

    stack: str
    images: Mapping[str, Image]
    settings: Settings
    ledger: Ledger
    observed: Observed
    commit: str = "unknown"
    catalogue: Catalogue | None = None
    lock: Lock | None = None

    @cached_property
    def _present(self) -> Mapping[str, str]:
        return present_names(self.images)

    def present(self, identity: str) -> str:
        """Give what a definition is called now; versions keep the name they were built under."""
        return self._present.get(identity, identity)

    def names_of(self, identity: str) -> tuple[str, ...]:
        """Give all names a definition ever had, the present one first, by any of them."""
        now = self.present(identity)
        image = self.images.get(now)
        return image.names if image is not None else (now,)

    def held_of(self, identity: str) -> list[Held]:
        """Give the versions of a definition under all its names, oldest first."""
        found = [held for name in self.names_of(identity) for held in self.ledger.of(name)]
        return sorted(found, key=lambda held: (held.version, held.built))

    def takes(self, patterns: Sequence[str], identity: str) -> bool:
        """Tell whether patterns take a definition, by its present name or a former one."""
        return takes_any(patterns, self.names_of(identity))

    def image_in(self, lab: str, held: Held) -> Thing | None:
        """Give what Azure shows of a version's custom image in a lab, None if nothing is there."""
        observed = self.observed.labs.get(lab)
        name = image_name(held.identity, held.version).lower()
        return (observed.images or {}).get(name) if observed else None

    def half_made(self, held: Held) -> bool:
        """Tell whether the capture or its snapshot failed: a VM is fit to be captured only once."""
        name = image_name(held.identity, held.version).lower()
        made = (self.observed.captures.get(name), self.observed.snapshots.get(name))
        return any(thing is not None and thing.broken for thing in made)

    def lab_has(self, lab: str, held: Held) -> bool:
        """Tell whether a lab really has a version: by the ledger, and whole in Azure.

        What somebody deleted, or what Azure never finished, is no reason to let an older one go.
        """
        if lab not in held.labs:
            return False
        observed = self.observed.labs.get(lab)
        if observed is None or observed.images is None:
            return True
        found = self.image_in(lab, held)
        return found is not None and not found.broken


@dataclass(frozen=True)
class LabDelivery:
    """One version in one lab. ``adopt`` is the id of one that is there but not in the ledger.

    ``remake`` is the id of one that Azure never finished: it is cleared and made again.
    ``retiring`` is the day until which one that is to go stays, marked as such.
    """

    lab: TargetLab
    held: bool
    adopt: str | None = None
    remake: str | None = None
    retiring: str = ""


@dataclass(frozen=True)
class CopyPlan:
    """The copy of a source snapshot in one region; ``incremental`` crosses regions (CopyStart).

    ``origin`` is the id of another copy that it is made from, where the source is gone; ``lost``
    says that it is not there and cannot be made: what was made from it stays as it is.
    """

    name: str
    incremental: bool
    adopt: str | None = None
    origin: str = ""
    lost: bool = False


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
    says that it is not complete yet, ``lost`` that it is gone for good.
    """

    origin: str = ""
    region: str = ""
    waits: bool = False
    lost: bool = False


class Source(StrEnum):
    """What the factory lab's custom image is declared from."""

    VM = "vm"
    BACKING = "backing"


@dataclass(frozen=True)
class VersionPlan:
    """One version to declare: being built (``spec``), kept or received (``record``), or retired.

    ``retiring`` says since when it is marked as going: by lab, "" for all of them.
    ``attempt`` is the attempt to build it that begins or goes on, ``verifying`` that to verify it.
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
    source: SourcePlan = SourcePlan()

    def entry(self, record: Record) -> dict[str, str]:
        """Give this version's place in the catalogue, as plain data."""
        return Entry(record, self.retired, self.revoked).dump()


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
class Stray:
    """A VM of ours in the factory lab that nothing needs and that no resource stands for."""

    vm: str
    identity: str
    version: Version
    attempt: str


@dataclass(frozen=True)
class Plan:
    """What the program declares (``versions``) and what a reader sees (``steps``).

    ``passed_on`` are the entries of the source's catalogue that this stack's own repeats.
    ``holdings`` ({lab: {identity: versions}}) is what labs held already and still are to hold.
    ``revoked`` ({identity: {version: reason}}) is for the catalogue: also what is gone here.
    """

    versions: tuple[VersionPlan, ...]
    steps: tuple[Step, ...]
    last_versions: Mapping[str, Version] = field(default_factory=dict)
    adopted: Mapping[str, str] = field(default_factory=dict)
    serial: int = 0
    passed_on: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    adoptions: tuple[Adoption, ...] = ()
    holdings: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    revoked: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unreleased: tuple[Unreleased, ...] = ()
    strays: tuple[Stray, ...] = ()

    @property
    def nothing_due(self) -> bool:
        """Tell whether running this plan builds, delivers, retires and forgets nothing."""
        return not any(step.action in CHANGES for step in self.steps)
