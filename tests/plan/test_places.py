"""Things are known by where they are: what a changed setting would drop elsewhere stops the run."""

from __future__ import annotations

from typing import Any

import pytest

from factory.common.errors import FactoryError
from factory.plan.model import Plan
from tests.plan.world import DEV, SUBSCRIPTIONS, World, dev, lab

ROOT = f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups"
LABS = "providers/Microsoft.DevTestLab/labs"
OTHER = "99999999-9999-4999-8999-999999999999"


def standing(**more: Any) -> World:
    """Give a stack with a version in a lab, its state with ids as azure-native writes them."""
    world = dev("linux/a", labs=[lab("web")], **more)
    world.run()
    world.run()
    group = f"{ROOT}/rg-factory"
    for urn, resource in world.resources.items():
        name = urn.split("::", 3)[3]
        at = {
            "lab/web": f"{ROOT}/rg-web/{LABS}/web/customimages/a-1",
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
        ({"resource_group": "rg-new"}, "image-factory:resourceGroup", "resource group rg-factory"),
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


def test_another_factory_lab_does_not_take_the_captures_with_it() -> None:
    world = standing()
    own = world.settings.factory_lab
    assert own is not None
    with pytest.raises(FactoryError, match="factoryLab: it says lab other-lab"):
        planned(world, factory_lab=own.model_copy(update={"name": "other-lab"}))


def test_a_state_that_tells_no_ids_stops_nothing() -> None:
    world = standing()
    for resource in world.resources.values():
        resource["outputs"] = {k: v for k, v in resource["outputs"].items() if k != "id"}
    assert planned(world).nothing_due
