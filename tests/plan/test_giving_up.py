"""A build that failed so often is not paid for again until something changes, or somebody asks."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from factory.definitions.artifact_content import SourceContent
from factory.definitions.definition import PUBLIC_SOURCE
from factory.ledger.failed_builds import read_failed_builds
from factory.plan.model import Action, Plan
from factory.plan.simulate import played
from tests.plan.test_contents import world as looking
from tests.plan.world import World, dev, image, settings


def failing(times: int, **fields: Any) -> World:
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", verify=["boots"], **fields)
    for _ in range(times):
        assert actions(world.plan()) == {Action.BUILD}
        world.run(unverified={"linux/a"})
        world.now += timedelta(days=1)
    return world


def actions(plan: Plan) -> set[Action]:
    wanted = {Action.BUILD, Action.WAIT, Action.RESUME}
    return {step.action for step in plan.steps} & wanted


def waits(plan: Plan) -> str:
    (step,) = (step for step in plan.steps if step.action is Action.WAIT)
    return step.reason


@pytest.mark.parametrize(("fields", "most"), [({}, 3), ({"giveUpAfter": 1}, 1)])
def test_after_so_many_it_waits_and_says_so(fields: dict[str, int], most: int) -> None:
    world = failing(most, **fields)
    plan = world.plan()
    assert actions(plan) == {Action.WAIT}
    said = {1: "a build failed", 3: "3 builds failed"}[most]
    assert waits(plan).startswith(f"{said} with the same inputs, the last one as ")
    # And goes on to wait, whatever became of their parts.
    for _ in range(3):
        world.run()
        world.now += timedelta(days=1)
    assert actions(world.plan()) == {Action.WAIT}
    assert world.plan().nothing_due
    assert played(world.inputs(), world.plan()).failed_builds == world.ledger.failed_builds


def test_with_0_it_never_waits() -> None:
    assert actions(failing(5, giveUpAfter=0).plan()) == {Action.BUILD}


def test_what_changed_is_tried_again_and_counted_anew() -> None:
    world = failing(3)
    world.images["linux/a"] = image("linux/a", verify=["smoke"])
    assert actions(world.plan()) == {Action.BUILD}
    world.run(unverified={"linux/a"})
    assert actions(world.plan()) == {Action.BUILD}
    moved = failing(3)
    moved.base = "9.9.9"
    assert actions(moved.plan()) == {Action.BUILD}


def test_files_of_its_artifacts_that_changed_are_tried_again_and_other_commits_are_not() -> None:
    def contents(commit: str, file: str) -> dict[str, SourceContent]:
        return {PUBLIC_SOURCE: SourceContent(commit, {}, {"linux-java": file, "smoke": "s"})}

    world = looking({})
    world.images = {
        "linux/a": image("linux/a", artifacts=["linux-java"], verify=["smoke"]),
    }
    for commit in "1234":
        world.contents = contents(commit, "same") if commit > "1" else {}
        world.run(unverified={"linux/a"})
    assert actions(world.plan()) == {Action.WAIT}
    world.contents = contents("4", "other")
    assert actions(world.plan()) == {Action.BUILD}


def test_a_release_ends_the_row() -> None:
    world = failing(2)
    world.run()
    world.run()
    assert world.released("linux/a")
    assert world.ledger.failed_builds == {}


def test_who_asks_by_hand_gets_one_more() -> None:
    world = failing(3)
    (asked,) = re.findall(r"rebuild \{(.*): (.*)\}", waits(world.plan()))
    more = settings(world.stack, [], rebuild={asked[0]: asked[1]}).rebuild
    world.settings = world.settings.model_copy(update={"rebuild": more})
    assert actions(world.plan()) == {Action.BUILD}
    world.now += timedelta(hours=1)
    world.run(unverified={"linux/a"})
    assert waits(world.plan()).startswith("4 builds failed")


def test_what_had_no_vm_or_was_cut_off_is_not_counted() -> None:
    world = dev("linux/a")
    for part in ("/vm/1", "/failed"):
        for _ in range(4):
            world.run(unverified={"linux/a"})
            world.resources = {
                urn: r for urn, r in world.resources.items() if not urn.endswith(part)
            }
            world.vms = {}
            world.now += timedelta(days=1)
        assert Action.WAIT not in actions(world.plan())


def test_what_is_read_is_believed_only_whole() -> None:
    count = {
        "inputs": "a",
        "contents": "{}",
        "count": "2",
        "version": "20261122.1",
        "built": "2026-11-22T08:00:00+00:00",
    }
    assert read_failed_builds(count) is not None
    for bad in (None, "x", {}, {**count, "count": "many"}, {**count, "more": "x"}):
        assert read_failed_builds(bad) is None
