"""What failed or was skipped never counts as done, whatever the engine answers of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pulumi
import pytest

from factory import program
from factory.common import names
from factory.common.versions import Version
from factory.ledger.foundations import foundation_ids
from factory.observed.model import BuildVm
from factory.plan.model import UnmanagedVm
from tests.components.harness import Answers, FakeArm, declare
from tests.components.test_ordering import OrderedOnce
from tests.components.test_verification import MINE, V1, Showing, world
from tests.plan.world import DEV, World, dev, image

VM = "azure-native:devtestlab:VirtualMachine"
STASH = "pulumi:index:Stash"
CHILD = "linux/b@20261122.1"
ENGINES = [pytest.param(False, id="3.259"), pytest.param(True, id="3.276")]


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Collect what the program exports, and which versions its catalogue really names."""
    found: dict[str, Any] = {}

    def export(_: Any, __: Any, definitions: dict[str, dict[str, Any]]) -> None:
        for identity, entries in definitions.items():
            for number, entry in entries.items():
                note = partial(found.__setitem__, f"{identity}@{number}")
                pulumi.Output.from_input(entry).apply(note)

    monkeypatch.setattr(program, "_export", export)
    return found


@pytest.mark.parametrize("newer", ENGINES)
@pytest.mark.parametrize("verify", [None, ["linux-java"]])
@pytest.mark.parametrize("part", ["/source", "/capture", "/record"])
def test_a_version_whose_build_failed_is_not_announced_and_keeps_its_vm(
    exported: dict[str, Any], part: str, verify: list[str] | None, *, newer: bool
) -> None:
    made, arm = world(verify=verify), Showing()
    declare(made.inputs(), made.plan(), arm, answers=Answers(newer, failing=(part,)))
    assert exported == {}
    # One that was verified goes when it has passed; the build VM when there is a record.
    assert [vm for vm in arm.deleted if vm.rsplit("/", 1)[1].startswith("b")] == []


@pytest.mark.parametrize("newer", ENGINES)
def test_a_version_that_was_made_is_announced_and_its_vm_is_gone(
    exported: dict[str, Any], *, newer: bool
) -> None:
    made, arm = world(verify=None), Showing()
    declare(made.inputs(), made.plan(), arm, answers=Answers(newer))
    assert exported[V1]["version"] == "20261122.1"
    assert len(arm.deleted) == 1


@pytest.mark.parametrize("newer", ENGINES)
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("failing", ["/record", "factory/lab-network", "factory/lab"])
def test_a_vm_in_a_fallback_size_is_not_ordered_when_what_it_needs_failed(
    failing: str, *, late: bool, newer: bool
) -> None:
    made = dev("linux/a")
    made.images["linux/b"] = image(
        "linux/b", base={"image": "linux/a"}, fallbackSizes=["Standard_D4as_v5"]
    )
    arm = OrderedOnce()
    struck = (f"{V1}{failing}",) if failing == "/record" else (failing,)
    answers = Answers(newer, late=struck) if late else Answers(newer, failing=struck)
    recorder = declare(made.inputs(), made.plan(), arm, answers=answers)
    assert arm.bodies == []
    assert f"{CHILD}/vm/1" not in recorder.names(VM)


@pytest.mark.parametrize("newer", ENGINES)
def test_a_verifying_vm_in_a_fallback_size_is_not_ordered_without_its_capture(
    *, newer: bool
) -> None:
    made = world(fallbackSizes=["Standard_D4as_v5"])
    arm = OrderedOnce()
    declare(made.inputs(), made.plan(), arm, answers=Answers(newer, late=("/capture",)))
    assert [body["properties"]["notes"] for body in arm.bodies] == [
        "image factory: builds linux/a 20261122.1"
    ]


def cut_off(*sizes: str, held: bool) -> World:
    """A build that a run was cut off in, while its VM was made or when that was there."""
    made = world(verify=None, fallbackSizes=list(sizes))
    made.run(failing={"linux/a"})
    vm = names.vm_name(DEV, "linux/a", Version(20261122, 1), 1)
    if held:
        made.vms = {vm: BuildVm(vm, MINE, "Succeeded")}
    else:
        del made.resources[next(urn for urn in made.resources if urn.endswith(f"{V1}/vm/1"))]
    return made


def ordered(arm: FakeArm) -> int:
    return len(arm.bodies) if isinstance(arm, OrderedOnce) else 0


@pytest.mark.parametrize("newer", ENGINES)
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("sizes", [[], ["Standard_D4as_v5"]])
def test_an_operation_that_makes_nothing_does_no_work(
    sizes: list[str], *, held: bool, newer: bool
) -> None:
    made, arm = cut_off(*sizes, held=held), OrderedOnce() if sizes and not held else FakeArm()
    in_state = Answers(newer, only=frozenset({*made.ledger.names, *foundation_ids(made.settings)}))
    recorder = declare(made.inputs(), made.plan(), arm, answers=in_state)
    assert (ordered(arm), arm.applied, arm.deleted, arm.power) == (0, [], [], "running")
    assert recorder.names(VM) == [f"{V1}/vm/1"] * held
    declare(made.inputs(), made.plan(), arm, answers=Answers(newer))
    assert [name for name, _ in arm.applied] == ["linux-deprovision"]
    assert ordered(arm) == (bool(sizes) and not held)


@pytest.mark.parametrize("newer", ENGINES)
def test_a_stray_vm_is_cleared_by_an_update_alone(*, newer: bool) -> None:
    made = world(verify=None)
    made.run()
    plan = replace(
        made.plan(), unmanaged_vms=(UnmanagedVm("v1", "linux/a", Version(20261122, 1), "1"),)
    )
    for answers, cleared in ((Answers(newer, only=made.ledger.names), 0), (Answers(newer), 1)):
        arm = Showing()
        declare(made.inputs(), plan, arm, answers=answers)
        assert len(arm.deleted) == cleared


def marks(made: World) -> list[str]:
    stashes = declare(made.inputs(), made.plan(), OrderedOnce()).names(STASH)
    return [name for name in stashes if "/run/" in name]


def test_only_work_that_goes_on_leaves_a_mark_in_the_state() -> None:
    finished = world(verify=None)
    assert marks(finished) == []
    finished.run()
    finished.run()
    assert marks(finished) == []
    assert marks(cut_off(held=True)) == [f"{V1}/run/20261122T080000Z"]
