"""Retention, receiving, and that the good one never goes before the new one is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from factory.common import names
from factory.common.versions import Version
from factory.observed.model import ObservedLab, Thing
from factory.plan.explanation.engine_steps import EngineStep, unexplained
from factory.plan.model import Action
from factory.plan.planner import make_plan
from factory.plan.reports.json_report import step_data
from tests.dated import on
from tests.plan.world import DEV, SUBSCRIPTIONS, World, changed, dev, lab, prod

pytestmark = pytest.mark.dated


def build_again(world: World, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        changed(world, "linux/a", f"sku-{number}")
        world.run()


def test_three_stay_and_the_fourth_retires_the_first_on_the_next_run() -> None:
    world = dev("linux/a")
    build_again(world, 4)
    assert len(world.released("linux/a")) == 4  # the new one pushed nothing out
    world.run()
    assert world.released("linux/a") == [on("20261122.2"), on("20261122.3"), on("20261122.4")]
    assert world.holding("team") == {
        "linux/a": [on("20261122.2"), on("20261122.3"), on("20261122.4")]
    }


def test_a_failing_fourth_retires_nothing() -> None:
    world = dev("linux/a")
    build_again(world, 3)
    changed(world, "linux/a", "fourth")
    world.run(failing={"linux/a"})
    world.run(failing={"linux/a"})
    assert world.released("linux/a") == [on("20261122.1"), on("20261122.2"), on("20261122.3")]


def test_a_lab_keeps_its_newest_until_a_newer_one_is_there() -> None:
    world = dev("linux/a", labs=[lab("good"), lab("bad")], keep="1")
    world.run()
    for number in range(3):
        changed(world, "linux/a", f"sku-{number}")
        world.run(broken_labs={"bad"})
    assert world.holding("bad") == {"linux/a": [on("20261122.1")]}
    world.run()
    assert world.holding("bad") == {"linux/a": [on("20261122.1"), on("20261122.4")]}
    world.run()
    assert world.holding("bad") == {"linux/a": [on("20261122.4")]}


def test_a_retired_source_stays_for_its_receivers_then_goes() -> None:
    world = dev("linux/a", keep="1")
    build_again(world, 2)
    world.run()
    retired = [held for held in world.ledger.of("linux/a") if held.retired]
    assert [str(held.version) for held in retired] == [on("20261122.1")]
    assert retired[0].has("source")
    assert not retired[0].has("capture")
    world.now += timedelta(hours=20)
    world.run(pass_time=timedelta(0))
    assert len(world.ledger.of("linux/a")) == 2
    world.now += timedelta(hours=10)
    plan = world.run()
    assert [step.version for step in plan.steps if step.action is Action.REMOVE] == [
        on("20261122.1")
    ]
    assert [str(held.version) for held in world.ledger.of("linux/a")] == [on("20261122.2")]


def test_a_receiver_takes_the_newest_and_keeps_its_own_three() -> None:
    source = dev("linux/a")
    target = prod(source)
    for number in range(4):
        build_again(source, 1, number)
        target.run()
    assert len(target.released("linux/a")) == 4
    source.run()
    target.run()
    assert target.holding("finance") == {
        "linux/a": [on("20261122.2"), on("20261122.3"), on("20261122.4")]
    }


def test_absence_from_the_catalogue_deletes_nothing() -> None:
    source = dev("linux/a")
    source.run()
    target = prod(source)
    target.run()
    outputs = source.resources["urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"]["outputs"]
    outputs["catalogue"]["definitions"] = {}
    plan = target.run()
    assert plan.nothing_due
    assert target.holding("finance") == {"linux/a": [on("20261122.1")]}


def test_what_the_source_retired_goes_sooner_but_never_the_last() -> None:
    source = dev("linux/a", keep="1")
    target = prod(source)
    source.run()
    target.run()
    build_again(source, 1)
    source.run()  # retires the first; the receiver has only that one
    entry = source.ledger.outputs["catalogue"]["definitions"]["linux/a"][on("20261122.1")]
    assert entry["retired"]
    target.run()
    assert target.released("linux/a") == [on("20261122.1"), on("20261122.2")]
    target.run()
    assert target.released("linux/a") == [on("20261122.2")]


def test_a_receiver_that_was_away_takes_only_the_newest() -> None:
    source = dev("linux/a")
    build_again(source, 3)
    target = prod(source)
    target.run()
    assert target.released("linux/a") == [on("20261122.3")]


def test_a_definition_removed_from_git_retires_everywhere() -> None:
    source = dev("linux/a", "linux/b")
    source.run()
    target = prod(source)
    target.run()
    del source.images["linux/a"]  # both stacks read one checkout
    source.run()
    target.run()
    assert source.holding("team") == {"linux/b": [on("20261122.1")]}
    assert target.holding("finance") == {"linux/b": [on("20261122.1")]}


def images_of(world: World, *versions: str, state: str = "Succeeded") -> dict[str, Thing]:
    tags = {names.STACK: world.stack, names.DEFINITION: "linux/a"}
    return {
        names.image_name("linux/a", Version.parse(text)): Thing(
            f"/{text}", {**tags, names.VERSION: text}, state
        )
        for text in versions
    }


def test_a_newer_image_that_azure_never_finished_lets_no_older_one_go() -> None:
    world = dev("linux/a", keep="1")
    build_again(world, 2)
    whole = images_of(world, on("20261122.1"), on("20261122.2"))
    retiring = world.plan(labs={"team": ObservedLab("westeurope", whole)})
    assert [s.version for s in retiring.steps if s.action is Action.RETIRE] == [on("20261122.1")]
    broken = images_of(world, on("20261122.2"), state="Failed")
    half = {**images_of(world, on("20261122.1")), **broken}
    for found in (half, images_of(world, on("20261122.1"))):  # broken, or deleted by somebody
        plan = world.plan(labs={"team": ObservedLab("westeurope", found)})
        assert not [step for step in plan.steps if step.action is Action.RETIRE]


def test_an_image_that_azure_never_finished_is_made_again() -> None:
    world = dev("linux/a")
    world.run()
    broken = images_of(world, on("20261122.1"), state="Failed")
    plan = world.plan(labs={"team": ObservedLab("westeurope", broken)})
    (restored,) = [step for step in plan.steps if step.action is Action.RESTORE]
    assert restored.lab == "team"
    assert plan.versions[0].regions[0].labs[0].remake == on("/20261122.1")


def chain(*after: str) -> list[World]:
    """Dev, and stacks that each receive from the one before it."""
    worlds = [dev("linux/a")]
    for place, soak in enumerate(after):
        more = {"after": soak} if soak else {}
        worlds.append(prod(worlds[-1], [lab(f"lab-{place}")], **more))
    return worlds


def test_a_chain_decides_when_and_never_from_where() -> None:
    worlds = chain("1d", "3d")
    for world in worlds:
        world.run(pass_time=timedelta(0))
    assert not worlds[1].released("linux/a")
    began = worlds[0].now
    for days in (1, 3):
        for world in worlds[1:]:
            world.now = began + timedelta(days=days)
            world.run(pass_time=timedelta(0))
        assert bool(worlds[2].released("linux/a")) is (days == 3)
    records = [world.ledger.of("linux/a")[0].record for world in worlds]
    first = records[0]
    assert first is not None
    # Exactly the origin's record, its snapshot's id with it, however many stacks lie between.
    assert [record.dump() for record in records if record] == [first.dump()] * 3
    assert SUBSCRIPTIONS[DEV] in first.source_id
    plan = worlds[2].plan()
    assert plan.nothing_due
    assert plan.versions[0].record == first


def test_a_lab_that_subscribes_late_receives_the_newest_only_or_as_many_as_it_keeps() -> None:
    source = dev("linux/a")
    target = prod(source)
    for number in range(3):
        build_again(source, 1, number)
        target.run()
    late = [lab("finance"), lab("late"), {**lab("greedy"), "keep": "2"}]
    target.settings = prod(source, late).settings
    target.run()
    assert target.holding("late") == {"linux/a": [on("20261122.3")]}
    assert target.holding("greedy") == {"linux/a": [on("20261122.2"), on("20261122.3")]}
    assert target.plan().nothing_due


def test_deletions_that_failed_before_are_lines_of_their_own_and_explain_nothing_else() -> None:
    world = dev("linux/a")
    world.run()
    number = on("20261122.1")
    copy = f"linux/a@{number}/copy/westeurope"
    inputs = world.inputs()
    pending = {copy: 2, "environment/team/shop": 1}
    plan = make_plan(replace(inputs, ledger=replace(inputs.ledger, pending=pending)))
    told = [s for s in plan.steps if s.action is Action.DELETE]
    assert [step.resource for step in told] == ["environment/team/shop", copy]
    assert told[0].reason.startswith("a deletion that failed before is tried again")
    assert told[1].reason.startswith("2 deletions that failed before are tried again")
    assert (told[1].identity, told[1].version) == ("linux/a", number)
    assert not plan.nothing_due
    lines = [step_data(step) for step in plan.steps]
    again = EngineStep("delete-replaced", "t", copy)
    other = EngineStep("delete-replaced", "t", f"linux/a@{number}/lab/team")
    assert unexplained([again, other], lines) == [other]
    assert unexplained([again], [step_data(step) for step in world.plan().steps]) == [again]


def test_what_was_deleted_to_be_replaced_and_not_made_again_is_a_line_for_exactly_it() -> None:
    world = dev("linux/a")
    world.run()
    lab_image = f"linux/a@{on('20261122.1')}/lab/team"
    inputs = world.inputs()
    plan = make_plan(replace(inputs, ledger=replace(inputs.ledger, unmade=frozenset({lab_image}))))
    (told,) = (s for s in plan.steps if s.action is Action.REPLACE)
    assert told.resource == lab_image
    assert "could not be made: it is not there" in told.reason
    lines = [step_data(step) for step in plan.steps]
    mended = [EngineStep(op, "t", lab_image) for op in ("replace", "create-replacement")]
    dropped = EngineStep("remove-pending-replace", "t", lab_image)
    assert unexplained([*mended, dropped], lines) == []
    other = EngineStep("replace", "t", f"linux/a@{on('20261122.1')}/image/team")
    assert unexplained([other], lines) == [other]
