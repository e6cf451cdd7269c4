"""What somebody deleted by hand comes back from what is kept, without a build; or is forgotten.

A `pulumi refresh` takes what is gone in Azure out of the state: here it is taken out of the ledger.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from factory.common import names
from factory.observed.model import Thing
from factory.plan.model import Action, Plan, VersionPlan
from factory.plan.planner import make_plan
from tests.components.harness import declare, snapshot_id
from tests.plan.world import World, changed, dev, image, lab, prod

SNAPSHOT = "azure-native:compute:Snapshot"
IMAGE = "azure-native:compute:Image"
CUSTOM = "azure-native:devtestlab:CustomImage"
LABS = [lab("home"), lab("away", region="eastus2")]
V1 = "linux/a@20261122.1"


def lose(world: World, *parts: str, version: str = V1) -> None:
    for part in parts:
        (urn,) = [urn for urn in world.resources if urn.endswith(f"::{version}/{part}")]
        del world.resources[urn]


def told(plan: Plan, *actions: Action) -> list[tuple[str, str]]:
    wanted = actions or (Action.RESTORE, Action.DELIVER, Action.BUILD, Action.WARN, Action.WAIT)
    return [(step.lab, step.reason) for step in plan.steps if step.action in wanted]


def settled(capture: str = "generalized", labs: list[dict[str, Any]] | None = None) -> World:
    world = dev("linux/a", labs=labs or LABS)
    world.images["linux/a"] = image("linux/a", capture=capture)
    world.run()
    world.run()
    return world


def planned(plan: Plan) -> VersionPlan:
    (version,) = plan.versions
    return version


def at_rest(world: World) -> None:
    world.run()
    assert world.plan().nothing_due, world.plan().steps


def test_what_a_region_lacks_is_named_before_anybody_refreshes() -> None:
    world = settled()
    inputs = world.inputs()
    (version,) = world.plan().versions
    copies = [each.copy.name for each in version.regions if each.copy]
    images = [names.backing_name("linux/a", version.version, r.region) for r in version.regions]
    there = replace(
        inputs.observed,
        group_read=True,
        snapshots={name: Thing(f"/{name}") for name in copies},
        managed_images={name: Thing(f"/{name}") for name in images},
    )
    assert told(make_plan(replace(inputs, observed=there))) == []
    gone = replace(there, snapshots={}, managed_images={})
    plan = make_plan(replace(inputs, observed=gone))
    again = "is gone -> `pulumi refresh`; the next `up` makes it again"
    assert sorted(told(plan)) == [
        ("", f"its copy in eastus2 {again}"),
        ("", f"its managed image in eastus2 {again}"),
        ("", f"its managed image in westeurope {again}"),
    ]
    assert plan.nothing_due


def test_an_image_that_a_lab_lacks_is_named_before_anybody_refreshes() -> None:
    world = settled()
    inputs = world.inputs()
    labs = dict(inputs.observed.labs)
    home = labs["home"]
    assert home is not None
    labs["home"] = replace(home, images={})
    plan = make_plan(replace(inputs, observed=replace(inputs.observed, labs=labs)))
    assert told(plan) == [
        ("home", "somebody deleted it there -> `pulumi refresh`; the next `up` makes it again")
    ]
    assert plan.nothing_due


@pytest.mark.parametrize(
    ("parts", "reasons"),
    [
        (["lab/home"], [("home", "somebody deleted it there; made again from what is kept")]),
        (
            ["image/eastus2"],
            [("", "its managed image in eastus2 is gone; made again from what is kept")],
        ),
        (["copy/eastus2"], [("", "its copy in eastus2 is gone; made again from what is kept")]),
        (["source"], [("", "its source snapshot is gone; made again from its copy in eastus2")]),
        (
            ["capture"],
            [
                (
                    "factory",
                    "its custom image in the factory lab is gone; made again from its snapshot",
                )
            ],
        ),
    ],
)
def test_each_part_comes_back_without_a_build(parts: list[str], reasons: list[Any]) -> None:
    world = settled()
    lose(world, *parts)
    assert told(world.plan()) == reasons
    world.run()
    for part in parts:
        assert any(urn.endswith(f"::{V1}/{part}") for urn in world.resources)
    at_rest(world)


def test_an_older_version_comes_back_where_it_was_and_goes_nowhere_new() -> None:
    world = settled()
    changed(world, "linux/a", "second")
    world.run()
    world.run()
    lose(world, "lab/home")
    world.settings = dev(labs=[*LABS, lab("late")]).settings
    plan = world.run()
    assert ("home", "somebody deleted it there; made again from what is kept") in told(plan)
    assert world.holding("home") == {"linux/a": ["20261122.1", "20261122.2"]}
    assert world.holding("late") == {"linux/a": ["20261122.2"]}


def test_a_lost_source_is_copied_back_and_its_copies_stay() -> None:
    world = settled()
    lose(world, "source")
    inputs, plan = world.inputs(), world.plan()
    assert planned(plan).source.region == "eastus2"
    made = declare(inputs, plan)
    source = made.inputs(SNAPSHOT, f"{V1}/source")
    assert source["incremental"] is True
    assert source["location"] == "westeurope"
    copy = made.inputs(SNAPSHOT, f"{V1}/copy/eastus2")
    assert source["creationData"] == {
        "createOption": "CopyStart",
        "sourceResourceId": snapshot_id(copy["snapshotName"]),
    }
    assert copy["creationData"]["sourceResourceId"] == snapshot_id("linux-a-20261122-1")


def test_what_is_new_waits_until_the_source_is_whole_again() -> None:
    world = settled()
    lose(world, "source", "image/westeurope")
    assert planned(world.plan()).source.waits
    assert any(region.waits for region in planned(world.plan()).regions)
    world.run()
    half = {"linux-a-20261122-1": Thing("/s", copy_percent=40.0)}
    assert planned(world.plan(snapshots=half)).source.waits
    assert not planned(world.plan()).source.waits


@pytest.mark.parametrize("capture", ["generalized", "specialized"])
def test_a_source_that_is_gone_for_good_costs_nobody_an_image(capture: str) -> None:
    world = settled(capture, labs=[lab("home")])
    target = prod(world)
    target.run()
    lose(world, "source")
    inputs, plan = world.inputs(), world.plan()
    ((_, reason),) = told(plan)
    assert reason.startswith("its source snapshot is gone, and so is every copy")
    assert plan.nothing_due
    made = declare(inputs, plan)
    assert made.names(SNAPSHOT) == []
    assert f"{V1}/lab/home" in made.names(CUSTOM)
    world.run()
    assert world.catalogue() is None
    assert not world.ledger.outputs["catalogue"]["definitions"]  # nobody else can copy it
    target.run()
    assert target.holding("finance") == {"linux/a": ["20261122.1"]}


def test_what_nothing_is_left_for_waits_for_the_next_version() -> None:
    world = settled("specialized", labs=[lab("home")])
    lose(world, "source", "lab/home", "capture")
    plan = world.run()
    assert [step for step, _ in told(plan, Action.WAIT)] == ["home"]
    assert plan.nothing_due, plan.steps
    changed(world, "linux/a", "next")
    world.run()
    assert world.holding("home") == {"linux/a": ["20261122.2"]}


def test_a_lab_in_a_region_with_its_managed_image_is_served_without_any_snapshot() -> None:
    world = settled(labs=[lab("home")])
    lose(world, "source")
    world.settings = dev(
        labs=[lab("home"), lab("next-door"), lab("far", region="eastus2")]
    ).settings
    plan = world.run()
    assert [where for where, _ in told(plan, Action.DELIVER)] == ["next-door"]
    assert [where for where, _ in told(plan, Action.WAIT)] == ["far"]


def test_what_is_due_to_go_is_forgotten_and_not_made_again() -> None:
    world = dev("linux/a", keep="1", labs=[lab("home")])
    for number in range(2):
        changed(world, "linux/a", f"s{number}")
        world.run()
    lose(world, "source", "lab/home")
    plan = world.run()
    assert not told(plan, Action.RESTORE)
    assert [str(held.version) for held in world.ledger.of("linux/a")] == ["20261122.2"]
    assert world.plan().nothing_due


def test_a_retired_versions_lost_source_is_no_reason_to_wait() -> None:
    world = dev("linux/a", keep="1", labs=[lab("home")])
    for number in range(2):
        changed(world, "linux/a", f"s{number}")
        world.run()
    world.run()
    lose(world, "source")
    assert told(world.run(), Action.REMOVE) == [
        ("", "retired, and its source snapshot is gone already")
    ]


# Receiving stacks

TWO = [lab("finance"), lab("us", region="eastus2")]


def received(labs: list[dict[str, Any]] | None = None) -> tuple[World, World]:
    source = dev("linux/a", labs=[lab("home")])
    target = prod(source, labs or TWO)
    for world in (source, target, source, target):
        world.run()
    return source, target


def without_its_source(source: World) -> None:
    outputs = source.resources["urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"]["outputs"]
    outputs["catalogue"]["definitions"] = {}


def test_a_receivers_copy_comes_from_the_source_as_long_as_that_is_offered() -> None:
    source, target = received()
    lose(target, "copy/eastus2")
    assert told(target.plan()) == [
        ("", "its copy in eastus2 is gone; made again from what is kept")
    ]
    assert all(not region.copy.origin for region in planned(target.plan()).regions if region.copy)
    without_its_source(source)
    lost = {each.region: each.copy for each in planned(target.plan()).regions}["eastus2"]
    assert lost is not None
    assert lost.lost  # the copy at home is a full one, and such a one crosses no region
    assert target.plan().nothing_due  # its managed image is there
    at_rest(target)


def test_a_receivers_copy_comes_from_another_one_of_its_own_where_the_source_is_gone() -> None:
    source, target = received()
    without_its_source(source)
    lose(target, "copy/westeurope")
    inputs, plan = target.inputs(), target.plan()
    copy = {each.region: each.copy for each in planned(plan).regions}["westeurope"]
    assert copy is not None
    assert copy.incremental
    assert "/snapshots/linux-a-20261122-1-eastus2" in copy.origin
    made = declare(inputs, plan).inputs(SNAPSHOT, f"{V1}/copy/westeurope")
    assert made["creationData"] == {"createOption": "CopyStart", "sourceResourceId": copy.origin}
    at_rest(target)


def test_a_copy_whose_source_went_is_dropped_as_unfinished_and_said() -> None:
    source = dev("linux/a", labs=[lab("home")])
    target = prod(source, [lab("finance")])
    source.run()
    target.run()
    lose(target, "lab/finance", "image/westeurope")  # the copy died before anything was made
    without_its_source(source)
    died = {"linux-a-20261122-1-westeurope": Thing("/c", copy_error="the source is gone")}
    plan = target.plan(snapshots=died)
    assert told(plan, Action.FORGET) == [
        ("", "its source went before its copy was complete; dropped as unfinished")
    ]
    assert plan.versions == ()
    changed(source, "linux/a", "next")
    source.now += timedelta(days=1)
    source.run()
    target.run()
    assert target.holding("finance")["linux/a"][-1] == "20261123.1"


def test_the_cost_of_a_source_made_again_is_one_copy() -> None:
    world = settled()
    lose(world, "source")
    plan = world.plan()
    assert plan.cost.copied_gib == 30
