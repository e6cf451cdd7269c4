"""Things are known by where they are: what a changed setting would drop elsewhere stops the run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.common.errors import FactoryError
from factory.ledger.lab_places import as_placed
from factory.ledger.name_in_state import spelled
from factory.observed.model import ObservedLab
from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from factory.settings.stack import Group, Settings, TargetLab
from tests.plan.world import DEV, SUBSCRIPTIONS, World, dev, lab, played

ROOT = f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups"
LABS = "providers/Microsoft.DevTestLab/labs"
NEW_GROUP = Group(name="rg-new")
OTHER = "99999999-9999-4999-8999-999999999999"


def standing(**more: Any) -> World:
    """Give a stack with a version in a lab, its state with ids as azure-native writes them."""
    world = dev("linux/a", **{"labs": [lab("web")], **more})
    world.run()
    world.run()
    group = f"{ROOT}/rg-factory"
    for urn, resource in world.resources.items():
        name = urn.split("::", 3)[3]
        at = {
            "lab/web": f"{ROOT}/rg-web/{LABS}/web/customimages/a-1",
            "lab/data": f"{ROOT}/rg-data/{LABS}/data/customimages/a-1",
            "capture": f"{group}/{LABS}/{_own(world)}/customimages/a-1",
            "source": f"{group}/providers/Microsoft.Compute/snapshots/a-1",
            "image/westeurope": f"{group}/providers/Microsoft.Compute/images/a-1",
        }.get(name.partition("@")[2].partition("/")[2])
        if at:
            resource["outputs"] = {**resource["outputs"], "id": at}
    store = {"id": group, "name": "rg-factory", "location": "westeurope"}
    world.resources[f"urn:pulumi:{DEV}::p::x::factory/store"] = {
        "type": "azure-native:resources:ResourceGroup",
        "outputs": store,
    }
    return world


def _own(world: World) -> str:
    assert world.settings.factory_lab is not None
    return world.settings.factory_lab.name


def planned(world: World, **changes: Any) -> Plan:
    world.settings = world.settings.model_copy(update=changes)
    return world.plan()


def test_nothing_is_due_where_everything_is_where_the_settings_say() -> None:
    assert planned(standing()).nothing_due


def test_azures_spelling_is_no_other_place() -> None:
    world = standing()
    for resource in world.resources.values():
        if "id" in resource["outputs"]:
            name = resource["outputs"]["id"].removeprefix("/subscriptions").lower()
            resource["outputs"]["id"] = f"/subscriptions{name}"
    assert planned(world).nothing_due


@pytest.mark.parametrize(
    ("change", "setting", "there"),
    [
        ({"region": "northeurope"}, "azure-native:location", "westeurope"),
        ({"subscription_id": OTHER}, "azure-native:subscriptionId", "subscription 1111"),
        (
            {"group": NEW_GROUP},
            "image-factory:resourceGroup",
            "resource group rg-factory",
        ),
    ],
)
def test_a_changed_setting_stops_the_run_and_says_what_it_would_drop(
    change: dict[str, Any], setting: str, there: str
) -> None:
    world = standing()
    with pytest.raises(FactoryError) as caught:
        planned(world, **change)
    lines = [line for line in str(caught.value).splitlines() if setting in line]
    assert any(there in line or "would drop" in line for line in lines), caught.value
    assert planned(world, **{key: getattr(standing().settings, key) for key in change}).nothing_due


def test_a_lab_that_is_said_to_be_elsewhere_keeps_its_images() -> None:
    world = standing()
    moved = [world.settings.labs[0].model_copy(update={"resource_group": "rg-moved"})]
    with pytest.raises(FactoryError, match=r"labs\.web: it says resource group rg-moved, but"):
        planned(world, labs=moved)
    # Azure moved it, and a refresh saw that the old ids are gone: the plan goes on.
    for urn in [urn for urn in world.resources if urn.endswith("/lab/web")]:
        del world.resources[urn]
    assert not planned(world, labs=moved).nothing_due


def test_an_environment_is_where_its_lab_is_whatever_azure_calls_its_user() -> None:
    world = standing(environments=[{"lab": "web", "name": "shop", "template": "t", "user": "@me"}])
    kind = "azure-native:devtestlab:Environment"
    at = f"{ROOT}/rg-web/{LABS}/web/users/1b2c/environments/shop-1"
    urn = f"urn:pulumi:{DEV}::p::{kind}::environment/web/shop"
    world.resources[urn] = {"type": kind, "outputs": {"id": at, "name": "shop-1"}}
    world.plan()
    world.resources[urn]["outputs"]["id"] = at.replace("rg-web", "rg-other")
    with pytest.raises(FactoryError, match=r"labs\.web: it says resource group rg-web"):
        world.plan()


@pytest.mark.parametrize("create", [True, False])
def test_another_factory_lab_does_not_take_the_captures_with_it(create: bool) -> None:
    world = standing()
    own = world.settings.factory_lab
    assert own is not None
    with pytest.raises(FactoryError, match="factoryLab: it says lab other-lab"):
        planned(world, factory_lab=own.model_copy(update={"name": "other-lab", "create": create}))


def test_a_state_that_tells_no_ids_stops_nothing() -> None:
    world = standing()
    for resource in world.resources.values():
        resource["outputs"] = {k: v for k, v in resource["outputs"].items() if k != "id"}
    assert planned(world).nothing_due


STORE = "urn:pulumi:dev::p::imagefactory:index:Store::factory"


def moved(world: World, group: str = "rg-moved", **seen: Any) -> tuple[Plan, World]:
    """Plan with the lab in another group, as `gather` does; gives the world as it was planned."""
    world.resources.setdefault(STORE, {"type": "x", "outputs": {}})
    world.resources[STORE]["outputs"].setdefault("spelled", spelled(world.settings))
    labs = [world.settings.labs[0].model_copy(update={"resource_group": group})]
    settings, ledger = as_placed(world.settings.model_copy(update={"labs": labs}), world.ledger)
    placed = replace(world, settings=settings)
    inputs = replace(placed.inputs(**seen), ledger=ledger)
    return make_plan(inputs), placed


def played_on(world: World, plan: Plan, group: str) -> World:
    """Play the plan; what is new gets its id in the lab's group of now, the rest keeps its own."""
    after = played(world.stack, plan, world.resources, {}, ())
    for urn, resource in after.items():
        name = urn.split("::", 3)[3]
        old = next((each for at, each in world.resources.items() if at.endswith(f"::{name}")), {})
        if "/lab/" in name:
            at = f"{ROOT}/{group}/{LABS}/web/customimages/a-1".lower()
            resource["outputs"] = {"id": at, **resource["outputs"], **old.get("outputs", {})}
    after[STORE] = {"type": "x", "outputs": {"spelled": spelled(world.settings)}}
    settings = replace_labs(world.settings, world.settings.labs[:1])
    return replace(world, resources=after, settings=settings)


