"""Lab VMs: names, images, what is shown, power, quota, and the machine behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.cloud import DEV, LINUX, WINDOWS, Cloud, artifacts

Json = dict[str, Any]


def test_a_vm_is_made_in_four_minutes_with_a_machine_behind_it(cloud: Cloud) -> None:
    lab = cloud.lab()
    path = f"{lab}/virtualmachines/Build-01"
    reply = cloud.arm("PUT", path, cloud.order())
    assert reply.status == 201
    assert reply.body["properties"]["provisioningState"] == "Creating"
    assert "Location" not in reply.headers
    operation = reply.headers["Azure-AsyncOperation"]
    assert "/providers/Microsoft.DevTestLab/locations/westeurope/operations/2026" in operation
    cloud.advance("239s")
    assert cloud.follow(reply).body["status"] == "Running"
    cloud.advance("1s")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    vm = cloud.arm("GET", path).body
    assert vm["id"] == path.lower()
    assert (vm["name"], vm["type"]) == ("Build-01", "Microsoft.DevTestLab/labs/virtualMachines")
    found = vm["properties"]
    assert found["osType"] == "Windows"
    assert found["lastKnownPowerState"] == "Running"
    assert found["virtualMachineCreationSource"] == "FromGalleryImage"
    assert found["artifactDeploymentStatus"] == {"artifactsApplied": 0, "totalArtifacts": 0}
    group, _, rest = found["computeId"].partition("/providers/")
    assert rest == "Microsoft.Compute/virtualMachines/Build-01"
    assert group.rpartition("/")[2].startswith("web")
    machine = cloud.arm("GET", found["computeId"]).body
    reference = machine["properties"]["storageProfile"]["imageReference"]
    assert reference["version"] == "latest"
    assert reference["exactVersion"].startswith("20348.")


def test_a_lab_may_have_one_group_for_all_its_machines(cloud: Cloud) -> None:
    """The preview API says so; the group is not the machine's, and stays when that goes."""
    lab, group = cloud.lab(), cloud.group("rg-vms")
    before = cloud.vm(lab, "before")
    told = cloud.arm("GET", lab, version="2018-10-15-preview").body
    told["properties"]["vmCreationResourceGroupId"] = group
    cloud.make(lab, told, version="2018-10-15-preview")
    vms = [cloud.vm(lab, name) for name in ("one", "two")]
    for vm in vms:
        machine = cloud.arm("GET", vm).body["properties"]["computeId"]
        assert machine.startswith(f"{group}/providers/")
    old = cloud.arm("GET", before).body["properties"]["computeId"]
    assert not old.startswith(f"{group}/"), "what stands already stays where it is"
    disk = cloud.disk(vms[0])["id"]
    cloud.finish(cloud.arm("DELETE", vms[0]))
    assert cloud.arm("GET", disk, version="2024-03-02").status == 404
    assert cloud.arm("GET", group).status == 200
    assert cloud.disk(vms[1])["id"].startswith(f"{group}/")


def test_the_sentinels_of_the_sdks_are_resolved(cloud: Cloud) -> None:
    lab = cloud.lab(labStorageType="StandardSSD")
    vm = cloud.vm(lab, ownerObjectId="dynamicValue", storageType="labStorageType")
    found = cloud.arm("GET", vm).body["properties"]
    assert found["storageType"] == "StandardSSD"
    assert found["ownerObjectId"] == found["createdByUserId"] != "dynamicValue"
    assert found["allowClaim"] is False
    assert cloud.disk(vm)["sku"]["name"] == "StandardSSD_LRS"


def test_what_must_be_expanded_is_not_shown_before(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab(), artifacts=artifacts("windows-git"))
    plain = cloud.arm("GET", vm).body["properties"]
    assert not {"artifacts", "computeVm", "applicableSchedule", "password"} & set(plain)
    assert plain["networkInterface"] == {}
    assert plain["artifactDeploymentStatus"]["deploymentStatus"] == "Succeeded"
    whole = cloud.expanded(vm)["properties"]
    assert whole["artifacts"][0]["status"] == "Succeeded"
    assert "PowerState/running" in [each["code"] for each in whole["computeVm"]["statuses"]]
    assert whole["networkInterface"]["subnetId"].endswith("/subnets/DtlwebSubnet")
    query = {"$expand": "Properties($expand=ComputeVm,Artifacts,NetworkInterface)"}
    listed = cloud.arm("GET", vm.rpartition("/")[0], query=query).body["value"]
    assert listed[0]["properties"] == whole
    assert "Correct-Horse-7" not in str(listed)


