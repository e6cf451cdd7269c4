"""The plan played ahead: as the engine would, and week by week."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from factory.common.errors import FactoryError
from factory.ledger.model import Ledger
from factory.plan.forecast import Week, forecast, runs
from factory.plan.reports.forecast_report import FORECAST_SCHEMA, forecast_json, forecast_table
from factory.plan.simulate import played
from tests.dated import START, on
from tests.plan.world import World, changed, dev, image, lab, linux, prod

pytestmark = pytest.mark.dated

DAY = timedelta(days=1)


def facts(ledger: Ledger) -> dict[str, object]:
    """What of a ledger the plan builds on."""
    return {
        f"{identity}@{version}": (sorted(held.parts), held.retired, held.record is not None)
        for (identity, version), held in ledger.held.items()
    }


@pytest.mark.parametrize("keep", ["1", "2"])
def test_playing_gives_what_the_engine_would_leave_run_after_run(keep: str) -> None:
    labs = [lab("home"), lab("far", region="eastus2"), lab("some", "linux/a")]
    source = dev("linux/a", "linux/b", "linux/c", labs=labs, keep=keep)
    source.images["linux/b"] = image("linux/b", capture="specialized")
    source.images["linux/c"] = image("linux/c", base={"image": "linux/a"})
    there = prod(source, labs, keep=keep)
    for number in range(8):
        if number % 2 == 0:
            changed(source, "linux/a", f"sku-{number}")
        for world in (source, there):
            foreseen = played(world.inputs(), world.plan())
            world.run(pass_time=timedelta(hours=10))
            assert facts(foreseen) == facts(world.ledger)
            assert foreseen.last_versions == world.ledger.last_versions
    assert len(there.released("linux/c")) == int(keep)


def refreshed(**more: Any) -> World:
    world = dev("linux/a", "linux/b", **more)
    world.images["linux/a"] = image("linux/a", refresh="14d")
    return world


def test_twelve_weeks_of_a_refreshed_image() -> None:
    weeks = forecast([refreshed(keep="2").inputs()], 12, DAY)
    assert len(weeks) == 12
    assert [week.builds for week in weeks] == [2, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]
    held = [week.holdings["team"]["linux/a"] for week in weeks]
    # Two stay: a third is there only until the run after the one that built it.
    assert [len(versions) for versions in held[:4]] == [1, 1, 2, 2]
    assert all(len(versions) == 2 for versions in held[2:])
    assert held[-1] == (on("20270117.1"), on("20270131.1"))
    assert weeks[-1].holdings["team"]["linux/b"] == (on("20261122.1"),)
    assert weeks[-1].holdings["factory"]["linux/a"] == held[-1]
    # Two of a, one of b, three disks each; the source of a retired one went with its grace.
    assert weeks[-1].stored_gib == 3 * 3 * 30
    assert sum(week.vm_minutes for week in weeks) == 7 * 8


def test_a_forecast_is_what_then_happens() -> None:
    world = refreshed(keep="2")
    ahead = list(runs([world.inputs()], START + timedelta(weeks=8), DAY))
    for run in ahead:
        assert world.now == run.now
        assert world.plan().steps == run.plan.steps
        world.run(pass_time=DAY)
        assert facts(world.ledger) == facts(run.ledger)


def test_a_receiving_stack_is_played_with_its_source() -> None:
    source = refreshed()
    source.run()
    there = prod(source, [lab("finance", "linux/a")], after="5d")
    there.now = source.now
    both = forecast([source.inputs(), there.inputs()], 5, DAY)
    assert [week.receives for week in both] == [1, 0, 1, 0, 1]
    alone = forecast([there.inputs()], 5, DAY)
    assert [week.receives for week in alone] == [1, 0, 0, 0, 0]
    # A week without a run still shows what stands.
    rare = forecast([there.inputs()], 5, timedelta(days=20))
    assert rare[-1].holdings == rare[3].holdings == {"finance": {"linux/a": (on("20261122.1"),)}}


def test_stacks_that_were_read_one_after_the_other_run_at_one_moment() -> None:
    source = refreshed()
    there = prod(source, [lab("finance", "linux/a")])
    source.now = START + timedelta(minutes=20)
    source.run()
    source.now = START + timedelta(minutes=20)
    (first, *_) = runs([source.inputs(), there.inputs()], START + DAY, DAY)
    assert first.now == START + timedelta(minutes=20)


def test_a_guard_that_would_stop_a_run_is_told_with_its_date() -> None:
    world = dev("linux/a", labs=[lab("team", region="northeurope")])
    inputs = world.inputs(labs={"team": None})
    with pytest.raises(
        FactoryError, match=on(r"(?s)the run of 2026-11-22: .*there is no lab team")
    ):
        forecast([inputs], 2, DAY)


def test_the_forecast_in_words_and_for_machines() -> None:
    weeks = forecast([refreshed(keep="2").inputs()], 3, DAY)
    text = forecast_table("dev", weeks, DAY)
    assert text.startswith("Forecast for dev: 3 weeks, an `up` every 1d, if nothing else changes.")
    rows = [line.split() for line in text.splitlines()]
    assert [on("2026-11-22"), "2", "-", "-", "16", "-", "180"] in rows
    assert [on("2026-12-06"), "team", "linux/a", on("20261122.1,"), on("20261206.1")] in rows
    assert sum(row[1:3] == ["team", "linux/b"] for row in rows) == 1
    found = json.loads(forecast_json("dev", weeks, DAY))
    assert found["schema"] == FORECAST_SCHEMA == "image-factory/forecast/1"
    assert found["weeks"][2]["labs"]["team"]["linux/a"] == [on("20261122.1"), on("20261206.1")]
    assert [week["builds"] for week in found["weeks"]] == [2, 0, 1]


def test_what_is_refused_is_told_once() -> None:
    weeks = [Week(START, refusals={"linux/a: no"}), Week(START + DAY, refusals={"linux/a: no"})]
    assert forecast_table("dev", weeks, DAY).count("Refused: linux/a: no") == 1


def test_a_stack_is_played_with_all_that_it_receives_from() -> None:
    source = dev("base/x", "linux/a", builds=["base/**"])
    source.images["base/x"] = image("base/x", refresh="7d")
    source.images["linux/a"] = image("linux/a", base={"image": "base/x"})
    second = linux(source)
    source.run()
    second.run()
    there = prod(source, [lab("finance")])
    there.further = [second]
    chain = [source.inputs(), second.inputs(), there.inputs()]
    weeks = forecast(chain, 3, DAY)
    # Parent and child every seven days: what one stack builds, the other builds on.
    assert [week.receives for week in weeks] == [2, 2, 2]
    newest = {name: versions[-1] for name, versions in weeks[-1].holdings["finance"].items()}
    assert newest == {"base/x": on("20261206.1"), "linux/a": on("20261206.1")}
