"""What is declared for a parent that another stack built, and for the child on it."""

from __future__ import annotations

from factory.common import names
from factory.observed.model import Thing
from tests.components.harness import declare
from tests.components.test_declared import CUSTOM, IMAGE, SNAPSHOT, STASH, VM
from tests.plan.test_foreign_parents import layered
from tests.plan.world import DEV, LINUX, SUBSCRIPTIONS

P1, C1 = "base/x@20261122.1", "linux/child@20261122.1"
HERE = f"/subscriptions/{SUBSCRIPTIONS[LINUX]}"


def test_a_guest_is_copied_and_delivered_to_the_factory_lab_before_its_child_is_built() -> None:
    first, second = layered()
    first.run()
    made = declare(second.inputs(), second.plan())
    copy = made.inputs(SNAPSHOT, f"{P1}/copy/westeurope")
    assert copy["creationData"]["sourceResourceId"].startswith(
        f"/subscriptions/{SUBSCRIPTIONS[DEV]}/"
    )
    assert copy["tags"][names.STACK] == LINUX
    arrived = made.inputs(CUSTOM, f"{P1}/lab/factory")
    assert arrived["labName"] == "factory"
    vm = made.inputs(VM, f"{C1}/vm/1")
    assert vm["customImageId"].lower().endswith("/labs/factory/customimages/base-x-20261122-1")
    assert vm["customImageId"].startswith(HERE)
    steps = [
        f"{STASH} {P1}/guest",
        f"{STASH} {P1}/record",
        f"{SNAPSHOT} {P1}/copy/westeurope",
        f"{IMAGE} {P1}/image/westeurope",
        f"{CUSTOM} {P1}/lab/factory",
        f"{VM} {C1}/vm/1",
    ]
    assert [key for key in made.order if key in steps] == steps
    assert not any(key.endswith((f"{P1}/source", f"{P1}/capture")) for key in made.order)


def test_a_parent_in_the_same_lab_is_not_declared_at_all() -> None:
    first, second = layered()
    first.run()
    tags = {names.STACK: DEV, names.DEFINITION: "base/x", names.VERSION: "20261122.1"}
    inputs = second.inputs(captures={"base-x-20261122-1": Thing("/lab/image", tags)})
    made = declare(inputs, second.plan(captures=inputs.observed.captures))
    assert made.inputs(VM, f"{C1}/vm/1")["customImageId"].endswith("/base-x-20261122-1")
    assert not any(P1 in key for key in made.order)
