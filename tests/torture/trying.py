"""One accident: arranged, recovered from as `make up` does, and judged by an undisturbed run."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rehearsal.client import RehearsalError
from tests.torture.accidents import Accident, again
from tests.torture.alone import alone
from tests.torture.ending import Ending, Thing, ending
from tests.torture.killing import killed_up
from tests.torture.phases import PHASES, STACKS, Life, Phase
from tests.torture.requests import Request, changes

_FOLLOWED = 1 / 3


class Verdict(StrEnum):
    """How an accident ended."""

    SURVIVED = "survived at once"
    MENDED = "mended by the next run"
    LOST = "lost"
    LEAKED = "leaked"
    STUCK = "stuck"
    MISSED = "did not come"

    @property
    def good(self) -> bool:
        """Whether nobody had to do anything."""
        return self in {Verdict.SURVIVED, Verdict.MENDED, Verdict.MISSED}


@dataclass(frozen=True)
class Undisturbed:
    """What every phase asks for, and how it ends."""

    requests: Mapping[str, Sequence[Request]]
    endings: Mapping[str, Ending]
    settled: dict[tuple[str, ...], Ending] = field(default_factory=dict)

    def after(self, life: Life, phase: Phase, stacks: Sequence[str]) -> Ending:
        """Give how it ends if, from where a phase began, these stacks are brought up in turn.

        What only one more run retires is gone after two of them; and a run that was killed counts
        as one: what it had done, the next one builds on. What stands now is given up for this.
        """
        if tuple(stacks) == (phase.stack,):
            return self.endings[phase.name]
        key = (phase.name, *stacks)
        if key not in self.settled:
            life.go_back(phase)
            for stack in stacks:
                went_well, told = life.up(stack)
                assert went_well, told
            self.settled[key] = ending(life.factory)
        return self.settled[key]

    def of(self, phases: Sequence[Phase]) -> list[tuple[Phase, Sequence[Request]]]:
        """Give the requests of those phases in which accidents are tried."""
        return [(phase, self.requests[phase.name]) for phase in phases if phase.tried]


@dataclass
class Tried:
    """How one accident went; ``told`` is what was said and done, run after run.

    ``followed`` tells whether the stack that receives was brought up after it, and compared too.
    """

    accident: Accident
    verdict: Verdict = Verdict.MISSED
    wrong: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    built_anew: int = 0
    runs: int = 0
    followed: bool = False
    commit: str = ""


def undisturbed(life: Life, phases: Sequence[Phase] = PHASES) -> Undisturbed:
    """Live through some first phases, keeping what stands at the beginning of each."""
    requests, endings = {}, {}
    life.begin()
    for phase in phases:
        phase.change(life.factory)
        life.keep(phase)
        since = life.factory.azure()["now"]
        went_well, told = life.up(phase.stack)
        assert went_well, told
        requests[phase.name] = changes(life.factory, since)
        endings[phase.name] = ending(life.factory)
    return Undisturbed(requests, endings)


def attempt(life: Life, accident: Accident, whole: Undisturbed, seed: int) -> Tried:
    """Try one accident from the beginning of its phase."""
    tried = Tried(accident)
    life.go_back(accident.phase)
    try:
        if _struck(life, accident, whole, tried, seed):
            end = _recover(life, whole.endings[accident.phase.name], tried)
            then = _follow(life, accident, tried, seed)
            _judge(life, whole, end, then, tried)
    except (RehearsalError, AssertionError) as error:
        tried.verdict = Verdict.STUCK
        tried.wrong.append(str(error)[-2000:])
    if any("Traceback" in told for told in tried.told):
        tried.wrong.append("a traceback was shown")
        tried.verdict = Verdict.STUCK
    return tried


def _struck(life: Life, accident: Accident, whole: Undisturbed, tried: Tried, seed: int) -> bool:
    """Let it happen; False if the request never came."""
    if accident.kind.hold:
        return _killed(life, accident, tried, seed)
    client = life.factory.control()
    client.control("POST", "faults", {"id": "struck", **accident.kind.rule(accident.request)})
    went_well, told = life.up(accident.phase.stack)
    tried.told.append(told)
    client.control("DELETE", "faults")
    tried.runs = 1
    if not went_well:
        end = ending(life.factory, orphans=False)
        missing = end.missing(whole.endings[accident.phase.name])
        tried.wrong += alone(accident, missing, told)
    return bool(client.control("GET", "requests", None, fault="struck")["value"])


def _killed(life: Life, accident: Accident, tried: Tried, seed: int) -> bool:
    kind, stack, factory = accident.kind, accident.phase.stack, life.factory
    killed = killed_up(factory, stack, accident.request.rule(), kind.hold)
    tried.told.append(killed.output)
    tried.wrong += [f"outlived its engine: {each}" for each in killed.outlived]
    if killed.struck and kind.again:
        factory.control().control("DELETE", "faults")
        life.unlock(stack)
        killed = killed_up(factory, stack, again(seed), "after")
        tried.told.append(killed.output)
    factory.control().control("DELETE", "faults")
    return killed.struck or kind.again


def _recover(life: Life, whole: Ending, tried: Tried) -> Ending:
    """Bring the stack up, at most twice, until all is as if nothing had happened."""
    if tried.runs and (end := _seen(life, whole)).same(whole):
        return end
    for number in (1, 2):
        went_well, told = life.up(tried.accident.phase.stack)
        tried.told.append(told)
        tried.runs += 1
        if not went_well:
            tried.wrong.append(f"run {number} of the recovery failed")
        if (end := _seen(life, whole)).same(whole):
            return end
    return ending(life.factory)


def _seen(life: Life, whole: Ending) -> Ending:
    """Look for orphans, which takes seconds, only if all else is as it should be."""
    end = ending(life.factory, orphans=False)
    return ending(life.factory) if end.same(whole) else end


def _follow(life: Life, accident: Accident, tried: Tried, seed: int) -> Ending | None:
    """Bring up what receives from the stack: after a third of the accidents, chosen by seed."""
    chance = random.Random(f"{seed} {accident}")  # noqa: S311 - the same seed, the same choice
    if accident.phase.stack == STACKS[-1] or chance.random() > _FOLLOWED:
        return None
    tried.followed = True
    went_well, told = life.up(STACKS[-1])
    tried.told.append(told)
    if not went_well:
        tried.wrong.append(f"{STACKS[-1]} failed after it")
    return ending(life.factory)


def _judge(life: Life, whole: Undisturbed, end: Ending, then: Ending | None, tried: Tried) -> None:
    """Compare with one run that nothing disturbed, and with two: a run that was struck is one."""
    phase = tried.accident.phase
    once = whole.endings[phase.name]
    tried.built_anew = len(end.vms) - len(once.vms)
    tried.verdict = Verdict.SURVIVED if tried.runs <= 1 else Verdict.MENDED
    for found, more in ((end, ()), (then, STACKS[-1:])):
        if found is None:
            continue
        runs = [(phase.stack, *more), (phase.stack, phase.stack, *more)]
        if not any(found.same(whole.after(life, phase, stacks)) for stacks in runs):
            last = whole.after(life, phase, runs[0])
            _differs(found.missing(last), found.leaked(last), tried)


def _differs(lost: Sequence[Thing], leaked: Sequence[str], tried: Tried) -> None:
    tried.verdict = Verdict.LOST if lost else Verdict.LEAKED
    tried.wrong += [f"lost: {' '.join(each)}" for each in lost]
    tried.wrong += [f"leaked: {each}" for each in leaked]
