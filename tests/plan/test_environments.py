"""Lab environments: made, made anew when what they are made from changes, deleted when dropped."""

from __future__ import annotations

from typing import Any

import pytest

from factory.common import names
from factory.common.errors import FactoryError, Problems
from factory.observed.model import Thing
from factory.plan.model import Action
from factory.plan.reports.table import plan_table
from factory.plan.simulate import played
from factory.settings.cross_check import wanted_secrets
from factory.settings.environments import ENVIRONMENT_TYPE
from factory.settings.loader import parse_settings
from tests.plan.world import DEV, SUBSCRIPTIONS, World, dev, lab

SHOP = {"name": "shop", "lab": "team", "template": "web-app", "parameters": {"sku": "S1"}}
CHANGES = {Action.CREATE, Action.REPLACE, Action.DELETE}


def world(*environments: dict[str, Any]) -> World:
    return dev("linux/a", environments=list(environments))


def ran(now: World) -> World:
    """Give the world after an `up`, with the environments that it made."""
    plan, settings = now.run(), now.settings
    for each in settings.environments:
        urn = f"urn:pulumi:s::p::{ENVIRONMENT_TYPE}::{each.logical_name}"
        now.resources[urn] = {"type": ENVIRONMENT_TYPE, "outputs": {"name": each.azure_name}}
    assert plan.steps
    return now


def steps(now: World) -> list[tuple[Action, str, str]]:
    return [(s.action, s.identity, s.lab) for s in now.plan().steps if s.action in CHANGES]


def redeclared(now: World, *environments: dict[str, Any]) -> World:
    now.settings = world(*environments).settings
    return now


def test_one_that_is_declared_is_created_and_then_left_alone() -> None:
    now = world(SHOP)
    assert steps(now) == [(Action.CREATE, "environment shop", "team")]
    assert "create   environment shop  -           team  declared, from web-app" in plan_table(
        now.plan()
    )
    assert steps(ran(now)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"template": "other"},
        {"source": "own repo"},
        {"parameters": {"sku": "S2"}},
        {"parameters": {"sku": {"secret": "shopSku"}}},
        {"user": "33333333-3333-4333-8333-333333333333"},
    ],
)
def test_whatever_it_is_made_from_makes_a_new_one(change: dict[str, Any]) -> None:
    now = redeclared(ran(world(SHOP)), {**SHOP, **change})
    assert steps(now) == [(Action.REPLACE, "environment shop", "team")]
    (step,) = [s for s in now.plan().steps if s.action is Action.REPLACE]
    assert step.reason.endswith("goes once the new one is there")


def test_the_order_of_replacing_is_no_change_of_its_own() -> None:
    assert steps(redeclared(ran(world(SHOP)), {**SHOP, "replace": "delete-first"})) == []


def test_one_that_is_dropped_is_deleted_and_that_is_due() -> None:
    now = redeclared(ran(world(SHOP)))
    assert steps(now) == [(Action.DELETE, "environment shop", "team")]
    assert not now.plan().nothing_due


def test_a_forecast_plays_them_too() -> None:
    inputs = world(SHOP).inputs()
    after = played(inputs, world(SHOP).plan())
    assert after.environments == {
        "environment/team/shop": inputs.settings.environments[0].azure_name
    }


def test_one_that_a_killed_run_left_behind_is_taken_in() -> None:
    now = world(SHOP)
    ours = Thing("/id/there", {names.STACK: DEV})
    plan = now.plan(foundations={"environment/team/shop": ours})
    assert plan.adopted == {"environment/team/shop": "/id/there"}
    theirs = Thing("/id/there", {})
    assert now.plan(foundations={"environment/team/shop": theirs}).adopted == {}


def faults(*environments: Any) -> list[str]:
    problems = Problems()
    raw = {
        "subscriptionId": SUBSCRIPTIONS[DEV],
        "region": "westeurope",
        "resourceGroup": "rg",
        "factoryLab": {"name": "factory", "resourceGroup": "rg", "create": True},
        "labs": [lab("team")],
        "environments": list(environments),
    }
    parse_settings(raw, "Pulumi.dev.yaml", problems)
    return [str(problem) for problem in problems.errors]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lab": "nowhere"}, "environments.shop: 'nowhere' is no lab of this stack"),
        ({"name": "a/b"}, "environments.0.name: expected letters, digits and -"),
        ({"user": "me"}, "environments.0.user: expected the object id"),
        ({"parameters": {"version": 1.1}}, "write a number with a point in quotes"),
        ({"tempalte": "x"}, "environments.0.tempalte is not a known setting"),
        ({"replace": "never"}, "environments.0.replace: expected 'create-first' or"),
    ],
)
def test_faults_are_told(change: dict[str, Any], said: str) -> None:
    found = faults({**SHOP, **change})
    assert len(found) == 1
    assert said in found[0]


def test_two_of_one_name_in_one_lab_are_a_fault_and_in_two_labs_none() -> None:
    assert faults(SHOP, {**SHOP, "lab": "factory"}) == []
    assert "names 'SHOP' twice in lab team" in faults(SHOP, {**SHOP, "name": "SHOP"})[0]


def test_parameters_become_text_and_secrets_are_wanted() -> None:
    raw = {**SHOP, "parameters": {"n": 3, "on": True, "list": [1], "key": {"secret": "shopKey"}}}
    now = world(raw)
    (found,) = now.settings.environments
    assert [found.parameters[name] for name in ("n", "on", "list")] == ["3", "true", "[1]"]
    assert wanted_secrets(now.images, now.settings) == {"shopKey": "environment 'shop'"}


def test_many_that_vanish_at_once_stop_the_run() -> None:
    many = [{**SHOP, "name": f"shop{number}"} for number in range(3)]
    now = ran(world(*many))
    now.settings = dev("linux/a", maxRetirements=2).settings
    with pytest.raises(FactoryError, match="would retire 3 images or environments"):
        now.plan()
