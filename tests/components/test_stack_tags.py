"""The stack's own tags on what it makes, and those of others where they put them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from factory.common import names
from factory.observed.model import Thing
from factory.plan.model import Action
from tests.components import test_settings_edits as edits
from tests.components.harness import Recorder, declare
from tests.components.test_settings_edits import declared, known
from tests.plan.world import World, dev

GROUP = "azure-native:resources:ResourceGroup"
LAB_IMAGE = "linux/b@20261122.1/lab/team"


def standing() -> World:
    world = edits.standing()
    return replace(world, resources=deepcopy(world.resources))


def tagged(world: World, **tags: str) -> World:
    world.settings = world.settings.model_copy(update={"tags": tags})
    return world


def tags_of(recorder: Recorder) -> dict[str, dict[str, Any]]:
    made = recorder.resources.values()
    return {each.name: each.inputs["tags"] for each in made if "tags" in each.inputs}


def ignored(recorder: Recorder, name: str) -> set[str]:
    (found,) = (paths for key, paths in recorder.ignored.items() if key.endswith(f" {name}"))
    return {path for path in found if path.startswith("tags[")}


def test_all_that_is_made_carries_them_and_a_definitions_own_win() -> None:
    world = dev("linux/a", tags={"CostCenter": "4711", "Team": "images"})
    made = world.images["linux/a"]
    world.images["linux/a"] = made.__class__(
        made.identity, made.file, made.definition.model_copy(update={"tags": {"team": "java"}})
    )
    world.founded = False
    found = tags_of(declare(world.inputs(), world.plan()))
    assert {"factory/store", "factory/lab", "factory/network"} <= set(found)
    assert {tags["CostCenter"] for tags in found.values()} == {"4711"}
    version = {name: tags for name, tags in found.items() if "@" in name}
    assert version
    assert {tags["team"] for tags in version.values()} == {"java"}
    assert not [tags for tags in version.values() if "Team" in tags]


def test_what_the_stack_stands_on_follows_and_versions_keep_what_they_were_made_with() -> None:
    world = tagged(standing(), CostCenter="4711")
    plan = world.plan()
    told = {step.resource: step for step in plan.steps if step.action is Action.UPDATE}
    assert {"factory/store", "factory/lab", "factory/network", "factory/nat"} <= set(told)
    assert told["factory/store"].reason == "the settings say otherwise: tags"
    assert not [name for name in told if "@" in name]
    recorder = declared(world)
    found = tags_of(recorder)
    assert found["factory/store"]["CostCenter"] == "4711"
    assert "CostCenter" not in found[LAB_IMAGE]
    # Once it is so, nothing is due; and a version made with them keeps them when they go.
    world.resources[store(world)]["outputs"]["tags"] = {"CostCenter": "4711"}
    known(world, recorder)
    assert world.plan().nothing_due
    image = next(urn for urn in world.resources if urn.endswith(f"::{LAB_IMAGE}"))
    outputs = world.resources[image]["outputs"]
    outputs["tags"] = {**outputs["tags"], "CostCenter": "4711"}
    plan, gone = tagged(world).plan(), declared(world)
    assert {step.resource for step in plan.steps if step.action is Action.UPDATE} == set(told)
    assert "CostCenter" not in tags_of(gone)["factory/store"]
    assert ignored(gone, "factory/store") == set()
    assert ignored(gone, LAB_IMAGE) == {'tags["CostCenter"]'}


def store(world: World) -> str:
    urn = f"urn:pulumi:{world.stack}::image-factory::imagefactory:index:Store::factory"
    world.resources.setdefault(urn, {"type": "imagefactory:index:Store", "outputs": {}})
    return urn


def test_those_of_others_stay_and_a_name_in_another_case_is_the_same() -> None:
    world = standing()
    for urn, each in world.resources.items():
        if urn.endswith(("::factory/store", f"::{LAB_IMAGE}")):
            tags = {**each["outputs"]["tags"], "Created On": "today", "costcenter": "1"}
            each["outputs"] = {**each["outputs"], "tags": tags}
    theirs = {'tags["Created On"]', 'tags["costcenter"]'}
    assert world.plan().nothing_due
    recorder = declared(world)
    assert ignored(recorder, "factory/store") == ignored(recorder, LAB_IMAGE) == theirs
    recorder = declared(tagged(world, CostCenter="4711"))
    assert tags_of(recorder)["factory/store"]["costcenter"] == "4711"
    assert "CostCenter" not in tags_of(recorder)["factory/store"]
    assert ignored(recorder, "factory/store") == {'tags["Created On"]'}


def test_a_group_of_others_is_not_declared_and_one_given_away_is_never_deleted() -> None:
    group = {"name": "rg-factory", "create": False}
    world = dev("linux/a", resourceGroup=group)
    world.founded = False
    there = {"factory/store": Thing("/rg-factory")}
    inputs = world.inputs(foundations=there)
    recorder = declare(inputs, world.plan(foundations=there))
    assert not [key for key in recorder.resources if key.startswith(GROUP)]
    (source,) = (each for each in recorder.resources.values() if each.name.endswith("/source"))
    assert source.inputs["resourceGroupName"] == "rg-factory"
    given = standing()
    given.settings = given.settings.model_copy(update={"group": world.settings.group})
    assert declared(given).retained == {"factory/store"}
    assert declared(standing()).retained == set()
    assert names.STACK in tags_of(declared(given))["factory/store"]