def test_a_machine_leaves_the_group_of_all_without_the_others(cloud: Cloud) -> None:
    lab, shared = cloud.lab(), cloud.group("rg-machines")
    body = {"location": "westeurope", "properties": {"vmCreationResourceGroupId": shared}}
    changed = cloud.arm("PUT", lab, body, version="2018-10-15-preview").body["properties"]
    assert changed["vmCreationResourceGroup"] == shared
    first, second = (cloud.vm(lab, name) for name in ("one", "two"))
    machine = cloud.arm("GET", first).body["properties"]["computeId"]
    assert machine.startswith(f"{shared}/providers/Microsoft.Compute/virtualMachines/")
    parts = cloud.arm("GET", f"{shared}/resources").body["value"]
    cloud.finish(cloud.arm("DELETE", first))
    # Its own parts go with it; the group and the other machine stay.
    left = cloud.arm("GET", f"{shared}/resources").body["value"]
    assert len(left) == len(parts) / 2
    assert cloud.arm("GET", machine).status == 404
    assert cloud.arm("GET", second).body["properties"]["lastKnownPowerState"] == "Running"
    gone = {**body, "properties": {"vmCreationResourceGroupId": f"{shared}-gone"}}
    cloud.arm("PUT", lab, gone, version="2018-10-15-preview")
    assert cloud.arm("PUT", first, cloud.order()).code == "ResourceGroupNotFound"


@pytest.mark.parametrize(
    ("action", "power", "known"),
    [
        ("powerOff", "stopped", "Stopped"),
        ("deallocate", "deallocated", "Stopped"),
        ("restart", "running", "Running"),
    ],
)
def test_the_machine_behind_a_lab_vm_has_its_own_switch(
    cloud: Cloud, action: str, power: str, known: str
) -> None:
    vm = cloud.vm(cloud.lab())
    machine = cloud.arm("GET", vm).body["properties"]["computeId"]

    def change(asked: str) -> str:
        ended = cloud.finish(cloud.arm("POST", f"{machine}/{asked}", version="2024-11-01"))
        assert ended["status"] == "Succeeded"
        view = cloud.arm("GET", f"{machine}/instanceView", version="2024-11-01").body
        return str(view["statuses"][-1]["code"])

    assert change(action) == f"PowerState/{power}"
    assert cloud.arm("GET", vm).body["properties"]["lastKnownPowerState"] == known
    assert change("start") == "PowerState/running"
    assert cloud.arm("GET", vm).body["properties"]["lastKnownPowerState"] == "Running"
    going = cloud.arm("POST", f"{machine}/powerOff", version="2024-11-01")
    busy = cloud.arm("POST", f"{machine}/start", version="2024-11-01")
    assert (going.status, busy.code) == (202, "OperationNotAllowed")


def test_a_machine_has_one_extension_of_a_handler_while_it_runs(cloud: Cloud) -> None:
    machine = cloud.arm("GET", cloud.vm(cloud.lab())).body["properties"]["computeId"]
    path, api = f"{machine}/extensions", "2024-11-01"
    properties = {
        "publisher": "Microsoft.Compute",
        "type": "CustomScriptExtension",
        "typeHandlerVersion": "1.10",
        "settings": {"commandToExecute": "whoami"},
        "protectedSettings": {"storageAccountKey": "canary"},
    }
    body = {"location": "westeurope", "properties": properties}
    made = cloud.make(f"{path}/first", body, version=api)
    assert made["properties"]["settings"] == {"commandToExecute": "whoami"}
    assert "canary" not in str(made)
    shown = cloud.arm("GET", f"{path}/first", version=api, query={"$expand": "instanceView"}).body
    statuses = shown["properties"]["instanceView"]["statuses"]
    assert [each["code"] for each in statuses] == ["ProvisioningState/succeeded"]
    second = cloud.arm("PUT", f"{path}/second", body, version=api)
    assert (second.status, "'first'" in second.message) == (400, True)
    less = {**body, "properties": {"publisher": "Microsoft.Compute"}}
    assert cloud.arm("PUT", f"{path}/third", less, version=api).code == "InvalidParameter"
    assert [each["name"] for each in cloud.arm("GET", path, version=api).body["value"]] == ["first"]
    cloud.finish(cloud.arm("DELETE", f"{path}/first", version=api))
    cloud.make(f"{path}/second", body, version=api)
    cloud.finish(cloud.arm("POST", f"{machine}/powerOff", version=api))
    off = cloud.arm("PUT", f"{path}/second", body, version=api)
    assert (off.status, off.code) == (409, "OperationNotAllowed")


