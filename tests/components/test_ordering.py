"""A build VM in the first size that there is room for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from factory.azure.resources import ArmError
from factory.common import names
from factory.common.ownership import BuildKey, Owner
from factory.components.gates import Check, Mark, RefusedError
from factory.components.machine.build_faults import lacks_capacity
from factory.components.machine.size_fallback import VmOrder
from factory.observed.model import BuildVm, Thing
from factory.plan.model import Action
from tests.components.harness import FakeArm, declare, waiter
from tests.plan.world import dev, image

VM = "/lab/virtualmachines/b1"
MARK = Mark(Owner("o/p/dev"), BuildKey("linux/a", "20261122.1"), "1")
TAGS = {
    names.STACK: MARK.owner.stack,
    names.DEFINITION: MARK.build.definition,
    names.VERSION: MARK.build.version,
    names.ATTEMPT: MARK.attempt,
}
SIZES = ("Standard_D4s_v5", "Standard_D4as_v5", "Standard_E4s_v5")


@dataclass
class Region(FakeArm):
    """A region that says of some sizes why it has no room: at once, or when it comes to it."""

    at_once: Mapping[str, str] = field(default_factory=dict)
    late: Mapping[str, str] = field(default_factory=dict)
    ordered: list[str] = field(default_factory=list)
    there: BuildVm | None = None

    def build_vm(self, _: str) -> BuildVm | None:
        return self.there

    def order_vm(self, vm: str, body: Mapping[str, Any]) -> str:
        size = str(body["size"])
        self.ordered.append(size)
        if size in self.at_once:
            raise ArmError("PUT", 409, self.at_once[size], "no room")
        failed = "Failed" if size in self.late else "Succeeded"
        self.things[vm] = Thing(vm, TAGS, failed)
        return size

    def order_state(self, operation: str) -> tuple[str, str]:
        if operation in self.late:
            return "failed", f"{self.late[operation]}: no room"
        return ("succeeded", "") if operation else ("", "")


async def nothing() -> None:
    """Nothing is to be seen to before the order."""


def placed(arm: Region, before: Check = nothing) -> tuple[str, list[str]]:
    said: list[str] = []
    hour = timedelta(hours=1)
    order = VmOrder(
        waiter(arm), VM, MARK, before, SIZES, lambda size: {"size": size}, hour, said.append
    )
    return asyncio.run(order.place()), said


def test_the_wanted_size_is_taken_if_there_is_room() -> None:
    arm = Region()
    assert placed(arm) == ("", [])
    assert arm.ordered == [SIZES[0]]


def test_nothing_is_ordered_if_what_has_to_be_before_fails() -> None:
    async def refuse() -> None:
        msg = "the lab makes its VMs elsewhere"
        raise RefusedError(msg)

    arm = Region()
    assert placed(arm, refuse)[0] == "the lab makes its VMs elsewhere"
    assert arm.ordered == []


def test_the_next_size_is_tried_and_nothing_is_left_of_the_first() -> None:
    arm = Region(at_once={SIZES[0]: "SkuNotAvailable"}, late={SIZES[1]: "AllocationFailed"})
    fault, said = placed(arm)
    assert fault == ""
    assert arm.ordered == list(SIZES)
    assert arm.deleted == [VM]  # what the late failure had left
    assert said[-1] == f"its VM is a {SIZES[2]}, the first size that there was room for"


def test_no_room_for_any_names_them_all() -> None:
    arm = Region(at_once=dict.fromkeys(SIZES, "AllocationFailed"))
    fault, _ = placed(arm)
    assert fault == f"no room for any of {', '.join(SIZES)}: AllocationFailed: no room"


def test_another_fault_is_no_reason_to_try_another_size() -> None:
    arm = Region(at_once={SIZES[0]: "AuthorizationFailed"})
    fault, _ = placed(arm)
    assert fault == f"{SIZES[0]}: AuthorizationFailed: no room"
    assert arm.ordered == [SIZES[0]]


def test_one_of_this_attempt_that_is_there_is_gone_on_with() -> None:
    arm = Region(there=BuildVm("b1", TAGS, "Succeeded"))
    assert placed(arm) == ("", [])
    assert arm.ordered == []


def test_a_foreign_one_in_the_way_is_never_touched() -> None:
    arm = Region(there=BuildVm("b1", {}, "Succeeded"), things={VM: Thing(VM, {})})
    fault, _ = placed(arm)
    assert "is not a leftover of this build" in fault
    assert (arm.ordered, arm.deleted) == ([], [])


@pytest.mark.parametrize(
    ("fault", "helps"),
    [
        ("SkuNotAvailable: x", True),
        ("Code=ZonalAllocationFailed x", True),
        ("OverconstrainedAllocationRequest: x", True),
        ("OperationNotAllowed: exceeding approved standardDSv5Family Cores quota", True),
        ("OperationNotAllowed: the disk is in use", False),
        ("InvalidParameter: x", False),
    ],
)
def test_only_a_want_of_room_is_one(fault: str, helps: bool) -> None:
    assert lacks_capacity(fault) is helps


@dataclass
class OrderedOnce(Region):
    """What was ordered is there from then on."""

    bodies: list[Mapping[str, Any]] = field(default_factory=list)

    def build_vm(self, vm: str) -> BuildVm | None:
        return FakeArm.build_vm(self, vm) if self.bodies else None

    def order_vm(self, vm: str, body: Mapping[str, Any]) -> str:
        self.bodies.append(body)
        return "made"


def test_an_ordered_vm_is_what_the_engine_would_have_made() -> None:
    kind = "azure-native:devtestlab:VirtualMachine"
    plain = dev("linux/a")
    made = declare(plain.inputs(), plain.plan(), FakeArm()).inputs(kind, "linux/a@20261122.1/vm/1")
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", fallbackSizes=["Standard_D4as_v5"])
    arm = OrderedOnce()
    recorder = declare(world.inputs(), world.plan(), arm)
    assert recorder.names(kind) == ["linux/a@20261122.1/vm/1"]
    (body,) = arm.bodies
    ordered = {**body["properties"], "tags": body["tags"], "location": body["location"]}
    # The SDK fills in an owner that the service finds out by itself.
    beside = ("name", "labName", "resourceGroupName", "password", "ownerObjectId")
    assert {key: value for key, value in made.items() if key not in beside} == {
        key: value for key, value in ordered.items() if key != "password"
    }
    assert ordered["password"] != made["password"]


def test_fallback_sizes_shape_no_image() -> None:
    world = dev("linux/a")
    world.run()
    world.images["linux/a"] = image("linux/a", fallbackSizes=["Standard_D4as_v5"])
    assert Action.BUILD not in {step.action for step in world.plan().steps}
