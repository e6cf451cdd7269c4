"""One accident: arranged, recovered from as `make up` does, and judged by an undisturbed run."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rehearsal.client import RehearsalError
from tests.torture.accidents import Accident, again
from tests.torture.alone import alone
from tests.torture.ending import Ending, ending
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
    """What every phase asks for, and how it ends: after one run, and ``settled`` after one more.

    Some things only one more run retires; and a run that was struck or killed counts as one: what
    it had done, the next one builds on. ``followed`` are the ends after prod was brought up too.
    """

    requests: Mapping[str, Sequence[Request]]
    endings: Mapping[str, Ending]
    settled: Mapping[str, Ending]
    followed: dict[tuple[str, int], Ending] = field(default_factory=dict)

    def so_ended(self, phase: Phase, end: Ending) -> bool:
        """Tell whether it is an end of one or two runs of its stack."""
        ends = (self.endings[phase.name], self.settled[phase.name])
        return any(end.same(each) for each in ends)

    def then(self, life: Life, phase: Phase, runs: int) -> Ending:
        """Give how it ends if prod is brought up after so many runs; gives up what stands now."""
        if (phase.name, runs) not in self.followed:
            life.go_back(phase.name)
            for stack in (*[phase.stack] * runs, STACKS[-1]):
                went_well, told = life.up(stack)
                assert went_well, told
            self.followed[phase.name, runs] = ending(life.factory)
        return self.followed[phase.name, runs]

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
    failed: bool = False  # the newest run did not go well
    followed: bool = False
    commit: str = ""
    engine: str = ""


def undisturbed(life: Life, phases: Sequence[Phase] = PHASES) -> Undisturbed:
    """Live through some first phases, keeping what stands at the beginning of each."""
    requests, endings, settled = {}, {}, {}
    life.begin()
    for phase in phases:
        phase.change(life.factory)
        life.keep(phase.name)
        since = life.factory.azure()["now"]
        went_well, told = life.up(phase.stack)
        assert went_well, told
        requests[phase.name] = changes(life.factory, since)
        endings[phase.name] = ending(life.factory)
        if phase.tried:
            settled[phase.name] = _settled(life, phase)
    return Undisturbed(requests, endings, settled)


def _settled(life: Life, phase: Phase) -> Ending:
    """Look what one more run makes of it, and stand again where that began."""
    after = f"after {phase.name}"
    life.keep(after)
    went_well, told = life.up(phase.stack)
    assert went_well, told
    end = ending(life.factory)
    life.go_back(after)
    return end


def attempt(life: Life, accident: Accident, whole: Undisturbed, seed: int) -> Tried:
    """Try one accident from the beginning of its phase."""
    tried = Tried(accident)
    life.go_back(accident.phase.name)
    try:
        if _struck(life, accident, whole, tried, seed):
            end = _recover(life, whole, tried)
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
    tried.runs, tried.failed = 1, not went_well
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
        life.unlock(stack)
        killed = killed_up(factory, stack, again(seed), "after")
        tried.told.append(killed.output)
    return killed.struck or kind.again


def _recover(life: Life, whole: Undisturbed, tried: Tried) -> Ending:
    """Bring the stack up, at most twice, until all is as if nothing had happened."""
    phase = tried.accident.phase
    if tried.runs:
        end = _seen(life, whole, phase)
        if whole.so_ended(phase, end) and not tried.failed:
            return end
    for number in (1, 2):
        went_well, told = life.up(phase.stack)
        tried.told.append(told)
        tried.runs, tried.failed = tried.runs + 1, not went_well
        if not went_well:
            tried.wrong.append(f"run {number} of the recovery failed")
        end = _seen(life, whole, phase)
        if whole.so_ended(phase, end) and not tried.failed:
            return end
    return ending(life.factory)


def _seen(life: Life, whole: Undisturbed, phase: Phase) -> Ending:
    """Look for orphans, which takes seconds, only if all else is as it should be."""
    end = ending(life.factory, orphans=False)
    return ending(life.factory) if whole.so_ended(phase, end) else end


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
    """Compare with runs that nothing disturbed."""
    phase = tried.accident.phase
    once = whole.endings[phase.name]
    tried.built_anew = len(end.vms) - len(once.vms)
    tried.verdict = Verdict.SURVIVED if tried.runs <= 1 else Verdict.MENDED
    # A killed run is none of its own; one that was struck may have failed.
    if tried.runs > (1 if tried.accident.kind.hold else 2):
        tried.wrong.append(f"it took {tried.runs} runs")
    if tried.failed:
        tried.verdict = Verdict.STUCK
    if not whole.so_ended(phase, end):
        _differs(end, [once, whole.settled[phase.name]], tried)
    elif then and not any(then.same(whole.then(life, phase, runs)) for runs in (1, 2)):
        _differs(then, [whole.then(life, phase, runs) for runs in (1, 2)], tried)


def _differs(end: Ending, wanted: Sequence[Ending], tried: Tried) -> None:
    """Tell the difference to the end that it is nearest to."""
    lost, leaked = min(
        ((end.lost(whole), end.leaked(whole)) for whole in wanted),
        key=lambda found: len(found[0]) + len(found[1]),
    )
    tried.verdict = Verdict.LOST if lost else Verdict.LEAKED
    tried.wrong += [f"lost: {each}" for each in lost]
    tried.wrong += [f"leaked: {each}" for each in leaked]
