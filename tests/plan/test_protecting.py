"""Protected images: the engine never has to delete one, and retirement takes one run more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factory.common.errors import FactoryError
from factory.ledger.model import Held
from factory.plan.model import Action, Plan
from tests.plan.world import World, changed, dev, lab, prod, settings

PROTECTED_KINDS = {"capture", "lab"}


def guarded(held: Held) -> set[tuple[str, ...]]:
    """What the engine refuses to delete of a version."""
    if not held.protected:
        return set()
    return {path for path in held.parts if path[0] in PROTECTED_KINDS}


def up(world: World) -> Plan:
    """Run as the engine would: dropping something protected fails."""
    before = {key: guarded(held) for key, held in world.ledger.held.items()}
    plan = world.run()
    after = world.ledger.held
    for key, parts in before.items():
        left = set(after[key].parts) if key in after else set()
        assert parts <= left, f"{key}: the engine refuses to delete {parts - left}"
    return plan


def actions(plan: Plan) -> set[Action]:
    return {step.action for step in plan.steps} - {Action.KEEP, Action.NOTHING}


def protecting(**more: object) -> World:
    return dev("linux/a", labs=[lab("team"), lab("other")], protectImages=True, **more)


def test_a_kept_image_is_protected_from_the_run_after_its_build_on() -> None:
    world = protecting()
    assert actions(up(world)) == {Action.BUILD, Action.DELIVER}
    assert actions(up(world)) == {Action.PROTECT, Action.FORGET}
    assert up(world).nothing_due


def test_an_image_retires_in_two_runs_and_never_before_it_is_unprotected() -> None:
    world = protecting(keep={"newest": 1})
    up(world)
    up(world)
    changed(world, "linux/a", "server-2")
    up(world)
    plan = up(world)
    assert {Action.UNPROTECT, Action.PROTECT} <= actions(plan)
    assert Action.RETIRE not in actions(plan)
    assert len(world.holding("team")["linux/a"]) == 2
    assert Action.RETIRE in actions(up(world))
    assert len(world.holding("team")["linux/a"]) == 1
    up(world)
    assert world.plan().nothing_due


def test_a_year_of_builds_never_asks_the_engine_for_what_it_refuses() -> None:
    source = protecting(keep={"newest": 2})
    target = prod(source, protectImages=True, keep={"newest": 2})
    for week in range(26):
        changed(source, "linux/a", f"server-{week}")
        for _ in range(3):
            up(source)
            up(target)
        source.now += timedelta(days=7)
        target.now = source.now
    assert len(source.holding("team")["linux/a"]) == 2
    assert len(target.holding("finance")["linux/a"]) == 2


def test_a_lab_that_no_longer_takes_an_image_loses_it_in_the_second_run() -> None:
    world = protecting()
    up(world)
    up(world)
    left = [lab("team"), lab("other", "**", "!linux/a")]
    world.settings = settings(world.stack, left, protectImages=True)
    first = up(world)
    assert [step.lab for step in first.steps if step.action is Action.UNPROTECT] == ["other"]
    assert world.holding("other") != {}
    second = up(world)
    assert actions(second) == {Action.RETIRE, Action.PROTECT}
    assert world.holding("other") == {}
    assert up(world).nothing_due


def test_a_revoked_version_is_told_at_once_and_taken_out_by_the_second_run() -> None:
    world = protecting()
    target = prod(world, allowNone=["linux/a"])
    up(world)
    up(target)
    up(world)
    (version,) = world.released("linux/a")
    revoke = {"linux/a": {"versions": [version], "reason": "CVE"}}
    world.settings = settings(
        world.stack,
        [lab("team"), lab("other")],
        protectImages=True,
        revoke=revoke,
        allowNone=["linux/a"],
    )
    up(world)
    (again,) = set(world.released("linux/a")) - {version}  # no good one was left
    assert world.holding("team") == {"linux/a": [version, again]}
    target.run()
    assert target.holding("finance") == {"linux/a": [again]}  # the catalogue says so already
    up(world)
    assert world.holding("team") == {"linux/a": [again]}


def test_a_definition_that_leaves_git_and_a_setting_that_is_taken_back() -> None:
    world = protecting(maxRetirements=5)
    up(world)
    up(world)
    world.images.clear()
    world.images |= dev("linux/b").images
    world.settings = settings(world.stack, [lab("team"), lab("other")], maxRetirements=5)
    assert Action.UNPROTECT in actions(up(world))
    assert Action.RETIRE in actions(up(world))
    assert "linux/a" not in world.holding("team")


def test_turned_off_it_is_unprotected_and_nothing_else() -> None:
    world = protecting()
    up(world)
    up(world)
    world.settings = settings(world.stack, [lab("team"), lab("other")])
    assert actions(up(world)) == {Action.UNPROTECT}
    assert up(world).nothing_due


def test_a_lab_may_not_leave_the_settings_with_protected_images() -> None:
    world = protecting()
    up(world)
    up(world)
    world.settings = settings(world.stack, [lab("team")], protectImages=True)
    with pytest.raises(FactoryError, match="the lab other is not there any more, but 1 of its"):
        world.plan()
