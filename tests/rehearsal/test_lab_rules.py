"""What a lab forbids, when it stops its machines, and what a region has none of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.azure.clock import iso
from tests.rehearsal.chain import COMPUTE_API, snapshot, snapshot_body
from tests.rehearsal.cloud import DEV, LINUX, START, WINDOWS, Cloud, artifacts, compute

Json = dict[str, Any]


def policy(cloud: Cloud, lab: str, fact: str, threshold: str, **properties: Any) -> None:
    kind = "MaxValuePolicy" if threshold.isdigit() else "AllowedValuesPolicy"
    body = {"factName": fact, "threshold": threshold, "evaluatorType": kind, **properties}
    path = f"{lab}/policysets/default/policies/{fact}"
    assert cloud.arm("PUT", path, {"properties": body}).status in (200, 201)


def ordered(cloud: Cloud, lab: str, name: str, **properties: Any) -> str:
    """Order a VM; gives the code of the refusal, "" if it is made."""
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/{name}", cloud.order(**properties))
    return "" if reply.status == 201 else f"{reply.code}: {reply.message}"


def test_a_lab_allows_so_many_machines(cloud: Cloud) -> None:
    lab = cloud.lab()
    policy(cloud, lab, "LabVmCount", "1")
    assert ordered(cloud, lab, "a") == ""
    refused = ordered(cloud, lab, "b")
    assert refused.startswith("PolicyViolation")
    assert "LabVmCount" in refused
    policy(cloud, lab, "LabVmCount", "1", status="Disabled")
    assert ordered(cloud, lab, "b") == ""


def test_a_user_may_have_so_many(cloud: Cloud) -> None:
    lab = cloud.lab()
    policy(cloud, lab, "UserOwnedLabVmCount", "1")
    assert ordered(cloud, lab, "a") == ""
    assert ordered(cloud, lab, "b").startswith("PolicyViolation")
    assert ordered(cloud, lab, "c", ownerObjectId="somebody-else") == ""


def test_a_machine_that_anybody_may_claim_is_nobodys(cloud: Cloud) -> None:
    lab = cloud.lab()
    policy(cloud, lab, "UserOwnedLabVmCount", "0")
    vm = cloud.vm(lab, "free", allowClaim=True)
    assert cloud.arm("GET", vm).body["properties"]["ownerObjectId"] == ""
    assert cloud.arm("PUT", f"{lab}/virtualmachines/mine", cloud.order()).code == "PolicyViolation"

    def found(text: str) -> list[str]:
        reply = cloud.arm("GET", f"{lab}/virtualmachines", query={"$filter": text})
        return [each["name"] for each in reply.body["value"]]

    assert found("properties/allowClaim") == ["free"]
    assert found("properties/allowClaim and name eq 'other'") == []
    assert found("not properties/allowClaim") == []
    cloud.finish(cloud.arm("POST", f"{vm}/claim"))
    assert found("properties/allowClaim") == []
    assert found("not properties/allowClaim") == ["free"]
    text = cloud.arm("GET", f"{lab}/virtualmachines", query={"$filter": "properties/size"})
    assert text.code == "InvalidFilterInQueryString"


def test_premium_disks_are_counted_apart(cloud: Cloud) -> None:
    lab = cloud.lab()
    policy(cloud, lab, "LabPremiumVmCount", "0")
    assert ordered(cloud, lab, "a", storageType="Premium").startswith("PolicyViolation")
    assert ordered(cloud, lab, "b", storageType="Standard") == ""


def test_a_lab_allows_these_sizes_and_images_alone(cloud: Cloud) -> None:
    lab = cloud.lab()
    policy(cloud, lab, "LabVmSize", '["Standard_B2s", "standard_d2s_v5"]')
    publisher, offer, sku = LINUX.split("/")
    allowed = {"publisher": publisher, "offer": offer, "sku": sku, "osType": "Linux"}
    policy(cloud, lab, "GalleryImage", json.dumps([json.dumps(allowed)]))
    refused = ordered(cloud, lab, "a", size="Standard_D4s_v5")
    assert "LabVmSize" in refused
    assert "GalleryImage" in refused  # every policy it breaks, not the first alone
    assert "GalleryImage" in ordered(cloud, lab, "a")
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order(LINUX))
    assert reply.status == 201


def test_what_a_policy_refuses_leaves_nothing(cloud: Cloud) -> None:
    lab = cloud.lab()
    policy(cloud, lab, "LabVmCount", "0")
    groups = f"/subscriptions/{DEV}/resourceGroups"
    before = cloud.arm("GET", groups).body
    assert ordered(cloud, lab, "a")
    assert cloud.arm("GET", groups).body == before


def shutdown(cloud: Cloud, holder: str, time: str = "1900", **properties: Any) -> Any:
    body = {
        "status": "Enabled",
        "taskType": "LabVmsShutdownTask",
        "dailyRecurrence": {"time": time},
        "timeZoneId": "UTC",
        **properties,
    }
    return cloud.arm("PUT", f"{holder}/schedules/LabVmsShutdown", {"properties": body})


def power(cloud: Cloud, vm: str) -> str:
    return str(cloud.arm("GET", vm).body["properties"]["lastKnownPowerState"])


def until(cloud: Cloud, hour: float) -> None:
    """Go to an hour of the day the tests begin on (or later: 24 and more)."""
    cloud.real = hour * 3600


def test_auto_shutdown_stops_every_machine_each_day(cloud: Cloud) -> None:
    lab = cloud.lab()
    vms = [cloud.vm(lab, name) for name in ("a", "b")]
    assert shutdown(cloud, lab).status == 201
    until(cloud, 18.9)
    assert [power(cloud, vm) for vm in vms] == ["Running"] * 2
    until(cloud, 19.1)
    assert [power(cloud, vm) for vm in vms] == ["Stopped"] * 2
    compute_vm = cloud.expanded(vms[0])["properties"]["computeVm"]
    assert "PowerState/deallocated" in [each["code"] for each in compute_vm["statuses"]]
    cloud.finish(cloud.arm("POST", f"{vms[0]}/start"), "10 min")
    assert power(cloud, vms[0]) == "Running"
    until(cloud, 24 + 19.1)
    assert power(cloud, vms[0]) == "Stopped"


def test_a_shutdown_in_the_middle_of_a_build_fails_its_artifact(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    until(cloud, 18.95)
    shutdown(cloud, lab)
    order = artifacts("windows-visualstudio", "windows-git")
    reply = cloud.arm("POST", f"{vm}/applyArtifacts", {"artifacts": order})
    assert cloud.finish(reply)["status"] == "Succeeded"
    found = cloud.expanded(vm)["properties"]
    assert [each["status"] for each in found["artifacts"]] == ["Failed", "Skipped"]
    assert "is not running" in found["artifacts"][0]["deploymentStatusMessage"]
    assert found["lastKnownPowerState"] == "Stopped"


def test_a_machine_with_a_schedule_of_its_own_follows_that(cloud: Cloud) -> None:
    lab = cloud.lab()
    late, early = cloud.vm(lab, "late"), cloud.vm(lab, "early")
    shutdown(cloud, lab, "1900")
    shutdown(cloud, late, "2300")
    until(cloud, 19.1)
    assert (power(cloud, late), power(cloud, early)) == ("Running", "Stopped")
    until(cloud, 23.1)
    assert power(cloud, late) == "Stopped"


def test_a_schedule_is_off_when_it_is_disabled_changed_or_deleted(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    shutdown(cloud, lab)
    shutdown(cloud, lab, status="Disabled")
    until(cloud, 19.1)
    assert power(cloud, vm) == "Running"
    shutdown(cloud, lab, "2100")
    shutdown(cloud, lab, "2200")
    until(cloud, 21.1)
    assert power(cloud, vm) == "Running"
    cloud.arm("DELETE", f"{lab}/schedules/LabVmsShutdown")
    until(cloud, 48)
    assert power(cloud, vm) == "Running"


def test_days_of_the_week_and_time_zones(cloud: Cloud) -> None:
    """The tests begin on a Monday in November; Berlin is an hour ahead of UTC then."""
    assert iso(START).startswith("2026-11-23")
    lab = cloud.lab()
    vm = cloud.vm(lab)
    weekly = {"weekdays": ["Tuesday"], "time": "0100"}
    berlin = "W. Europe Standard Time"
    shutdown(cloud, lab, dailyRecurrence=None, weeklyRecurrence=weekly, timeZoneId=berlin)
    until(cloud, 23.9)
    assert power(cloud, vm) == "Running"
    until(cloud, 24.1)
    assert power(cloud, vm) == "Stopped"


def test_machines_start_by_a_schedule_of_their_own(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm, other = cloud.vm(lab, "a"), cloud.vm(lab, "b")
    for each in (vm, other):
        cloud.finish(cloud.arm("POST", f"{each}/stop"), "10 min")
    body = {
        "status": "Enabled",
        "taskType": "LabVmsStartupTask",
        "dailyRecurrence": {"time": "0700"},
        "timeZoneId": "UTC",
    }
    for holder in (lab, vm):
        path = f"{holder}/schedules/LabVmAutoStart"
        assert cloud.arm("PUT", path, {"properties": body}).status == 201
    until(cloud, 24 + 7.2)
    assert (power(cloud, vm), power(cloud, other)) == ("Running", "Stopped")


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"timeZoneId": "Middle-earth"}, "InvalidTimeZone"),
        ({"dailyRecurrence": {"time": "2561"}}, "InvalidRequestContent"),
    ],
)
def test_times_that_make_no_sense_are_refused(cloud: Cloud, properties: Json, code: str) -> None:
    reply = shutdown(cloud, cloud.lab(), **properties)
    assert (reply.status, reply.code) == (400, code)


def test_twelve_weeks_of_a_lab_pass_in_order_in_a_moment(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    shutdown(cloud, lab)
    for _ in range(12):
        cloud.control("POST", "clock", {"advance": "7d"})
    assert power(cloud, vm) == "Stopped"
    assert cloud.control("GET", "clock").body["epoch"] - START > 12 * 7 * 86400


def test_a_size_that_the_region_has_none_of(cloud: Cloud) -> None:
    lab = cloud.lab("far", "eastus")
    refused = ordered(cloud, lab, "a", size="Standard_B2s")
    assert refused.startswith("SkuNotAvailable")
    assert "'Following SKUs have failed for Capacity Restrictions: Standard_B2s'" in refused
    assert "location 'eastus'" in refused
    assert ordered(cloud, lab, "a") == ""
    assert ordered(cloud, cloud.lab(), "a", size="Standard_B2s") == ""


def test_sizes_are_listed_by_region_with_what_restricts_them(cloud: Cloud) -> None:
    path = f"/subscriptions/{DEV}/providers/Microsoft.Compute/skus"

    def sizes(region: str) -> dict[str, Json]:
        query = {"$filter": f"location eq '{region}'"}
        found = cloud.arm("GET", path, version="2021-07-01", query=query).body["value"]
        assert {each["locations"][0] for each in found} == {region}
        return {each["name"]: each for each in found}

    here = sizes("westeurope")["Standard_D4s_v5"]
    able = {each["name"]: each["value"] for each in here["capabilities"]}
    assert (here["family"], able["vCPUs"], able["MemoryGB"]) == ("standardDSv5Family", "4", "16")
    assert here["restrictions"] == []
    (held,) = sizes("eastus")["Standard_B2s"]["restrictions"]
    assert held["reasonCode"] == "NotAvailableForSubscription"
    assert len(cloud.arm("GET", path, version="2021-07-01").body["value"]) > 100


def test_one_incremental_snapshot_of_a_disk_at_a_time_goes_to_a_region(cloud: Cloud) -> None:
    disk = cloud.disk(cloud.vm(cloud.lab(), image=WINDOWS))["id"]
    first, second = snapshot(cloud, disk, "first"), snapshot(cloud, disk, "second")
    cloud.group("rg-far", "eastus2")

    def copy(source: str, name: str) -> Any:
        body = snapshot_body(source, "eastus2", createOption="CopyStart")
        path = compute(DEV, "rg-far", "snapshots", name)
        return cloud.arm("PUT", path, body, version=COMPUTE_API)

    assert copy(first, "a").status == 202
    assert (copy(second, "b").status, copy(second, "b").code) == (409, "OperationNotAllowed")
    cloud.advance("2h")
    assert copy(second, "b").status == 202
