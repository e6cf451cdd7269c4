"""What failed or was skipped never counts as done, whatever the engine answers of it."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from factory import program
from tests.components.harness import Answers, declare
from tests.components.test_ordering import OrderedOnce
from tests.components.test_verification import V1, Showing, world
from tests.plan.world import dev, image

VM = "azure-native:devtestlab:VirtualMachine"
CHILD = "linux/b@20261122.1"
ENGINES = [pytest.param(False, id="3.259"), pytest.param(True, id="3.276")]


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Collect what the program exports, and which versions its catalogue really names."""
    found: dict[str, Any] = {}

    def export(_: Any, __: Any, definitions: dict[str, dict[str, Any]]) -> None:
        for identity, entries in definitions.items():
            for number, entry in entries.items():
                if isinstance(entry, pulumi.Output):
                    entry.apply(lambda value, n=f"{identity}@{number}": found.update({n: value}))
                else:
                    found[f"{identity}@{number}"] = entry

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
