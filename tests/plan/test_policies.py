"""Why a version is due though nothing was edited; how long versions stay; what is let in when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from factory.common.errors import FactoryError
from factory.definitions.policies import Keep, Refresh
from factory.observed.model import Thing
from factory.plan.model import Action, Plan
from factory.plan.travel import swap_fault
from factory.settings.stack import Settings
from tests.dated import on
from tests.plan.world import World, changed, dev, image, lab, prod

pytestmark = pytest.mark.dated


def builds(plan: Plan) -> list[str]:
    return [step.reason for step in plan.steps if step.action is Action.BUILD]


def waits(plan: Plan) -> list[str]:
    return [step.reason for step in plan.steps if step.action is Action.WAIT]


def with_settings(world: World, **changes: Any) -> None:
    raw = world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    world.settings = Settings.model_validate({**raw, **changes})


def test_a_newer_base_image_is_a_reason_to_build() -> None:
    world = dev("linux/a")
    world.run()
    world.base = "1.2.10"  # as numbers: as text it would sort before 1.2.3
    assert builds(world.run()) == ["base image has a newer version: 1.2.10 after 1.2.3"]
    assert builds(world.run()) == []


def test_an_older_answer_of_the_marketplace_builds_nothing() -> None:
    world = dev("linux/a")
    world.run()
    world.base = "1.2.2"
    assert builds(world.run()) == []


def test_refresh_by_age() -> None:
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", refresh="30d")
    world.run(pass_time=timedelta(days=29))
    assert builds(world.run(pass_time=timedelta(days=1))) == []
    assert builds(world.run()) == [on("refresh is due: every 30d, built 2026-11-22")]
    assert builds(world.run()) == []


def test_refresh_by_schedule_in_a_time_zone() -> None:
    rule = Refresh.model_validate({"cron": "0 22 * * TUE#2", "timeZone": "Europe/Berlin"})
    built = datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert rule.due_at(built) == datetime(2026, 12, 8, 21, tzinfo=UTC)


@pytest.mark.parametrize("minute", [0, 15, 29])
def test_what_was_built_in_the_hour_that_comes_twice_is_not_due_at_once(minute: int) -> None:
    rule = Refresh.model_validate({"cron": "30 2 * * *", "timeZone": "Europe/Berlin"})
    first = datetime(2027, 10, 31, 0, minute, tzinfo=UTC)
    assert rule.due_at(first) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    again = first + timedelta(hours=1)
    assert rule.due_at(again) == datetime(2027, 11, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        *("", "30", {}, {"cron": "0 25 * * *"}, {"cron": "0 2 * * *", "timeZone": "Mars"}),
        {"cron": "0 0 2 * * *"},  # with seconds: every day at two to some, at midnight to cron
    ],
)
def test_a_refresh_that_can_never_be_is_a_fault(raw: object) -> None:
    with pytest.raises(ValidationError):
        Refresh.model_validate(raw)


def test_asked_for_by_hand_builds_once() -> None:
    world = dev("linux/a", "linux/b")
    world.run(pass_time=timedelta(days=2))
    with_settings(world, rebuild={"linux/a": on("2026-11-23")})
    unquoted = on("2026-11-23 00:00:00 +0000 UTC")  # what the engine makes of a date
    assert (
        Settings.model_validate(
            {
                **world.settings.model_dump(mode="json", by_alias=True),
                "rebuild": {"linux/a": unquoted},
            }
        ).rebuild
        == world.settings.rebuild
    )
    assert builds(world.run()) == [
        on("asked for by hand: image-factory:rebuild linux/a 2026-11-23")
    ]
    assert builds(world.run()) == []


def test_keep_by_age_but_never_below_at_least() -> None:
    world = dev("linux/a", keep={"newest": 5, "for": "10d", "atLeast": 2})
    for number in range(4):
        changed(world, "linux/a", f"sku-{number}")
        world.run(pass_time=timedelta(days=4))
    assert len(world.released("linux/a")) == 3  # the oldest is 12 days old
    world.run(pass_time=timedelta(days=60))
    world.run()
    assert len(world.released("linux/a")) == 2


def test_a_definitions_own_keep_and_the_stacks_wins() -> None:
    world = dev("linux/a")
    for number in range(4):
        world.images["linux/a"] = image("linux/a", sku=f"s{number}", keep="1")
        world.run()
    world.run()
    assert len(world.released("linux/a")) == 1
    with_settings(world, keep={"newest": 2})
    world.images["linux/a"] = image("linux/a", sku="again", keep="1")
    world.run()
    world.run()
    assert len(world.released("linux/a")) == 2


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.integers(1, 99))
def test_at_least_always_stays(newest: int, rank: int, age: int, limit: int) -> None:
    keep = Keep.model_validate({"newest": newest, "for": f"{limit}d"})
    assert keep.allows(1, timedelta(days=age))
    if keep.allows(rank, timedelta(days=age)) and rank > 1:
        assert rank <= newest
        assert age <= limit


def test_a_version_soaks_before_it_is_received() -> None:
    source = dev("linux/a")
    target = prod(source, after="3d")
    source.run()
    target.now = source.now
    assert waits(target.run(pass_time=timedelta(days=3))) == [
        on("20261122.1 is 1h old; it soaks for 3d")
    ]
    assert target.released("linux/a") == []
    target.run()
    assert target.released("linux/a") == [on("20261122.1")]


def test_an_older_version_that_has_soaked_is_received_while_the_newest_still_does() -> None:
    source = dev("linux/a")
    target = prod(source, after="3d")
    source.run(pass_time=timedelta(days=3))
    changed(source, "linux/a", "second")
    source.run()
    target.now = source.now
    target.run()
    assert target.released("linux/a") == [on("20261122.1")]


def test_approval_is_a_line_in_the_stack_file() -> None:
    source = dev("linux/a")
    target = prod(source, approve={})
    source.run()
    (version,) = source.ledger.of("linux/a")
    assert version.record is not None
    sealed = f"{version.version}@{version.record.digest}"
    wanted = [f"{version.version} waits for approval in image-factory:approve as {sealed}"]
    assert waits(target.run()) == wanted
    # That very release: another one of the same number is not it.
    with_settings(target, approve={"linux/a": [f"{version.version}@{'0' * 32}"]})
    assert waits(target.run()) == wanted
    for approved in (sealed, str(version.version)):
        received = prod(source, approve={"linux/a": [approved]})
        received.run()
        assert received.released("linux/a") == [on("20261122.1")]
    with pytest.raises(FactoryError, match="after @ the 32 digits"):
        prod(source, approve={"linux/a": ["20261122.1@abc"]})


def test_a_source_that_was_put_in_the_place_of_the_released_one_is_not_copied() -> None:
    source = dev("linux/a")
    source.run()
    record = source.ledger.of("linux/a")[0].record
    assert record is not None
    known = record.model_copy(update={"source_unique_id": "ABC", "source_created": "then"})
    assert swap_fault(known, Thing(known.source_id, unique_id="abc")) is None
    assert swap_fault(known, None) is None  # who copies is told that it is gone
    other = Thing(known.source_id, unique_id="other")
    assert swap_fault(record, other) is None  # of an older program
    fault = swap_fault(known, other)
    assert fault is not None
    assert "is not the one that was released, made at then -> find out who replaced it" in fault
    assert known.digest != record.digest


def test_a_pin_rolls_a_receiving_stack_back_and_holds_it() -> None:
    source = dev("linux/a")
    target = prod(source)
    for number in range(2):
        changed(source, "linux/a", f"s{number}")
        source.run()
        target.run()
    with_settings(target, pin={"linux/a": on("20261122.1")})
    plan = target.run()
    assert [s.reason for s in plan.steps if s.action is Action.RETIRE] == [
        on("rolled back to 20261122.1")
    ]
    assert target.holding("finance") == {"linux/a": [on("20261122.1")]}
    changed(source, "linux/a", "third")
    source.run()
    target.run()
    assert target.holding("finance") == {"linux/a": [on("20261122.1")]}
    with_settings(target, pin={})
    target.run()
    assert target.holding("finance") == {"linux/a": [on("20261122.1"), on("20261122.3")]}


def test_a_rollback_to_a_version_that_is_gone_fetches_it_first() -> None:
    source = dev("linux/a")
    target = prod(source, keep={"newest": 1})
    for number in range(2):
        changed(source, "linux/a", f"s{number}")
        source.run()
        target.run()
    target.run()
    assert target.holding("finance") == {"linux/a": [on("20261122.2")]}
    with_settings(target, pin={"linux/a": on("20261122.1")})
    target.run()
    assert target.holding("finance") == {"linux/a": [on("20261122.1"), on("20261122.2")]}
    target.run()
    assert target.holding("finance") == {"linux/a": [on("20261122.1")]}


def test_a_pin_that_nobody_offers_is_said_and_takes_nothing_away() -> None:
    source = dev("linux/a")
    target = prod(source)
    source.run()
    target.run()
    with_settings(target, pin={"linux/a": on("20261101.1")})
    assert any(on("20261101.1: there is no such version") in line for line in target.run().warnings)
    assert target.holding("finance") == {"linux/a": [on("20261122.1")]}
    with_settings(target, pin={"linux/a": on("20261122.1")})
    assert not target.run().warnings


def test_a_pin_in_the_building_stack_keeps_newer_versions_out_of_its_labs() -> None:
    world = dev("linux/a")
    world.run()
    with_settings(world, pin={"linux/a": on("20261122.1")})
    for number in range(5):
        changed(world, "linux/a", f"s{number}")
        world.run()
    assert world.holding("team") == {"linux/a": [on("20261122.1")]}
    assert on("20261122.6") in world.released("linux/a")
    with_settings(world, pin={})
    world.run()
    assert on("20261122.6") in world.holding("team")["linux/a"]


def test_a_pin_of_a_version_that_is_not_there_stops_before_labs_lose_what_they_have() -> None:
    world = dev("linux/a")
    world.run()
    with_settings(world, pin={"linux/a": on("20261101.1")})
    with pytest.raises(FactoryError, match=on(r"pin.linux/a: 20261101.1 .*pin one of 20261122.1")):
        world.run()
    with_settings(world, pin={"linux/a": on("20261101.1")}, hold=["linux/*"])
    world.run()
    assert world.holding("team") == {"linux/a": [on("20261122.1")]}
    changed(world, "linux/a", "second")
    with_settings(world, pin={}, hold=[])
    world.run()
    world.run()
    revoke = {"linux/a": {"versions": [on("20261122.1")], "reason": "bad"}}
    with_settings(world, pin={"linux/a": on("20261122.1")}, revoke=revoke)
    with pytest.raises(FactoryError, match=on(r"pin one of 20261122.2")):
        world.run()


def test_a_pin_that_the_source_does_not_offer_leaves_a_receiver_what_it_has() -> None:
    source = dev("linux/a")
    target = prod(source)
    source.run()
    target.run()
    with_settings(target, pin={"linux/a": on("20261101.1")})
    target.run()
    assert target.holding("finance") == {"linux/a": [on("20261122.1")]}


def test_a_hold_stops_everything_for_a_definition() -> None:
    source = dev("linux/a", "linux/b")
    source.run()
    with_settings(source, hold=["linux/a"])
    for number in range(5):
        changed(source, "linux/a", f"s{number}")
        changed(source, "linux/b", f"s{number}")
        source.run()
    assert source.released("linux/a") == [on("20261122.1")]
    assert len(source.released("linux/b")) > 1
    target = prod(source, hold=["linux/b"])
    target.run()
    assert target.holding("finance") == {"linux/a": [on("20261122.1")]}
    assert lab("x")["images"] == ["**"]
