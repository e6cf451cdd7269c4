"""Mistakes and dangers end in one clean line each, before anything is declared."""

from __future__ import annotations

import pytest

from bootstrap.access import read_stacks, rights
from factory.azure.api_versions import LAB_PREVIEW_API
from factory.common.errors import Problems
from tests.e2e.harness import DEV, TEAM_WEB, FactoryUnderTest, lab, lab_path
from tests.e2e.test_roles import assign, become

pytestmark = pytest.mark.plain

CANARIES = {"repoToken": "canary-repo-4711", "licence": "canary-licence-0815"}
OTHER = "canary-other-1508"


def refused(factory: FactoryUnderTest, stack: str, *expected: str) -> None:
    ran = factory.preview(stack)
    assert not ran.ok
    for text in expected:
        assert text in ran.output, ran.output
    assert "Traceback" not in ran.output


def test_every_fault_is_told_at_once_in_preview(factory: FactoryUnderTest) -> None:
    factory.define("linux/base", retries="many")
    factory.define("linux/other", sizes="x")
    factory.configure_dev([TEAM_WEB, TEAM_WEB, lab("x", "nothing/**")], keep={"newest": 0})
    refused(
        factory,
        "dev",
        "linux/base.yaml:",
        "sizes: is not a known field",
        "image-factory:keep.newest:",
    )


def test_a_lab_that_is_missing_or_elsewhere_fails_in_preview(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev([lab("nowhere"), lab("team-data", region="eastus2")])
    refused(
        factory,
        "dev",
        "there is no lab nowhere in resource group rg-nowhere",
        "the lab is in northeurope, not in eastus2",
    )


def test_a_receiver_before_its_source_is_told_in_one_line(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_prod()
    ran = factory.preview("prod")
    assert not ran.ok
    assert "organization/image-factory/dev has not been brought up yet" in ran.output
    assert "Traceback" not in ran.output


def test_the_program_never_drops_its_lab(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev()
    factory.must_up("dev")
    other = {"name": "other", "resourceGroup": "rg-image-factory", "create": True}
    factory.configure_dev(factoryLab=other)
    refused(factory, "dev", "this run would drop the lab 'image-factory'", "pulumi destroy")
    factory.configure_dev(images=str(factory.root / "absent"))
    refused(factory, "dev", "is not a folder")
    assert len(factory.holding("team-web")) == 1
    factory.configure_dev()


@pytest.mark.parametrize("secret_set", [False, True])
def test_secrets_reach_azure_and_nothing_else(
    factory: FactoryUnderTest,
    secret_set: bool,
) -> None:
    parameters = {"packages": "git", "options": {"secret": "licence"}}
    apt = {"name": "linux-apt-package", "parameters": parameters}
    factory.define("linux/base", artifacts=[apt])
    source = {"name": "team repo", "uri": "https://git.test/r.git", "token": "repoToken"}
    factory.configure_dev([TEAM_WEB], artifactSources=[source])
    if not secret_set:
        refused(factory, "dev", "pulumi config set --secret image-factory:licence")
        return
    for name, value in CANARIES.items():
        ran = factory.engine(
            "config", "set", "--secret", f"image-factory:{name}", value, "-s", "dev"
        )
        assert ran.ok, ran.output
    preview, up = factory.preview("dev"), factory.must_up("dev")
    state = factory.export("dev")
    logs = preview.output + up.output + factory.rehearsal("show", "--json") + state
    for canary in CANARIES.values():
        assert canary not in logs
    password = next(
        resource["inputs"]["password"]
        for resource in factory.resources("dev")
        if resource["type"] == "azure-native:devtestlab:VirtualMachine"
    )
    assert password["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"
    assert "plaintext" not in password
    assert len(factory.holding("team-web")) == 1
    # Another token is told as what it is, once, and is no less a secret.
    factory.must_up("dev")
    ran = factory.engine("config", "set", "--secret", "image-factory:repoToken", OTHER, "-s", "dev")
    assert ran.ok, ran.output
    told = factory.must_up("dev").output
    assert "artifact source team repo" in told
    assert "the settings say otherwise: token" in told
    last = factory.must_up("dev", "--expect-no-changes").output
    assert OTHER not in told + last + factory.export("dev") + factory.rehearsal("show", "--json")


def test_an_adopted_lab_is_only_read(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    own = f"/subscriptions/{DEV}/resourceGroups"
    for group in ("rg-image-factory", "rg-vms"):
        factory.arm("PUT", f"{own}/{group}", "2021-04-01", {"location": "northeurope"})
    # Its owner has all its VMs made in one group.
    told = factory.arm("GET", LAB, LAB_PREVIEW_API)
    told["properties"]["vmCreationResourceGroupId"] = f"{own}/rg-vms"
    factory.arm("PUT", LAB, LAB_PREVIEW_API, told)
    before = factory.arm("GET", LAB)
    adopted = {
        "name": "team-data",
        "resourceGroup": "rg-team-data",
        "virtualNetwork": "Dtlteam-data",
        "subnet": "Dtlteam-dataSubnet",
        "vmResourceGroup": "rg-vms",
    }
    factory.configure(
        "dev",
        DEV,
        resourceGroup="rg-image-factory",
        factoryLab=adopted,
        labs=[TEAM_WEB],
    )
    refused(factory, "dev", "the lab is in northeurope, but azure-native:location is westeurope")
    path = factory.home.work / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("location: westeurope", "location: northeurope"))
    # Who may read anything, and else has what the bootstrap gives: in that lab, not in its group.
    assign(factory, AUDITOR, rights("dev", read_stacks(factory.home.work, ["dev"], Problems())))
    become(factory, "auditor", AUDITOR)
    factory.must_up("dev")
    assert len(factory.holding("team-data")) == 1
    assert len(factory.holding("team-web")) == 1
    assert factory.arm("GET", LAB) == before


LAB = lab_path(DEV, "team-data")
AUDITOR = "b7d3f2c8-61aa-4b0e-a9d4-3c5e8f1a9103"
