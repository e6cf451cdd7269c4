"""The main job under every kind of fault: absorbed, or that image refused and the next run mends.

Kinds share a run where each can be told from the others, so that the whole takes a few minutes. The
table is written to the output of the tests (`pytest -s` shows it).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from rehearsal.client import Client, running
from tests.e2e.harness import ENGINEERING_US, TEAM_WEB, FactoryUnderTest, Ran

Json = dict[str, Any]

VMS = "Microsoft.DevTestLab/labs/virtualMachines"
APPLY = "*/applyartifacts"
POLLS = "*/operations/*"
BROKEN = {"code": "InternalServerError", "message": "a fault on demand"}
SOURCE = {"name": "team repo", "uri": "https://git.test/r.git", "token": "repoToken"}

# All of these strike one run, and every image of it is delivered.
ABSORBED: dict[str, Json] = {
    "status 503 with Retry-After": {"status": 503, "times": 3, "retryAfter": 1},
    "status 500 on polls": {"path": POLLS, "status": 500, "times": 2},
    "connection dropped before": {"method": "GET", "drop": "before", "nth": 20},
    "connection dropped after": {"path": APPLY, "drop": "after", "nth": 2},
    "delay of 2 min": {"path": "*/virtualmachines/*", "delay": "2 min", "nth": 7},
    "artifact that fails once": {"artifact": "linux-install-docker", "times": 1},
    "VM operation that fails late": {"type": VMS, "method": "PUT", "failLater": BROKEN, "nth": 1},
    "no capacity, once": {"capacity": "AllocationFailed", "nth": 3},
}
# Each of these strikes an image of its own; every other image of the run is delivered.
REFUSED: dict[str, tuple[str, str, Json]] = {
    "artifact that fails always": ("dev", "artifact", {"artifact": "linux-swapfile"}),
    "lost artifact repository": (
        "dev",
        "repository",
        {"repository": "lost", "path": "*/artifactsources/team repo"},
    ),
    "capture that fails late": (
        "dev",
        "capture",
        {"path": "*/labs/image-factory/customimages/linux-capture-*", "failLater": BROKEN},
    ),
    "copy that dies at 60 %": (
        "prod",
        "copy",
        {"path": "*/snapshots/linux-copy-*", "copyDies": 60},
    ),
    "managed image that hangs": (
        "prod",
        "image",
        {"path": "*/images/linux-image-*-eastus2", "method": "PUT", "hang": True},
    ),
}
# What hangs for an hour of Azure's has long ended when the run does.
LIMITS = {"image": "1h"}
# These strike every VM, so that they have runs of their own.
NO_VM: dict[str, Json] = {
    "no capacity at all": {"capacity": "SkuNotAvailable"},
    "VM operation that hangs": {"type": VMS, "method": "PUT", "hang": True},
}


@pytest.fixture
def client(factory: FactoryUnderTest) -> Client:
    factory.configure_dev([TEAM_WEB], pollInterval="0.1s")
    factory.configure_prod([ENGINEERING_US], pollInterval="0.1s")
    return Client(factory.home, running(factory.home))


def add(client: Client, kind: str, rule: Json) -> None:
    client.control("POST", "faults", {"id": kind, **rule})


def hits(client: Client, kind: str) -> int:
    """Tell how often a rule has hit, by the record or by its own count."""
    found = [each for each in client.control("GET", "faults")["value"] if each["id"] == kind]
    if found:
        return int(found[0]["hit"])
    return len(client.control("GET", "requests", None, fault=kind)["value"])


def names(factory: FactoryUnderTest, lab: str) -> set[str]:
    """Give which images of ours a lab holds, without their versions."""
    return {name.rsplit("-", 2)[0].removeprefix("linux-") for name in factory.holding(lab)}


def clean(ran: Ran) -> None:
    assert "Traceback" not in ran.output, ran.output


def waits_for(factory: FactoryUnderTest, stack: str, name: str) -> set[float]:
    """Give how many seconds the state has the engine wait for each thing of Azure's of an image."""
    found = [each for each in factory.resources(stack) if f"::linux/{name}@" in each["urn"]]
    azure = [each for each in found if each["type"].startswith("azure-native:")]
    return {seconds for each in azure for seconds in each["customTimeouts"].values()}


