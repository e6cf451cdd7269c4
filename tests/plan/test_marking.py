"""Retirement in two steps: first marked, and only then deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from factory.common import names
from factory.common.versions import Version
from factory.observed.model import ObservedLab, Use
from factory.plan.model import Action, Plan, Step
from factory.settings.stack import Settings
from tests.components.harness import declare
from tests.dated import on
from tests.plan.world import World, changed, dev, image, lab, prod

pytestmark = pytest.mark.dated

CUSTOM = "azure-native:devtestlab:CustomImage"
DAY = timedelta(days=1)


def told(plan: Plan, *actions: Action) -> list[tuple[str, str, str]]:
    wanted = actions or (Action.MARK, Action.RETIRE)
    return [(s.version, s.lab, s.reason) for s in plan.steps if s.action in wanted]


def two_versions(**more: Any) -> World:
    world = dev("linux/a", **{"keep": "1", "retireAfter": "7d", **more})
    for number in range(2):
        changed(world, "linux/a", f"s{number}")
        world.run()
    return world


def with_settings(world: World, **changes: Any) -> None:
    raw = world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    world.settings = Settings.model_validate({**raw, **changes})


def test_first_marked_then_deleted_and_the_plan_has_both_dates() -> None:
    world = two_versions()
    plan = world.run()
    reason = on("beyond the newest 1; no new delivery, deleted after 2026-11-29")
    assert told(plan) == [(on("20261122.1"), "", reason)]
    assert world.holding("team") == {"linux/a": [on("20261122.1"), on("20261122.2")]}
    world.now += DAY
    plan = world.run()
    assert plan.nothing_due
    kept = {version: why for version, _, why in told(plan, Action.KEEP)}
    assert kept[on("20261122.1")] == f"{on('marked on 2026-11-22')}: {reason}"
    world.now += 7 * DAY
    assert told(world.run()) == [(on("20261122.1"), "team", "beyond the newest 1")]
    assert world.holding("team") == {"linux/a": [on("20261122.2")]}
    world.now += 2 * DAY
    world.run()
    assert world.plan().nothing_due


def test_the_mark_stands_on_the_image_in_the_lab_and_nowhere_else() -> None:
    world = two_versions()
    inputs = world.inputs()
    made = declare(inputs, world.plan())
    marked = made.inputs(CUSTOM, on("linux/a@20261122.1/lab/team"))
    assert marked["tags"][names.RETIRING] == on("2026-11-29")
    assert marked["description"].startswith(on("Retiring, deleted after 2026-11-29."))
    for other in (on("linux/a@20261122.2/lab/team"), on("linux/a@20261122.1/capture")):
        assert names.RETIRING not in made.inputs(CUSTOM, other)["tags"]
    since = made.inputs("pulumi:index:Stash", on("linux/a@20261122.1/retiring"))["input"]
    assert since == on("2026-11-22T10:00:00+00:00")


def test_a_marked_version_goes_nowhere_new_and_is_unmarked_when_it_is_to_stay() -> None:
    world = two_versions()
    world.run()
    with_settings(world, labs=[lab("team"), lab("late")], keep={"newest": 2})
    world.run()
    assert world.holding("late") == {"linux/a": [on("20261122.2")]}
    assert not world.ledger.of("linux/a")[0].retiring
    with_settings(world, keep={"newest": 1})
    world.now += 30 * DAY
    assert [step[2] for step in told(world.run(), Action.MARK)] == [
        on("beyond the newest 1; no new delivery, deleted after 2026-12-29")
    ]


def test_a_use_takes_the_mark_off() -> None:
    world = two_versions()
    world.run()
    name = names.image_name("linux/a", Version.parse(on("20261122.1")))
    uses = {name: (Use("formula", "dev-box"),)}
    plan = world.plan(labs={"team": ObservedLab("westeurope", uses=uses)})
    assert not told(plan, Action.MARK, Action.RETIRE)
    assert not any(version.retiring for version in plan.versions)


def test_a_lab_that_no_longer_takes_it_loses_it_in_two_steps() -> None:
    world = dev("linux/a", "linux/b", retireAfter="7d")
    world.run()
    with_settings(world, labs=[lab("team", "linux/b")])
    reason = "the lab no longer takes it"
    assert told(world.run()) == [
        (on("20261122.1"), "team", on(f"{reason}; no new delivery, deleted after 2026-11-29"))
    ]
    world.run()
    assert world.plan().nothing_due
    world.now += 7 * DAY
    assert told(world.run()) == [(on("20261122.1"), "team", reason)]
    assert world.holding("team") == {"linux/b": [on("20261122.1")]}


def test_the_definitions_own_rule_and_that_of_a_removed_one() -> None:
    world = dev("linux/a", "linux/b", keep="1")
    for number in range(2):
        world.images["linux/a"] = image("linux/a", sku=f"s{number}", retireAfter="2d")
        world.run()
    assert [step[2] for step in told(world.run(), Action.MARK)] == [
        on("beyond the newest 1; no new delivery, deleted after 2026-11-24")
    ]
    with_settings(world, retireAfter="7d")
    del world.images["linux/b"]
    plan = world.run()
    (removed,) = [s for s in plan.steps if s.identity == "linux/b" and s.action is Action.MARK]
    assert removed.reason.startswith("its definition was removed from git; no new delivery")


def test_a_receiver_marks_too_but_rolls_back_and_revokes_at_once() -> None:
    source = dev("linux/a")
    target = prod(source, keep="1", retireAfter="7d")
    for number in range(2):
        changed(source, "linux/a", f"s{number}")
        source.run()
        target.run()
    plan = target.run()
    assert [step[0] for step in told(plan, Action.MARK)] == [on("20261122.1")]
    with_settings(target, pin={"linux/a": on("20261122.1")})
    rolled = told(target.run(), Action.RETIRE)
    assert rolled == [(on("20261122.2"), "finance", on("rolled back to 20261122.1"))]
    with_settings(source, revoke={"linux/a": {"versions": [on("20261122.2")], "reason": "CVE"}})
    with_settings(source, retireAfter="7d")
    assert told(source.run(), Action.RETIRE) == [(on("20261122.2"), "team", "revoked: CVE")]


def test_nothing_that_was_deleted_by_hand_is_made_again_for_a_marked_version() -> None:
    world = two_versions()
    world.run()
    for part in ("lab/team", "capture"):
        urn = next(urn for urn in world.resources if urn.endswith(on(f"@20261122.1/{part}")))
        del world.resources[urn]
    steps: list[Step] = [s for s in world.run().steps if s.version == on("20261122.1")]
    # Its managed image goes with the last image that was made from it there.
    assert {step.action for step in steps} == {Action.KEEP, Action.REMOVE}
    assert world.holding("team") == {"linux/a": [on("20261122.2")]}
