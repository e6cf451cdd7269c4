"""A short selection of `make soak`: two weeks of a company of four definitions, and its judges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from factory.plan.model import Action, Plan, Step
from factory.plan.verdicts.labs import EVERY_IMAGE
from tests.plan.world import DEV, World, image, lab, settings
from tests.soak import report
from tests.soak.checking import failed_images, lab_faults, unsettled
from tests.soak.weeks import Soak, Week

pytestmark = pytest.mark.dated

SEED = 1


@pytest.fixture
def soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Soak]:
    root = tmp_path / "life"
    monkeypatch.setenv("REHEARSAL_HOME", str(root / "home"))
    soak = Soak(root, SEED, definitions=4)
    try:
        soak.begin()
        yield soak
    finally:
        soak.end()


@pytest.mark.timeout(1800)
def test_nothing_is_lost_left_over_or_forgotten_in_two_weeks(soak: Soak) -> None:
    weeks = [soak.week(number) for number in (1, 2)]
    weeks.append(soak.settle(3))
    assert [each for week in weeks for each in week.wrong] == []
    assert sum(week.struck for week in weeks) > 0
    assert sum(week.failed_runs for week in weeks) > 0


def test_what_a_run_says_of_failed_images_is_found() -> None:
    told = """
      azure-native:devtestlab:CustomImage (linux/java@20261126.1/lab/team-web):
        error: it fails late
      imagefactory:index:Build (windows/2022):
        error: windows/2022 20261126.2 refused: artifact windows-git (1 of 2) failed
        error: short/lived for lab ops refused: no room
      pulumi:pulumi:Stack (image-factory-dev):
        error: update failed
    """
    assert failed_images(told) == {"linux/java", "windows/2022", "short/lived"}


def test_a_lab_without_a_version_and_one_with_too_many_are_told() -> None:
    owed = {("ops", "linux/base"), ("qa", "linux/base")}
    assert list(lab_faults({("ops", "linux/base"): 3, ("qa", "linux/base"): 4}, owed, 4)) == []
    assert list(lab_faults({("qa", "linux/base"): 5}, owed, 4)) == [
        "ops has no good version of linux/base any more",
        "qa holds 5 versions of linux/base, at most 4 are to be there",
    ]


def test_a_failure_that_a_plan_is_silent_of_is_told() -> None:
    world = World(DEV, {"linux/a": image("linux/a")}, settings(DEV, [lab("web")]))
    silent = Plan((), ())
    assert unsettled(world.inputs(), silent, "linux/a") == "no good version"
    assert unsettled(world.inputs(), world.plan(), "linux/a") == ""  # it says that it is to build
    world.run(broken_labs={"web"})
    assert unsettled(world.inputs(), silent, "linux/a").startswith("web does not have ")
    assert unsettled(world.inputs(), world.plan(), "linux/a") == ""  # it says that it is to deliver
    away = [
        Step(Action.REFUSE, EVERY_IMAGE, "", "it cannot be read", name) for name in ("web", "x")
    ]
    assert unsettled(world.inputs(), Plan((), (away[0],)), "linux/a") == ""  # nor is it forgotten
    assert unsettled(world.inputs(), Plan((), (away[1],)), "linux/a").startswith("web does not")
    world.run()
    assert unsettled(world.inputs(), silent, "linux/a") == ""


def test_what_grows_with_the_weeks_is_told() -> None:
    steady = [Week(number, state_bytes=1000, resources=50, reads=20) for number in range(1, 13)]
    assert report.growing(steady) == []
    assert report.growing(steady[:7]) == []
    growing = [replace(week, state_bytes=1000 + 50 * week.number) for week in steady]
    (told,) = report.growing(growing)
    assert told.startswith("state, bytes of the last quarter are 1.24 times")
    # One week that stands out is no growth.
    assert report.growing([*steady[:-1], replace(steady[-1], resources=5000)]) == []


def test_a_page_keeps_the_sections_of_other_seeds(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    weeks = [Week(1, ["linux/base changes"], wrong=["dev: orphan snapshots/x"])]
    for seed in (7, 3, 7):
        report.write(page, seed, report.section(seed, 26, weeks, None))
    text = page.read_text()
    assert text.count("## Seed 7, 1 of 26 weeks") == 1
    assert text.index("## Seed 3") < text.index("## Seed 7")
    assert "- week 1: dev: orphan snapshots/x" in text
