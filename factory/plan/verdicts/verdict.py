"""What judging comes to: a verdict on each version, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from factory.common.names import version_urn_name
from factory.ledger.record import Record, Spec
from factory.plan.model import Action, UnmanagedVm
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.situation import EnvironmentSituation, Original
from factory.plan.situation.version_situation import VersionSituation
from factory.plan.verdicts.departure import Departure


class Fate(Enum):
    """What becomes of a version that the ledger holds."""

    KEEP = auto()
    # It stays until a day, and is delivered nowhere.
    MARK = auto()
    # It is to go, and first its protection comes off.
    UNPROTECT = auto()
    RETIRE = auto()
    # Revoked: labs lose it at once; and what its origin keeps of it, so that it can be restored.
    RECALL = auto()
    REVOKE = auto()
    # The state lost it: declared as it stands, and nothing else.
    READOPT = auto()
    # Retired: its source stays for its receivers, until they had time to copy.
    SOURCE_KEPT = auto()
    # Never released: kept for a look.
    LOOK = auto()
    REMOVE = auto()
    FORGET = auto()


@dataclass(frozen=True, eq=False)
class VersionVerdict:
    """What becomes of one version, and why.

    ``labs`` are those where it is declared, ``leaving`` says which it is to leave; ``marked``
    says until when it stays marked, by lab. ``protected``: the engine is to refuse to delete it.
    ``until`` is when a look at one that failed is over.
    """

    version: VersionSituation
    fate: Fate
    reason: str
    labs: tuple[LabSituation, ...] = ()
    leaving: tuple[Departure, ...] = ()
    marked: Mapping[str, datetime] = field(default_factory=dict)
    protected: bool = False
    until: datetime | None = None

    @property
    def dropped(self) -> tuple[tuple[str, Departure], ...]:
        """The labs that lose it in this run; others of ``leaving`` do once it is unprotected."""
        declared = {lab.name for lab in self.labs}
        return tuple(
            (lab, each) for each in self.leaving for lab in each.labs if lab not in declared
        )

    @property
    def unreplaced(self) -> Iterator[str]:
        """Name it for each lab that it goes from and that gets nothing in its place.

        One that no lab has counts once; so does one that is to go and is unprotected first.
        """
        name = f"{self.version.identity} {self.version.number}"
        going = self.fate in {Fate.RETIRE, Fate.UNPROTECT}
        dropped = {lab for lab, _ in self.dropped}
        for each in self.leaving:
            if each.unreplaced and not each.labs and going:
                yield name
            if each.unreplaced:
                yield from (f"{name} in {lab}" for lab in each.labs if going or lab in dropped)


@dataclass(frozen=True)
class Build:
    """A version to build. ``resumed`` goes on where a run was cut off, with what it began with."""

    spec: Spec
    attempt: int
    resumed: bool
    reason: str
    verifying: int = 1

    @property
    def name(self) -> str:
        """The name of its version in the state, identity@version."""
        return version_urn_name(self.spec.definition, self.spec.parsed())


@dataclass(frozen=True)
class Arrival:
    """A version that comes by this run, or why none does: ``action`` says which.

    It is built (``build``), or received (``record``); ``foreign`` to be built on alone.
    """

    action: Action
    identity: str
    reason: str
    version: str = ""
    lab: str = ""
    labs: tuple[LabSituation, ...] = ()
    build: Build | None = None
    record: Record | None = None
    foreign: bool = False


@dataclass(frozen=True)
class Parent:
    """What children of a definition are built on: identity@version, "" if there is nothing.

    ``missing`` says then why. ``neighbour``: another stack holds it in the same factory lab.
    """

    name: str = ""
    neighbour: bool = False
    missing: tuple[Action, str] | None = None


@dataclass(frozen=True)
class ImageVerdict:
    """What becomes of one definition: of its versions, what comes, and what is built on it.

    ``lost`` names good versions that labs would lose with nothing good to take their place.
    """

    image: ImageSituation
    versions: tuple[VersionVerdict, ...]
    arrivals: tuple[Arrival, ...]
    parent: Parent
    lost: tuple[str, ...]


@dataclass(frozen=True)
class OriginalVerdict:
    """What becomes of an image of the original factory; ``unreplaced`` as of a version."""

    original: Original
    action: Action
    reason: str
    unreplaced: bool = False


@dataclass(frozen=True)
class LabVerdict:
    """What is wrong with a lab as a whole, or with what is used in it."""

    action: Action
    identity: str
    version: str
    reason: str
    lab: str


@dataclass(frozen=True)
class EnvironmentVerdict:
    """What happens to an environment of a lab."""

    environment: EnvironmentSituation
    action: Action
    reason: str


@dataclass(frozen=True)
class Verdicts:
    """All verdicts of a run, in the order in which they were come to.

    ``leftovers`` are of versions whose build is over, ``vms`` the unmanaged VMs that go: known once
    it is known which builds run.
    """

    images: tuple[ImageVerdict, ...]
    originals: tuple[OriginalVerdict, ...]
    environments: tuple[EnvironmentVerdict, ...]
    labs: tuple[LabVerdict, ...]
    leftovers: tuple[VersionVerdict, ...] = ()
    vms: tuple[UnmanagedVm, ...] = ()

    @property
    def builds(self) -> Iterator[Build]:
        """The builds that are due, or that run once they are admitted."""
        arrivals = (arrival for image in self.images for arrival in image.arrivals)
        return (arrival.build for arrival in arrivals if arrival.build is not None)

    @property
    def unreplaced(self) -> tuple[str, ...]:
        """Name, once for each lab, what goes with nothing newer in its place."""
        versions = (each for image in self.images for each in image.versions)
        found = [name for each in versions for name in each.unreplaced]
        found += [
            f"environment {each.environment.shown} in {each.environment.lab}"
            for each in self.environments
            if each.action is Action.DELETE
        ]
        found += [
            f"{each.original.identity} {each.original.name} in {each.original.lab.name}"
            for each in self.originals
            if each.unreplaced
        ]
        return tuple(dict.fromkeys(found))
