"""Random sequences of operations: whatever is done, nothing impossible is ever answered.

The machine keeps its own idea of what must be true (not of what Azure should have made of it) and
compares after every step: states follow each other as they can, what ended stays as it ended,
lists and single reads agree, a copy's progress never falls, no disk lacks its machine, and no
answer has a status that the operation cannot have, 500 least of all.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.rehearsal.chain import COMPUTE_API, capture_body, snapshot_body
from tests.rehearsal.cloud import DEV, LINUX, Cloud, Reply, artifacts, compute

Json = dict[str, Any]

FINAL = {"Succeeded", "Failed", "Canceled"}
# From which state of a resource which other can follow, between any two looks at it.
NEXT = {
    "Creating": {"Creating", "ApplyingArtifacts", "Succeeded", "Failed", "Deleting", "Stopping"},
    "ApplyingArtifacts": {"ApplyingArtifacts", "Succeeded", "Deleting", "Starting", "Stopping"},
    "Starting": {"Starting", "Succeeded", "Stopping", "ApplyingArtifacts", "Deleting"},
    "Stopping": {"Stopping", "Succeeded", "Starting", "Deleting"},
    "Succeeded": {"Succeeded", "ApplyingArtifacts", "Starting", "Stopping", "Deleting"},
    "Failed": {"Failed", "Deleting"},
    "Deleting": {"Deleting"},
}
ARTIFACT_NEXT = {
    "Pending": {"Pending", "Installing", "Succeeded", "Failed", "Skipped"},
    "Installing": {"Installing", "Succeeded", "Failed"},
    "Succeeded": {"Succeeded"},
    "Failed": {"Failed"},
    "Skipped": {"Skipped"},
}
VMS, IMAGES, SNAPSHOTS = "virtualmachines", "customimages", "snapshots"
NAMES = st.sampled_from(["a", "b"])
LENGTHS = st.sampled_from(["10s", "1 min", "5 min", "10 min", "2h"])
AFTER = st.sampled_from(["5 min", "1h", "1s", "1 min"])  # how long passes once it is asked for


class LocalAzure(RuleBasedStateMachine):
    """One lab, a handful of names, every operation of a factory in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.cloud = Cloud(Path(self.folder.name) / "azure.db")
        self.seen: dict[str, Json] = {}  # what a GET said last, by path
        self.ended: dict[str, str] = {}  # operations that were seen to end
        self.running: dict[str, Reply] = {}

    @initialize()
    def a_lab(self) -> None:
        self.lab = self.cloud.lab()
        self.cloud.control("POST", "switches", {"throttling": False})
        for region in ("westeurope", "eastus2"):
            self.cloud.group(f"rg-{region}", region)
        # Most of what can be done needs a machine: begin with one, as long runs would.
        self.cloud.vm(self.lab, "a", LINUX)
        self.snapshot_a_disk("1h", "a", "a")

    def teardown(self) -> None:
        self.cloud.close()
        self.folder.cleanup()

    # -- what is done

    @rule(after=AFTER, name=NAMES)
    def order_a_vm(self, after: str, name: str) -> None:
        reply = self.cloud.arm("PUT", self.path(VMS, name), self.cloud.order(LINUX))
        self.began(reply, {200, 201, 409}, after)
        if reply.status == 201:
            # A new machine is another one, though it has the name of one that is gone.
            self.seen.pop(self.path(VMS, name), None)

    @rule(
        after=AFTER,
        name=NAMES,
        what=st.sampled_from(["linux-java", "linux-deprovision", "linux-swapfile"]),
    )
    def apply(self, after: str, name: str, what: str) -> None:
        body = {"artifacts": artifacts(what)}
        self.began(self.post(name, "applyArtifacts", body), {202, 404, 409}, after)

    @rule(after=AFTER, name=NAMES, action=st.sampled_from(["start", "stop"]))
    def change_power(self, after: str, name: str, action: str) -> None:
        self.began(self.post(name, action), {202, 404, 409}, after)

    @rule(
        after=AFTER,
        name=NAMES,
        of=NAMES,
        state=st.sampled_from(["NonDeprovisioned", "DeprovisionApplied"]),
    )
    def capture(self, after: str, name: str, of: str, state: str) -> None:
        vm = self.path(VMS, of)
        reply = self.cloud.arm("PUT", self.path(IMAGES, name), capture_body(vm, state))
        self.began(reply, {200, 201, 404, 409}, after)
        if reply.status == 201:
            self.seen.pop(self.path(IMAGES, name), None)

    @rule(after=AFTER, name=NAMES, of=NAMES)
    def snapshot_a_disk(self, after: str, name: str, of: str) -> None:
        expand = {"$expand": "properties($expand=computeVm)"}
        vm = self.cloud.arm("GET", self.path(VMS, of), query=expand)
        if vm.status == 200:
            self.snapshot(name, vm.body["properties"]["computeVm"]["osDiskId"], "westeurope", after)

    @rule(after=AFTER, name=NAMES, of=NAMES)
    def copy_a_snapshot(self, after: str, name: str, of: str) -> None:
        self.snapshot(name, self.path(SNAPSHOTS, of), "eastus2", after, createOption="CopyStart")

    @precondition(lambda self: self.seen)
    @rule(after=AFTER, data=st.data())
    def delete(self, data: st.DataObject, after: str) -> None:
        """Delete what stands, and at times what is going already."""
        path = data.draw(st.sampled_from(sorted(self.seen)))
        self.began(self.arm("DELETE", path), {202, 204}, after)

    @rule(after=AFTER, name=NAMES)
    def delete_what_may_not_be_there(self, after: str, name: str) -> None:
        self.began(self.arm("DELETE", self.path(VMS, name)), {202, 204}, after)

    @rule(length=LENGTHS)
    def time_passes(self, length: str) -> None:
        self.cloud.advance(length)

    @rule()
    def the_server_is_killed(self) -> None:
        self.cloud.open()

    @rule(artifact=st.sampled_from(["linux-java", "linux-*"]))
    def an_artifact_is_to_fail(self, artifact: str) -> None:
        self.cloud.control("POST", "faults", {"artifact": artifact, "times": 1})

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        """Poll an operation: once it has ended it never says anything else."""
        url = data.draw(st.sampled_from(sorted(self.running)))
        reply = self.cloud.follow(self.running[url])
        assert reply.status == 200, reply.body
        status = reply.body["status"]
        assert status in {"Running", "Succeeded", "Failed"}
        assert ("error" in reply.body) == (status == "Failed")
        assert self.ended.get(url, status) == status
        if status != "Running":
            self.ended[url] = status

    # -- what must be true whatever was done

    @invariant()
    def states_follow_each_other(self) -> None:
        for kind in (VMS, IMAGES, SNAPSHOTS):
            for path in self.everything(kind):
                reply = self.get(path)
                assert reply.status in {200, 404}, reply.body
                before = self.seen.pop(path, None)
                if reply.status == 404:
                    continue
                now = reply.body
                state = now["properties"]["provisioningState"]
                assert state in NEXT
                if before is not None and same(before, now):
                    self.compare(before, now)
                self.seen[path] = now

    @invariant()
    def lists_and_single_reads_agree(self) -> None:
        if not hasattr(self, "lab"):
            return
        for kind in (VMS, IMAGES):
            listed = self.arm("GET", f"{self.lab}/{kind}").body["value"]
            single = [path for path in self.everything(kind) if self.get(path).status == 200]
            assert sorted(each["name"] for each in listed) == [path[-1] for path in single]

    @invariant()
    def disks_have_machines_and_machines_have_disks(self) -> None:
        resources = self.cloud.azure.resources
        disks = resources.of_kind(DEV, "Microsoft.Compute/disks")
        machines = resources.of_kind(DEV, "Microsoft.Compute/virtualMachines")
        assert {disk.body["managedBy"].lower() for disk in disks} == {m.key for m in machines}
        labs = resources.of_kind(DEV, "Microsoft.DevTestLab/labs/virtualMachines")
        assert {vm.hidden["machine"] for vm in labs} == {machine.key for machine in machines}

    def compare(self, before: Json, now: Json) -> None:
        """Judge one resource at two moments."""
        old, new = before["properties"], now["properties"]
        state, was = new["provisioningState"], old["provisioningState"]
        assert state in NEXT[was], f"{now['id']}: {was} to {state}"
        if was in FINAL and "managedImageId" in old:
            assert new["managedImageId"] == old["managedImageId"]
        if "completionPercent" in old:
            assert new["completionPercent"] >= old["completionPercent"]
        for one, other in zip(old.get("artifacts", []), new.get("artifacts", []), strict=False):
            assert other["status"] in ARTIFACT_NEXT[one["status"]]
        assert len(new.get("artifacts", [])) >= len(old.get("artifacts", []))

    # -- how it is done

    def path(self, kind: str, name: str, region: str = "westeurope") -> str:
        if kind == SNAPSHOTS:
            return compute(DEV, f"rg-{region}", kind, name)
        return f"{self.lab}/{kind}/{name}"

    def everything(self, kind: str) -> list[str]:
        if not hasattr(self, "lab"):
            return []
        regions = ("westeurope", "eastus2") if kind == SNAPSHOTS else ("westeurope",)
        return [self.path(kind, name, region) for name in "ab" for region in regions]

    def arm(self, method: str, path: str, body: Json | None = None) -> Reply:
        if "/snapshots" in path:
            return self.cloud.arm(method, path, body, version=COMPUTE_API)
        return self.cloud.arm(method, path, body)

    def get(self, path: str) -> Reply:
        if "/snapshots" in path:
            return self.cloud.arm("GET", path, version=COMPUTE_API)
        return self.cloud.arm("GET", path, query={"$expand": "properties($expand=artifacts)"})

    def post(self, name: str, action: str, body: Json | None = None) -> Reply:
        return self.cloud.arm("POST", f"{self.path(VMS, name)}/{action}", body)

    def snapshot(self, name: str, source: str, region: str, after: str, **given: Any) -> None:
        path = self.path(SNAPSHOTS, name, region)
        reply = self.cloud.arm(
            "PUT", path, snapshot_body(source, region, **given), version=COMPUTE_API
        )
        self.began(reply, {200, 202, 404, 409}, after)

    def began(self, reply: Reply, allowed: set[int], after: str) -> None:
        assert reply.status in allowed, (reply.status, reply.body)
        url = reply.headers.get("Azure-AsyncOperation")
        if url:
            self.running[url] = reply
        self.cloud.advance(after)


def same(before: Json, now: Json) -> bool:
    """Tell whether it is still the same resource, not a new one of the same name."""
    return all(
        before["properties"].get(name) == now["properties"].get(name)
        for name in ("uniqueIdentifier", "uniqueId")
    )


LocalAzure.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestLocalAzure = LocalAzure.TestCase