def report(show: Callable[[str], None], kinds: Iterable[str], outcome: str) -> None:
    for kind in kinds:
        show(f"{kind:32} {outcome}")


@pytest.mark.matrix("faults that are absorbed")
def test_these_are_absorbed_all_of_them_at_once(
    factory: FactoryUnderTest, client: Client, show: Callable[[str], None]
) -> None:
    factory.define("linux/one", artifacts=["linux-install-docker"], retries=4)
    factory.define("linux/two", artifacts=["linux-java"], retries=4)
    for kind, rule in ABSORBED.items():
        add(client, kind, rule)
    ran = factory.must_up("dev")
    clean(ran)
    assert names(factory, "team-web") == {"one", "two"}
    assert factory.build_vms() == []
    # An artifact's fault hits no request, and a rule that is spent has gone: the run tells of it.
    artifact = "artifact that fails once"
    assert artifact not in [each["id"] for each in client.control("GET", "faults")["value"]]
    missed = [kind for kind in ABSORBED if kind != artifact and not hits(client, kind)]
    assert missed == []
    report(show, ABSORBED, "absorbed")


@pytest.mark.matrix("faults that refuse their image alone")
def test_these_refuse_their_image_alone_and_the_next_run_mends(
    factory: FactoryUnderTest, client: Client, show: Callable[[str], None]
) -> None:
    factory.configure_dev([TEAM_WEB], pollInterval="0.1s", artifactSources=[SOURCE])
    token = ("config", "set", "--secret", "image-factory:repoToken", "t", "-s", "dev")
    assert factory.engine(*token).ok
    java = {"name": "linux-java", "source": "team repo"}
    for name, artifacts in {
        "artifact": ["linux-swapfile"],
        "repository": [java],
        "capture": [],
        "copy": [],
        "image": [],
        "good": ["linux-java"],
    }.items():
        factory.define(
            f"linux/{name}", artifacts=artifacts, retries=0, timeLimit=LIMITS.get(name, "4h")
        )
    for kind, (_, _, rule) in REFUSED.items():
        add(client, kind, rule)
    dev, prod = factory.up("dev"), factory.up("prod")
    assert (dev.ok, prod.ok) == (False, False), dev.output + prod.output
    clean(dev)
    clean(prod)
    assert [kind for kind in REFUSED if not hits(client, kind)] == []
    struck = {name for stack, name, _ in REFUSED.values() if stack == "dev"}
    delivered = {"good", "copy", "image"}
    assert names(factory, "team-web") == delivered
    assert names(factory, "engineering-us") == {"good"}
    # What hangs ends with the limit of its own image, in the stack that receives it too.
    assert waits_for(factory, "prod", "image") == {3600.0}
    assert waits_for(factory, "prod", "good") == {4 * 3600.0}
    # What a refused artifact leaves is gone at once; a VM whose capture failed waits for a run.
    assert len(factory.build_vms()) <= 1
    client.control("DELETE", "faults")
    for stack in ("dev", "prod"):
        clean(factory.must_up(stack))
    assert names(factory, "team-web") == delivered | struck
    assert names(factory, "engineering-us") == delivered | struck
    assert factory.build_vms() == []
    report(show, REFUSED, "that image refused, mended by the next run")


