"""What an artifact asks for is checked before a VM is paid for."""

from __future__ import annotations

from typing import Any

import pytest

from factory.observed.artifact_manifest import ArtifactFault, Manifest, artifact_faults
from factory.plan.model import Action
from tests.plan.world import dev, image

PUBLIC = {
    "linux-tool": Manifest(
        "linux-tool",
        "Linux",
        {
            "needed": {"type": "string", "description": "What to install"},
            "count": {"type": "int", "defaultValue": "1"},
            "loud": {"type": "bool", "defaultValue": "false"},
            "list": {"type": "array", "allowEmpty": True},
            "kind": {"type": "string", "defaultValue": "a", "allowedValues": ["a", "b"]},
            "note": {"type": "string", "allowEmpty": True},
        },
    ),
    "linux-deprovision": Manifest("linux-deprovision", "Linux"),
    "windows-tool": Manifest("windows-tool", "Windows"),
}
SHELVES: dict[str, dict[str, Manifest] | None] = {
    "public repo": PUBLIC,
    "empty": {},
    "gone": None,
}


def faults(artifact: Any) -> list[str]:
    definition = image("linux/a", artifacts=[artifact]).definition
    return [str(fault) for fault in artifact_faults(definition, SHELVES)]


RUNNER: dict[str, dict[str, Any]] = {
    "scriptFileUris": {"type": "array"},
    "scriptToRun": {"type": "string"},
    "scriptArguments": {"type": "string", "allowEmpty": True},
}


def verify_faults(verify: Any) -> list[ArtifactFault]:
    public = {**PUBLIC, "linux-run-bash": Manifest("linux-run-bash", "Linux", RUNNER)}
    definition = image("linux/a", artifacts=[tool()], verify=verify).definition
    return artifact_faults(definition, {"public repo": public})


def tool(**parameters: Any) -> dict[str, Any]:
    return {"name": "linux-tool", "parameters": {"needed": "x", **parameters}}


@pytest.mark.parametrize(
    "artifact",
    [
        tool(),
        tool(COUNT="-3", loud="True", kind="b"),
        tool(list=["x"]),
        tool(needed={"secret": "key"}),
        {"name": "Linux-Tool", "source": "Public Repo", "parameters": {"Needed": "x"}},
        {"name": "anything", "source": "empty"},
        {"name": "anything", "source": "not looked at"},
    ],
)
def test_what_fits_is_good(artifact: Any) -> None:
    assert faults(artifact) == []


@pytest.mark.parametrize(
    ("artifact", "said"),
    [
        ("linux-tol", "has none of that name -> did you mean linux-tool?"),
        ("windows-tool", "is for Windows, the image is Linux"),
        ("linux-tool", "parameter needed needs a value -> it says: What to install"),
        (tool(needed=""), "parameter needed needs a value"),
        (tool(nedeed="x"), "nedeed is not a parameter -> did you mean needed?"),
        (tool(count="many"), "parameter count takes int, got 'many'"),
        (tool(loud="perhaps"), "parameter loud takes bool, got 'perhaps'"),
        (tool(list="x"), "parameter list takes array, got 'x'"),
        (tool(kind="c"), "parameter kind takes one of a, b, got 'c'"),
        ({"name": "x", "source": "gone"}, "the factory lab has no source 'gone'"),
    ],
)
def test_what_does_not_fit_is_told(artifact: Any, said: str) -> None:
    told = faults(artifact)
    assert len(told) == 1
    assert said in told[0]


def test_what_verifies_is_checked_like_what_builds() -> None:
    script = {"url": "https://scripts.test/check.sh"}
    assert verify_faults({"artifacts": [tool()], "script": script}) == []
    assert verify_faults([]) == []
    (fault,) = verify_faults([tool(), "windows-tool"])
    assert fault.loc == ("verify", 1)
    assert fault.what.startswith("verify: artifact windows-tool is for Windows")
    (fault,) = verify_faults({"artifacts": [tool(count="many")], "script": script})
    assert (fault.loc, fault.parameter) == (("verify", "artifacts", 0), "count")
    definition = image("linux/a", artifacts=[tool()], verify={"script": script}).definition
    (missing,) = artifact_faults(definition, SHELVES)
    assert missing.loc == ("verify", "script")
    assert "verify: artifact linux-run-bash: 'public repo' has none of that name" in missing.what


def test_no_vm_is_paid_for_if_its_image_could_never_be_verified() -> None:
    world = dev("linux/a", "linux/b")
    world.images["linux/a"] = image("linux/a", artifacts=[tool()], verify=["linux-tol"])
    plan = world.plan(artifacts=SHELVES)
    refusals = [step.reason for step in plan.steps if step.action is Action.REFUSE]
    assert len(refusals) == 1
    assert refusals[0].startswith("verify: artifact linux-tol")
    assert [version.identity for version in plan.versions] == ["linux/b"]


def test_a_build_that_would_fail_for_certain_is_refused_and_the_others_go_on() -> None:
    world = dev("linux/a", "linux/b")
    world.images["linux/a"] = image("linux/a", artifacts=["linux-tol"])
    plan = world.plan(artifacts=SHELVES)
    refusals = [step for step in plan.steps if step.action is Action.REFUSE]
    assert [(step.identity, "linux-tol" in step.reason) for step in refusals] == [("linux/a", True)]
    assert [version.identity for version in plan.versions] == ["linux/b"]


def test_what_is_released_stays_when_its_next_build_is_refused() -> None:
    world = dev("linux/a")
    world.run()
    world.images["linux/a"] = image("linux/a", artifacts=["linux-tol"])
    plan = world.plan(artifacts=SHELVES)
    assert [str(version.version) for version in plan.versions] == ["20261122.1"]
    assert Action.RETIRE not in {step.action for step in plan.steps}
