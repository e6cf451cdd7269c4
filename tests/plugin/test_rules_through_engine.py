"""The stand-in under the real engine on the local Azure: what contract 5 says, rule by rule.

`test_engine.py` has the rules of diff and replace, on an ARM that says what it is told; here the
other side is the local Azure, its record tells what the plugin asked, and its fault rules and
switches make what a plugin has to bear. Steps share a stack: each begins where the last one ended.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rehearsal import daemon
from rehearsal.client import Client
from rehearsal.first_day import FIRST_DAY
from rehearsal.home import Home
from rehearsal.workspace import environment

Json = dict[str, Any]
DEV = "5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001"
GROUP = f"/subscriptions/{DEV}/resourceGroups/rg-rules"
LAB = f"{GROUP}/providers/Microsoft.DevTestLab/labs/rules"
IN_GROUP = {"resource_group_name": "rg-rules"}
IN_LAB = {**IN_GROUP, "lab_name": "rules"}
UBUNTU = {
    "publisher": "Canonical",
    "offer": "ubuntu-24_04-lts",
    "sku": "server",
    "os_type": "Linux",
    "version": "latest",
}
PASSWORD = "Canary-Password-1"
VM: Json = {
    **IN_LAB,
    "size": "Standard_D2s_v5",
    "user_name": "labuser",
    "password": {"$secret": PASSWORD},
    "gallery_image_reference": UBUNTU,
}


@dataclass
class Stack:
    """A stack on a local Azure of its own."""

    folder: Path
    client: Client
    variables: dict[str, str]
    resources: dict[str, Json] = field(default_factory=dict)
    text: str = ""
    seen: list[Json] = field(default_factory=list)
    _asked: int = 0

    def declare(self, name: str, kind: str, inputs: Json) -> None:
        module, _, typ = kind.partition(":")
        self.resources[name] = {"module": module, "type": typ, "name": name, "inputs": inputs}

    def run(self, *verb: str) -> int:
        listed = json.dumps(list(self.resources.values()))
        (self.folder / "resources.json").write_text(listed, encoding="utf-8")
        done = subprocess.run(
            ["pulumi", "--non-interactive", "--color", "never", *verb],
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.text = done.stdout
        record = self.client.control("GET", "requests", None, last="100000")["value"]
        self.seen, self._asked = record[self._asked :], len(record)
        return done.returncode

    def asked(self, path: str, *methods: str) -> list[str]:
        """Give method and status of the calls to a path, in order."""
        wanted = path.lower()
        return [
            f"{each['method']} {each['status']}"
            for each in self.seen
            if each["path"].lower() == wanted and (not methods or each["method"] in methods)
        ]

    def outputs(self, name: str) -> Json:
        done = subprocess.run(
            ["pulumi", "--non-interactive", "stack", "export"],
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        resources = json.loads(done.stdout)["deployment"]["resources"]
        found = next(each for each in resources if each["urn"].endswith(f"::{name}"))
        return {**found.get("outputs", {}), "$id": found.get("id"), "$inputs": found["inputs"]}


Do = Callable[[Stack], object]


@dataclass(frozen=True)
class Step:
    """A row: section of the contract, the rule, what goes before, and what has to be so after."""

    section: str
    rule: str
    before: Do
    after: Do
    command: str = "up"
    fails: bool = False


def fault(**rule: Any) -> Do:
    return lambda stack: stack.client.control("POST", "faults", rule)


def switch(**values: Any) -> Do:
    return lambda stack: stack.client.control("POST", "switches", values)


def both(*steps: Do) -> Do:
    def do(stack: Stack) -> None:
        for step in steps:
            step(stack)

    return do


def declare(name: str, kind: str, inputs: Json) -> Do:
    return lambda stack: stack.declare(name, kind, inputs)


def change(name: str, **inputs: Any) -> Do:
    return lambda stack: stack.resources[name]["inputs"].update(inputs)


def drop(name: str) -> Do:
    return lambda stack: stack.resources.pop(name)


def same(left: Any, right: Any) -> None:
    assert left == right


def group_is_made(stack: Stack) -> None:
    # 5.5: GET first, PUT, and a GET for what then stands; a synchronous PUT is not polled.
    same(stack.asked(GROUP), ["GET 404", "PUT 201", "GET 200"])
    same({each["apiVersion"] for each in stack.seen if "PUT" in each["method"]}, {"2024-03-01"})


def random_name(stack: Stack) -> None:
    (made,) = [each for each in stack.seen if each["method"] == "PUT"]
    assert re.fullmatch(r"auto[0-9a-f]{8}", made["path"].rpartition("/")[2])


def lab_is_made(stack: Stack) -> None:
    # 5.6: Azure-AsyncOperation is polled, and the lab read; 5.5: then read again.
    same(stack.asked(LAB), ["GET 404", "PUT 201", "GET 200", "GET 200"])
    assert [each for each in stack.seen if "/operations/" in each["path"]]
    # 5.2: the location comes from the group, by an older api-version.
    looked = [each for each in stack.seen if each["path"].lower() == GROUP.lower()]
    same([each["apiVersion"] for each in looked if each["method"] == "GET"], ["2020-10-01"])
    outputs = stack.outputs("rules")
    # 5.3: flattened, with the service's id; its read-only values are there.
    same(outputs["location"], "westeurope")
    assert "vaultName" in outputs
    assert "properties" not in outputs
    same(outputs["id"], LAB.lower())
    same(outputs["$id"], LAB.lower())


def children_are_made(stack: Stack) -> None:
    for kind, name in CHILDREN.values():
        same(stack.asked(f"{LAB}/{kind}/{name}", "PUT"), ["PUT 201"])
    # 5.1: path values are escaped, so a space arrives as one.
    assert "public repo two" in stack.outputs("public repo two")["$id"]


CHILDREN = {
    "devtestlab:ArtifactSource": ("artifactsources", "public repo two"),
    "devtestlab:VirtualNetwork": ("virtualnetworks", "net"),
    "devtestlab:Policy": ("policysets/default/policies", "LabVmCount"),
    "devtestlab:Schedule": ("schedules", "LabVmsShutdown"),
    "devtestlab:Formula": ("formulas", "formula"),
}
CHILD_INPUTS: dict[str, Json] = {
    "devtestlab:ArtifactSource": {"uri": "https://git.test/r.git", "folder_path": "/Artifacts"},
    "devtestlab:Policy": {
        "policy_set_name": "default",
        "fact_name": "LabVmCount",
        "evaluator_type": "MaxValuePolicy",
        "threshold": "9",
    },
    "devtestlab:Schedule": {"task_type": "LabVmsShutdownTask"},
    "devtestlab:Formula": {"os_type": "Linux"},
}


def declare_children(stack: Stack) -> None:
    for kind, (_, name) in CHILDREN.items():
        stack.declare(name, kind, {**IN_LAB, **CHILD_INPUTS.get(kind, {})})


def vm_is_made(stack: Stack) -> None:
    outputs = stack.outputs("vm")
    # 5.3: a plain GET shows no artifacts, and the service returns no password.
    assert "artifacts" not in outputs
    assert "password" not in outputs
    same(outputs["artifactDeploymentStatus"]["totalArtifacts"], 0)
    # Contract 2: sentinels of the SDK come back as what they stand for.
    same(outputs["storageType"], "Premium")
    assert re.fullmatch(r"[0-9a-f-]{36}", outputs["ownerObjectId"])
    assert PASSWORD not in stack.text


def vm_is_updated(stack: Stack) -> None:
    # 5.5: an update is a PUT of the whole, without a GET before it.
    same(stack.asked(f"{LAB}/virtualmachines/vm")[0], "PUT 200")
    same(stack.outputs("vm")["notes"], "changed")


def retried(path: str, *expected: str) -> Do:
    def check(stack: Stack) -> None:
        same(stack.asked(f"{GROUP}/providers/{path}", "PUT"), list(expected))

    return check


def failed_with(*texts: str) -> Do:
    def check(stack: Stack) -> None:
        for text in texts:
            assert text in stack.text, stack.text

    return check


def registered(stack: Stack) -> None:
    provider = f"/subscriptions/{DEV}/providers/Microsoft.Network/register"
    same(len(stack.asked(provider, "POST")), 1)
    address = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/address"
    same(stack.asked(address, "PUT"), ["PUT 409", "PUT 201"])


def gone(stack: Stack) -> None:
    state = stack.client.control("GET", "state")["subscriptions"]
    same([group for each in state for group in each["resourceGroups"]], [])


DISK = {"disk_size_gb": 32, "creation_data": {"create_option": "Empty"}, **IN_GROUP}
DISKS = "Microsoft.Compute/disks"
PAUSE = {"retryAfter": 1, "times": 1}


def disk(name: str) -> Do:
    return declare(name, "compute:Disk", {**DISK, "disk_name": name})


STEPS = [
    Step(
        "5.5",
        "a preview writes nothing",
        declare(
            "rg-rules",
            "resources:ResourceGroup",
            {
                "resource_group_name": "rg-rules",
                "location": "westeurope",
            },
        ),
        lambda stack: same([e for e in stack.seen if e["method"] not in ("GET", "POST")], []),
        command="preview",
    ),
    Step("5.1, 5.5", "create is GET, PUT, GET", lambda stack: None, group_is_made),
    Step(
        "5.2",
        "a resource of a group is named at random unless it has a name",
        declare("auto", "compute:Disk", DISK),
        random_name,
    ),
    Step(
        "5.2, 5.3, 5.6",
        "a lab: location of its group, operation polled, outputs flat",
        declare("rules", "devtestlab:Lab", {"name": "rules", **IN_GROUP}),
        lab_is_made,
    ),
    Step(
        "5.1, 5.2",
        "children of a lab: paths, and names as they are",
        declare_children,
        children_are_made,
    ),
    Step(
        "5.3",
        "a VM: no artifacts and no password come back",
        declare("vm", "devtestlab:VirtualMachine", VM),
        vm_is_made,
    ),
    Step("5.5", "an update is one PUT", change("vm", notes="changed"), vm_is_updated),
    Step(
        "5.6",
        "429 and 503 are retried after Retry-After",
        both(
            disk("busy"),
            fault(path="*/disks/busy", method="PUT", status=429, code="TooManyRequests", **PAUSE),
            fault(path="*/disks/busy", method="PUT", status=503, **PAUSE),
        ),
        retried(f"{DISKS}/busy", "PUT 429", "PUT 503", "PUT 202"),
    ),
    Step(
        "5.6",
        "409 AnotherOperationInProgress is retried",
        both(
            disk("other"),
            fault(
                path="*/disks/other",
                method="PUT",
                status=409,
                times=2,
                code="AnotherOperationInProgress",
            ),
        ),
        retried(f"{DISKS}/other", "PUT 409", "PUT 409", "PUT 202"),
    ),
    Step(
        "5.6",
        "another 409 is not, and is told by code and message",
        both(
            disk("refused"),
            fault(
                path="*/disks/refused", status=409, code="Conflict", method="PUT", message="not so"
            ),
        ),
        both(
            retried(f"{DISKS}/refused", "PUT 409"),
            failed_with('Status=409 Code="Conflict" Message="not so"'),
        ),
        fails=True,
    ),
    Step(
        "5.5",
        "an existence check that is answered by neither 200 nor 404",
        fault(path="*/disks/refused", status=403, code="AuthorizationFailed", method="GET"),
        failed_with("cannot check existence of resource"),
        fails=True,
    ),
    Step(
        "5.5, 5.6",
        "an operation that fails leaves the resource half made",
        both(
            drop("refused"),
            disk("late"),
            fault(path="*/disks/late", failLater={"code": "Late", "message": "too bad"}, times=1),
        ),
        both(
            failed_with('Code="Late" Message="too bad"'),
            lambda stack: same(stack.outputs("late")["provisioningState"], "Failed"),
        ),
        fails=True,
    ),
    Step(
        "5.5",
        "which the next up updates by PUT",
        lambda stack: None,
        lambda stack: same(stack.asked(f"{GROUP}/providers/{DISKS}/late")[0][:3], "PUT"),
    ),
    Step(
        "5.6",
        "MissingSubscriptionRegistration: register, wait, repeat",
        both(
            switch(providersRegistered=False),
            declare(
                "address",
                "network:PublicIPAddress",
                {
                    **IN_GROUP,
                    "public_ip_address_name": "address",
                    "sku": {"name": "Standard"},
                    "public_ip_allocation_method": "Static",
                },
            ),
        ),
        both(registered, switch(providersRegistered=True)),
    ),
    Step(
        "5.5",
        "delete is DELETE, polled; what is gone already counts as deleted",
        both(
            drop("vm"),
            lambda stack: stack.client.arm(
                "DELETE", f"{GROUP}/providers/{DISKS}/other", "2024-03-02"
            ),
            lambda stack: stack.client.control("POST", "clock", {"advance": "10 min"}),
            drop("other"),
        ),
        lambda stack: same(
            [
                stack.asked(f"{GROUP}/providers/{DISKS}/other", "DELETE")[1],  # after our own
                stack.asked(f"{LAB}/virtualmachines/vm", "DELETE")[0],
            ],
            ["DELETE 204", "DELETE 202"],
        ),
    ),
    Step("5.5", "a destroy leaves nothing", lambda stack: None, gone, command="destroy"),
]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    home = Home(tmp_path / "home")
    monkeypatch.setenv("REHEARSAL_HOME", str(home.root))
    info = daemon.start(home, scale=600.0, seed=False, day=FIRST_DAY)
    client = Client(home, info)
    secrets = environment(home)
    client.sign_in(
        secrets["AZURE_TENANT_ID"], secrets["AZURE_CLIENT_ID"], secrets["AZURE_CLIENT_SECRET"]
    )
    folder = tmp_path / "program"
    shutil.copytree(Path(__file__).with_name("program"), folder)
    (tmp_path / "state").mkdir()
    variables = {
        **os.environ,
        **secrets,
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "ARM_SUBSCRIPTION_ID": DEV,
    }
    made = Stack(folder, client, variables)
    try:
        assert made.run("stack", "init", "organization/rules/dev") == 0, made.text
        yield made
    finally:
        daemon.stop(home)


def test_contract_5_rule_by_rule(stack: Stack, show: Callable[[str], None]) -> None:
    for step in STEPS:
        step.before(stack)
        options = [] if step.command == "preview" else ["--yes", "--skip-preview"]
        code = stack.run(step.command, *options, "--stack", "dev")
        assert (code != 0) == step.fails, f"{step.rule}:\n{stack.text}"
        step.after(stack)
        show(f"{step.section:14} {step.rule}")
