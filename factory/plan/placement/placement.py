"""Where versions are to be: what is declared for a verdict, and what is worth telling of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from factory.plan.model import Action, LabDelivery, RegionDelivery, Unreleased, VersionPlan
from factory.plan.verdicts.verdict import Arrival, VersionVerdict


@dataclass(frozen=True)
class LabPlacement:
    """A version in one lab: what is declared, None if nothing is; ``action`` and why, if any."""

    lab: str
    delivery: LabDelivery | None
    action: Action | None = None
    reason: str = ""


@dataclass(frozen=True)
class RegionPlacement:
    """A version in one region; ``remade`` are its parts that are gone and made again.

    ``gone`` are those that the state still has, so that nothing is made in their place yet.
    """

    delivery: RegionDelivery | None
    labs: tuple[LabPlacement, ...]
    remade: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placement:
    """A version to declare because of a verdict; ``plan`` is None for one that is unfinished.

    Its source went before its copy was complete, so that it never comes to any lab.
    ``recaptured``: its custom image in the factory lab is made again.
    """

    verdict: VersionVerdict | Arrival
    plan: VersionPlan | None
    regions: tuple[RegionPlacement, ...] = ()
    recaptured: bool = False


@dataclass(frozen=True)
class Placements:
    """All that is declared: because of which verdict, and, in the order of declaration, what.

    ``unreleased`` is what is kept for a look.
    """

    found: tuple[Placement, ...]
    versions: tuple[VersionPlan, ...]
    unreleased: tuple[Unreleased, ...]

    @cached_property
    def unfinished(self) -> Collection[VersionVerdict | Arrival]:
        """The verdicts that come to nothing."""
        return [each.verdict for each in self.found if each.plan is None]
