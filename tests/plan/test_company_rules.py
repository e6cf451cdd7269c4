"""Mandatory rules of ``policies.yaml`` stop a run before anything is declared; others are told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from factory.common.errors import FactoryError, Problems
from factory.plan.inputs import Inputs
from factory.plan.model import Action
from tests.plan.world import World, changed, dev, prod
from tests.settings.test_policies import held

OLD = {
    "on": "version",
    "when": "version.newest",
    "rule": 'version.age < duration("72h")',
    "message": "3 days at most",
}


@dataclass
class Ruled(World):
    """A world with rules, which are asked anew in every plan."""

    folder: Path = Path()
    rules: list[dict[str, Any]] = field(default_factory=list)

    def inputs(self, **changes: Any) -> Inputs:
        problems = Problems()
        policies = held(self.folder, self, problems, *self.rules)
        assert problems.errors == []
        return replace(super().inputs(**changes), policies=policies)


def ruled(world: World, folder: Path, *rules: dict[str, Any]) -> Ruled:
    return Ruled(**vars(world), folder=folder, rules=list(rules))


def test_a_definition_against_a_mandatory_rule_stops_the_run(tmp_path: Path) -> None:
    rule = {"name": "publishers", "rule": 'image.root.publisher == "RedHat"', "todo": "ask"}
    world = ruled(dev("linux/a", "linux/b"), tmp_path, rule)
    with pytest.raises(FactoryError) as stopped:
        world.plan()
    lines = str(stopped.value).splitlines()
    assert lines[0] == "organization/image-factory/dev cannot run: 2 problems"
    assert lines[1].startswith("  images/linux/a.yaml: policy publishers (policies.yaml:")
    assert lines[1].endswith(", mandatory): so it is said -> ask")
    world.rules = [rule | {"level": "advisory"}]
    assert {step.action for step in world.plan().steps} == {Action.BUILD, Action.DELIVER}


def test_what_is_too_old_does_not_come_but_what_grew_old_is_a_warning(tmp_path: Path) -> None:
    source = dev("linux/a")
    source.run()
    world = ruled(prod(source), tmp_path, OLD)
    world.run()
    world.now += timedelta(days=4)
    plan = world.plan()
    assert plan.nothing_due
    (told,) = plan.warnings
    assert told.startswith("lab finance: linux/a 20261122.1: policy rule-0 (policies.yaml:")
    assert told.endswith(", mandatory): 3 days at most")
    # What replaces it is let in; what is old by the day on which it comes is not.
    changed(source, "linux/a", "new")
    source.now += timedelta(days=4)
    source.run()
    assert world.run().warnings == ()
    late = ruled(prod(source), tmp_path, OLD)
    late.now = source.now + timedelta(days=4)
    with pytest.raises(FactoryError, match=r"linux/a 20261126\.1: policy rule-0"):
        late.plan()
    late.rules = [OLD | {"level": "advisory"}]
    assert any("linux/a 20261126.1" in each for each in late.run().warnings)


def test_a_version_is_asked_of_with_its_definition_lab_and_stack(tmp_path: Path) -> None:
    source = dev("linux/a", tags={"owner": "x"})
    source.run()
    whole = (
        'version.new && version.number == "20261122.1" && version.baseVersion == "1.2.3" && '
        'version.base == image.root.publisher + ":ubuntu-24_04-lts:server" && '
        'version.parent == "" && version.commit == "c0ffee" && '
        'image.identity == "linux/a" && lab.name in stack.labs && stack.name == "prod"'
    )
    world = ruled(prod(source), tmp_path, {"on": "version", "rule": whole})
    world.plan()
    world.rules = [{"on": "version", "rule": whole, "when": "!version.new"}]
    world.run()
    # It is not new any more, and so the rule does not hold; its definition may go.
    assert len(world.plan().warnings) == 1
    del world.images["linux/a"]
    world.settings = world.settings.model_copy(update={"max_retirements": 10})
    assert not any("policy" in each for each in world.plan().warnings)
    # What is being built is asked of too, before a VM is paid for.
    building = ruled(dev("linux/a"), tmp_path, {"on": "version", "rule": '"owner" in version.tags'})
    with pytest.raises(FactoryError, match=r"linux/a 20261122\.1: policy"):
        building.plan()