@pytest.mark.matrix("a refused capture is no version")
def test_a_capture_that_is_refused_is_no_version_and_keeps_its_vm(
    factory: FactoryUnderTest, client: Client
) -> None:
    """Engines since 3.274 know the output of a record that was skipped; only its id is unknown."""
    factory.define("linux/good")
    factory.define("linux/capture", retries=0)
    refused = {"path": "*/labs/image-factory/customimages/linux-capture-*", "method": "PUT"}
    add(client, "refused capture", {**refused, "status": 409})
    dev = factory.up("dev")
    clean(dev)
    assert not dev.ok
    assert hits(client, "refused capture")
    assert announced(factory) == {"linux/good"}
    # What is on the disk of its VM is all that there is of that build.
    assert len(factory.build_vms()) == 1
    factory.must_up("prod")
    assert names(factory, "engineering-us") == {"good"}
    client.control("DELETE", "faults")
    clean(factory.must_up("dev"))
    assert announced(factory) == {"linux/good", "linux/capture"}
    factory.must_up("prod")
    assert names(factory, "engineering-us") == {"good", "capture"}


def announced(factory: FactoryUnderTest) -> set[str]:
    """Give the definitions of which the catalogue tells a version.

    One that failed stands there as the engine's mark for the unknown, a text that no reader takes.
    """
    ran = factory.engine("stack", "output", "catalogue", "--json", "-s", "dev")
    assert ran.ok, ran.output
    return {
        name
        for name, versions in json.loads(ran.output)["__definitions"].items()
        if any(isinstance(version, dict) for version in versions.values())
    }


@pytest.mark.parametrize("kind", NO_VM)
def test_without_vms_nothing_is_built_and_the_next_run_mends(
    factory: FactoryUnderTest, client: Client, kind: str, show: Callable[[str], None]
) -> None:
    factory.define("linux/base", retries=0, timeLimit="1h")
    add(client, kind, NO_VM[kind])
    ran = factory.up("dev")
    clean(ran)
    assert not ran.ok
    assert "refused" in ran.output
    assert hits(client, kind)
    assert factory.build_vms() == []
    client.control("DELETE", "faults")
    clean(factory.must_up("dev"))
    assert names(factory, "team-web") == {"base"}
    assert factory.build_vms() == []
    report(show, [kind], "that image refused, mended by the next run")


# Each of these hangs once; "lab" and "copy" are of versions that are released by then.
HANGING: dict[str, tuple[str, str, str]] = {
    "source": ("dev", "source", "*/rg-image-factory/*/snapshots/linux-source-*"),
    "capture": ("dev", "capture", "*/labs/image-factory/customimages/linux-capture-*"),
    "lab image": ("dev", "lab", "*/labs/team-web/customimages/linux-lab-*"),
    "copy": ("prod", "copy", "*/rg-copies/*/snapshots/linux-copy-*"),
}


def test_what_azure_never_ends_is_made_again_by_the_next_run(
    factory: FactoryUnderTest, client: Client, show: Callable[[str], None]
) -> None:
    hang = {"method": "PUT", "hang": True, "times": 1}
    add(client, "NAT gateway", {**hang, "path": "*/natgateways/*"})
    for _, name, _ in HANGING.values():
        # Retries put off the day on which Azure deletes a forgotten VM: the clock runs fast.
        factory.define(f"linux/{name}", retries=5)
    network = factory.up("dev")
    clean(network)
    assert not network.ok
    assert hits(client, "NAT gateway")
    for kind, (_, _, path) in HANGING.items():
        add(client, kind, {**hang, "path": path})
    dev, prod = factory.up("dev"), factory.up("prod")
    clean(dev)
    clean(prod)
    assert (dev.ok, prod.ok) == (False, False), dev.output + prod.output
    missed = [kind for kind in HANGING if not hits(client, kind)]
    assert missed == [], dev.output + prod.output
    # Nothing of them says in the state how far it came, as with the real provider.
    hung = [each for each in factory.resources("dev") if each.get("initErrors")]
    assert [each for each in hung if each.get("outputs")] == []
    for stack in ("dev", "prod"):
        clean(factory.must_up(stack))
    everything = {name for _, name, _ in HANGING.values()}
    assert names(factory, "team-web") == names(factory, "engineering-us") == everything
    for stack in ("dev", "prod"):
        factory.must_up(stack)
        factory.must_up(stack, "--expect-no-changes")
    report(show, ["NAT gateway", *HANGING], "hangs; made again by the next run")
