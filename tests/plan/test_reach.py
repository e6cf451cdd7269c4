"""A lab that is gone or cannot be read fails alone: the others are served, nothing is given up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from factory.common.errors import FactoryError, Problems
from factory.observed.model import ObservedLab
from factory.plan.model import Action, Plan
from factory.plan.online_check import Facts, check_against
from tests.plan.world import DEV, World, changed, dev, lab, prod, settings

HERE = ObservedLab("westeurope")
DENIED = {"a": "AuthorizationFailed: the client may not"}


def world(**more: Any) -> World:
    stood = dev("linux/x", labs=[lab("a"), lab("b")], **more)
    stood.run()
    stood.run()
    return stood


def delivered(plan: Plan) -> set[tuple[str, str]]:
    return {(step.version, step.lab) for step in plan.steps if step.action is Action.DELIVER}


def refused(plan: Plan) -> dict[str, str]:
    return {step.lab: step.reason for step in plan.steps if step.action is Action.REFUSE}


def declared(plan: Plan, lab_name: str) -> set[str]:
    return {
        str(version.version)
        for version in plan.versions
        for region in version.regions
        for each in region.labs
        if each.lab.name == lab_name
    }


def test_a_lab_that_is_gone_fails_alone_and_the_others_get_the_new_version() -> None:
    stood = world()
    changed(stood, "linux/x", sku="other")
    plan = stood.plan(labs={"a": None, "b": HERE})
    assert {where for _, where in delivered(plan)} == {"b"}
    assert list(refused(plan)) == ["a"]
    assert "there is no lab a in resource group rg-a any more" in refused(plan)["a"]
    assert "take it out of image-factory:labs" in refused(plan)["a"]
    # What the state has there stays declared: nothing is dropped because nobody answers.
    assert declared(plan, "a") == set(stood.holding("a")["linux/x"])


def test_what_a_lab_that_is_gone_held_keeps_no_older_version_alive() -> None:
    stood = world(keep={"newest": 1})
    old = stood.holding("b")["linux/x"]
    changed(stood, "linux/x", sku="other")
    gone = {"a": None, "b": HERE}
    play(stood, labs=gone)
    plan = play(stood, labs=gone)
    assert old not in ([], stood.holding("b")["linux/x"])
    assert {step.version for step in plan.steps if step.action is Action.RETIRE} == set(old)


def test_a_lab_that_a_refresh_took_out_of_the_state_is_still_known_as_served() -> None:
    stood = world()
    stood.resources = {
        urn: each for urn, each in stood.resources.items() if not urn.endswith("/lab/a")
    }
    assert "a" not in {name for held in stood.ledger.held.values() for name in held.labs}
    assert list(refused(stood.plan(labs={"a": None, "b": HERE}))) == ["a"]


def test_a_lab_that_never_held_anything_is_a_mistake_and_stops() -> None:
    stood = world()
    stood.settings = settings(DEV, [lab("a"), lab("b"), lab("typo")])
    with pytest.raises(FactoryError, match="there is no lab typo in resource group"):
        stood.plan(labs={"a": HERE, "b": HERE, "typo": None})


def test_a_lab_that_cannot_be_read_gets_nothing_and_loses_nothing() -> None:
    stood = world(keep={"newest": 1})
    (old,) = stood.holding("a")["linux/x"]
    changed(stood, "linux/x", sku="other")
    play(stood, unread=DENIED)
    plan = play(stood, unread=DENIED)
    assert "may not" in refused(plan)["a"]
    assert "give the identity its role there" in refused(plan)["a"]
    # A VM or a formula there may be made from it, and nobody can look.
    assert stood.holding("a")["linux/x"] == [old]
    assert len(stood.holding("b")["linux/x"]) == 2
    stood.run()
    stood.run()
    assert old not in stood.holding("a")["linux/x"]
    assert stood.holding("a") == stood.holding("b")


def test_a_receiver_none_of_whose_labs_can_be_reached_takes_nothing() -> None:
    source = dev("linux/x")
    source.run()
    source.run()
    stood = prod(source, labs=[lab("a")])
    plan = stood.plan(unread=DENIED)
    assert not plan.versions
    assert [step.reason for step in plan.steps if step.action is Action.WAIT] == [
        "no lab that takes it can be reached"
    ]


def test_nothing_is_built_in_a_lab_that_this_stack_made_and_somebody_deleted() -> None:
    stood = world()
    kind = "imagefactory:index:FactoryLab$azure-native:devtestlab:Lab"
    own = {"type": "azure-native:devtestlab:Lab", "outputs": {"name": "factory"}}
    stood.resources[f"urn:pulumi:s::p::{kind}::factory/lab"] = own
    changed(stood, "linux/x", sku="other")
    assert any(step.action is Action.BUILD for step in stood.plan().steps)
    plan = stood.plan(factory_lab_exists=False, factory_region=None)
    (refusal,) = [step for step in plan.steps if step.action is Action.REFUSE]
    assert refusal.identity == "linux/x"
    assert "the lab factory that this stack made is gone -> `pulumi refresh`" in refusal.reason
    assert not any(step.action in {Action.BUILD, Action.RETIRE} for step in plan.steps)


def test_validate_online_tells_of_both() -> None:
    stood = world()
    problems = Problems()
    check_against(stood.inputs(labs={"a": HERE, "b": None}, unread=DENIED), Facts(), problems)
    told = "\n".join(str(each) for each in problems.errors)
    assert "image-factory:labs.a: it cannot be read" in told
    assert "there is no lab b" in told


def play(stood: World, **observed: Any) -> Plan:
    """Run once with something out of reach."""
    plain = stood.observed
    stood.observed = lambda **more: replace(plain(**more), **observed)  # type: ignore[method-assign]
    try:
        return stood.run()
    finally:
        stood.observed = plain  # type: ignore[method-assign]