def test_a_machine_sleeps_and_wakes(cloud: Cloud) -> None:
    """As `az lab vm hibernate` has it; whether one sleeps at all, no document says."""
    vm = cloud.vm(cloud.lab())
    cloud.finish(cloud.arm("POST", f"{vm}/hibernate"))
    found = cloud.expanded(vm)["properties"]
    assert found["lastKnownPowerState"] == "Hibernated"
    assert found["computeVm"]["statuses"][-1]["code"] == "PowerState/deallocated"
    assert cloud.arm("POST", f"{vm}/hibernate").status == 409
    cloud.finish(cloud.arm("POST", f"{vm}/start"))
    assert cloud.arm("GET", vm).body["properties"]["lastKnownPowerState"] == "Running"


def test_the_status_of_all_machines_is_one_list(cloud: Cloud) -> None:
    cloud.vm(cloud.lab())
    path = f"/subscriptions/{DEV}/providers/Microsoft.Compute/virtualMachines"
    (plain,) = cloud.arm("GET", path).body["value"]
    assert "instanceView" not in plain["properties"]
    (found,) = cloud.arm("GET", path, query={"statusOnly": "true"}).body["value"]
    codes = [each["code"] for each in found["properties"]["instanceView"]["statuses"]]
    assert "PowerState/running" in codes


@pytest.mark.parametrize(
    ("name", "image", "good"),
    [
        ("a" * 15, WINDOWS, True),
        ("a" * 16, WINDOWS, False),
        ("12345", WINDOWS, False),
        ("under_score", WINDOWS, False),
        ("-a", LINUX, False),
        ("a" * 64, LINUX, True),
        ("a" * 65, LINUX, False),
    ],
)
def test_names_are_such_as_the_system_can_have(
    cloud: Cloud, name: str, image: str, good: bool
) -> None:
    path = f"{cloud.lab()}/virtualmachines/{name}"
    reply = cloud.arm("PUT", path, cloud.order(image))
    assert (reply.status == 201) is good
    assert good or reply.code == "InvalidParameter"
    assert cloud.arm("GET", path).status == (200 if good else 404)


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"size": None}, "InvalidRequestContent"),
        ({"size": "Huge"}, "InvalidParameter"),
        ({"userName": None}, "InvalidRequestContent"),
        ({"password": None}, "InvalidRequestContent"),
        ({"password": "short1A"}, "InvalidParameter"),
        ({"password": "alllowercaseletters"}, "InvalidParameter"),
        ({"isAuthenticationWithSshKey": True}, "InvalidRequestContent"),
        ({"galleryImageReference": None}, "InvalidRequestContent"),
        ({"customImageId": "/customimages/x"}, "InvalidRequestContent"),
        ({"galleryImageReference": None, "customImageId": "/customimages/x"}, "ResourceNotFound"),
        (
            {"galleryImageReference": {"publisher": "No", "offer": "such", "sku": "thing"}},
            "PlatformImageNotFound",
        ),
        ({"storageType": "Tape"}, "InvalidRequestContent"),
        ({"labVirtualNetworkId": "/virtualnetworks/none"}, "ResourceNotFound"),
        ({"labSubnetName": "none"}, "SubnetNotAllowed"),
        ({"expirationDate": "someday"}, "InvalidRequestContent"),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_leaves_nothing(
    cloud: Cloud, properties: Json, code: str
) -> None:
    lab = cloud.lab()
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order(**properties))
    assert reply.code == code
    assert 400 <= reply.status < 500
    groups = cloud.arm("GET", f"/subscriptions/{DEV}/resourcegroups").body["value"]
    assert [each["name"] for each in groups] == ["rg-web"]


