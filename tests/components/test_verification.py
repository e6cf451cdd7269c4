"""The verifying VM, and what is declared of a version that failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from factory.azure.resources import ArmError
from factory.common import names
from factory.common.versions import Version
from factory.observed.model import BuildVm, Thing
from factory.plan.model import UnmanagedVm
from tests.components.harness import FakeArm, Recorder, declare
from tests.components.test_waits import definition
from tests.plan.world import DEV, World, dev, image

VM = "azure-native:devtestlab:VirtualMachine"
CUSTOM = "azure-native:devtestlab:CustomImage"
STASH = "pulumi:index:Stash"
V1 = "linux/a@20261122.1"
VERIFYING = names.verifying_vm_name(DEV, "linux/a", Version(20261122, 1), 1)


MINE = {
    names.STACK: DEV,
    names.DEFINITION: "linux/a",
    names.VERSION: "20261122.1",
    names.ATTEMPT: "1",
}


class Showing(FakeArm):
    """Shows the VMs that the program makes, as ours, until they are deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped: list[str] = []

    def thing(self, resource_id: str) -> Thing | None:
        if resource_id in self.deleted or "/virtualmachines/" not in resource_id:
            return None
        second = names.verifying_vm_name(DEV, "linux/a", Version(20261122, 1), 2)
        attempt = "2" if resource_id.endswith(second) else "1"
        return Thing(resource_id, {**MINE, names.ATTEMPT: attempt})

    def stop_vm(self, vm: str) -> None:
        self.stopped.append(vm)


def world(**fields: Any) -> World:
    made = dev("linux/a")
    made.images["linux/a"] = image("linux/a", **{"verify": ["linux-java"], **fields})
    return made


def building(made: World, arm: FakeArm | None = None, **secrets: str) -> Recorder:
    return declare(made.inputs(), made.plan(), arm, secrets)


def test_the_verifying_vm_is_made_from_the_capture_and_as_closed_as_the_build_vm() -> None:
    made = building(world(keepFailed="3d"))
    vm, build = made.inputs(VM, f"{V1}/verify/1"), made.inputs(VM, f"{V1}/vm/1")
    assert vm["customImageId"] == f"/id/{V1}/capture"
    assert "galleryImageReference" not in vm
    assert vm["disallowPublicIpAddress"] is True
    assert vm["allowClaim"] is False
    assert len(vm["name"]) <= 15
    assert vm["name"] != build["name"]
    assert vm["tags"] == build["tags"]
    assert vm["expirationDate"] == build["expirationDate"] == "2026-11-27T08:00:00+00:00"


def test_the_order_is_capture_verify_record() -> None:
    made = building(world())
    steps = [f"{CUSTOM} {V1}/capture", f"{VM} {V1}/verify/1", f"{STASH} {V1}/record"]
    assert [key for key in made.order if key in steps] == steps


def test_without_verify_there_is_no_such_vm_and_with_nothing_in_it_there_is() -> None:
    assert building(world(verify=None)).names(VM) == [f"{V1}/vm/1"]
    assert building(world(verify=[])).names(VM) == [f"{V1}/verify/1", f"{V1}/vm/1"]


def test_both_vms_are_gone_after_a_good_verification() -> None:
    arm = Showing()
    building(world(), arm)
    assert [vm_id.rsplit("/", 1)[1][0] for vm_id in arm.deleted] == ["v", "b"]
    assert [name for name, _ in arm.applied] == ["linux-deprovision", "linux-java"]


def test_a_failed_verification_is_tried_again_noted_once_and_leaves_no_vm() -> None:
    arm = Showing()
    arm.fate = {"linux-java": "Failed"}
    made = building(world(), arm)
    assert made.names(VM) == [f"{V1}/verify/1", f"{V1}/verify/2", f"{V1}/vm/1"]
    failure = made.inputs(STASH, f"{V1}/failed")["input"]
    told = "verification failed: artifact linux-java (1 of 1) failed: E42: no disk space"
    assert failure["error"] == told
    assert [vm_id.rsplit("/", 1)[1][0] for vm_id in arm.deleted] == ["v", "v", "b"]


