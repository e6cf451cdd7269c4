"""One stack as the site shows it: what was read of it, its plan, and what is foreseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from factory.common.errors import FactoryError
from factory.ledger.history import Event
from factory.plan.forecast import Foreseen, Outlook, outlooks
from factory.plan.inputs import Inputs
from factory.plan.model import Plan, Step
from factory.plan.planner import make_plan
from factory.plan.situation.resolution import resolve
from factory.plan.situation.situation import Situation

# What happens to one version, by definition and number.
_Key = tuple[str, str]


@dataclass
class StackView:
    """One stack; ``trouble`` says why it could not be read, or which guard stops its next run.

    ``updates`` are the engine's, newest first, ``events`` what they left in the state. ``job`` is
    what a job of CI left of its run: ``plan``, ``outcome`` and ``log``, as far as they are there.
    """

    name: str
    inputs: Inputs | None = None
    trouble: str = ""
    updates: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Event] = ()
    job: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan | None = None
    outlook: Outlook = field(default_factory=Outlook)

    @cached_property
    def situation(self) -> Situation | None:
        """All questions about it, answered once; None for one that could not be read."""
        return None if self.inputs is None else resolve(self.inputs)

    @cached_property
    def steps(self) -> Mapping[str, Sequence[Step]]:
        """The lines of its plan, by definition."""
        found: dict[str, list[Step]] = {}
        for step in self.plan.steps if self.plan else ():
            found.setdefault(step.identity, []).append(step)
        return found

    @cached_property
    def foreseen(self) -> Mapping[_Key, Sequence[Foreseen]]:
        """What is foreseen, by definition and version."""
        found: dict[_Key, list[Foreseen]] = {}
        for each in self.outlook.foreseen:
            found.setdefault((each.identity, each.version), []).append(each)
        return found


def plan_ahead(views: Sequence[StackView], weeks: int, every: timedelta) -> None:
    """Make the plans of stacks that were read, each after its sources, and play them ahead.

    One whose source is not among them is played alone, on what its source says now.
    """
    for view in views:
        if view.inputs is not None:
            try:
                view.plan = make_plan(view.inputs)
            except FactoryError as error:
                view.trouble = str(error)
    known = {view.inputs.name for view in views if view.inputs is not None}
    together: list[StackView] = []
    for view in views:
        if view.inputs is None or view.plan is None or weeks == 0:
            continue
        played = {each.inputs.name for each in together if each.inputs}
        if played >= known.intersection(view.inputs.sources):
            together.append(view)
        else:
            (view.outlook,) = outlooks([view.inputs], weeks, every)
    if together:
        chain = [each.inputs for each in together if each.inputs]
        for view, outlook in zip(together, outlooks(chain, weeks, every), strict=True):
            view.outlook = outlook
