"""Week after week: people and Azure change things, accidents happen, the stacks are brought up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from factory.common.errors import FactoryError
from rehearsal.client import RehearsalError
from rehearsal.workspace import PROJECT
from tests.soak.accidents import Misfortune, misfortune
from tests.soak.checking import Watch, failed_images
from tests.soak.company import DEFINITIONS, STACKS, Company
from tests.torture.killing import killed_up
from tests.torture.phases import Life
from tests.torture.requests import CHANGING

_WEEK = timedelta(days=7)
_NIGHT = timedelta(days=1)
_SETTLING = 12  # quiet runs of all stacks, at most, until nothing is due any more


@dataclass
class Week:
    """What one week came to. ``changes`` and ``requests`` are those of its runs, ``reads`` what
    planning every stack once at its end asks: unlike ``requests``, no matter of the machine.
    """

    number: int
    told: list[str] = field(default_factory=list)
    struck: int = 0
    runs: int = 0
    failed_runs: int = 0
    failed_images: int = 0
    seconds: float = 0.0
    changes: int = 0
    requests: int = 0
    reads: int = 0
    resources: int = 0
    state_bytes: int = 0
    wrong: list[str] = field(default_factory=list)


class Soak:
    """One factory below ``root`` that is run for weeks."""

    def __init__(self, root: Path, seed: int, definitions: int = len(DEFINITIONS)) -> None:
        self._life = Life(root)
        self._log = root.with_name(f"{root.name}.log")
        self._seed = seed
        self._factory = self._life.factory
        self._company = Company(self._factory, seed, definitions)
        self._watch = Watch(self._company)

    def begin(self) -> None:
        """Start from nothing, at one o'clock in the night."""
        self._life.begin()
        self._clock("--freeze")
        now = self._now()
        night = (now + timedelta(days=1)).replace(hour=1, minute=0, second=0, microsecond=0)
        self._clock("--advance", f"{(night - now).total_seconds():.0f}s")
        self._clock("--run")
        self._company.begin()
        self._clock("--freeze")

    def end(self) -> None:
        """Stop the local Azure."""
        self._life.end()

    def week(self, number: int) -> Week:
        """Live through one week and judge it."""
        week = Week(number, self._company.week(number))
        bad = misfortune(self._seed, number)
        week.told += bad.told()
        begun = self._now()
        for rule in bad.lasting():
            self._post(rule)
        failed: dict[str, set[str]] = {}
        waiting = self._night(STACKS, bad, week, failed)
        if waiting:
            self._until(begun + _NIGHT)
            # What failed is run once more, and what receives from it after it.
            again = STACKS[STACKS.index(waiting[0]) :]
            waiting = self._night(again, None, week, failed)
        self._judge(week, failed, bad.away, settled=False)
        self._factory.control().control("DELETE", "faults")
        self._until(begun + _WEEK)
        return week

    def settle(self, number: int) -> Week:
        """Run until nothing is due any more, without accidents: what is left then is what stays."""
        week = Week(number, ["nothing happens any more"])
        for _ in range(_SETTLING):
            waiting = self._night(STACKS, None, week, {})
            week.wrong += [f"{stack} fails although nothing is wrong" for stack in waiting]
            self._until(self._now() + 2 * _NIGHT)
            if not waiting and not any(self._due(stack) for stack in STACKS):
                break
        else:
            week.wrong.append("something is still due after so many quiet runs")
        self._judge(week, {}, "", settled=True)
        return week

    def _due(self, stack: str) -> bool:
        return not self._watch.planned(stack)[1].nothing_due

    def _night(
        self,
        stacks: Sequence[str],
        bad: Misfortune | None,
        week: Week,
        failed: dict[str, set[str]],
    ) -> list[str]:
        """Bring stacks up one after the other; gives those that failed or were killed."""
        self._clock("--run")
        before, began = self._counts(), time.monotonic()
        waiting = []
        for stack in stacks:
            well, told = self._run(stack, bad, week)
            week.runs += 1
            self._note(f"week {week.number}, {stack}, {'ok' if well else 'FAILED'}\n{told}")
            failed.setdefault(stack, set()).update(failed_images(told))
            if "Traceback" in told:
                week.wrong.append(f"{stack}: a traceback was shown")
            if not well:
                week.failed_runs += 1
                waiting.append(stack)
        week.seconds += time.monotonic() - began
        after = self._counts()
        week.changes += after[0] - before[0]
        week.requests += after[1] - before[1]
        self._clock("--freeze")
        return waiting

    def _run(self, stack: str, bad: Misfortune | None, week: Week) -> tuple[bool, str]:
        """Run one stack with the accidents that are for it; an engine without a way on is wrong."""
        strikes = [each for each in bad.strikes if each.stack == stack] if bad else []
        for each in strikes:
            self._post(each.rule)
        try:
            if bad and bad.kill and bad.kill.stack == stack:
                self._life.unlock(stack)
                killed = killed_up(self._factory, stack, bad.kill.whom, bad.kill.when)
                week.struck += killed.struck
                week.wrong += [f"outlived its engine: {each}" for each in killed.outlived]
                return not killed.struck and "error" not in killed.output, killed.output
            return self._life.up(stack)
        except RehearsalError as error:
            week.wrong.append(f"{stack}: the engine has no way on: {error}")
            return False, str(error)
        finally:
            client = self._factory.control()
            for each in strikes:
                name = each.rule["id"]
                hit = client.control("GET", "requests", None, fault=name, last="1")["value"]
                week.struck += bool(hit)
            for rule in client.control("GET", "faults")["value"]:
                if not str(rule["id"]).startswith(("away", "artifact")):
                    client.control("DELETE", f"faults/{rule['id']}")

    def _judge(self, week: Week, failed: dict[str, set[str]], away: str, *, settled: bool) -> None:
        week.failed_images = sum(len(each) for each in failed.values())
        week.wrong += self._watch.wrong(failed, away, settled=settled)
        before = self._counts()[1]
        for stack in STACKS:
            try:
                self._watch.planned(stack)
            except FactoryError as error:
                if not away:
                    week.wrong.append(f"{stack} cannot be planned: {error}")
        week.reads = self._counts()[1] - before
        for stack in STACKS:
            state = self._factory.home.state / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
            week.state_bytes += state.stat().st_size
            week.resources += len(self._factory.resources(stack))
        self._note(str(week))

    def _counts(self) -> tuple[int, int]:
        """Count all requests so far: those that change something, and all of them."""
        found = self._factory.control().control("GET", "counts")["value"]
        changing = sum(each["count"] for each in found if each["method"] in CHANGING)
        return changing, sum(each["count"] for each in found)

    def _post(self, rule: dict[str, object]) -> None:
        self._factory.control().control("POST", "faults", rule)

    def _clock(self, *words: str) -> str:
        return self._factory.rehearsal("clock", *words)

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._clock().split()[0])

    def _until(self, moment: datetime) -> None:
        """Let time pass up to a moment; a run may have taken longer than that."""
        left = (moment - self._now()).total_seconds()
        if left > 0:
            self._clock("--advance", f"{left:.0f}s")

    def _note(self, text: str) -> None:
        """Keep what was said, for whoever looks into a week that went wrong."""
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{text}\n")
