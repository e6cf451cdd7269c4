"""Artifacts on a VM: one after another, and what clients read when one fails (contract 3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.cloud import LINUX, Cloud, artifacts

Json = dict[str, Any]


def states(vm: Json) -> list[str]:
    return [each["status"] for each in vm["properties"]["artifacts"]]


def test_artifacts_run_in_order_each_in_its_time(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab())
    body = {"artifacts": artifacts("windows-git", "windows-7zip", "windows-noop")}
    reply = cloud.arm("POST", f"{vm}/applyArtifacts", body)
    assert (reply.status, reply.body) == (202, None)
    assert {"Azure-AsyncOperation", "Location"} <= set(reply.headers.keys())
    seen = cloud.expanded(vm)
    assert states(seen) == ["Installing", "Pending", "Pending"]
    assert seen["properties"]["provisioningState"] == "ApplyingArtifacts"
    assert seen["properties"]["artifactDeploymentStatus"] == {
        "deploymentStatus": "InProgress",
        "artifactsApplied": 0,
        "totalArtifacts": 3,
    }
    cloud.advance("119s")
    assert states(cloud.expanded(vm)) == ["Installing", "Pending", "Pending"]
    cloud.advance("1s")
    assert states(cloud.expanded(vm)) == ["Succeeded", "Installing", "Pending"]
    cloud.advance("60s")
    assert states(cloud.expanded(vm)) == ["Succeeded", "Succeeded", "Installing"]
    assert cloud.follow(reply).body["status"] == "Running"
    cloud.advance("60s")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    done = cloud.expanded(vm)["properties"]
    assert done["provisioningState"] == "Succeeded"
    assert done["artifactDeploymentStatus"] == {
        "deploymentStatus": "Succeeded",
        "artifactsApplied": 3,
        "totalArtifacts": 3,
    }
    streams = json.loads(done["artifacts"][0]["vmExtensionStatusMessage"])
    assert [each["code"] for each in streams] == [
        "ComponentStatus/StdOut/succeeded",
        "ComponentStatus/StdErr/succeeded",
    ]


def test_the_list_grows_with_every_call(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab(), artifacts=artifacts("windows-noop"))
    cloud.apply(vm, "windows-git")
    found = cloud.apply(vm, "windows-chocolatey", packages="7zip")["properties"]["artifacts"]
    assert [each["artifactId"].rpartition("/")[2] for each in found] == [
        "windows-noop",
        "windows-git",
        "windows-chocolatey",
    ]
    assert found[2]["parameters"] == [{"name": "packages", "value": "7zip"}]


def test_a_failed_artifact_fails_neither_vm_nor_operation(cloud: Cloud) -> None:
    rule = {"artifact": "windows-7*", "message": "disk full", "exit": 17}
    assert cloud.control("POST", "faults", rule).status == 201
    vm = cloud.vm(cloud.lab(), artifacts=artifacts("windows-git", "windows-7zip", "windows-noop"))
    found = cloud.expanded(vm)
    assert states(found) == ["Succeeded", "Failed", "Skipped"]
    assert found["properties"]["provisioningState"] == "Succeeded"
    assert found["properties"]["artifactDeploymentStatus"] == {
        "deploymentStatus": "Failed",
        "artifactsApplied": 1,
        "totalArtifacts": 3,
    }
    failed = found["properties"]["artifacts"][1]
    deployment = json.loads(failed["deploymentStatusMessage"])
    assert deployment["error"]["code"] == "ResourceDeploymentFailure"
    detail = deployment["error"]["details"][0]
    assert detail["code"] == "VMExtensionProvisioningError"
    assert "'17'" in detail["message"]
    assert "disk full" in detail["message"]
    streams = json.loads(failed["vmExtensionStatusMessage"])
    assert streams[1]["message"] == "disk full"
    later = cloud.apply(vm, "windows-noop")
    assert states(later) == ["Succeeded", "Failed", "Skipped", "Succeeded"]


def test_a_fault_happens_as_often_as_it_says_and_where(cloud: Cloud) -> None:
    lab = cloud.lab()
    rule = {"artifact": "windows-git", "vm": "bad*", "times": 1}
    cloud.control("POST", "faults", rule)
    assert states(cloud.apply(cloud.vm(lab, "good"), "windows-git")) == ["Succeeded"]
    bad = cloud.vm(lab, "bad-1")
    assert states(cloud.apply(bad, "windows-git")) == ["Failed"]
    assert cloud.control("GET", "faults").body["value"] == []
    assert states(cloud.apply(bad, "windows-git")) == ["Failed", "Succeeded"]


@pytest.mark.parametrize(
    "rule", [{}, {"artifact": "a", "colour": "red"}, {"artifact": "a", "times": 0}]
)
def test_a_fault_that_makes_no_sense_is_refused(cloud: Cloud, rule: Json) -> None:
    assert cloud.control("POST", "faults", rule).status == 400


def test_faults_can_be_cleared(cloud: Cloud) -> None:
    one = cloud.control("POST", "faults", {"artifact": "a"}).body["id"]
    cloud.control("POST", "faults", {"artifact": "b"})
    assert cloud.control("DELETE", f"faults/{one}").body == {"cleared": 1}
    assert cloud.control("DELETE", f"faults/{one}").status == 404
    assert cloud.control("DELETE", "faults").body == {"cleared": 1}


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        (artifacts("windows-nothing"), "ArtifactNotFound", "windows-nothing"),
        (artifacts("linux-java"), "ArtifactOsTypeMismatch", "Windows"),
        (artifacts("windows-chocolatey"), "InvalidArtifactParameters", "'packages' needs a value"),
        (
            artifacts("windows-chocolatey", packages="a", ignoreChecksums="maybe"),
            "InvalidArtifactParameters",
            "'ignoreChecksums' is not a valid bool",
        ),
        (
            artifacts("windows-visualstudio", sku="Home"),
            "InvalidArtifactParameters",
            "must be one of Enterprise, Professional",
        ),
        (artifacts("windows-git", colour="red"), "InvalidArtifactParameters", "not a parameter"),
        (
            artifacts("windows-run-powershell", scriptFileUris="a.ps1", scriptToRun="a.ps1"),
            "InvalidArtifactParameters",
            "'scriptFileUris' is not a valid array",
        ),
        ([], "InvalidRequestContent", "artifacts"),
    ],
)
def test_artifacts_that_cannot_run_are_refused_beforehand(
    cloud: Cloud, asked: list[Json], code: str, says: str
) -> None:
    vm = cloud.vm(cloud.lab())
    reply = cloud.arm("POST", f"{vm}/applyArtifacts", {"artifacts": asked})
    assert reply.code == code
    assert says in reply.message
    assert cloud.arm("GET", vm).body["properties"]["provisioningState"] == "Succeeded"


def test_all_parameters_that_are_right_are_taken(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab())
    uris = '["https://example.org/a.ps1"]'
    found = cloud.apply(vm, "windows-run-powershell", scriptFileUris=uris, scriptToRun="a.ps1")
    assert states(found) == ["Succeeded"]


def test_a_disabled_source_gives_no_artifacts(cloud: Cloud) -> None:
    lab = cloud.lab()
    source = f"{lab}/artifactsources/public%20repo"
    properties = cloud.arm("GET", source).body["properties"]
    cloud.arm("PUT", source, {"properties": {**properties, "status": "Disabled"}})
    order = cloud.order(artifacts=artifacts("windows-git"))
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", order)
    assert (reply.status, reply.code) == (400, "ArtifactRepositoryDisabled")
    assert "artifact repositories have been disabled" in reply.message


def test_whole_ids_are_taken_and_those_of_another_lab_are_not(cloud: Cloud) -> None:
    one, other = cloud.lab("one"), cloud.lab("other")
    vm = cloud.vm(one)
    for lab, status in ((one, 202), (other, 404)):
        asked = [{"artifactId": f"{lab}/artifactsources/public%20repo/artifacts/windows-git"}]
        assert cloud.arm("POST", f"{vm}/applyArtifacts", {"artifacts": asked}).status == status
        cloud.advance("1h")


def test_mandatory_artifacts_go_first(cloud: Cloud) -> None:
    first = "/artifactsources/public repo/artifacts/linux-swapfile"
    lab = cloud.lab(mandatoryArtifactsResourceIdsLinux=[first])
    vm = cloud.vm(lab, "a", LINUX, artifacts=artifacts("linux-java"))
    found = cloud.expanded(vm)["properties"]["artifacts"]
    assert [each["artifactId"].rpartition("/")[2] for each in found] == [
        "linux-swapfile",
        "linux-java",
    ]


@pytest.mark.parametrize(
    ("image", "name"), [(None, "windows-sysprep"), (LINUX, "linux-deprovision")]
)
def test_sysprep_leaves_the_vm_generalised_deallocated_and_used_up(
    cloud: Cloud, image: str | None, name: str
) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab, "a", image) if image else cloud.vm(lab, "a")
    found = cloud.apply(vm, name)["properties"]
    assert found["artifactDeploymentStatus"]["deploymentStatus"] == "Succeeded"
    assert found["lastKnownPowerState"] == "Stopped"
    assert found["computeVm"]["statuses"][-1]["code"] == "PowerState/deallocated"
    reply = cloud.arm("POST", f"{vm}/start")
    assert (reply.status, reply.code) == (409, "OperationNotAllowed")
    assert "generalized" in reply.message


def test_what_comes_after_sysprep_fails(cloud: Cloud) -> None:
    vm = cloud.vm(
        cloud.lab(), artifacts=artifacts("windows-sysprep", "windows-git", "windows-noop")
    )
    found = cloud.expanded(vm)
    assert states(found) == ["Succeeded", "Failed", "Skipped"]
    assert "not running" in found["properties"]["artifacts"][1]["deploymentStatusMessage"]


def test_an_artifact_that_restarts_leaves_the_vm_running(cloud: Cloud) -> None:
    found = cloud.apply(cloud.vm(cloud.lab()), "windows-visualstudio", sku="Professional")
    assert found["properties"]["lastKnownPowerState"] == "Running"


def test_packers_way_into_windows_is_among_the_public_artifacts(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab())
    found = cloud.apply(vm, "windows-winrm", hostName="build.westeurope.cloudapp.azure.com")
    assert [each["status"] for each in found["properties"]["artifacts"]] == ["Succeeded"]