def test_a_build_that_is_cut_off_keeps_its_vm_and_is_not_noted_as_failed() -> None:
    class Silent(Showing):
        def build_vm(self, _: str) -> BuildVm | None:
            raise ArmError("GET /vm", 0, "", "no token")

    plain = dev("linux/a")
    plain.images["linux/a"] = image("linux/a", retries=3)
    made = building(plain, Silent())
    assert f"{V1}/failed" not in made.names(STASH)
    assert made.names(VM) == [f"{V1}/vm/1"]


def test_with_keep_failed_the_vm_that_failed_is_stopped_and_kept() -> None:
    made = world(keepFailed="3d", retries="0")
    arm = Showing()
    arm.fate = {"linux-java": "Failed"}
    building(made, arm)
    assert [vm_id.rsplit("/", 1)[1][0] for vm_id in arm.deleted] == ["b"]
    assert [vm_id.rsplit("/", 1)[1] for vm_id in arm.stopped] == [VERIFYING]


def test_secrets_are_masked_in_what_azure_repeats() -> None:
    artifact = {"name": "linux-java", "parameters": {"key": {"secret": "pat"}}}
    made = world(verify=[artifact], retries="0")
    arm = FakeArm(fate={"linux-java": "Failed"})
    recorder = building(made, arm, pat="no disk")
    error = recorder.inputs(STASH, f"{V1}/failed")["input"]["error"]
    assert error.endswith("E42: *** space")


def test_what_is_kept_for_a_look_has_the_same_parts_but_for_its_vms() -> None:
    made = world(keepFailed="3d")
    arm = FakeArm(fate={"linux-java": "Failed"})
    built = building(world(keepFailed="3d"), arm)
    made.run(unverified={"linux/a"})
    # On hold, so that nothing new is built beside it.
    made.settings = dev("linux/a", hold=["**"]).settings
    kept = declare(made.inputs(), made.plan())
    parts = {key for key in kept.order if V1 in key}
    assert f"{CUSTOM} {V1}/capture" in parts
    assert f"{STASH} {V1}/failed" in parts
    assert parts <= set(built.order)
    assert kept.names(VM) == []


def test_a_stray_vm_is_cleared_only_by_its_marks() -> None:
    made = world(verify=None)
    made.run()
    unmanaged = UnmanagedVm("v1", "linux/a", Version(20261122, 1), "1")
    plan = replace(made.plan(), unmanaged_vms=(unmanaged,))
    vm_id = (
        "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-factory"
        "/providers/Microsoft.DevTestLab/labs/factory/virtualmachines/v1"
    )
    for tags, cleared in ((MINE, [vm_id]), ({**MINE, names.STACK: "o/p/x"}, [])):
        arm = FakeArm(things={vm_id: Thing(vm_id, tags)})
        declare(made.inputs(), plan, arm)
        assert arm.deleted == cleared


@pytest.mark.parametrize(
    ("os", "runner"), [("linux", "linux-run-bash"), ("windows", "windows-run-powershell")]
)
def test_a_script_becomes_the_public_artifact_that_runs_one(os: str, runner: str) -> None:
    script = {
        "url": "https://store.test/checks/check.ps1?sv=1",
        "files": ["https://store.test/data.json"],
        "arguments": {"secret": "token"},
    }
    verified = definition(os=os, verify={"artifacts": ["linux-java"], "script": script})
    first, last = verified.verification or ()
    assert (first.name, last.name) == ("linux-java", runner)
    assert last.parameters["scriptToRun"] == "check.ps1"
    assert last.parameters["scriptFileUris"] == (
        '["https://store.test/checks/check.ps1?sv=1", "https://store.test/data.json"]'
    )
