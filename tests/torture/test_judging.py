"""The judge of the torture can find fault: what is lost, what is leaked, a run that failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.e2e.harness import CHECKOUT
from tests.torture import trying, world
from tests.torture.accidents import KINDS, Accident
from tests.torture.ending import Ending, Thing
from tests.torture.phases import PHASES, Life
from tests.torture.report import table
from tests.torture.requests import Request
from tests.torture.trying import Tried, Undisturbed, Verdict, attempt

PHASE = PHASES[0]
IMAGE: Thing = ("customImages", "team-web", "linux-base-#1", "Succeeded linux/base released")
DISK: Thing = ("disk", "westeurope", "b#_OsDisk_1", "")
WHOLE = Ending(Counter({IMAGE: 1}), frozenset({"b1"}), (), ())
REQUEST = Request("PUT", "/subscriptions/x/virtualmachines/b*", 1, "vm")


class Played:
    """A life whose runs end as they are told: whether each went well, what was said, what stands.

    The first is the run that is struck, the others are the recovery.
    """

    def __init__(self, *runs: tuple[bool, str, Ending]) -> None:
        self._runs = list(runs)
        self.factory = self
        self.now = WHOLE
        self.ups = 0

    def go_back(self, _: object) -> None:
        """Stand where the phase began."""

    def up(self, _: str) -> tuple[bool, str]:
        went_well, told, self.now = self._runs[min(self.ups, len(self._runs) - 1)]
        self.ups += 1
        return went_well, told

    def control(self, *asked: Any, **_: Any) -> Any:
        """Answer as the control API of a rehearsal whose fault has struck."""
        return {"value": [{"path": "/"}]} if asked else self


def judged(monkeypatch: pytest.MonkeyPatch, kind: str, *runs: tuple[bool, str, Ending]) -> Tried:
    monkeypatch.setattr(trying, "ending", lambda life, **_: life.now)
    monkeypatch.setattr(trying, "_FOLLOWED", -1.0)
    whole = Undisturbed({}, {PHASE.name: WHOLE}, {PHASE.name: WHOLE})
    played = cast("Life", Played(*runs))
    return attempt(played, Accident(KINDS[kind], PHASE, REQUEST), whole, seed=1)


def test_endings_differ_by_what_is_missing_and_by_what_is_more() -> None:
    assert WHOLE.same(WHOLE)
    less, more = replace(WHOLE, things=Counter()), Counter({IMAGE: 1, DISK: 1})
    assert less.lost(WHOLE) == [" ".join(IMAGE)]
    assert less.leaked(WHOLE) == []
    assert not less.same(WHOLE)
    assert replace(WHOLE, things=more).leaked(WHOLE) == [" ".join(DISK)]
    assert replace(WHOLE, things=more).lost(WHOLE) == []
    twice = replace(WHOLE, things=Counter({IMAGE: 2}))
    assert twice.leaked(WHOLE) == [" ".join(IMAGE)]
    half = (*IMAGE[:3], "Failed linux/base released")
    assert replace(WHOLE, things=Counter({half: 1})).lost(WHOLE) == [" ".join(IMAGE)]
    assert replace(WHOLE, orphans=("snapshots/x: left over",)).leaked(WHOLE)
    assert replace(WHOLE, unsettled=("dev: x is still being created",)).leaked(WHOLE)


def test_what_ends_as_if_nothing_had_happened_has_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = judged(monkeypatch, "503", (True, "", WHOLE))
    assert (tried.verdict, tried.wrong, tried.runs) == (Verdict.SURVIVED, [], 1)


def test_a_run_that_failed_has_not_survived_even_if_all_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = [(False, "error: it failed", WHOLE), (True, "", WHOLE)]
    assert judged(monkeypatch, "503", *runs).verdict is Verdict.MENDED
    always = judged(monkeypatch, "503", (False, "error: it failed", WHOLE))
    assert always.verdict is Verdict.STUCK


def test_what_the_next_run_makes_good_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    less = replace(WHOLE, things=Counter())
    runs = [(False, "linux/base refused: no room -> ask for quota", less), (True, "", WHOLE)]
    tried = judged(monkeypatch, "503", *runs)
    assert (tried.verdict, tried.wrong) == (Verdict.MENDED, [])


def test_what_never_comes_back_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = judged(monkeypatch, "503", (True, "", replace(WHOLE, things=Counter())))
    assert tried.verdict is Verdict.LOST
    assert not tried.verdict.good
    assert f"lost: {' '.join(IMAGE)}" in tried.wrong


def test_what_stays_behind_is_leaked(monkeypatch: pytest.MonkeyPatch) -> None:
    more = replace(WHOLE, things=Counter({IMAGE: 1, DISK: 1}))
    tried = judged(monkeypatch, "503", (True, "", more))
    assert tried.verdict is Verdict.LEAKED
    assert f"leaked: {' '.join(DISK)}" in tried.wrong


def test_a_recovery_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    less = replace(WHOLE, things=Counter())
    runs = [(True, "", less), (False, "error: no", WHOLE)]
    tried = judged(monkeypatch, "503", *runs)
    assert "run 1 of the recovery failed" in tried.wrong


def test_a_run_that_fails_without_a_word_and_a_traceback_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = judged(monkeypatch, "503", (False, "", WHOLE))
    assert "the run failed and does not say why" in silent.wrong
    shown = judged(monkeypatch, "503", (True, "Traceback (most recent call last)", WHOLE))
    assert shown.verdict is Verdict.STUCK


def test_more_vms_than_without_the_accident_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    again = replace(WHOLE, vms=frozenset({"b1", "b2"}))
    tried = judged(monkeypatch, "503", (True, "", again))
    assert tried.built_anew == 1
    last = table([tried]).splitlines()[-1]
    assert last == "| **all** | 1 | 1 | 0 | 0 | 0 | 0 | 1 |"


def test_every_accident_of_the_world_is_played_by_a_test_that_is_there() -> None:
    for told in world.WORLD:
        file, _, name = told.test.partition("::")
        assert f"def {name}(" in (CHECKOUT / file).read_text(), told.test
    page = (CHECKOUT / "docs" / "reliability.md").read_text()
    assert world.table().strip() in page
