"""One definition as the plan finds it, by its present name: its file or none, its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from factory.common.versions import Version
from factory.definitions.lineage import Image
from factory.definitions.lock_file import LockedImage
from factory.definitions.policies import Keep
from factory.ledger.catalogue import Entry
from factory.ledger.failed_builds import FailedBuilds
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.version_situation import Standing, VersionSituation


@dataclass(frozen=True)
class Rules:
    """The rules in force for one definition: the stack's own win over what its file says.

    ``hold``: ``image-factory:hold`` takes it. ``approved`` are the versions that somebody let in,
    None where nobody is asked. ``rebuild`` are the moments asked for by hand, by their patterns.
    ``allow_none``: labs may be left without a good version.
    """

    keep: Keep
    pin: Version | None
    hold: bool
    let_go: bool
    allow_none: bool
    retire_after: timedelta | None
    after: timedelta | None
    approved: frozenset[str] | None
    rebuild: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True)
class Offer:
    """A version that another stack offers; ``bad`` says why nobody is to take it, "" if it is good.

    ``own_number``: this stack gave the number to a version of its own. ``neighbour``: its own stack
    holds it in this very factory lab.
    """

    entry: Entry
    origin: str
    bad: str
    own_number: bool
    neighbour: bool


@dataclass(frozen=True)
class Heir:
    """The definition that one was probably renamed to, though its ``formerly`` does not say so.

    It makes the same image, or its ``formerly`` has a name that is nearly this one: ``misspelt``.
    """

    identity: str
    file: str
    misspelt: str = ""


@dataclass(frozen=True, eq=False)
class ImageSituation:
    """What is known of one definition; ``image`` is None for one that left git.

    ``names`` are all that it ever had, the present one first. ``elsewhere``: another stack builds
    it; ``on_hold``: nothing at all is to happen to it here, by hold, trial or another stack.
    ``takers`` are the labs that take it, ``offers`` what its sources have, oldest first.
    ``children`` are the definitions that this stack builds on it, ``child`` one of them that is not
    on hold. ``next_version`` is the number that a build would get, ``base_version`` the exact
    marketplace image, None if none is offered, ``purchase_plan`` the plan that it is sold under.
    ``lock`` is its entry in the lock file, ``lock_fault`` says why there is none that fits.
    ``heir`` is what it was probably renamed to, if it left git. ``failed`` are its builds that
    failed in a row.
    """

    identity: str
    image: Image | None
    names: tuple[str, ...]
    generation: int
    versions: tuple[VersionSituation, ...]
    rules: Rules
    elsewhere: bool
    on_hold: bool
    takers: tuple[LabSituation, ...]
    offers: tuple[Offer, ...]
    children: tuple[str, ...]
    child: str | None
    next_version: Version
    base_version: str | None
    purchase_plan: Mapping[str, str]
    lock: LockedImage | None
    lock_fault: str
    heir: Heir | None = None
    failed: FailedBuilds | None = None

    @cached_property
    def own(self) -> tuple[VersionSituation, ...]:
        """The versions that are no foreign parents, oldest first."""
        return tuple(each for each in self.versions if not each.foreign)

    @cached_property
    def foreign(self) -> tuple[VersionSituation, ...]:
        """The versions that another stack built, brought here to build on."""
        return tuple(each for each in self.versions if each.foreign)

    @cached_property
    def alive(self) -> tuple[VersionSituation, ...]:
        """Its own that were released and are not retired, good or not."""
        return tuple(each for each in self.versions if each.alive)

    @cached_property
    def released(self) -> tuple[VersionSituation, ...]:
        """Those of them that are good when the run begins: only these count."""
        return tuple(each for each in self.alive if each.standing is Standing.RELEASED)

    @cached_property
    def taken_by(self) -> frozenset[str]:
        """The names of the labs that take it."""
        return frozenset(lab.name for lab in self.takers)

    @property
    def good_offers(self) -> tuple[Offer, ...]:
        """What may be taken, oldest first."""
        return tuple(each for each in self.offers if not each.entry.retired and not each.bad)

    def above_pin(self, version: VersionSituation) -> bool:
        """Tell whether a version is newer than the one its labs are pinned to."""
        return self.rules.pin is not None and version.version > self.rules.pin
