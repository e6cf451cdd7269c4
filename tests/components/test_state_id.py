"""The id of a state: there before anything carries it, and never written to what was there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from factory.common import names
from factory.plan.planner import make_plan
from tests.components.harness import Answers, Recorder, declare
from tests.components.test_declared import CUSTOM, STASH
from tests.plan.world import DEV, World, dev

ID = "aaaaaaaaaaaa"


def declared(world: World, answers: Answers | None = None) -> Recorder:
    inputs = replace(world.inputs(), state=world.ledger.state, fresh=ID)
    return declare(inputs, make_plan(inputs), answers=answers)


def tags_of(recorder: Recorder) -> dict[str, Any]:
    made = recorder.resources.values()
    return {each.name: each.inputs["tags"] for each in made if "tags" in each.inputs}


def test_everything_new_carries_it_and_the_state_keeps_it() -> None:
    recorder = declared(dev("linux/a"))
    assert recorder.inputs(STASH, names.STATE_ID)["input"] == ID
    found = tags_of(recorder)
    assert {"factory/store", "factory/lab", "linux/a@20261122.1/vm/1"} <= set(found)
    assert {(tags[names.STACK], tags[names.STATE]) for tags in found.values()} == {(DEV, ID)}


def test_nothing_is_made_before_it_is_in_the_state() -> None:
    for newer in (True, False):
        recorder = declared(dev("linux/a"), Answers(newer, failing=(names.STATE_ID,)))
        assert not [each for each in recorder.resources.values() if "tags" in each.inputs]


def test_what_a_state_made_without_it_keeps_its_tags() -> None:
    world = dev("linux/a")
    world.run(broken_labs={"team"})
    for resource in world.resources.values():
        resource["outputs"] = {**resource["outputs"], "tags": {names.STACK: DEV}}
    found = tags_of(declared(world))
    part = "linux/a@20261122.1"
    assert [names.STATE in found[f"{part}/{each}"] for each in ("capture", "lab/team")] == [
        False,
        True,
    ]
    # Nor does one without an id get one where nothing is due.
    world.run()
    recorder = declared(world)
    assert f"{STASH} {names.STATE_ID}" not in recorder.resources
    assert recorder.inputs(CUSTOM, f"{part}/lab/team")["tags"][names.STACK] == DEV
