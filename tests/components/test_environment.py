"""What a lab environment is declared with."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from factory.azure.resources import ArmError
from factory.observed.model import Thing
from tests.components.harness import FakeArm, Recorder, declare, waiter
from tests.plan.world import SUBSCRIPTIONS, World, dev, prod

ENVIRONMENT = "azure-native:devtestlab:Environment"
CANARY = "canary-4711"


def declared(world: World) -> Recorder:
    return declare(world.inputs(), world.plan(), secrets={"shopKey": CANARY})


def test_the_template_is_named_within_its_lab_and_the_name_tells_what_it_is_made_from() -> None:
    shop = {
        "name": "shop",
        "lab": "team",
        "template": "web-app",
        "source": "Team Repo",
        "parameters": {"key": {"secret": "shopKey"}, "count": 2},
    }
    world = dev("linux/a", environments=[shop])
    made = declared(world)
    found = made.inputs(ENVIRONMENT, "environment/team/shop")
    group = f"/subscriptions/{next(iter(SUBSCRIPTIONS.values()))}/resourceGroups/rg-team"
    as_sent = made.resources[f"{ENVIRONMENT} environment/team/shop"].inputs["deploymentProperties"]
    assert as_sent["4dabf18193072939515e22adb298388d"]  # marked a secret
    deployment = found["deploymentProperties"]
    assert deployment["armTemplateId"] == (
        f"{group}/providers/Microsoft.DevTestLab/labs/team/artifactsources/Team Repo"
        "/armtemplates/web-app"
    )
    assert [each["name"] for each in deployment["parameters"]] == ["count", "key"]
    assert deployment["parameters"][0]["value"] == "2"
    assert deployment["parameters"][1]["value"] == CANARY
    assert (found["userName"], found["labName"], found["location"]) == ("@me", "team", "westeurope")
    assert found["name"] == world.settings.environments[0].azure_name
    assert found["name"].startswith("shop-")


def test_the_factory_lab_may_have_one_and_so_may_a_receiving_stack() -> None:
    one = {"name": "x", "lab": "factory", "template": "t"}
    assert declared(dev("linux/a", environments=[one])).names(ENVIRONMENT) == [
        "environment/factory/x"
    ]
    source = dev("linux/a")
    source.run()
    target = prod(source, environments=[{**one, "lab": "finance"}])
    assert declared(target).names(ENVIRONMENT) == ["environment/finance/x"]


def test_an_owner_whom_the_lab_does_not_know_is_made_known_once() -> None:
    arm = FakeArm()
    for _ in range(2):
        asyncio.run(waiter(arm).user_known("/lab/users/@me", timedelta(minutes=5)))
    assert list(arm.things) == ["/lab/users/@me"]


def test_an_owner_who_never_gets_ready_is_an_error_and_not_an_endless_wait() -> None:
    arm = FakeArm(things={"/u": Thing("/u", provisioning_state="Creating")})
    with pytest.raises(ArmError, match="timed out waiting for the lab to know the user /u"):
        asyncio.run(waiter(arm).user_known("/u", timedelta(minutes=5)))
