"""Resource groups that others made: used as they are, and never this stack's to change or drop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from factory.common import names
from factory.common.errors import FactoryError
from factory.common.ownership import Owner
from factory.observed.model import Thing
from factory.plan.model import Action, Plan
from tests.plan.test_places import standing
from tests.plan.world import DEV, World, dev

STORE, APART = "factory/store", "factory/group"
LENT = {"name": "rg-factory", "create": False}
BARE = Thing("/subscriptions/x/resourceGroups/rg-factory", {"CostCenter": "4711"})


def fresh(**more: Any) -> World:
    world = dev("linux/a", **more)
    world.founded = False
    return world


def made(plan: Plan) -> set[str]:
    return {step.resource for step in plan.steps if step.action is Action.CREATE}


def test_a_group_that_is_there_and_nobodys_is_used_and_told() -> None:
    plan = fresh().plan(foundations={STORE: BARE})
    assert plan.lent == {STORE}
    assert STORE not in made(plan)
    (warning,) = plan.warnings
    assert "resourceGroup: {name: rg-factory, create: false}" in warning
    # One that is not there is made, as ever.
    plan = fresh().plan(foundations={})
    assert plan.lent == frozenset()
    assert plan.warnings == ()
    assert STORE in made(plan)


def test_a_group_that_others_are_to_make_has_to_be_there() -> None:
    world = fresh(resourceGroup=LENT)
    with pytest.raises(FactoryError, match=r"no resource group rg-factory .*create: false"):
        world.plan(foundations={})
    plan = world.plan(foundations={STORE: BARE})
    assert plan.lent == {STORE}
    assert plan.warnings == ()


def test_the_labs_own_group_may_be_of_others_too() -> None:
    lab = {"name": "factory", "resourceGroup": {"name": "rg-lab", "create": False}, "create": True}
    world = fresh(factoryLab=lab)
    with pytest.raises(FactoryError, match="no resource group rg-lab"):
        world.plan(foundations={})
    plan = world.plan(foundations={APART: Thing("/rg-lab")})
    assert plan.lent == {APART}
    assert STORE in made(plan)


@pytest.mark.parametrize("group", ["rg-factory", LENT])
def test_a_group_of_another_factory_is_used_if_that_is_said(group: object) -> None:
    theirs = replace(BARE, tags={names.STACK: "organization/image-factory/other"})
    world = fresh(resourceGroup=group)
    if group == LENT:
        assert world.plan(foundations={STORE: theirs}).lent == {STORE}
        return
    with pytest.raises(FactoryError, match="belongs to organization/image-factory/other"):
        world.plan(foundations={STORE: theirs})


def test_a_group_that_a_killed_run_made_is_taken_in_and_not_taken_for_that_of_others() -> None:
    ours = replace(BARE, tags=Owner(DEV).tags)
    plan = fresh().plan(foundations={STORE: ours})
    assert (plan.lent, plan.adopted) == (frozenset(), {STORE: ours.id})


def test_what_the_state_has_stays_declared_whatever_is_said_of_it_later() -> None:
    world = standing()
    before = world.plan()
    world.settings = world.settings.model_copy(
        update={"group": world.settings.group.model_copy(update={"create": False})}
    )
    plan = world.plan(foundations={STORE: Thing(BARE.id, Owner(DEV).tags)})
    assert plan.lent == frozenset()
    assert plan.steps == before.steps