def test_a_lab_without_a_network_makes_no_vms(cloud: Cloud) -> None:
    lab = f"{cloud.group('rg-a')}/providers/Microsoft.DevTestLab/labs/a"
    cloud.make(lab, {"location": "westeurope"})
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order())
    assert (reply.status, reply.code) == (400, "VirtualNetworkNotFound")


def test_a_later_put_changes_tags_and_hardly_more(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    before = cloud.arm("GET", vm).body
    changed = cloud.order(LINUX, size="Standard_D8s_v5")
    reply = cloud.arm("PUT", vm, {**changed, "tags": {"new": "1"}})
    assert reply.status == 200
    after = cloud.arm("GET", vm).body
    assert after["tags"] == {"new": "1"}
    assert {**after, "tags": 0} == {**before, "tags": 0}


def test_a_vm_being_made_is_busy(cloud: Cloud) -> None:
    vm = f"{cloud.lab()}/virtualmachines/a"
    cloud.arm("PUT", vm, cloud.order())
    for method, path, body in (
        ("PUT", vm, cloud.order()),
        ("POST", f"{vm}/applyArtifacts", {"artifacts": artifacts("windows-git")}),
        ("POST", f"{vm}/stop", None),
    ):
        reply = cloud.arm(method, path, body)
        assert (reply.status, reply.code) == (409, "ResourceIsNotInValidState")
        assert "'Creating'" in reply.message


def test_create_environment_makes_a_vm_too(cloud: Cloud) -> None:
    lab = cloud.lab()
    body = {"name": "made", **cloud.order()}
    reply = cloud.arm("POST", f"{lab}/createEnvironment", body)
    assert (reply.status, reply.body) == (202, None)
    assert reply.headers["Location"] == reply.headers["Azure-AsyncOperation"] + "&monitor=true"
    assert cloud.finish(reply)["status"] == "Succeeded"
    assert cloud.arm("GET", f"{lab}/virtualmachines/made").body["name"] == "made"
    assert cloud.arm("POST", f"{lab}/createEnvironment", body).status == 409


def test_a_location_is_polled_until_it_gives_the_answer(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab())
    reply = cloud.arm("POST", f"{vm}/stop")
    path, _, query = reply.headers["Location"].removeprefix("https://localhost:1").partition("?")
    asked = dict(each.split("=") for each in query.split("&"))
    waiting = cloud.arm("GET", path, version="", query=asked)
    assert waiting.status == 202
    assert int(waiting.headers["Retry-After"]) >= 1
    assert waiting.headers["Location"].endswith("monitor=true")
    cloud.advance("2 min")
    assert cloud.arm("GET", path, version="", query=asked).status == 200


def test_stop_deallocates_and_start_runs_again(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab())
    reply = cloud.arm("POST", f"{vm}/stop")
    assert cloud.arm("GET", vm).body["properties"]["lastKnownPowerState"] == "Stopping"
    assert cloud.finish(reply)["status"] == "Succeeded"
    whole = cloud.expanded(vm)["properties"]
    assert whole["lastKnownPowerState"] == "Stopped"
    assert whole["computeVm"]["statuses"][-1]["code"] == "PowerState/deallocated"
    assert cloud.disk(vm)["properties"]["diskState"] == "Reserved"
    view = cloud.arm("GET", whole["computeId"], query={"$expand": "instanceView"}).body
    codes = [each["code"] for each in view["properties"]["instanceView"]["statuses"]]
    assert codes == ["ProvisioningState/succeeded", "PowerState/deallocated"]
    apply = cloud.arm("POST", f"{vm}/applyArtifacts", {"artifacts": artifacts("windows-git")})
    assert (apply.status, apply.code) == (409, "VirtualMachineNotRunning")
    assert cloud.arm("POST", f"{vm}/restart").status == 409
    assert cloud.finish(cloud.arm("POST", f"{vm}/start"))["status"] == "Succeeded"
    assert cloud.arm("GET", vm).body["properties"]["lastKnownPowerState"] == "Running"
    assert cloud.finish(cloud.arm("POST", f"{vm}/restart"))["status"] == "Succeeded"


def test_a_vm_goes_in_its_time_with_its_group_and_disk(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab())
    disk, machine = cloud.disk(vm)["id"], cloud.expanded(vm)["properties"]["computeId"]
    reply = cloud.arm("DELETE", vm)
    assert (reply.status, reply.body) == (202, None)
    assert {"Azure-AsyncOperation", "Location"} <= set(reply.headers.keys())
    cloud.advance("239s")
    assert cloud.arm("GET", vm).body["properties"]["provisioningState"] == "Deleting"
    cloud.advance("1s")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    for path in (vm, disk, machine, machine.partition("/providers/")[0]):
        assert cloud.arm("GET", path).status == 404
    assert cloud.arm("DELETE", vm).status == 204


def test_deleting_a_vm_that_is_being_made_ends_the_making(cloud: Cloud) -> None:
    vm = f"{cloud.lab()}/virtualmachines/a"
    making = cloud.arm("PUT", vm, cloud.order())
    cloud.finish(cloud.arm("DELETE", vm))
    ended = cloud.follow(making).body
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "OperationPreempted")
    assert cloud.arm("GET", vm).status == 404


