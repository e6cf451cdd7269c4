"""One version of a definition as the plan finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from functools import cached_property

from factory.common import names
from factory.common.versions import Version
from factory.ledger.model import Held
from factory.ledger.record import Record
from factory.observed.model import BuildVm, Thing


class Standing(Enum):
    """What a version is. Whether an unreleased one is still being built, judging finds out."""

    UNRELEASED = auto()
    RELEASED = auto()
    REVOKED = auto()
    RETIRED = auto()
    # Another stack built it, and it was brought into the factory lab to be built on.
    FOREIGN = auto()


@dataclass(frozen=True)
class Place:
    """Where a snapshot of a version is, as the ledger has it, and what Azure shows there."""

    id: str
    name: str
    incremental: bool
    thing: Thing | None

    @property
    def copying(self) -> bool:
        """Tell whether Azure says that not all of its bytes are there yet."""
        percent = self.thing.copy_percent if self.thing is not None else None
        return percent is not None and percent < 100

    @property
    def broken(self) -> bool:
        """Tell whether it will never be whole."""
        return self.thing is not None and self.thing.broken


def vm_names(stack: str, held: Held) -> set[str]:
    """Give the names of all VMs that the ledger knows of a version."""
    identity, version = held.identity, held.version
    built = {names.vm_name(stack, identity, version, n) for n in held.attempts("vm")}
    verified = {
        names.verifying_vm_name(stack, identity, version, n) for n in held.attempts("verify")
    }
    return built | verified


@dataclass(frozen=True, eq=False)
class VersionSituation:
    """What is known of one version that the ledger holds.

    ``revoked`` says why nobody is to use it, "" if it is good. ``child`` names a version that is
    still kept and was built on it. ``offered``: its source still has it in its catalogue, or says
    nothing; ``retired_at_source``: that lets it go. ``copies`` are its snapshots by region, with
    ``source`` at home. ``half_made``: its capture or snapshot failed, and a VM is fit to be
    captured only once. ``capture_whole`` and ``source_whole`` tell what is worth keeping of one
    that failed. ``vms`` are those made for it that are there, the last one made last.
    """

    held: Held
    standing: Standing
    revoked: str
    child: str | None = None
    offered: bool = True
    retired_at_source: bool = False
    source: Place | None = None
    copies: Mapping[str, Place] = field(default_factory=dict)
    half_made: bool = False
    source_whole: bool = False
    capture_whole: bool = False
    vms: tuple[BuildVm, ...] = ()

    @property
    def identity(self) -> str:
        """The name of its definition when it was built."""
        return self.held.identity

    @property
    def version(self) -> Version:
        """Its number, to be compared."""
        return self.held.version

    @cached_property
    def number(self) -> str:
        """Its number as text."""
        return str(self.held.version)

    @cached_property
    def name(self) -> str:
        """Its name in the state, identity@version."""
        return names.version_urn_name(self.identity, self.version)

    @cached_property
    def image_name(self) -> str:
        """The lower-cased name of its custom images."""
        return names.image_name(self.identity, self.version).lower()

    @cached_property
    def labs(self) -> frozenset[str]:
        """Names of the labs that hold it."""
        return self.held.labs

    @property
    def record(self) -> Record | None:
        """What was written down at its release."""
        return self.held.record

    @cached_property
    def built(self) -> datetime | None:
        """When its build began; None for one that was never released."""
        return datetime.fromisoformat(self.record.built) if self.record else None

    @property
    def alive(self) -> bool:
        """Tell whether it is this stack's, was released, and is not retired."""
        return self.standing in {Standing.RELEASED, Standing.REVOKED}

    @property
    def foreign(self) -> bool:
        """Tell whether another stack built it, to be built on here."""
        return self.standing is Standing.FOREIGN
