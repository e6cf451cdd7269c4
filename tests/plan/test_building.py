"""When a version is built, when not, and what a failure costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from factory.common import names
from factory.common.versions import Version
from factory.observed.model import ArtifactStatus, BuildVm, Thing
from factory.plan.model import Action, Plan
from tests.plan.world import DEV, changed, dev, image, lab


def steps(plan: Plan, action: Action) -> list[tuple[str, str]]:
    return [(step.identity, step.version) for step in plan.steps if step.action is action]


def reasons(plan: Plan, action: Action) -> list[str]:
    return [step.reason for step in plan.steps if step.action is action]


def test_first_run_builds_everything_and_says_never_built() -> None:
    plan = dev("linux/a", "linux/b").plan()
    assert steps(plan, Action.BUILD) == [("linux/a", "20261122.1"), ("linux/b", "20261122.1")]
    assert set(reasons(plan, Action.BUILD)) == {"never built"}


def test_second_run_only_forgets_the_build_vms_and_the_third_does_nothing() -> None:
    world = dev("linux/a", "linux/b")
    world.run()
    second = world.run()
    assert steps(second, Action.FORGET) == [("linux/a", "20261122.1"), ("linux/b", "20261122.1")]
    assert not steps(second, Action.BUILD)
    third = world.plan()
    assert third.nothing_due
    assert third.serial == second.serial


def test_a_changed_definition_is_built_again_and_the_changed_fields_are_named() -> None:
    world = dev("linux/a", "linux/b")
    world.run()
    changed(world, "linux/a", "minimal")
    plan = world.run()
    assert steps(plan, Action.BUILD) == [("linux/a", "20261122.2")]
    assert reasons(plan, Action.BUILD) == ["definition changed: base.sku"]


def test_description_author_tags_and_limits_build_nothing() -> None:
    world = dev("linux/a")
    world.run()
    world.images["linux/a"] = image(
        "linux/a", description="new", author="me", tags={"a": "b"}, timeLimit="5h", retries="3"
    )
    assert not steps(world.plan(), Action.BUILD)


def test_a_failed_build_uses_up_its_number_and_is_tried_again() -> None:
    world = dev("linux/a", "linux/b")
    world.run(failing={"linux/a"})
    assert world.released("linux/a") == []
    assert world.released("linux/b") == ["20261122.1"]
    plan = world.run()
    assert steps(plan, Action.BUILD) == [("linux/a", "20261122.2")]
    assert reasons(plan, Action.BUILD) == ["the last build failed"]
    assert ("linux/a", "20261122.1") in steps(plan, Action.FORGET)


def test_a_failed_number_stays_used_after_its_leftovers_are_forgotten() -> None:
    world = dev("linux/a")
    world.run()
    changed(world, "linux/a", "minimal")
    world.run(failing={"linux/a"})
    world.images["linux/a"] = image("linux/a")  # taken back: nothing is due
    world.run()
    world.run()
    changed(world, "linux/a", "other")
    assert steps(world.plan(), Action.BUILD) == [("linux/a", "20261122.3")]


def test_a_run_that_was_cut_off_before_its_build_was_written_down_uses_up_no_number() -> None:
    """Components are declared first, so a state may have them and nothing else of that run."""
    world = dev("linux/a", "linux/b")
    world.run(failing={"linux/b"})
    changed(world, "linux/a", "minimal")
    for _ in range(2):
        whole = dict(world.resources)
        plan = world.run()
        assert steps(plan, Action.BUILD) == [("linux/a", "20261122.2"), ("linux/b", "20261122.2")]
        images = {urn: it for urn, it in world.resources.items() if "index:Image::" in urn}
        of_versions = {
            f"urn:pulumi:s::p::imagefactory:index:{kind}::{identity}@{number}": {
                "type": f"imagefactory:index:{kind}"
            }
            for identity, number in steps(plan, Action.BUILD)
            for kind in ("Version", "Build")
        }
        world.resources = whole | images | of_versions


def test_the_next_day_starts_at_one_and_a_clock_that_went_back_does_not() -> None:
    world = dev("linux/a")
    world.run()
    changed(world, "linux/a", "x")
    world.now += timedelta(days=1)
    assert steps(world.plan(), Action.BUILD) == [("linux/a", "20261123.1")]
    world.now -= timedelta(days=5)
    assert steps(world.plan(), Action.BUILD) == [("linux/a", "20261122.2")]


def cut_off(*statuses: str, provisioning: str = "Succeeded") -> tuple[Plan, str]:
    """Plan after a run was killed while the VM of linux/a stood as given."""
    world = dev("linux/a")
    world.run(failing={"linux/a"})
    version = Version(20261122, 1)
    name = names.vm_name(DEV, "linux/a", version, 1)
    done = tuple(ArtifactStatus("/x", status) for status in statuses)
    world.vms = {name: BuildVm(name, {names.STACK: DEV}, provisioning, done)}
    return world.plan(), str(version)


def test_a_build_that_was_cut_off_goes_on_with_what_it_began_with() -> None:
    plan, version = cut_off("Succeeded")
    assert steps(plan, Action.RESUME) == [("linux/a", version)]
    assert reasons(plan, Action.RESUME) == ["cut off after 1 of 1 artifacts"]
    assert plan.versions[0].spec is not None
    assert plan.versions[0].spec.base_version == "1.2.3"


def test_a_build_whose_artifact_failed_is_over() -> None:
    plan, _ = cut_off("Failed")
    assert steps(plan, Action.BUILD) == [("linux/a", "20261122.2")]


def test_a_build_whose_vm_failed_is_over() -> None:
    plan, _ = cut_off(provisioning="Failed")
    assert steps(plan, Action.BUILD) == [("linux/a", "20261122.2")]


def test_a_build_is_not_resumed_once_its_definition_has_changed() -> None:
    world = dev("linux/a")
    world.run(failing={"linux/a"})
    name = names.vm_name(DEV, "linux/a", Version(20261122, 1), 1)
    world.vms = {name: BuildVm(name, {names.STACK: DEV}, "Succeeded")}
    changed(world, "linux/a", "minimal")
    plan = world.plan()
    assert steps(plan, Action.BUILD) == [("linux/a", "20261122.2")]
    assert steps(plan, Action.FORGET) == [("linux/a", "20261122.1")]


def test_a_base_that_the_marketplace_does_not_have_refuses_that_image_alone() -> None:
    world = dev("linux/a", "linux/b")
    plan = world.plan(base_versions={"linux/b": "1.0.0"})
    assert steps(plan, Action.BUILD) == [("linux/b", "20261122.1")]
    assert reasons(plan, Action.REFUSE) == [
        "its base Canonical:ubuntu-24_04-lts:server is not offered in westeurope"
    ]


def test_an_image_that_no_lab_takes_is_built_and_delivered_nowhere() -> None:
    world = dev("linux/a", "linux/b", labs=[lab("team", "linux/b")])
    plan = world.plan()
    unwanted = next(version for version in plan.versions if version.identity == "linux/a")
    assert unwanted.regions == ()


def test_a_spec_gives_back_the_definition_it_was_made_of() -> None:
    world = dev("linux/a")
    fields: dict[str, Any] = {"timeLimit": "6h30m", "tags": {"a": "b"}, "artifacts": ["linux-java"]}
    world.images["linux/a"] = image("linux/a", **fields)
    (version,) = world.plan().versions
    assert version.spec is not None
    assert version.spec.content == world.images["linux/a"].definition


def test_a_build_whose_capture_failed_is_over() -> None:
    world = dev("linux/a")
    world.run(failing={"linux/a"})
    version = Version(20261122, 1)
    name = names.vm_name(DEV, "linux/a", version, 1)
    world.vms = {name: BuildVm(name, {names.STACK: DEV}, "Succeeded")}
    failed = Thing("/x", {names.STACK: DEV}, provisioning_state="Failed")
    plan = world.plan(captures={names.image_name("linux/a", version): failed})
    assert steps(plan, Action.BUILD) == [("linux/a", "20261122.2")]
