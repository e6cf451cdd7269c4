"""What depends on days, begun on twelve: leap day, change of clocks, ends of year and month.

The same rules as in the tests beside this one; here every date is counted from the first day, and
nothing is written out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from factory.common.versions import Version, next_version
from factory.definitions.policies import Refresh
from factory.plan.forecast import runs
from factory.plan.model import Action, Plan
from rehearsal.first_day import FIRST_DAY
from tests.dated import DAYS, EIGHT
from tests.plan.world import World, changed, dev, image, lab, prod

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
FIRST_DAYS = sorted({*DAYS, FIRST_DAY})


@pytest.fixture(params=FIRST_DAYS, ids=str)
def begin(request: pytest.FixtureRequest) -> datetime:
    """Give the moment at which a test begins."""
    return datetime.combine(request.param, EIGHT)


def at(moment: datetime, world: World) -> World:
    world.now = moment
    return world


def count(plan: Plan, action: Action) -> int:
    return sum(step.action is action for step in plan.steps)


def days(world: World, number: int) -> Iterator[tuple[datetime, Plan]]:
    """Bring a stack up once a day."""
    for _ in range(number):
        now = world.now
        yield now, world.run(pass_time=DAY)


def test_a_version_is_called_by_its_day_and_the_newest_sorts_last(begin: datetime) -> None:
    world = at(begin, dev("linux/a", keep="1000"))
    named = []
    for number in range(35):
        changed(world, "linux/a", f"sku-{number}")
        named.append(f"{world.now:%Y%m%d}.1")
        world.run(pass_time=DAY)
    assert world.released("linux/a") == named
    # A clock that went back by a day makes none that sorts before what is there.
    newest = Version.parse(named[-1])
    assert next_version(world.now - 2 * DAY, [newest]) == Version(newest.day, 2)


def test_a_refresh_by_age_comes_when_so_many_days_have_passed(begin: datetime) -> None:
    world = at(begin, dev("linux/a"))
    world.images["linux/a"] = image("linux/a", refresh="31d")
    built = []
    for day in (0, 1, 30, 31, 32, 61, 62, 63):
        world.now = begin + day * DAY
        built += [day] * count(world.run(), Action.BUILD)
    assert built == [0, 31, 62]


def test_patch_tuesday_comes_once_a_month_in_the_evening_of_berlin(begin: datetime) -> None:
    rule = Refresh.model_validate({"cron": "0 22 * * TUE#2", "timeZone": "Europe/Berlin"})
    found: list[datetime] = []
    moment = begin
    while len(found) < 13:
        moment = rule.due_at(moment)
        found.append(moment)
    wanted = [_second_tuesday(begin.date(), months) for months in range(14)]
    evenings = [datetime(day.year, day.month, day.day, 22, tzinfo=BERLIN) for day in wanted]
    assert found == [evening for evening in evenings if evening > begin][:13]


def _second_tuesday(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    tuesdays = [
        date(year, month + 1, day)
        for day in range(1, 29)
        if date(year, month + 1, day).weekday() == 1
    ]
    return tuesdays[1]


@pytest.mark.parametrize("cron", ["30 2 * * *", "0 3 * * *", "0 0 * * *"])
def test_a_nightly_schedule_comes_once_in_every_night(begin: datetime, cron: str) -> None:
    rule = Refresh.model_validate({"cron": cron, "timeZone": "Europe/Berlin"})
    moment, nights = begin, []
    for _ in range(366):
        due = rule.due_at(moment).astimezone(UTC)
        assert due > moment
        nights.append(due.astimezone(BERLIN).date())
        moment = due
    first = begin.astimezone(BERLIN).date() + DAY
    assert nights == [first + number * DAY for number in range(366)]


def test_a_schedule_is_never_due_before_a_version_is_built(begin: datetime) -> None:
    rule = Refresh.model_validate({"cron": "30 2 * * *", "timeZone": "Europe/Berlin"})
    for quarter in range(4 * 36):
        built = begin - DAY + quarter * timedelta(minutes=15)
        assert built < rule.due_at(built).astimezone(UTC) <= built + timedelta(hours=26)


def test_keep_for_so_many_days_and_a_mark_before_the_end(begin: datetime) -> None:
    world = at(begin, dev("linux/a", keep={"newest": 5, "for": "60d"}, retireAfter="7d"))
    world.run(pass_time=DAY)
    changed(world, "linux/a", "second")
    world.run()
    world.now = begin + 59 * DAY
    told = [
        (now - begin, step.action)
        for now, plan in days(world, 12)
        for step in plan.steps
        if step.action in {Action.MARK, Action.RETIRE} and step.version == f"{begin:%Y%m%d}.1"
    ]
    # It may be sixty days old, not older; it stays marked for seven.
    assert told == [(61 * DAY, Action.MARK), (68 * DAY, Action.RETIRE)]


def test_a_retired_source_stays_for_its_grace(begin: datetime) -> None:
    world = at(begin, dev("linux/a", keep="1", sourceGrace="30d"))
    gone = []
    for number in range(2):
        changed(world, "linux/a", f"sku-{number}")
        world.run(pass_time=DAY)
    for now, plan in days(world, 34):
        if count(plan, Action.RETIRE):
            gone.append(now - begin)
        if not any(str(held.version) == f"{begin:%Y%m%d}.1" for held in world.ledger.of("linux/a")):
            gone.append(now - begin)
            break
    assert gone == [2 * DAY, 32 * DAY]


def test_a_version_soaks_for_as_long_as_the_stack_says(begin: datetime) -> None:
    source = at(begin, dev("linux/a"))
    source.images["linux/a"] = image("linux/a", refresh="31d")
    there = at(begin, prod(source, [lab("finance")], after="3d"))
    received = []
    for _ in range(36):
        source.run(pass_time=DAY)
        now = there.now
        received += [now - begin] * count(there.run(pass_time=DAY), Action.RECEIVE)
    assert received == [3 * DAY, 34 * DAY]


def facts(world: World) -> dict[str, Any]:
    return {
        f"{identity}@{version}": (sorted(held.parts), held.retired)
        for (identity, version), held in world.ledger.held.items()
    }


def test_a_forecast_of_six_weeks_is_what_then_happens(begin: datetime) -> None:
    source = at(begin, dev("linux/a", "linux/b", keep={"newest": 2, "for": "30d"}))
    refresh = {"cron": "0 22 * * TUE#2", "timeZone": "Europe/Berlin"}
    source.images["linux/a"] = image("linux/a", refresh="10d")
    source.images["linux/b"] = image("linux/b", refresh=refresh)
    there = at(begin, prod(source, [lab("finance")], after="3d", keep="2", retireAfter="4d"))
    source.run(pass_time=timedelta(0))
    chain = [source.inputs(), there.inputs()]
    for run in runs(chain, begin + timedelta(weeks=6), DAY):
        source.run(pass_time=DAY)
        assert there.now == run.now
        assert there.plan().steps == run.plan.steps
        there.run(pass_time=DAY)
        assert facts(there) == {
            f"{identity}@{version}": (sorted(held.parts), held.retired)
            for (identity, version), held in run.ledger.held.items()
        }


def test_a_lab_that_comes_late_gets_the_newest_that_is_there_and_what_arrives(
    begin: datetime,
) -> None:
    source = at(begin, dev("linux/a"))
    there = at(begin, prod(source, [lab("finance")]))
    for number in range(3):
        changed(source, "linux/a", f"sku-{number}")
        source.run(pass_time=DAY)
        if number == 2:
            there.settings = prod(source, [lab("finance"), lab("late")]).settings
        there.run(pass_time=DAY)
    assert there.holding("late") == {
        "linux/a": [f"{begin + number * DAY:%Y%m%d}.1" for number in (1, 2)]
    }
