"""Parents in another building stack: brought here, built on, renewed, revoked, and gone again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from factory.common import names
from factory.observed.model import Thing
from factory.plan.model import Action, Plan
from factory.plan.situation.revocation import revocations
from tests.plan.test_handing_over import told, with_settings
from tests.plan.world import DEV, LINUX, World, changed, dev, image, lab, linux, prod

A_DAY = timedelta(days=1)
PARENT, CHILD = "base/x", "linux/child"


def layered(**fields: Any) -> tuple[World, World]:
    """base/x is dev's, linux/child on it the linux stack's."""
    first = dev(PARENT, builds=["base/**"], keep="1")
    first.images[PARENT] = image(PARENT, **fields)
    first.images[CHILD] = image(CHILD, base={"image": PARENT})
    return first, linux(first, keep="1")


def parents(plan: Plan) -> dict[str, str]:
    return {v.identity: v.spec.parent for v in plan.versions if v.spec}


def test_a_child_waits_until_another_stack_offers_its_parent() -> None:
    first, second = layered()
    plan = second.run()
    assert plan.nothing_due
    (step,) = plan.steps
    assert step.action is Action.WAIT
    assert step.reason == (
        f"its base {PARENT} is built elsewhere, and {DEV} offers no good version of it yet"
    )
    first.run()
    plan = second.run()
    assert told(plan, Action.RECEIVE) == [(PARENT, "20261122.1", "factory")]
    assert told(plan, Action.BUILD) == [(CHILD, "20261122.1", "")]
    assert parents(plan) == {CHILD: "base/x@20261122.1"}
    second.run()
    assert second.plan().nothing_due


@pytest.mark.parametrize("capture", ["generalized", "specialized"])
def test_a_guest_is_copied_once_and_is_the_childrens_alone(capture: str) -> None:
    first, second = layered(capture=capture)
    first.run()
    plan = second.run()
    (guest,) = [version for version in plan.versions if version.foreign]
    (region,) = guest.regions
    assert region.copy is not None
    assert region.backing == (capture == "generalized")
    assert [delivery.lab.name for delivery in region.labs] == ["factory"]
    assert second.holding("unix") == {CHILD: ["20261122.1"]}
    assert set(second.ledger.outputs["catalogue"]["definitions"]) == {CHILD}
    target = prod(first)
    target.further = [second]
    target.run()
    assert target.holding("finance") == {PARENT: ["20261122.1"], CHILD: ["20261122.1"]}


def test_a_newer_parent_makes_the_child_due_and_the_older_guest_leaves_after_it() -> None:
    first, second = layered()
    first.run()
    second.run()
    changed(first, PARENT, "new")
    first.run()
    plan = second.run()
    assert [s.reason for s in plan.steps if s.action is Action.BUILD] == [
        f"its base {PARENT} moved to 20261122.2"
    ]
    assert told(plan, Action.RETIRE) == []
    assert [str(v.version) for v in plan.versions if v.foreign] == ["20261122.1", "20261122.2"]
    plan = second.run()
    assert (PARENT, "20261122.1", "factory") in told(plan, Action.RETIRE)
    assert second.plan().nothing_due or not told(second.run(), Action.BUILD)


def test_an_older_guest_stays_while_the_newer_one_has_not_come() -> None:
    first, second = layered()
    first.run()
    second.run()
    changed(first, PARENT, "new")
    first.run()
    for _ in range(3):
        second.run(broken_labs=["factory"], failing=[CHILD])
    assert {str(held.version) for held in second.ledger.of(PARENT)} == {"20261122.1", "20261122.2"}
    assert second.released(CHILD) == ["20261122.1"]


def test_a_revoked_parent_takes_its_children_in_other_stacks_with_it() -> None:
    first, second = layered()
    first.run()
    second.run()
    target = prod(first)
    target.further = [second]
    target.run()
    bad = {PARENT: {"versions": ["20261122.1"], "reason": "CVE"}}
    with_settings(first, revoke=bad, allowNone=["**"], hold=[PARENT])
    first.run()
    # The receiver hears of the child by what it was built on, before the child's own stack ran.
    with_settings(target, allowNone=["**"])
    fresh = prod(first)
    fresh.further = [second]
    assert told(fresh.plan(), Action.RECEIVE) == []
    assert {s[0] for s in told(target.plan(), Action.RETIRE)} == {PARENT, CHILD}
    with_settings(second, allowNone=["**"])
    plan = second.run()
    assert set(told(plan, Action.RETIRE)) == {
        (PARENT, "20261122.1", "factory"),
        (CHILD, "20261122.1", "unix"),
    }
    assert set(plan.revoked) == {CHILD}  # of the parent its own stack speaks
    assert second.holding("unix") == {}
    changed(first, PARENT, "mended")
    with_settings(first, hold=[])
    first.run()
    plan = second.run()
    assert parents(plan) == {CHILD: "base/x@20261122.2"}
    assert revocations(second.inputs())[CHILD]


def test_a_guest_goes_when_nothing_is_built_on_it_and_stays_when_nobody_can_tell() -> None:
    first, second = layered()
    first.run()
    second.run()
    with_settings(second, hold=[PARENT])
    assert told(second.plan(), Action.RETIRE) == []
    with_settings(second, hold=[])
    second.neighbours = []
    assert told(second.plan(), Action.RETIRE) == []
    second.neighbours = [first]
    second.images = {**first.images, CHILD: image(CHILD)}
    assert told(second.run(), Action.RETIRE) == [(PARENT, "20261122.1", "factory")]


def test_a_parent_that_is_built_here_from_now_on_takes_the_guests_place() -> None:
    first, second = layered()
    first.run()
    second.run()
    with_settings(first, builds=["windows/**"])
    with_settings(second, builds=["linux/**", "base/**"])
    first.run()
    plan = second.run()
    assert told(plan, Action.BUILD)[0] == (PARENT, "20261122.2", "")
    assert parents(plan)[CHILD] == "base/x@20261122.2"
    assert told(plan, Action.RETIRE) == []
    plan = second.run()
    assert told(plan, Action.RETIRE) == [
        (PARENT, "20261122.1", "factory"),
        (CHILD, "20261122.1", "unix"),
    ]


def test_a_parent_in_the_same_lab_is_used_where_it_is() -> None:
    first, second = layered()
    first.run()
    name = names.image_name(PARENT, first.ledger.of(PARENT)[0].version)
    tags = {names.STACK: DEV, names.DEFINITION: PARENT, names.VERSION: "20261122.1"}
    plan = second.plan(captures={name: Thing("/lab/image", tags)})
    assert not any(version.foreign for version in plan.versions)
    assert plan.neighbours == {"base/x@20261122.1"}
    assert parents(plan) == {CHILD: "base/x@20261122.1"}
    # One that is somebody else's is in the way, and stays.
    plan = second.plan(captures={name: Thing("/lab/image", {})})
    (refused,) = [s for s in plan.steps if s.action is Action.REFUSE]
    assert refused.identity == CHILD
    assert f"base/x@20261122.1 cannot come to factory: a custom image {name}" in refused.reason


def test_a_parent_that_cannot_travel_is_refused_with_the_reason() -> None:
    first, second = layered()
    first.run()
    urn = next(urn for urn in first.resources if urn.endswith(f"{PARENT}@20261122.1/record"))
    outputs = first.resources[urn]["outputs"]
    outputs["output"]["encryption"] = "EncryptionAtRestWithCustomerKey"
    entry = first.ledger.outputs["catalogue"]["definitions"][PARENT]["20261122.1"]
    entry["encryption"] = "EncryptionAtRestWithCustomerKey"
    plan = second.plan()
    (refused,) = [s for s in plan.steps if s.action is Action.REFUSE]
    assert refused.identity == CHILD
    assert "customer-managed key" in refused.reason


def test_what_was_deleted_of_a_guest_comes_again_without_a_build() -> None:
    first, second = layered()
    first.run()
    second.run()
    second.run()
    part = f"{PARENT}@20261122.1/lab/factory"
    second.resources = {u: r for u, r in second.resources.items() if not u.endswith(part)}
    plan = second.run()
    assert told(plan, Action.RESTORE) == [(PARENT, "20261122.1", "factory")]
    assert told(plan, Action.BUILD) == []
    assert second.plan().nothing_due


def test_a_stack_that_never_ran_offers_nothing_and_one_that_did_must_be_readable() -> None:
    first, second = layered()
    assert second.inputs().parents is not None
    first.run()
    inputs = second.inputs()
    assert inputs.parents is not None
    assert inputs.serials.keys() == {DEV}


def test_the_grandparents_word_reaches_a_child_two_stacks_away() -> None:
    """a is dev's, b on it the linux stack's: c on b is dev's again, and read from there."""
    first = dev("base/a", builds=["base/**", "top/**"])
    first.images["linux/b"] = image("linux/b", base={"image": "base/a"})
    first.images["top/c"] = image("top/c", base={"image": "linux/b"})
    second = linux(first, labs=[lab("unix")])
    first.neighbours = [second]
    for _ in range(3):
        first.run(pass_time=A_DAY)
        second.now = first.now
        second.run(pass_time=timedelta())
    assert first.released("top/c")
    bad = {"base/a": {"versions": first.released("base/a"), "reason": "CVE"}}
    with_settings(first, revoke=bad, allowNone=["**"])
    assert {s[0] for s in told(first.plan(), Action.RETIRE)} >= {"base/a", "linux/b", "top/c"}
    assert second.stack == LINUX
    assert replace(first.plan()).nothing_due is False
