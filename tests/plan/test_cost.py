"""What a plan says it will cost, against numbers counted by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from factory.common import names
from factory.definitions.definition import Os
from factory.observed.model import ArtifactStatus, BuildVm
from factory.plan.explanation.cost import LONG_ARTIFACTS, PACES
from factory.plan.model import Cost
from factory.plan.reports.table import plan_table
from factory.plan.situation.sizes import DEFAULT_GIB
from tests.plan.world import World, changed, dev, image, lab, prod

LINUX = PACES[Os.LINUX]


def cost_of(world: World) -> Cost:
    return world.plan().cost


def with_artifacts(world: World, *artifacts: str, **fields: Any) -> World:
    for identity in world.images:
        world.images[identity] = image(identity, artifacts=list(artifacts), **fields)
    return world


def test_a_first_build_costs_its_vm_and_three_disks_of_the_usual_size() -> None:
    world = with_artifacts(dev("linux/a"), "linux-java", "linux-apt-package")
    cost = cost_of(world)
    # Two artifacts and linux-deprovision, which the factory appends.
    assert cost.vm_minutes == LINUX.start + 3 * LINUX.artifact
    # Source snapshot, captured image, managed image at home.
    assert (cost.stored_before_gib, cost.stored_after_gib) == (0, 3 * DEFAULT_GIB[Os.LINUX])
    assert cost.copied_gib == 0
    assert cost.guessed == ("linux/a",)


def test_a_slow_artifact_counts_as_what_it_is() -> None:
    world = dev("windows/a")
    world.images["windows/a"] = image("windows/a", os="windows", artifacts=["windows-visualstudio"])
    pace = PACES[Os.WINDOWS]
    expected = pace.start + LONG_ARTIFACTS["windows-visualstudio"] + pace.artifact
    assert cost_of(world).vm_minutes == expected
    assert cost_of(world).stored_after_gib == 3 * DEFAULT_GIB[Os.WINDOWS]


def test_every_other_region_is_one_copy_however_many_labs_it_has() -> None:
    labs = [lab("home"), *(lab(f"us-{n}", region="eastus2") for n in range(3))]
    world = dev("linux/a", labs=labs)
    cost = cost_of(world)
    assert cost.copied_gib == 30
    assert cost.stored_after_gib == (3 + 2) * 30
    world.run()
    again = cost_of(world)
    assert (again.copied_gib, again.vm_minutes, again.builds) == (0, 0, 0)
    assert again.stored_before_gib == again.stored_after_gib == 5 * 30


def test_a_rebuild_is_as_large_as_its_predecessor_and_no_guess() -> None:
    world = dev("linux/a")
    world.run()
    for resource in world.resources.values():
        output = resource["outputs"].get("output")
        if isinstance(output, dict) and "diskSizeGb" in output:
            output["diskSizeGb"] = "64"
    changed(world, "linux/a", "next")
    cost = cost_of(world)
    assert cost.guessed == ()
    assert (cost.stored_before_gib, cost.stored_after_gib) == (3 * 64, 6 * 64)


def test_a_layered_image_is_as_large_as_its_parent() -> None:
    world = dev("windows/a", "windows/b")
    world.images["windows/a"] = image("windows/a", os="windows")
    del world.images["windows/b"]
    world.run()  # of 30 GiB, says its record: not the usual size of Windows
    world.run()
    world.images["windows/b"] = image("windows/b", os="windows", base={"image": "windows/a"})
    cost = cost_of(world)
    assert (cost.builds, cost.guessed) == (1, ())
    assert cost.stored_after_gib - cost.stored_before_gib == 3 * 30


def test_a_receiving_stack_copies_what_crosses_a_region_and_stores_two_disks_each() -> None:
    source = dev("linux/a")
    source.run()
    there = prod(source, [lab("near"), lab("far", region="eastus2")])
    cost = cost_of(there)
    assert (cost.vm_minutes, cost.copied_gib) == (0, 30)
    assert (cost.stored_before_gib, cost.stored_after_gib) == (0, 4 * 30)


def test_retiring_gives_back_all_but_the_source_snapshot() -> None:
    world = dev("linux/a", keep="1")
    world.run()
    changed(world, "linux/a", "next")
    world.run()
    cost = cost_of(world)
    assert (cost.stored_before_gib, cost.stored_after_gib) == (6 * 30, 4 * 30)


def test_a_build_that_goes_on_costs_what_is_left() -> None:
    world = with_artifacts(dev("linux/a"), "linux-java", "linux-apt-package")
    world.run(failing={"linux/a"})
    (held,) = world.ledger.of("linux/a")
    name = names.vm_name(world.stack, "linux/a", held.version, 1)
    done = (
        ArtifactStatus("linux-java", "Succeeded"),
        ArtifactStatus("linux-apt-package", "Pending"),
    )
    world.vms = {name: BuildVm(name, {names.STACK: world.stack}, "Succeeded", done)}
    assert "cut off after 1 of 3" in world.plan().steps[0].reason
    assert cost_of(world).vm_minutes == 2 * LINUX.artifact


def test_the_table_ends_with_the_cost_unless_nothing_is_due() -> None:
    world = dev("linux/a")
    lines = plan_table(world.plan()).splitlines()
    assert lines[0].startswith("Plan: 1 to build, 1 to deliver; 0 versions kept")
    assert lines[-1] == (
        "Cost: about 8 VM minutes for 1 build; 0 GiB stored, 90 GiB after (one size is a guess)."
    )
    world.run()
    world.run()
    quiet = plan_table(world.plan())
    assert quiet == "Plan: nothing is due; 1 version kept as it is."


def test_several_guesses_and_copies_read_well() -> None:
    cost = Cost(100, 2, 60, 0, 300, ("a", "b"))
    assert str(cost) == (
        "Cost: about 100 VM minutes for 2 builds; 60 GiB copied between regions; 0 GiB stored, "
        "300 GiB after (2 sizes are guesses)."
    )
    assert str(replace(cost, builds=0, copied_gib=0, stored_before_gib=300, guessed=())) == (
        "Cost: 300 GiB stored."
    )
