"""Plays the plan ahead, week by week: what every lab will hold, and what it costs. Pure.

The same plan function as ever, on a ledger to which each plan was applied as if all went well. It
assumes that nothing else changes: definitions, settings, base images, and what Azure reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from factory.common.errors import FactoryError
from factory.ledger.model import Ledger
from factory.ledger.source_catalogues import read_all
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from factory.plan.simulate import played
from factory.settings.stack import Settings

# {lab: {identity: versions, oldest first}}
Holdings = Mapping[str, Mapping[str, tuple[str, ...]]]
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Run:
    """One `up` of the stack: when, what it will do, and what its state is then."""

    now: datetime
    plan: Plan
    ledger: Ledger


@dataclass
class Week:
    """What happens in one week, and what stands at its end."""

    begins: datetime
    builds: int = 0
    receives: int = 0
    retires: int = 0
    refusals: set[str] = field(default_factory=set)
    vm_minutes: int = 0
    copied_gib: int = 0
    stored_gib: int = 0
    holdings: Holdings = field(default_factory=dict)


@dataclass(frozen=True)
class Foreseen:
    """Something that time alone brings to a version: when, what, in which labs, and why."""

    when: datetime
    action: Action
    identity: str
    version: str
    labs: tuple[str, ...]
    why: str


@dataclass
class Outlook:
    """What is foreseen of one stack; ``stopped`` says which guard ends it before its time."""

    weeks: list[Week] = field(default_factory=list)
    foreseen: list[Foreseen] = field(default_factory=list)
    stopped: str = ""


_FORESEEN = (Action.BUILD, Action.RECEIVE, Action.MARK, Action.RETIRE)


def outlooks(chain: Sequence[Inputs], weeks: int, every: timedelta) -> list[Outlook]:
    """Foresee so many weeks of all stacks together, each after those that it takes from."""
    begin = begin_of(chain)
    found = [Outlook() for _ in chain]
    try:
        for place, run in played_together(chain, begin + weeks * WEEK, every):
            _enter(found[place].weeks, run, begin, chain[place].settings)
            found[place].foreseen += _news(run) if run.now > begin else []
    except FactoryError as error:
        for each in found:
            each.stopped = str(error)
    for each in found:
        _fill(each.weeks, weeks, begin)
    return found


def _news(run: Run) -> list[Foreseen]:
    labs: dict[tuple[Action, str, str, str], list[str]] = {}
    for step in run.plan.steps:
        if step.action in _FORESEEN:
            key = (step.action, step.identity, step.version, step.reason)
            labs.setdefault(key, []).extend([step.lab] if step.lab else [])
    return [Foreseen(run.now, *key[:3], tuple(found), key[3]) for key, found in labs.items()]


def runs(chain: Sequence[Inputs], until: datetime, every: timedelta) -> Iterator[Run]:
    """Play an `up` of every stack every so often, and give those of the last one.

    ``chain`` are the stacks before the one of interest and, last, that one, each after those that
    it takes from; the first run is now, with what was observed now. Raises :class:`FactoryError`
    with the date if a guard stops a run.
    """
    last = len(chain) - 1
    return (run for place, run in played_together(chain, until, every) if place == last)


def played_together(
    chain: Sequence[Inputs], until: datetime, every: timedelta
) -> Iterator[tuple[int, Run]]:
    """Give the runs of all stacks of a chain, each with the place of its stack; as :func:`runs`."""
    stacks = list(chain)
    now = begin_of(stacks)
    while now < until:
        for place, inputs in enumerate(stacks):
            current = _at(inputs, now, stacks[:place])
            try:
                plan = make_plan(current)
            except FactoryError as error:
                msg = f"the run of {now:%Y-%m-%d}: {error}"
                raise FactoryError(msg) from None
            ledger = played(current, plan)
            stacks[place] = replace(current, ledger=ledger)
            yield place, Run(now, plan, ledger)
        now += every


def begin_of(chain: Sequence[Inputs]) -> datetime:
    """Give the moment at which all stacks had been observed: that of the first run."""
    return max(inputs.observed.now for inputs in chain)


def _at(inputs: Inputs, now: datetime, before: Sequence[Inputs]) -> Inputs:
    """Move a stack's inputs to a later moment; what Azure reports stays but for the build VMs."""
    observed = inputs.observed
    if now > observed.now:
        # Nobody has looked into the labs of the future: there the ledger is believed.
        labs = {
            name: replace(lab, images=None) if lab else None for name, lab in observed.labs.items()
        }
        observed = replace(observed, now=now, vms={}, labs=labs, captures={})
    played = {each.name: each.ledger.outputs for each in before if each.name in inputs.sources}
    if not played:
        return replace(inputs, observed=observed)
    builds = inputs.settings.builds
    told = read_all(
        lambda stack: played[stack], list(played), {}, inputs.present, observed.now, patient=builds
    )
    return replace(
        inputs,
        observed=observed,
        catalogue=None if builds else told,
        parents=told if builds else None,
    )


def forecast(chain: Sequence[Inputs], weeks: int, every: timedelta) -> list[Week]:
    """Foresee so many weeks of the last stack of ``chain``; see :func:`runs`."""
    begin = begin_of(chain)
    found: list[Week] = []
    for run in runs(chain, begin + weeks * WEEK, every):
        _enter(found, run, begin, chain[-1].settings)
    _fill(found, weeks, begin)
    return found


def _enter(weeks: list[Week], run: Run, begin: datetime, settings: Settings) -> None:
    """Put a run into its week, which may be a new one."""
    while run.now >= begin + len(weeks) * WEEK:
        weeks.append(_following(weeks, begin))
    _add(weeks[-1], run, settings)


def _fill(weeks: list[Week], count: int, begin: datetime) -> None:
    while len(weeks) < count:
        weeks.append(_following(weeks, begin))


def _following(weeks: Sequence[Week], begin: datetime) -> Week:
    """Begin a week with what stood at the end of the one before."""
    week = Week(begin + len(weeks) * WEEK)
    if weeks:
        week.holdings, week.stored_gib = weeks[-1].holdings, weeks[-1].stored_gib
    return week


def _add(week: Week, run: Run, settings: Settings) -> None:
    steps = run.plan.steps
    week.builds += sum(step.action in {Action.BUILD, Action.RESUME} for step in steps)
    week.receives += sum(step.action is Action.RECEIVE for step in steps)
    week.retires += len(
        {(step.identity, step.version) for step in steps if step.action is Action.RETIRE}
    )
    week.refusals |= {
        f"{step.identity}: {step.reason}" for step in steps if step.action is Action.REFUSE
    }
    week.vm_minutes += run.plan.cost.vm_minutes
    week.copied_gib += run.plan.cost.copied_gib
    week.stored_gib = run.plan.cost.stored_after_gib
    week.holdings = holdings(run.ledger, settings)


def holdings(ledger: Ledger, settings: Settings) -> Holdings:
    """Tell what every lab holds, the factory lab among them, as far as it is ours."""
    own = [settings.factory_lab.name] if settings.factory_lab else []
    found: dict[str, dict[str, list[str]]] = {
        name: {} for name in [*own, *(lab.name for lab in settings.labs)]
    }
    for (identity, version), held in sorted(ledger.held.items()):
        captured = own if held.has("capture") else []
        for lab in [*captured, *sorted(held.labs)]:
            found.setdefault(lab, {}).setdefault(identity, []).append(str(version))
    return {
        lab: {identity: tuple(versions) for identity, versions in images.items()}
        for lab, images in found.items()
    }
