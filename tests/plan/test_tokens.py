"""A token of an artifact source that became another is told, where secrets are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from tests.plan.world import World, dev

OLD, NEW = "a" * 64, "b" * 64
SOURCE = {"name": "own", "uri": "https://git.example/own", "token": "repoToken"}
MADE = {
    "name": "own",
    "uri": SOURCE["uri"],
    "sourceType": "GitHub",
    "branchRef": "main",
    "folderPath": "/Artifacts",
    "securityToken": "[secret]",
}


def world(noted: Any) -> World:
    made = dev("linux/a", artifactSources=[SOURCE])
    made.run()
    made.run()
    outputs = {"lab": "factory"} | ({"tokens": noted} if noted else {})
    for kind, name, said in (
        ("imagefactory:index:FactoryLab", "factory", outputs),
        ("azure-native:devtestlab:ArtifactSource", "factory/source/own", MADE),
    ):
        urn = f"urn:pulumi:s::p::{kind}::{name}"
        made.resources[urn] = {"type": kind, "outputs": said}
    return made


def planned(made: World, token: str) -> Plan:
    return make_plan(replace(made.inputs(), tokens={"own": token}))


def told(plan: Plan) -> list[str]:
    return [step.reason for step in plan.steps if step.action is Action.UPDATE]


def test_another_token_is_told_and_the_same_is_not() -> None:
    assert told(planned(world({"own": OLD}), NEW)) == ["the settings say otherwise: token"]
    assert planned(world({"own": OLD}), OLD).nothing_due


@pytest.mark.parametrize("noted", [None, {"4dabf18193072939515e22adb298388d": "1"}, {"own": "x"}])
def test_of_what_was_not_noted_or_is_not_read_nothing_is_said(noted: Any) -> None:
    assert planned(world(noted), NEW).nothing_due
    assert planned(world({"own": OLD}), "").nothing_due
