"""Managed images: what they can be made of, and what boots of them."""

from __future__ import annotations

import pytest

from tests.rehearsal.chain import boot, image, image_body, snapshot
from tests.rehearsal.cloud import DEV, PROD, WINDOWS, Cloud, artifacts, compute

API = "2024-11-01"


def disk_of(cloud: Cloud, lab: str, image_: str = WINDOWS, *, sysprep: bool = True) -> str:
    names = ("windows-sysprep",) if sysprep else ("windows-noop",)
    vm = cloud.vm(lab, "build", image_, artifacts=artifacts(*names))
    return str(cloud.disk(vm)["id"])


def test_an_image_answers_201_and_is_followed(cloud: Cloud) -> None:
    taken = snapshot(cloud, disk_of(cloud, cloud.lab()))
    path = compute(DEV, "rg-web", "images", "golden")
    reply = cloud.arm("PUT", path, image_body(taken), version=API)
    assert reply.status == 201
    assert cloud.follow(reply).body["status"] == "Running"
    assert cloud.finish(reply)["status"] == "Succeeded"
    found = cloud.arm("GET", path, version=API).body["properties"]
    assert found["storageProfile"]["osDisk"]["diskSizeGB"] == 127
    assert found["hyperVGeneration"] == "V2"
    again = cloud.arm("PUT", path, {**image_body(taken), "tags": {"a": "1"}}, version=API)
    assert (again.status, again.body["tags"]) == (200, {"a": "1"})
    assert cloud.finish(cloud.arm("DELETE", path, version=API))["status"] == "Succeeded"


def test_the_whole_chain_boots_in_another_region_of_another_subscription(cloud: Cloud) -> None:
    lab = cloud.lab()
    taken = snapshot(cloud, disk_of(cloud, lab))
    copy = snapshot(cloud, taken, "copy", "eastus2", PROD, createOption="CopyStart")
    managed = image(cloud, copy, "golden", "eastus2", PROD)
    target = cloud.lab("us", "eastus2", PROD)
    path = f"{target}/customimages/golden"
    cloud.make(path, {"properties": {"managedImageId": managed}})
    assert boot(cloud, target, path)["status"] == "Succeeded"
    state = cloud.control("GET", "state").body["subscriptions"][1]
    assert state["labs"][0]["customImages"][0]["installed"] == ["windows-sysprep"]


@pytest.mark.parametrize(
    ("base", "declared", "works"),
    [
        (WINDOWS, "V2", True),
        (WINDOWS, "V1", False),
        (WINDOWS, None, False),
        ("MicrosoftWindowsServer/WindowsServer/2022-datacenter", None, True),
        ("MicrosoftWindowsServer/WindowsServer/2022-datacenter", "V2", False),
    ],
)
def test_a_wrong_generation_does_not_boot(
    cloud: Cloud, base: str, declared: str | None, works: bool
) -> None:
    lab = cloud.lab()
    managed = image(cloud, snapshot(cloud, disk_of(cloud, lab, base)), hyperVGeneration=declared)
    path = f"{lab}/customimages/x"
    cloud.make(path, {"properties": {"managedImageId": managed}})
    ended = boot(cloud, lab, path)
    assert ended["status"] == ("Succeeded" if works else "Failed")
    assert works or ended["error"]["code"] == "OSProvisioningTimedOut"


def test_an_image_that_says_generalised_and_is_not_does_not_boot(cloud: Cloud) -> None:
    lab = cloud.lab()
    managed = image(cloud, snapshot(cloud, disk_of(cloud, lab, sysprep=False)))
    path = f"{lab}/customimages/x"
    cloud.make(path, {"properties": {"managedImageId": managed}})
    assert boot(cloud, lab, path)["error"]["code"] == "OSProvisioningTimedOut"


def test_trusted_launch_is_refused(cloud: Cloud) -> None:
    lab = cloud.lab()
    disk = disk_of(cloud, lab, "MicrosoftWindowsDesktop/windows-11/win11-25h2-ent")
    taken = snapshot(cloud, disk)
    found = cloud.arm("GET", taken, version="2024-03-02").body["properties"]
    assert found["securityProfile"] == {"securityType": "TrustedLaunch"}
    reply = cloud.arm("PUT", compute(DEV, "rg-web", "images", "x"), image_body(taken), version=API)
    assert (reply.status, reply.code) == (400, "OperationNotAllowed")
    assert reply.message.startswith("Creation of managed images are not supported")


def test_an_image_is_made_where_its_source_is(cloud: Cloud) -> None:
    taken = snapshot(cloud, disk_of(cloud, cloud.lab()))
    for location, subscription in (("eastus2", DEV), ("westeurope", PROD)):
        cloud.group("rg-else", location, subscription)
        path = compute(subscription, "rg-else", "images", "x")
        reply = cloud.arm("PUT", path, image_body(taken, location), version=API)
        assert reply.status == 400
        assert "same Azure region and subscription" in reply.message


def test_an_image_of_a_machine_has_its_generation_and_needs_it_generalised(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab, artifacts=artifacts("windows-sysprep"))
    machine = cloud.expanded(vm)["properties"]["computeId"]
    path = compute(DEV, "rg-web", "images", "x")

    def body(**given: str) -> dict[str, object]:
        return {
            "location": "westeurope",
            "properties": {"sourceVirtualMachine": {"id": machine}, **given},
        }

    wrong = cloud.arm("PUT", path, body(hyperVGeneration="V1"), version=API)
    assert wrong.status == 400
    assert wrong.message.startswith("The Input HyperVGeneration property: 'V1' does not match")
    early = cloud.arm("PUT", path, body(), version=API)
    assert (early.status, early.code) == (409, "OperationNotAllowed")
    assert cloud.arm("POST", f"{machine}/generalize", version=API).status == 200
    found = cloud.make(path, body(), version=API)["properties"]
    assert found["hyperVGeneration"] == "V2"
    assert found["storageProfile"]["osDisk"]["osState"] == "Generalized"


def test_a_running_machine_is_not_generalized(cloud: Cloud) -> None:
    machine = cloud.expanded(cloud.vm(cloud.lab()))["properties"]["computeId"]
    assert cloud.arm("POST", f"{machine}/generalize", version=API).status == 409
    off = cloud.arm("POST", f"{machine}/deallocate", version=API)
    assert (off.status, cloud.finish(off)["status"]) == (202, "Succeeded")
    assert cloud.arm("POST", f"{machine}/generalize", version=API).status == 200


@pytest.mark.parametrize("leave_out", ["osType", "osState", "snapshot"])
def test_an_image_that_says_too_little_is_refused(cloud: Cloud, leave_out: str) -> None:
    body = image_body(snapshot(cloud, disk_of(cloud, cloud.lab())))
    del body["properties"]["storageProfile"]["osDisk"][leave_out]
    reply = cloud.arm("PUT", compute(DEV, "rg-web", "images", "x"), body, version=API)
    assert (reply.status, reply.code) == (400, "InvalidParameter")


def test_machines_are_read_only_here(cloud: Cloud) -> None:
    path = compute(DEV, "rg-web", "virtualMachines", "x")
    cloud.group("rg-web")
    assert cloud.arm("PUT", path, {}, version=API).status == 501
