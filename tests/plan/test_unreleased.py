"""Versions that were never released: in no lab, in nobody's way, kept for a look or gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from factory.common import names
from factory.common.versions import Version
from factory.definitions.definition import Os
from factory.ledger.record import expiry
from factory.observed.model import ArtifactStatus, BuildVm, Thing
from factory.plan.explanation.cost import PACES
from factory.plan.forecast import runs
from factory.plan.model import Action, Plan
from tests.dated import on
from tests.plan.world import DEV, World, dev, failed_vm, image, prod

pytestmark = pytest.mark.dated

V1 = Version.parse(on("20261122.1"))
VERIFYING = names.verifying_vm_name(DEV, "linux/a", V1, 1)


def world(**fields: Any) -> World:
    made = dev("linux/a")
    made.images["linux/a"] = image("linux/a", **{"verify": ["linux-java"], **fields})
    return made


def reasons(plan: Plan, action: Action) -> list[str]:
    return [step.reason for step in plan.steps if step.action is action]


def versions(plan: Plan, action: Action) -> list[str]:
    return [step.version for step in plan.steps if step.action is action]


def test_changing_verify_or_keep_failed_alone_builds_nothing() -> None:
    made = world()
    made.run()
    changes: list[dict[str, Any]] = [{"verify": None}, {"verify": []}, {"keepFailed": "3d"}]
    for fields in changes:
        made.images["linux/a"] = image("linux/a", **fields)
        assert not reasons(made.plan(), Action.BUILD)


def test_a_failed_verification_is_in_no_lab_and_a_new_number_is_built() -> None:
    made = world()
    made.run()
    made.images["linux/a"] = image("linux/a", sku="next", verify=["linux-java"])
    made.run(unverified={"linux/a"})
    assert made.holding("team") == {"linux/a": [on("20261122.1")]}
    plan = made.plan()
    assert versions(plan, Action.BUILD) == [on("20261122.3")]
    assert versions(plan, Action.REMOVE) == [on("20261122.2")]
    told = "unreleased: verification failed: E42; what is left of it goes"
    assert reasons(plan, Action.REMOVE) == [told]
    made.run()
    assert made.holding("team") == {"linux/a": [on("20261122.1"), on("20261122.3")]}


def test_a_receiving_stack_never_hears_of_it() -> None:
    made = world()
    made.run(unverified={"linux/a"})
    assert not prod(made).plan().versions


def test_what_failed_is_kept_for_a_look_and_then_removed_with_its_vm() -> None:
    made = world(keepFailed="3d")
    made.run(unverified={"linux/a"})
    beside = made.run()
    assert versions(beside, Action.BUILD) == [on("20261122.2")]
    (told,) = reasons(beside, Action.WAIT)
    assert told.startswith("unreleased: verification failed: E42; kept for a look, ")
    assert told.endswith(f"with its VM {VERIFYING}, until {on('2026-11-25 08:00')} UTC")
    assert made.holding("team") == {"linux/a": [on("20261122.2")]}
    made.run()
    resting = made.plan()
    assert resting.nothing_due
    assert [left.vm for left in resting.unreleased] == [VERIFYING]
    made.now += timedelta(days=3)
    last = made.run()
    assert set(versions(last, Action.REMOVE)) == {on("20261122.1")}
    assert f"its VM {VERIFYING} is not needed any more" in reasons(last, Action.REMOVE)
    assert [unmanaged.vm for unmanaged in last.unmanaged_vms] == [VERIFYING]
    assert not made.vms
    assert made.plan().nothing_due


def test_a_failed_build_is_kept_with_its_build_vm() -> None:
    made = world(keepFailed="3d")
    made.run(failing={"linux/a"})
    (left,) = made.plan().unreleased
    assert left.vm == names.vm_name(DEV, "linux/a", V1, 1)
    assert not left.capture
    assert not left.source


def test_the_shorter_of_then_and_now_counts() -> None:
    for then, now, kept in (("3d", "1h", False), ("1h", "9d", False), ("3d", "9d", True)):
        made = world(keepFailed=then)
        made.run(unverified={"linux/a"}, pass_time=timedelta(hours=2))
        made.images["linux/a"] = image("linux/a", verify=["linux-java"], keepFailed=now)
        assert bool(made.plan().unreleased) is kept, (then, now)


def test_without_keep_failed_or_without_its_definition_nothing_is_kept() -> None:
    made = world(keepFailed="3d")
    made.images["linux/b"] = image("linux/b")
    made.run(unverified={"linux/a"})
    del made.images["linux/a"]
    plan = made.plan()
    assert not plan.unreleased
    assert [unmanaged.vm for unmanaged in plan.unmanaged_vms] == [VERIFYING]


def test_no_vm_expires_before_its_time_to_be_looked_at() -> None:
    made = world(keepFailed="9d", retries="0")
    (version,) = made.plan().versions
    assert version.spec is not None
    # Both VMs use up their time to the full.
    failed = made.now + 2 * timedelta(hours=4)
    assert expiry(version.spec) > failed + timedelta(days=9)


def test_what_azure_never_finished_is_not_kept() -> None:
    made = world(keepFailed="3d")
    made.run(unverified={"linux/a"})
    broken = Thing("/x", {names.STACK: DEV}, provisioning_state="Failed")
    (left,) = made.plan(captures={names.image_name("linux/a", V1): broken}).unreleased
    assert left.source
    assert not left.capture


def test_only_vms_of_numbers_that_this_state_gave_are_strays() -> None:
    made = world()
    made.run()
    ours = failed_vm("b1", DEV, "linux/a", on("20261122.1"))
    made.vms = {
        "b1": ours,
        "b2": failed_vm("b2", DEV, "linux/a", on("20261122.9")),
        "b3": failed_vm("b3", DEV, "linux/z", on("20261122.1")),
        "b4": replace(ours, name="b4", tags={names.STACK: DEV}),
    }
    assert [unmanaged.vm for unmanaged in made.plan().unmanaged_vms] == ["b1"]


def test_a_vm_that_the_engine_deletes_is_left_to_it() -> None:
    made = world()
    made.run(failing={"linux/a"})
    vm = names.vm_name(DEV, "linux/a", V1, 1)
    made.vms = {vm: failed_vm(vm, DEV, "linux/a", on("20261122.1"))}
    plan = made.plan()
    assert not plan.unmanaged_vms
    assert versions(plan, Action.FORGET) == [on("20261122.1")]


def cut_off(verifying: BuildVm | None) -> World:
    """Cut a run off while its image is verified."""
    made = world()
    made.run(unverified={"linux/a"})
    made.resources = {urn: r for urn, r in made.resources.items() if not urn.endswith("/failed")}
    vm = names.vm_name(DEV, "linux/a", V1, 1)
    made.vms = {vm: BuildVm(vm, {names.STACK: DEV}, "Succeeded")}
    if verifying is not None:
        made.vms[verifying.name] = verifying
    return made


def test_a_run_cut_off_in_its_verification_goes_on_with_that_vm() -> None:
    vm = BuildVm(VERIFYING, {names.STACK: DEV}, "Succeeded")
    made = cut_off(vm)
    plan = made.plan()
    assert reasons(plan, Action.RESUME) == ["captured; its verification was cut off"]
    assert plan.versions[0].verifying == 1
    assert plan.cost.vm_minutes == PACES[Os.LINUX].artifact


def test_one_whose_verifying_vm_is_gone_gets_a_fresh_one() -> None:
    made = cut_off(None)
    plan = made.plan()
    assert versions(plan, Action.RESUME) == [on("20261122.1")]
    assert plan.versions[0].verifying == 2


def test_one_whose_verifying_vm_failed_is_over() -> None:
    failed = (ArtifactStatus("linux-java", "Failed"),)
    made = cut_off(BuildVm(VERIFYING, {names.STACK: DEV}, "Succeeded", failed))
    plan = made.plan()
    assert versions(plan, Action.BUILD) == [on("20261122.2")]
    assert versions(plan, Action.REMOVE) == [on("20261122.1")]


def test_a_verified_build_costs_its_verifying_vm_and_a_kept_one_its_disks() -> None:
    made, plain = world(keepFailed="3d"), dev("linux/a")
    pace = PACES[Os.LINUX]
    extra = pace.start + pace.artifact
    cost, bare = (w.plan().cost for w in (made, plain))
    assert cost.vm_minutes - bare.vm_minutes == extra
    made.run(unverified={"linux/a"})
    made.run()
    cost = made.plan().cost
    # Source and capture of both, and the managed image of the one that was released.
    assert (cost.stored_before_gib, cost.stored_after_gib) == (5 * 30, 5 * 30)


def test_a_forecast_removes_it_in_time() -> None:
    made = world(keepFailed="3d")
    made.run(unverified={"linux/a"})
    until = made.now + timedelta(days=7)
    removed = [
        run.now
        for run in runs([made.inputs()], until, timedelta(days=1))
        if Action.REMOVE in {step.action for step in run.plan.steps}
    ]
    assert [(when - made.now).days for when in removed] == [3]