def test_an_expired_vm_is_deleted(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab(), expirationDate="2026-11-25T00:00:00Z")
    cloud.advance("1d")
    assert cloud.arm("GET", vm).status == 200
    cloud.advance("1d")
    assert cloud.arm("GET", vm).status == 404


def test_cores_are_limited_per_region(cloud: Cloud) -> None:
    lab = cloud.lab()
    cloud.vm(lab, "a", size="Standard_D8s_v5")
    cloud.vm(lab, "b", size="Standard_B8ms")
    path = f"/subscriptions/{DEV}/providers/Microsoft.Compute/locations/westeurope/usages"
    rows = {each["name"]["value"]: each for each in cloud.arm("GET", path).body["value"]}
    assert (rows["cores"]["currentValue"], rows["cores"]["limit"]) == (16, 20)
    assert rows["standardDSv5Family"]["currentValue"] == 8
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/c", cloud.order(size="Standard_D8s_v5"))
    assert (reply.status, reply.code) == (409, "OperationNotAllowed")
    assert "Total Regional Cores quota" in reply.message
    assert "Current Limit: 20, Current Usage: 16, Additional Required: 8" in reply.message
    cloud.finish(cloud.arm("DELETE", f"{lab}/virtualmachines/a"))
    assert (
        cloud.arm("PUT", f"{lab}/virtualmachines/c", cloud.order(size="Standard_D8s_v5")).status
        == 201
    )


def test_a_machine_deleted_from_under_its_lab_fails_the_lab_vm_and_hangs_nothing(
    cloud: Cloud,
) -> None:
    vm = f"{cloud.lab()}/virtualmachines/a"
    making = cloud.arm("PUT", vm, cloud.order())
    group = cloud.arm("GET", vm).body["properties"]["computeId"].partition("/providers/")[0]
    assert cloud.arm("DELETE", group).status == 202
    cloud.advance("2h")
    assert cloud.follow(making).body["error"]["code"] == "ResourceGroupNotFound"
    assert cloud.arm("GET", vm).body["properties"]["provisioningState"] == "Failed"
    assert cloud.finish(cloud.arm("DELETE", vm))["status"] == "Succeeded"
    assert cloud.arm("GET", vm).status == 404


def test_the_disk_of_a_machine_cannot_be_taken_from_it(cloud: Cloud) -> None:
    disk = cloud.disk(cloud.vm(cloud.lab()))["id"]
    reply = cloud.arm("DELETE", disk, version="2024-03-02")
    assert (reply.status, reply.code) == (409, "OperationNotAllowed")
    assert "is attached to VM" in reply.message
