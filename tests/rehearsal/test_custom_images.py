"""Custom images: captured, or made of a managed image, a snapshot or a VHD (contract 4.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.chain import COMPUTE_API, boot, capture_body, image, snapshot
from tests.rehearsal.cloud import LINUX, PROD, Cloud, artifacts

Json = dict[str, Any]
PLANNED = "kinvolk/flatcar-container-linux/stable-gen2"
TRUSTED = "MicrosoftWindowsDesktop/windows-11/win11-25h2-ent"


def prepared(cloud: Cloud, lab: str, name: str = "build") -> str:
    """Make a Windows VM that has been through sysprep."""
    return cloud.vm(lab, name, artifacts=artifacts("windows-git", "windows-sysprep"))


def test_a_generalised_capture_gives_a_managed_image_in_the_labs_group(cloud: Cloud) -> None:
    lab = cloud.lab("Web")
    path = f"{lab}/customimages/Golden-1"
    reply = cloud.arm("PUT", path, capture_body(prepared(cloud, lab)))
    assert reply.status == 201
    assert reply.body["properties"]["provisioningState"] == "Creating"
    assert "Azure-AsyncOperation" in reply.headers
    assert "Location" not in reply.headers
    cloud.advance("359s")
    assert cloud.follow(reply).body["status"] == "Running"
    cloud.advance("1s")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    found = cloud.arm("GET", path).body
    assert found["id"] == path.lower()
    assert (found["name"], found["type"]) == ("Golden-1", "Microsoft.DevTestLab/labs/customImages")
    backing = found["properties"]["managedImageId"]
    assert backing.endswith("/resourcegroups/rg-web/providers/microsoft.compute/images/golden-1")
    image_ = cloud.arm("GET", backing, version=COMPUTE_API).body["properties"]
    assert image_["hyperVGeneration"] == "V2"
    assert image_["storageProfile"]["osDisk"]["osState"] == "Generalized"


def test_a_custom_image_has_an_author(cloud: Cloud) -> None:
    lab = cloud.lab()
    body = capture_body(cloud.vm(lab), "NonSysprepped")
    made = cloud.make(f"{lab}/customimages/ours", body)
    assert made["properties"]["author"] == "factory"
    body["properties"]["author"] = "The image team"
    made = cloud.make(f"{lab}/customimages/theirs", body)
    assert made["properties"]["author"] == "The image team"


def test_a_capture_as_it_is_gives_a_snapshot_and_leaves_the_vm_alone(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab, "a", LINUX)
    path = f"{lab}/customimages/as-is"
    found = cloud.make(path, capture_body(vm, "NonDeprovisioned"))["properties"]
    assert found["managedSnapshotId"].endswith("/microsoft.compute/snapshots/as-is")
    assert "managedImageId" not in found
    assert cloud.arm("GET", vm).body["properties"]["lastKnownPowerState"] == "Running"
    backing = cloud.arm("GET", found["managedSnapshotId"], version=COMPUTE_API).body["properties"]
    assert (backing["incremental"], backing["diskSizeGB"]) == (False, 30)
    assert boot(cloud, lab, path)["status"] == "Succeeded"


def test_a_captured_image_boots_and_its_source_never_again(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = prepared(cloud, lab)
    path = f"{lab}/customimages/golden"
    cloud.make(path, capture_body(vm))
    view = cloud.expanded(vm)["properties"]["computeVm"]["statuses"]
    assert "OSState/generalized" in [each["code"] for each in view]
    assert cloud.arm("POST", f"{vm}/start").status == 409
    assert boot(cloud, lab, path)["status"] == "Succeeded"
    made = cloud.arm("GET", f"{lab}/virtualmachines/user").body["properties"]
    assert made["virtualMachineCreationSource"] == "FromCustomImage"
    assert made["osType"] == "Windows"
    assert cloud.apply(f"{lab}/virtualmachines/user", "windows-noop")


def test_capturing_as_generalised_what_is_not_gives_an_image_that_does_not_boot(
    cloud: Cloud,
) -> None:
    lab = cloud.lab()
    path = f"{lab}/customimages/bad"
    cloud.make(path, capture_body(cloud.vm(lab)))
    ended = boot(cloud, lab, path)
    assert ended["status"] == "Failed"
    assert ended["error"]["code"] == "OSProvisioningTimedOut"
    assert "properly prepared (generalized)" in ended["error"]["message"]
    vm = cloud.arm("GET", f"{lab}/virtualmachines/user").body["properties"]
    assert vm["provisioningState"] == "Failed"


def test_the_service_can_run_sysprep_itself_but_not_after_artifacts(cloud: Cloud) -> None:
    lab = cloud.lab()
    path = f"{lab}/customimages/clean"
    cloud.make(path, capture_body(cloud.vm(lab, "clean"), "SysprepRequested"))
    assert boot(cloud, lab, path)["status"] == "Succeeded"
    used = cloud.vm(lab, "used", artifacts=artifacts("windows-git"))
    reply = cloud.arm("PUT", f"{lab}/customimages/used", capture_body(used, "SysprepRequested"))
    ended = cloud.finish(reply)
    assert ended["status"] == "Failed"
    assert "Multiple VMExtensions per handler" in ended["error"]["message"]
    assert "'Microsoft.Compute.CustomScriptExtension'" in ended["error"]["message"]
    linux = cloud.vm(lab, "lin", LINUX, artifacts=artifacts("linux-java"))
    reply = cloud.arm("PUT", f"{lab}/customimages/lin", capture_body(linux, "DeprovisionRequested"))
    assert "'Microsoft.Azure.Extensions.CustomScript'" in cloud.finish(reply)["error"]["message"]
    failed = cloud.arm("GET", f"{lab}/customimages/used").body["properties"]
    assert failed["provisioningState"] == "Failed"
    assert cloud.apply(used, "windows-noop")


def test_trusted_launch_gives_no_managed_image_and_its_snapshot_may_be_kept(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab, "a", TRUSTED, artifacts=artifacts("windows-sysprep"))
    assert cloud.disk(vm)["properties"]["securityProfile"] == {"securityType": "TrustedLaunch"}
    ended = cloud.finish(cloud.arm("PUT", f"{lab}/customimages/a", capture_body(vm)))
    assert ended["error"]["message"] == (
        "Creation of managed images are not supported for virtual machine with TrustedLaunch"
        " security type."
    )
    other = cloud.vm(lab, "b", TRUSTED)
    cloud.make(f"{lab}/customimages/b", capture_body(other, "NonSysprepped"))


def test_a_vm_being_captured_is_busy(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    cloud.arm("PUT", f"{lab}/customimages/one", capture_body(vm, "NonSysprepped"))
    for method, path, body in (
        ("POST", f"{vm}/applyArtifacts", {"artifacts": artifacts("windows-git")}),
        ("POST", f"{vm}/stop", None),
        ("PUT", f"{lab}/customimages/two", capture_body(vm, "NonSysprepped")),
    ):
        reply = cloud.arm(method, path, body)
        assert (reply.status, reply.code) == (409, "ResourceIsNotInValidState")
    cloud.advance("1h")
    assert cloud.arm("POST", f"{vm}/stop").status == 202


def test_a_capture_fails_when_its_vm_goes(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    reply = cloud.arm("PUT", f"{lab}/customimages/one", capture_body(vm, "NonSysprepped"))
    cloud.arm("DELETE", vm)
    assert cloud.finish(reply)["error"]["code"] == "ResourceNotFound"


def test_dropping_a_capture_under_way_frees_its_vm(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    cloud.arm("PUT", f"{lab}/customimages/one", capture_body(vm, "NonSysprepped"))
    assert cloud.finish(cloud.arm("DELETE", f"{lab}/customimages/one"))["status"] == "Succeeded"
    assert cloud.arm("POST", f"{vm}/stop").status == 202


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({}, "InvalidRequestContent"),
        ({"managedImageId": "/a", "managedSnapshotId": "/b"}, "InvalidRequestContent"),
        ({"vm": {"sourceVmId": "/virtualmachines/none"}}, "ResourceNotFound"),
        ({"vm": {"sourceVmId": "/virtualmachines/a"}}, "InvalidRequestContent"),
        (
            {
                "vm": {
                    "sourceVmId": "/virtualmachines/a",
                    "linuxOsInfo": {"linuxOsState": "DeprovisionApplied"},
                }
            },
            "InvalidRequestContent",
        ),
        (
            {
                "vm": {
                    "sourceVmId": "/virtualmachines/a",
                    "windowsOsInfo": {"windowsOsState": "Perhaps"},
                }
            },
            "InvalidRequestContent",
        ),
        ({"managedImageId": "/subscriptions/x/none"}, "InvalidImageSource"),
        (
            {
                "vhd": {
                    "imageName": "https://elsewhere.blob.core.windows.net/a.vhd",
                    "sysPrep": True,
                    "osType": "Windows",
                }
            },
            "InvalidStorageAccountForLab",
        ),
        ({"vhd": {"imageName": "x"}}, "InvalidRequestContent"),
    ],
)
def test_a_custom_image_that_cannot_be_is_refused(
    cloud: Cloud, properties: Json, code: str
) -> None:
    lab = cloud.lab()
    cloud.vm(lab, "a")
    reply = cloud.arm("PUT", f"{lab}/customimages/x", {"properties": properties})
    assert reply.code == code
    assert cloud.arm("GET", f"{lab}/customimages/x").status == 404


def test_a_vhd_of_the_labs_own_account_is_taken(cloud: Cloud) -> None:
    lab = cloud.lab()
    account = cloud.arm("GET", lab).body["properties"]["defaultStorageAccount"].rpartition("/")[2]
    uri = f"https://{account}.blob.core.windows.net/uploads/a.vhd"
    path = f"{lab}/customimages/vhd"
    cloud.make(
        path, {"properties": {"vhd": {"imageName": uri, "sysPrep": True, "osType": "Windows"}}}
    )
    assert boot(cloud, lab, path)["status"] == "Succeeded"


def test_a_managed_image_becomes_a_custom_image_in_its_region_and_subscription(
    cloud: Cloud,
) -> None:
    lab = cloud.lab()
    disk = cloud.disk(prepared(cloud, lab))["id"]
    managed = image(cloud, snapshot(cloud, disk))
    path = f"{lab}/customimages/delivered"
    found = cloud.make(path, {"tags": {"a": "1"}, "properties": {"managedImageId": managed}})
    assert found["properties"]["managedImageId"] == managed
    assert boot(cloud, lab, path)["status"] == "Succeeded"
    changed = {"tags": {"b": "2"}, "properties": {"managedImageId": "/elsewhere"}}
    again = cloud.arm("PUT", path, changed)
    assert (again.status, again.body["tags"]) == (200, {"b": "2"})
    assert again.body["properties"]["managedImageId"] == managed
    for other in (cloud.lab("far", "eastus2"), cloud.lab("prod", "westeurope", PROD)):
        reply = cloud.arm(
            "PUT", f"{other}/customimages/x", {"properties": {"managedImageId": managed}}
        )
        assert (reply.status, reply.code) == (400, "InvalidImageSource")
        assert "not in the subscription and region" in reply.message


def test_a_snapshot_becomes_a_specialised_custom_image(cloud: Cloud) -> None:
    lab = cloud.lab()
    taken = snapshot(cloud, cloud.disk(cloud.vm(lab))["id"])
    path = f"{lab}/customimages/special"
    cloud.make(path, {"properties": {"managedSnapshotId": taken}})
    assert boot(cloud, lab, path)["status"] == "Succeeded"
    far = cloud.lab("far", "eastus2")
    reply = cloud.arm("PUT", f"{far}/customimages/x", {"properties": {"managedSnapshotId": taken}})
    assert reply.code == "InvalidImageSource"


def test_what_the_service_made_goes_with_its_image_and_what_it_was_given_stays(
    cloud: Cloud,
) -> None:
    lab = cloud.lab()
    vm = prepared(cloud, lab)
    taken = snapshot(cloud, cloud.disk(vm)["id"])
    managed = image(cloud, taken)
    captured = cloud.make(f"{lab}/customimages/one", capture_body(vm))["properties"]
    cloud.make(f"{lab}/customimages/two", {"properties": {"managedImageId": managed}})
    for name in ("one", "two"):
        reply = cloud.arm("DELETE", f"{lab}/customimages/{name}")
        assert (reply.status, cloud.finish(reply)["status"]) == (202, "Succeeded")
        assert cloud.arm("DELETE", f"{lab}/customimages/{name}").status == 204
    assert cloud.arm("GET", captured["managedImageId"], version=COMPUTE_API).status == 404
    assert cloud.arm("GET", managed, version=COMPUTE_API).status == 200


def test_a_custom_image_whose_managed_image_is_gone_makes_no_vm(cloud: Cloud) -> None:
    lab = cloud.lab()
    managed = image(cloud, snapshot(cloud, cloud.disk(prepared(cloud, lab))["id"]))
    path = f"{lab}/customimages/two"
    cloud.make(path, {"properties": {"managedImageId": managed}})
    cloud.finish(cloud.arm("DELETE", managed, version=COMPUTE_API))
    order = cloud.order(galleryImageReference=None, customImageId=path)
    assert cloud.arm("PUT", f"{lab}/virtualmachines/x", order).code == "InvalidImageSource"


def test_an_image_not_ready_makes_no_vm(cloud: Cloud) -> None:
    lab = cloud.lab()
    path = f"{lab}/customimages/soon"
    cloud.arm("PUT", path, capture_body(cloud.vm(lab), "NonSysprepped"))
    order = cloud.order(galleryImageReference=None, customImageId=path)
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/x", order)
    assert (reply.status, reply.code) == (409, "ResourceIsNotInValidState")


def test_a_purchase_plan_travels_and_must_be_named_again(cloud: Cloud) -> None:
    prod = cloud.lab("prod", "westeurope", PROD)
    reply = cloud.arm("PUT", f"{prod}/virtualmachines/x", cloud.order(PLANNED))
    assert (reply.status, reply.code) == (400, "MarketplacePurchaseEligibilityFailed")
    lab = cloud.lab()
    vm = cloud.vm(lab, "a", PLANNED, artifacts=artifacts("linux-deprovision"))
    disk = cloud.disk(vm)
    plan = {"publisher": "kinvolk", "product": "flatcar-container-linux", "name": "stable-gen2"}
    assert disk["properties"]["purchasePlan"] == plan
    taken = snapshot(cloud, disk["id"])
    kept = cloud.arm("GET", taken, version=COMPUTE_API).body["properties"]
    assert kept["purchasePlan"] == plan
    managed = image(cloud, taken)
    path = f"{lab}/customimages/planned"
    cloud.make(path, {"properties": {"managedImageId": managed}})
    order = cloud.order(galleryImageReference=None, customImageId=path)
    assert cloud.arm("PUT", f"{lab}/virtualmachines/x", order).code == "VMMarketplaceInvalidInput"
    named = {"id": "stable-gen2", "publisher": "kinvolk", "offer": "flatcar-container-linux"}
    path = f"{lab}/customimages/named"
    cloud.make(path, {"properties": {"managedImageId": managed, "customImagePlan": named}})
    assert boot(cloud, lab, path)["status"] == "Succeeded"