def replace_labs(settings: Settings, labs: list[TargetLab]) -> Settings:
    return settings.model_copy(update={"labs": labs})


def told(plan: Plan) -> list[tuple[str, str]]:
    kinds = {Action.DELIVER, Action.RETIRE}
    return [(str(step.action), step.lab) for step in plan.steps if step.action in kinds]


def test_a_lab_in_another_group_gets_everything_before_its_old_place_loses_it() -> None:
    world = standing()
    plan, placed = moved(world)
    assert told(plan) == [("deliver", "web")]
    found = {each.lab.name: each for each in plan.versions[0].regions[0].labs}
    assert {name: (each.held, each.path) for name, each in found.items()} == {
        "web": (False, ("web", "rg-moved")),
        "rg-web/web": (True, ("web",)),
    }
    assert found["rg-web/web"].lab.resource_group == "rg-web"
    # Not there yet, and a run later it is: only then the old one goes, and that is counted.
    world = played_on(placed, plan, "rg-moved")
    again, placed = moved(world)
    assert told(again) == [("retire", "rg-web/web")]
    limited = placed.settings.model_copy(update={"max_retirements": 0})
    with pytest.raises(FactoryError, match="this run would retire 1 images"):
        moved(replace(world, settings=replace_labs(limited, world.settings.labs)))
    # And then nothing is left to do.
    world = played_on(placed, again, "rg-moved")
    done, _ = moved(world)
    assert done.nothing_due
    assert [each.path for each in done.versions[0].regions[0].labs] == [("web", "rg-moved")]


def test_a_new_place_that_refuses_leaves_the_old_one_as_it_is() -> None:
    world = standing()
    for _ in range(2):
        plan, _ = moved(world)
        assert told(plan) == [("deliver", "web")]
        assert any(each.held for each in plan.versions[0].regions[0].labs)


def test_an_old_place_that_is_gone_is_let_go_at_once() -> None:
    world = standing()
    labs = {"web": ObservedLab("westeurope"), "rg-web/web": None}
    plan, _ = moved(world, labs=labs)
    assert told(plan) == [("deliver", "web"), ("retire", "rg-web/web")]
    assert not [step for step in plan.steps if step.action is Action.REFUSE]


@given(st.lists(st.sampled_from(["rg-web", "rg-a", "RG-A", "rg-b"]), max_size=6))
def test_no_edit_of_places_drops_what_the_plan_does_not_tell(groups: list[str]) -> None:
    world = standing()
    for group in groups:
        before = {name for name in world.ledger.names if "/lab/" in name}
        plan, placed = moved(world, group)
        declared = {
            f"linux/a@{version.version}/lab/{'/'.join(each.path)}"
            for version in plan.versions
            for region in version.regions
            for each in region.labs
        }
        retired = [step for step in plan.steps if step.action is Action.RETIRE]
        assert len(before - declared) == len(retired)
        # The lab of the settings is never without it once it had it, nor everybody at once.
        assert declared & before or not before
        world = played_on(placed, plan, group)
