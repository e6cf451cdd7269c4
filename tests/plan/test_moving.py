"""A definition that moved: ``formerly`` carries all over, and nothing is done because of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory.plan.model import CHANGES, Action
from factory.settings.stack import Settings
from tests.definitions.test_definitions import BASE, faults, write
from tests.plan.world import World, changed, dev, image, lab, prod


def moved(world: World, former: str, now: str, **fields: Any) -> None:
    """Move a definition as `git mv` does; both stacks read one checkout."""
    old = world.images.pop(former).definition.model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    names = [former, *old.pop("formerly", [])]
    world.images[now] = image(now, **{**old, **fields, "formerly": names})


def with_settings(world: World, **changes: Any) -> None:
    raw = world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    world.settings = Settings.model_validate({**raw, **changes})


def three_versions() -> tuple[World, World]:
    source = dev("linux/a", labs=[lab("team", "linux/a")])
    target = prod(source, labs=[lab("finance", "linux/*")])
    for number in range(3):
        changed(source, "linux/a", f"s{number}")
        source.run()
        target.run()
    for world in (source, target):
        world.run()
    return source, target


def test_nothing_is_done_because_of_a_move_and_no_lab_loses_an_image() -> None:
    source, target = three_versions()
    before = [world.resources.keys() for world in (source, target)]
    moved(source, "linux/a", "unix/tools/a")
    for world, lab_name, keys in zip((source, target), ("team", "finance"), before, strict=True):
        plan = world.run()
        assert not [step for step in plan.steps if step.action in CHANGES], plan.steps
        assert {step.identity for step in plan.steps} == {"unix/tools/a"}
        assert "built as linux/a" in next(s.reason for s in plan.steps if s.action is Action.KEEP)
        assert keys <= world.resources.keys()
        assert len(world.holding(lab_name)["linux/a"]) == 3


def test_numbers_and_retention_go_on_under_the_new_name() -> None:
    source, target = three_versions()
    moved(source, "linux/a", "unix/a", base={"publisher": "P", "offer": "O", "sku": "new"})
    plan = source.run()
    assert [(s.identity, s.version) for s in plan.steps if s.action is Action.BUILD] == [
        ("unix/a", "20261122.4")
    ]
    target.run()
    source.run()
    target.run()
    for world, lab_name in ((source, "team"), (target, "finance")):
        assert world.holding(lab_name) == {
            "linux/a": ["20261122.2", "20261122.3"],
            "unix/a": ["20261122.4"],
        }
        assert world.plan().nothing_due


def test_pins_holds_approvals_and_revocations_by_the_old_name_hold() -> None:
    source, target = three_versions()
    with_settings(source, revoke={"linux/a": {"versions": ["20261122.3"], "reason": "CVE"}})
    with_settings(target, pin={"linux/a": "20261122.1"})
    moved(source, "linux/a", "unix/a")
    source.run()
    assert source.holding("team") == {"linux/a": ["20261122.1", "20261122.2"]}
    target.run()
    assert target.holding("finance") == {"linux/a": ["20261122.1"]}
    with_settings(target, pin={}, hold=["linux/*"])
    assert target.plan().nothing_due
    late = prod(source, labs=[lab("late")], approve={"linux/a": ["20261122.1"]})
    late.run()
    assert late.holding("late") == {"linux/a": ["20261122.1"]}
    with_settings(source, revoke={"unix/a": {"versions": ["20261122.2"], "reason": "CVE"}})
    source.run()
    assert source.holding("team") == {"linux/a": ["20261122.1", "20261122.3"]}


def test_a_parent_that_moved_rebuilds_no_child() -> None:
    world = dev("linux/a")
    world.images["linux/b"] = image("linux/b", base={"image": "linux/a"})
    world.run()
    world.run()
    moved(world, "linux/a", "base/a")
    world.images["linux/b"] = image("linux/b", base={"image": "base/a"})
    assert world.plan().nothing_due, world.plan().steps
    moved(world, "linux/b", "apps/b")
    assert world.plan().nothing_due, world.plan().steps
    world.images["apps/b"] = image("apps/b", formerly=["linux/b"])
    (reason,) = [s.reason for s in world.plan().steps if s.action is Action.BUILD]
    assert reason.startswith("definition changed: base.image, base.offer")


def test_back_again_and_twice_moved() -> None:
    source, target = three_versions()
    moved(source, "linux/a", "unix/a")
    changed_to = {"publisher": "P", "offer": "O", "sku": "new"}
    moved(source, "unix/a", "linux/x", base=changed_to)
    assert source.images["linux/x"].definition.formerly == ["unix/a", "linux/a"]
    source.run()
    source.images = {"linux/a": image("linux/a", base=changed_to, formerly=["linux/x", "unix/a"])}
    target.images = source.images
    for world in (source, target, source, target):
        world.run()
    assert source.plan().nothing_due
    assert target.plan().nothing_due
    expected = {"linux/a": ["20261122.2", "20261122.3"], "linux/x": ["20261122.4"]}
    assert source.holding("team") == target.holding("finance") == expected


def test_without_formerly_the_old_one_is_a_removed_definition() -> None:
    source, _ = three_versions()
    source.images = {"unix/a": image("unix/a")}
    assert [s.version for s in source.plan().steps if s.action is Action.RETIRE] == [
        "20261122.1",
        "20261122.2",
        "20261122.3",
    ]


def test_a_build_that_was_cut_off_goes_on_after_the_move() -> None:
    world = dev("linux/a")
    world.run(failing={"linux/a"})
    del world.resources[
        "urn:pulumi:s::p::azure-native:devtestlab:VirtualMachine::linux/a@20261122.1/vm/1"
    ]
    moved(world, "linux/a", "unix/a")
    (step,) = [s for s in world.plan().steps if s.action is Action.RESUME]
    assert (step.identity, step.version) == ("unix/a", "20261122.1")
    world.run()
    assert world.holding("team") == {"linux/a": ["20261122.1"]}


def test_an_exclusion_of_the_present_name_holds() -> None:
    source, _ = three_versions()
    with_settings(source, labs=[lab("team", "linux/*", "!secret/**")])
    moved(source, "linux/a", "secret/a")
    assert {s.lab for s in source.plan().steps if s.action is Action.RETIRE} == {"team"}


OS = "os: linux\n"


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"one": "formerly: [one]\n"}, "formerly: one is its own name"),
        ({"one": "formerly: [two]\n", "two": ""}, "two is still a definition (images/two.yaml)"),
        (
            {"one": "formerly: [two]\n", "two": "formerly: [three]\n"},
            "two is still a definition (images/two.yaml), and was three itself",
        ),
        ({"one": "formerly: [x]\n", "two": "formerly: [x]\n"}, "x is claimed by images/one.yaml"),
        ({"one": "formerly: [a/b]\n", "a-b": ""}, "a/b and a-b give the same Azure name"),
        ({"one": "formerly: ['!x']\n"}, "formerly.0:"),
    ],
)
def test_a_past_that_cannot_be_is_told(tmp_path: Path, files: dict[str, str], fault: str) -> None:
    write(tmp_path, **{name: BASE + OS + text for name, text in files.items()})
    assert any(fault in line for line in faults(tmp_path)), faults(tmp_path)
