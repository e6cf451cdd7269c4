"""One accident: arranged, recovered from as `make up` does, and judged by an undisturbed run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rehearsal.client import RehearsalError
from tests.torture.accidents import Accident, again
from tests.torture.ending import Ending, ending
from tests.torture.killing import killed_up
from tests.torture.phases import PHASES, Life, Phase
from tests.torture.requests import Request, changes


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
    settled: dict[str, Ending] = field(default_factory=dict)

    def later(self, life: Life, phase: Phase) -> Ending:
        """Give how a phase ends once one more run found what only then was due to go.

        A run that was killed counts as one: what it had done, the next one builds on.
        """
        if phase.name not in self.settled:
            life.go_back(phase)
            for _ in range(2):
                went_well, told = life.up(phase.stack)
                assert went_well, told
            self.settled[phase.name] = ending(life.factory)
        return self.settled[phase.name]

    def of(self, phases: Sequence[Phase]) -> list[tuple[Phase, Sequence[Request]]]:
        """Give the requests of those phases in which accidents are tried."""
        return [(phase, self.requests[phase.name]) for phase in phases if phase.tried]


@dataclass
class Tried:
    """How one accident went; ``told`` is what was said and done, run after run."""

    accident: Accident
    verdict: Verdict = Verdict.MISSED
    wrong: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    built_anew: int = 0
    runs: int = 0
    failed: bool = False  # the newest run did not go well


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
        struck = _struck(life, accident, tried, seed)
        if struck:
            _judge(life, whole, _recover(life, whole.endings[accident.phase.name], tried), tried)
    except (RehearsalError, AssertionError) as error:
        tried.verdict = Verdict.STUCK
        tried.wrong.append(str(error)[-2000:])
    if any("Traceback" in told for told in tried.told):
        tried.wrong.append("a traceback was shown")
        tried.verdict = Verdict.STUCK
    return tried


def _struck(life: Life, accident: Accident, tried: Tried, seed: int) -> bool:
    """Let it happen; False if the request never came."""
    kind, stack, factory = accident.kind, accident.phase.stack, life.factory
    if kind.hold:
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
    client = factory.control()
    client.control("POST", "faults", {"id": "struck", **kind.rule(accident.request)})
    went_well, told = life.up(stack)
    tried.told.append(told)
    client.control("DELETE", "faults")
    tried.runs, tried.failed = 1, not went_well
    if not went_well and "refused" not in told and "error" not in told.lower():
        tried.wrong.append("the run failed and does not say why")
    return bool(client.control("GET", "requests", None, fault="struck")["value"])


def _recover(life: Life, whole: Ending, tried: Tried) -> Ending:
    """Bring the stack up, at most twice, until all is as if nothing had happened."""
    end = ending(life.factory)
    for number in (1, 2):
        if tried.runs and end.same(whole) and not tried.failed:
            break
        went_well, told = life.up(tried.accident.phase.stack)
        tried.told.append(told)
        tried.runs, tried.failed = tried.runs + 1, not went_well
        end = ending(life.factory)
        if not went_well:
            tried.wrong.append(f"run {number} of the recovery failed")
    return end


def _judge(life: Life, whole: Undisturbed, end: Ending, tried: Tried) -> None:
    phase = tried.accident.phase
    once = whole.endings[phase.name]
    tried.built_anew = len(end.vms) - len(once.vms)
    if end.same(once) or end.same(whole.later(life, phase)):
        tried.verdict = Verdict.SURVIVED if tried.runs <= 1 else Verdict.MENDED
        if tried.failed:
            tried.verdict = Verdict.STUCK
        return
    lost, leaked = end.lost(once), end.leaked(once)
    tried.verdict = Verdict.LOST if lost else Verdict.LEAKED
    tried.wrong += [f"lost: {each}" for each in lost] + [f"leaked: {each}" for each in leaked]
