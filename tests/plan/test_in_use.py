"""What hangs on a version keeps it; a lab may keep fewer, or more, than the stack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from factory.common import names
from factory.common.versions import Version
from factory.observed.model import ObservedLab, Use
from factory.plan.model import Action, Plan
from tests.plan.world import World, changed, dev, lab


def two_versions(**more: Any) -> World:
    world = dev("linux/a", keep={"newest": 1}, **more)
    for number in range(2):
        changed(world, "linux/a", f"s{number}")
        world.run()
    return world


def used(world: World, use: Use, pass_time: timedelta = timedelta(0)) -> Plan:
    name = names.image_name("linux/a", Version(20261122, 1))
    world.now += pass_time
    return world.plan(labs={"team": ObservedLab("westeurope", uses={name: (use,)})})


def kept(plan: Plan) -> dict[str, str]:
    return {s.version: s.reason for s in plan.steps if s.action is Action.KEEP}


def test_a_formula_keeps_the_version_it_is_made_from() -> None:
    plan = used(two_versions(), Use("formula", "dev-box"))
    assert kept(plan)["20261122.1"] == "formula dev-box in lab team is made from it"


def test_a_lab_vm_keeps_it_only_within_its_grace() -> None:
    vm = Use("vm", "web-01")
    assert "20261122.1" not in kept(used(two_versions(), vm))
    graceful = two_versions(graceForVms="7d")
    reason = kept(used(graceful, vm))["20261122.1"]
    assert reason == "VM web-01 in lab team is made from it; it stays until 2026-11-29"
    assert "20261122.1" not in kept(used(graceful, vm, timedelta(days=7)))


def test_a_lab_may_keep_fewer_than_its_stack() -> None:
    world = dev("linux/a", labs=[lab("team"), {**lab("small"), "keep": "1"}])
    for number in range(3):
        changed(world, "linux/a", f"s{number}")
        world.run()
    world.run()
    assert len(world.holding("team")["linux/a"]) == 3
    assert world.holding("small") == {"linux/a": ["20261122.3"]}


def test_a_late_lab_may_ask_for_more_than_the_newest() -> None:
    world = dev("linux/a")
    for number in range(3):
        changed(world, "linux/a", f"s{number}")
        world.run()
    world.settings = dev(labs=[lab("team"), {**lab("late"), "keep": "2"}]).settings
    world.run()
    assert world.holding("late") == {"linux/a": ["20261122.2", "20261122.3"]}


def test_a_lab_keeps_its_only_one_though_it_wants_fewer() -> None:
    world = dev("linux/a", labs=[{**lab("bad"), "keep": "1"}])
    world.run()
    changed(world, "linux/a", "new")
    world.run(broken_labs={"bad"})
    world.run(broken_labs={"bad"})
    assert world.holding("bad") == {"linux/a": ["20261122.1"]}
    world.run()
    world.run()
    assert world.holding("bad") == {"linux/a": ["20261122.2"]}
