"""A plan in the making: what the steps of planning add to, definition by definition."""

from __future__ import annotations

from dataclasses import dataclass, field

from factory.plan.model import Action, Step, Stray, Unreleased, VersionPlan
from factory.plan.rules.due import Build


@dataclass
class Draft:
    """Collects versions to declare and steps to tell.

    ``builds`` are those that are due and not admitted yet, ``newest`` names the version that
    children of a definition are to be built on, ``unreplaced`` what retires with nothing newer in
    its place, ``bereft`` the last good versions that labs would lose, ``unreleased`` what is kept
    for a look, ``strays`` are VMs that go. ``parentless`` says, by a definition that another stack
    builds, why there is none of it to build on, ``neighbours`` which parents another stack holds in
    the same factory lab.
    """

    versions: list[VersionPlan] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    unreplaced: list[str] = field(default_factory=list)
    bereft: list[str] = field(default_factory=list)
    unreleased: list[Unreleased] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    parentless: dict[str, tuple[Action, str]] = field(default_factory=dict)
    neighbours: set[str] = field(default_factory=set)
