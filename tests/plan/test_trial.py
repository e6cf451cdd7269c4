"""A trial stack builds some definitions with what they are built on; the others rest."""

from __future__ import annotations

from typing import Any

import pytest

from factory.plan.model import Action
from factory.settings.selection import selected
from tests.plan.world import dev, image

CHILD: dict[str, Any] = {"base": {"image": "linux/a"}}


def test_only_takes_what_it_names_and_what_that_is_built_on() -> None:
    world = dev("linux/a", "linux/b", labs=[], only=["linux/child"])
    world.images["linux/child"] = image("linux/child", **CHILD)
    assert set(selected(world.images, world.settings)) == {"linux/a", "linux/child"}
    plan = world.plan()
    built = [step.identity for step in plan.steps if step.action is Action.BUILD]
    assert sorted(built) == ["linux/a", "linux/child"]
    assert not any(step.lab for step in plan.steps)


def test_what_a_trial_no_longer_names_rests_and_is_not_retired() -> None:
    world = dev("linux/a", "linux/b", labs=[])
    world.run()
    trial = dev("linux/a", "linux/b", labs=[], only=["linux/b"])
    world.settings = trial.settings
    world.images["linux/a"] = image("linux/a", sku="other")
    plan = world.plan()
    assert sorted({version.identity for version in plan.versions}) == ["linux/a", "linux/b"]
    assert not {Action.BUILD, Action.RETIRE, Action.REMOVE} & {step.action for step in plan.steps}


def test_a_stack_with_labs_cannot_leave_definitions_out() -> None:
    with pytest.raises(Exception, match="only is for a trial stack"):
        dev("linux/a", only=["linux/a"])
