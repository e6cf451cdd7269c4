"""Images built on images: order, reasons, refusals, revocation, and what keeps a parent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory.plan.model import Action, Plan
from factory.settings.stack import Settings
from tests.definitions.test_definitions import BASE, faults, write
from tests.plan.world import World, changed, dev, image


def layered(**more: Any) -> World:
    """c is built on b, b on a; z stands alone."""
    world = dev("linux/z", "linux/a", **more)
    world.images["linux/b"] = image("linux/b", base={"image": "linux/a"})
    world.images["linux/c"] = image("linux/c", base={"image": "linux/b"})
    return world


def builds(plan: Plan) -> list[tuple[str, str]]:
    return [(s.identity, s.reason) for s in plan.steps if s.action is Action.BUILD]


def test_parents_come_first_and_children_are_built_in_the_same_run() -> None:
    plan = layered().plan()
    order = [version.identity for version in plan.versions]
    assert order.index("linux/a") < order.index("linux/b") < order.index("linux/c")
    parents = {v.identity: v.spec.parent for v in plan.versions if v.spec}
    assert parents == {
        "linux/a": "",
        "linux/z": "",
        "linux/b": "linux/a@20261122.1",
        "linux/c": "linux/b@20261122.1",
    }


def test_a_child_is_due_when_its_parent_moves() -> None:
    world = layered()
    world.run()
    changed(world, "linux/a", "new")
    assert builds(world.run()) == [
        ("linux/a", "definition changed: base.sku"),
        ("linux/b", "its base linux/a moved to 20261122.2"),
        ("linux/c", "its base linux/b moved to 20261122.2"),
    ]
    world.run()
    assert world.plan().nothing_due


def test_what_every_image_gets_is_a_reason_to_build_for_a_parent_and_its_child_alike() -> None:
    world = layered()
    world.run()
    always = {"first": ["agent"], "last": [{"name": "seal", "os": "linux"}]}
    world.images["linux/a"] = image("linux/a", always=always)
    world.images["linux/b"] = image("linux/b", base={"image": "linux/a"}, always=always)
    plan = world.run()
    assert builds(plan) == [
        ("linux/a", "definition changed: artifacts"),
        ("linux/b", "definition changed: artifacts"),
        ("linux/c", "its base linux/b moved to 20261122.2"),
    ]
    asked = {v.identity: v.spec.content.all_artifacts for v in plan.versions if v.spec}
    whole = ["agent", "seal", "linux-deprovision"]
    assert [each.name for each in asked["linux/a"]] == whole
    assert [each.name for each in asked["linux/b"]] == whole
    # Who says it changes nothing; a parameter of one that is there is enough.
    world.images["linux/b"] = image(
        "linux/b", base={"image": "linux/a"}, artifacts=["agent", "seal"]
    )
    assert builds(world.plan()) == []
    always["last"] = [{"name": "seal", "parameters": {"hard": "yes"}}]
    world.images["linux/b"] = image("linux/b", base={"image": "linux/a"}, always=always)
    assert builds(world.plan())[0] == ("linux/b", "definition changed: artifacts")


def test_a_child_whose_parent_failed_is_built_on_the_parents_next_version() -> None:
    world = layered()
    world.run(failing={"linux/a", "linux/b", "linux/c"})
    plan = world.run()
    assert {v.identity: v.spec.parent for v in plan.versions if v.spec}["linux/b"] == (
        "linux/a@20261122.2"
    )


def test_a_child_without_any_parent_version_is_refused_alone() -> None:
    world = layered()
    raw = world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    world.settings = Settings.model_validate({**raw, "hold": ["linux/a"]})
    plan = world.plan()
    refused = [s.identity for s in plan.steps if s.action is Action.REFUSE]
    assert refused == ["linux/b", "linux/c"]
    assert builds(plan) == [("linux/z", "never built")]


def test_a_child_waits_with_its_parent() -> None:
    plan = layered(maxConcurrentBuilds="1").plan()
    waiting = {s.identity: s.reason for s in plan.steps if s.action is Action.WAIT}
    assert set(waiting) == {"linux/b", "linux/c", "linux/z"}
    few = layered().plan(cores_free=8)
    running = {s.identity for s in few.steps if s.action is Action.BUILD}
    assert "linux/c" not in running


def test_a_parent_stays_as_long_as_a_child_of_it_does() -> None:
    world = layered(keep="1")
    world.run()
    with_child = world.ledger.of("linux/b")[0].record
    assert with_child is not None
    assert with_child.parent == "linux/a@20261122.1"
    changed(world, "linux/a", "new")
    world.run(failing={"linux/b", "linux/c"})
    plan = world.plan()
    kept = {(s.identity, s.version): s.reason for s in plan.steps if s.action is Action.KEEP}
    assert kept["linux/a", "20261122.1"] == "linux/b@20261122.1 is built on it"


def test_children_are_revoked_with_their_parent() -> None:
    world = layered()
    world.run()
    raw = world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    revoke = {"linux/a": {"versions": ["20261122.1"], "reason": "CVE"}}
    world.settings = Settings.model_validate({**raw, "revoke": revoke, "allowNone": ["**"]})
    plan = world.run()
    retired = {s.identity for s in plan.steps if s.action is Action.RETIRE}
    assert retired == {"linux/a", "linux/b", "linux/c"}
    # Nothing good is left of them, so each is built again at once, on what is good by then.
    again = {name: ["20261122.2"] for name in ("linux/a", "linux/b", "linux/c")}
    assert world.holding("team") == {**again, "linux/z": ["20261122.1"]}


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"a": "os: linux\nbase: {image: gone}\n"}, "there is no definition 'gone'"),
        (
            {"a": "os: linux\nbase: {image: b}\n", "b": "os: linux\nbase: {image: a}\n"},
            "is built on itself: a -> b -> a",
        ),
        ({"a": "os: linux\nbase: {image: a}\n"}, "is built on itself: a -> a"),
        (
            {"a": "os: windows\nbase: {image: b}\n", "b": BASE + "os: linux\n"},
            "os is windows, but its base b is linux",
        ),
        ({"a": "os: linux\nbase: {image: b, sku: x}\n"}, "base.sku: is not a known field"),
        ({"a": "os: linux\nbase: {publisher: p}\n"}, "base.offer: is required"),
    ],
)
def test_broken_lineage_is_told(tmp_path: Path, files: dict[str, str], fault: str) -> None:
    write(tmp_path, **files)
    assert any(fault in line for line in faults(tmp_path)), faults(tmp_path)
