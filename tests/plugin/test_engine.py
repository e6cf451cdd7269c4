"""The stand-in under the real engine: what Pulumi does with each rule, in one table.

The steps share a stack, since each run of the engine costs two seconds: every step begins where
the one before it ended.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_azure_native import network

from factory.components.run_context import adoption
from factory.components.undeclared import undeclared
from factory.pipelines.narration import Narrator, Summary
from rehearsal.workspace import CHECKOUT, search_path
from tests.plugin.conftest import GROUP, SUBSCRIPTION
from tests.plugin.fake_arm import FakeArm, FakeArmServer, Said, Seen

LAB = f"{GROUP}/providers/Microsoft.DevTestLab/labs/lab"
SOURCE = f"{LAB}/artifactsources/mine"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
IMAGE = f"{LAB}/customimages/gold"
OPERATION = {"Azure-AsyncOperation": "/operations/1"}
TOKEN = "very-secret-token"
Resources = dict[str, dict[str, Any]]


def start() -> Resources:
    in_lab = {"resource_group_name": "rg", "lab_name": "lab", "location": "westeurope"}
    inputs = {
        "snap": {"resource_group_name": "rg", "creation_data": {"createOption": "Empty"}},
        "mine": {**in_lab, "uri": "https://x", "security_token": {"$secret": TOKEN}},
        "gold": {**in_lab, "description": "first", "tags": {"a": "1"}},
    }
    types = {
        "snap": ("compute", "Snapshot"),
        "mine": ("devtestlab", "ArtifactSource"),
        "gold": ("devtestlab", "CustomImage"),
    }
    return {
        name: {"module": module, "type": kind, "name": name, "inputs": inputs[name]}
        for name, (module, kind) in types.items()
    }


def half_made(arm: FakeArm) -> None:
    """Take the next PUT of another image, and let its operation fail."""

    def accept(arm: FakeArm, seen: Seen) -> Said:
        arm.store(seen)
        return Said(201, {"properties": {"provisioningState": "Creating"}}, OPERATION)

    failure = {"code": "OSProvisioningTimedOut", "message": "not in time"}
    arm.script("PUT", "/customimages/late", accept)
    arm.script("GET", "/operations/1", Said(200, {"status": "Failed", "error": failure}))


def tamper(arm: FakeArm) -> None:
    arm.stored[IMAGE.lower()]["tags"] = {"a": "by hand"}


def take_away(arm: FakeArm) -> None:
    del arm.stored[SOURCE.lower()]


def stand_in_the_way(arm: FakeArm) -> None:
    arm.stored[f"{LAB}/customimages/taken".lower()] = {"name": "taken", "properties": {}}


def with_image(name: str) -> Callable[[Resources], None]:
    def change(resources: Resources) -> None:
        resources[name] = {**copy.deepcopy(resources["gold"]), "name": name}

    return change


def without(name: str) -> Callable[[Resources], None]:
    def change(resources: Resources) -> None:
        del resources[name]

    return change


def set_input(name: str, key: str, value: Any) -> Callable[[Resources], None]:
    def change(resources: Resources) -> None:
        resources[name]["inputs"][key] = value

    return change


@dataclass(frozen=True)
class Step:
    """One rule: what happens in Azure or in the program, a command, and what it comes to."""

    rule: str
    command: str
    expected: dict[str, int]
    requests: list[str] = field(default_factory=list)
    """Methods and names of the writes that Azure sees, in order."""
    azure: Callable[[FakeArm], None] | None = None
    program: Callable[[Resources], None] | None = None
    error: str | None = None


STEPS = [
    Step(
        "a preview asks Azure for locations at most and writes nothing",
        "preview",
        {"to create": 4},
    ),
    Step(
        "create is PUT, once each",
        "up",
        {"created": 4},
        ["PUT gold", "PUT mine", "PUT snap"],
    ),
    Step("nothing changed, nothing done", "up", {"unchanged": 4}),
    Step("a refresh without drift changes nothing", "refresh", {"unchanged": 4}),
    Step(
        "an input changed is a PUT of the whole body",
        "up",
        {"updated": 1, "unchanged": 3},
        ["PUT gold"],
        program=set_input("gold", "description", "second"),
    ),
    Step(
        "a refresh sees a tag changed by hand",
        "refresh",
        {"updated": 1, "unchanged": 3},
        azure=tamper,
    ),
    Step("and the next up puts it right", "up", {"updated": 1, "unchanged": 3}, ["PUT gold"]),
    Step(
        "a refresh sees what was deleted by hand",
        "refresh",
        {"deleted": 1, "unchanged": 3},
        azure=take_away,
    ),
    Step("and the next up makes it anew", "up", {"created": 1, "unchanged": 3}, ["PUT mine"]),
    Step(
        "a fixed name is deleted before it is replaced",
        "up",
        {"replaced": 1, "unchanged": 3},
        ["DELETE gold", "PUT gold"],
        program=set_input("gold", "location", "northeurope"),
    ),
    Step(
        "a location in another spelling is the same",
        "up",
        {"unchanged": 4},
        program=set_input("gold", "location", "North Europe"),
    ),
    Step(
        "a random name is made before the old one is deleted",
        "up",
        {"replaced": 1, "unchanged": 3},
        ["PUT snap", "DELETE snap"],
        program=set_input("snap", "location", "northeurope"),
    ),
    Step(
        "what exists is not overwritten",
        "up",
        {"errored": 2, "unchanged": 4},
        program=with_image("taken"),
        azure=stand_in_the_way,
        error=f"cannot create already existing resource '{LAB}/customimages/taken'",
    ),
    Step("and leaves nothing in the state", "up", {"unchanged": 4}, program=without("taken")),
    Step(
        "a failed operation leaves the resource half made",
        "up",
        {"errored": 2, "unchanged": 4},
        ["PUT late"],
        program=with_image("late"),
        azure=half_made,
        error='Status=200 Code="OSProvisioningTimedOut" Message="not in time"',
    ),
    Step("which the next up updates", "up", {"updated": 1, "unchanged": 4}, ["PUT late"]),
    Step(
        "what was dropped from the program is deleted",
        "up",
        {"deleted": 1, "unchanged": 4},
        ["DELETE late"],
        program=without("late"),
    ),
    Step(
        "delete takes what is gone already as deleted",
        "destroy",
        {"deleted": 4},
        ["DELETE gold", "DELETE mine", "DELETE snap"],
        azure=take_away,
    ),
]


@dataclass
class Stack:
    """A stack of the test program on the fake ARM."""

    folder: Path
    arm: FakeArm
    environment: dict[str, str]
    resources: Resources = field(default_factory=start)

    def start(self, *verb: str) -> subprocess.Popen[str]:
        listed = json.dumps(list(self.resources.values()))
        (self.folder / "resources.json").write_text(listed, encoding="utf-8")
        return subprocess.Popen(
            ["pulumi", "--non-interactive", "--color", "never", *verb],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *verb: str) -> tuple[int, str]:
        process = self.start(*verb)
        text, _ = process.communicate()
        return process.returncode, text

    def recorded(self, name: str) -> dict[str, Any]:
        """Give a resource as the state has it."""
        _, text = self.run("stack", "export", "--stack", "dev")
        resources = json.loads(text)["deployment"]["resources"]
        found: dict[str, Any] = next(each for each in resources if each["urn"].endswith(name))
        return found

    def writes(self) -> list[str]:
        def name(seen: Seen) -> str:
            last = seen.path.rpartition("/")[2].lower()
            return "snap" if last.startswith("snap") else last

        return [f"{s.method} {name(s)}" for s in self.arm.seen if s.method in ("PUT", "DELETE")]


@pytest.fixture
def stack(arm_server: FakeArmServer, tmp_path: Path) -> Stack:
    arm_server.arm.stored[GROUP.lower()] = {"location": "westeurope"}
    folder = tmp_path / "program"
    shutil.copytree(Path(__file__).with_name("program"), folder)
    (tmp_path / "state").mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")},
        "PATH": search_path(),
        "PULUMI_HOME": str(CHECKOUT / ".pulumi"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "REQUESTS_CA_BUNDLE": str(arm_server.certificate),
        "REHEARSAL_TIME_SCALE": "1000",
        "ARM_METADATA_HOSTNAME": f"localhost:{arm_server.port}",
        "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
        "ARM_TENANT_ID": "tenant",
        "ARM_CLIENT_ID": "client",
        "ARM_CLIENT_SECRET": "client-secret",
    }
    made = Stack(folder, arm_server.arm, environment)
    code, text = made.run("stack", "init", "organization/rules/dev")
    assert code == 0, text
    return made


@pytest.mark.matrix("the engine's rules for a resource")
def test_every_rule_under_the_engine(stack: Stack) -> None:
    for step in STEPS:
        if step.program:
            step.program(stack.resources)
        if step.azure:
            step.azure(stack.arm)
        stack.arm.seen.clear()
        options = [] if step.command == "preview" else ["--yes", "--skip-preview"]
        code, text = stack.run(step.command, *options, "--stack", "dev")
        summary = summarised(text)
        assert summary.counts == step.expected, f"{step.rule}:\n{text}"
        assert (code != 0) == (step.error is not None), f"{step.rule}:\n{text}"
        assert step.error is None or step.error in text, f"{step.rule}:\n{text}"
        assert in_order(stack.writes(), step.requests), f"{step.rule}: {stack.writes()}"
        assert TOKEN not in text
        if step.rule == "create is PUT, once each":
            _, state = stack.run("stack", "export")
            assert TOKEN not in state
            assert "client-secret" not in state
            assert "securityToken" in state


def test_an_interrupt_keeps_what_azure_took_on(stack: Stack) -> None:
    """The state then has its id, inputs and initErrors, no outputs; the next up goes on with it."""
    began = threading.Event()

    def run(_: FakeArm, seen: Seen) -> Said:
        began.set()
        return Said(200, {"status": "Running"})

    stack.resources = {"gold": stack.resources["gold"]}
    begun = Said(201, {"properties": {"provisioningState": "Creating"}}, OPERATION)
    stack.arm.script("PUT", "/customimages/gold", begun)
    stack.arm.script("GET", "/operations/1", *[run] * 10_000)
    process = stack.start("up", "--yes", "--skip-preview", "--stack", "dev")
    assert began.wait(120), "the PUT was not accepted"
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate()
    assert process.returncode != 0, text

    found = stack.recorded("gold")
    assert found["id"] == IMAGE
    assert found["inputs"]["description"] == "first"
    assert "outputs" not in found
    why = "resource created but read failed context canceled: context canceled"
    assert found["initErrors"] == [why]

    stack.arm.seen.clear()
    _, text = stack.run("up", "--yes", "--skip-preview", "--stack", "dev")
    assert summarised(text).counts == {"updated": 1, "unchanged": 1}, text
    assert stack.writes() == ["PUT gold"]
    assert "outputs" in stack.recorded("gold")


def test_an_older_cli_than_the_project_requires_does_nothing(stack: Stack) -> None:
    """Pulumi.yaml says which that is; here it wants one that there is not yet."""
    project = stack.folder / "Pulumi.yaml"
    required = "requiredPulumiVersion"
    own = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert required in own
    wanted = {**yaml.safe_load(project.read_text(encoding="utf-8")), required: ">=99.0.0"}
    project.write_text(yaml.safe_dump(wanted), encoding="utf-8")
    for command in (["preview"], ["up", "--yes", "--skip-preview"], ["refresh", "--yes"]):
        code, text = stack.run(*command, "--stack", "dev")
        assert code != 0
        (told,) = [line for line in text.splitlines() if line.startswith("error:")]
        assert told.endswith('does not satisfy the version range ">=99.0.0"'), text
    assert stack.arm.seen == []


def test_what_was_imported_is_not_written_again(stack: Stack) -> None:
    """A network that was taken in has more inputs than the program ever says."""
    subnet = {
        "name": "s",
        "id": f"{NETWORK}/subnets/s",
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "properties": {"addressPrefix": "10.0.0.0/24", "delegations": []},
    }
    properties = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    stored = {"id": NETWORK, "name": "net", "location": "westeurope", "properties": properties}
    stack.arm.stored[NETWORK.lower()] = stored
    args = network.VirtualNetworkInitArgs(
        resource_group_name="rg",
        virtual_network_name="net",
        location="westeurope",
        address_space=network.AddressSpaceArgs(address_prefixes=["10.0.0.0/16"]),
        subnets=[network.SubnetArgs(name="s", address_prefix="10.0.0.0/24")],
    )
    declared = {
        "module": "network",
        "type": "VirtualNetwork",
        "name": "net",
        "inputs": {
            "resource_group_name": "rg",
            "virtual_network_name": "net",
            "location": "westeurope",
            "address_space": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "s", "addressPrefix": "10.0.0.0/24"}],
        },
    }
    stack.resources = {"net": {**declared, "options": adoption(NETWORK)}}
    code, text = stack.run("up", "--yes", "--skip-preview", "--stack", "dev")
    assert code == 0, text
    inputs = stack.recorded("net")["inputs"]
    assert inputs["subnets"][0]["type"] == subnet["type"]

    stack.resources = {"net": {**declared, "options": {"ignore_changes": undeclared(args)}}}
    code, text = stack.run("up", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "dev")
    assert code == 0, text
    assert stack.writes() == []


def summarised(text: str) -> Summary:
    return Narrator("dev", lambda _: None).read(text.splitlines())


def in_order(seen: list[str], expected: list[str]) -> bool:
    """Compare writes; those of one resource in order, those of several in any."""
    if len({write.partition(" ")[2] for write in expected}) > 1:
        return sorted(seen) == sorted(expected)
    return seen == expected
