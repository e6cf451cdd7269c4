"""Snapshots and their copies: what may go where, and when the data is there (contract 4.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.chain import COMPUTE_API, snapshot, snapshot_body
from tests.rehearsal.cloud import AUDITOR, DEV, FOREIGN, PROD, STRANGER, Cloud, compute

Json = dict[str, Any]


@pytest.fixture
def disk(cloud: Cloud) -> str:
    return str(cloud.disk(cloud.vm(cloud.lab()))["id"])


def put(
    cloud: Cloud, source: str, location: str = "westeurope", subscription: str = DEV, **given: Any
) -> Any:
    version = given.pop("version", COMPUTE_API)
    group = f"rg-snaps-{location}"
    cloud.group(group, location, subscription)
    path = compute(subscription, group, "snapshots", given.pop("name", "copy"))
    return cloud.arm("PUT", path, snapshot_body(source, location, **given), version=version)


def read(cloud: Cloud, path: str) -> Json:
    return dict(cloud.arm("GET", path, version=COMPUTE_API).body["properties"])


def test_a_snapshot_answers_202_with_both_headers_and_never_201(cloud: Cloud, disk: str) -> None:
    reply = put(cloud, disk)
    assert reply.status == 202
    assert reply.headers["Location"] == reply.headers["Azure-AsyncOperation"] + "&monitor=true"
    assert "/locations/westeurope/DiskOperations/" in reply.headers["Location"]
    assert int(reply.headers["Retry-After"]) >= 1
    running = cloud.follow(reply).body
    assert (running["status"], "startTime" in running) == ("Running", True)
    assert cloud.finish(reply)["status"] == "Succeeded"
    again = put(cloud, disk)
    assert again.status == 200
    assert again.body["properties"]["provisioningState"] == "Succeeded"


def test_a_snapshot_takes_over_what_its_disk_is(cloud: Cloud, disk: str) -> None:
    path = snapshot(cloud, disk, "Mixed")
    body = cloud.arm("GET", path, version=COMPUTE_API).body
    assert body["id"] == path
    found = body["properties"]
    source = cloud.arm("GET", disk, version=COMPUTE_API).body["properties"]
    for name in ("osType", "hyperVGeneration", "diskSizeGB", "encryption"):
        assert found[name] == source[name]
    assert (found["osType"], found["hyperVGeneration"], found["diskSizeGB"]) == (
        "Windows",
        "V2",
        127,
    )
    assert found["creationData"]["sourceUniqueId"] == source["uniqueId"]
    assert found["diskState"] == "Unattached"
    assert "completionPercent" not in found


def test_a_later_put_changes_tags_and_patch_too(cloud: Cloud, disk: str) -> None:
    path = snapshot(cloud, disk)
    body = {**snapshot_body(disk), "tags": {"a": "1"}}
    assert cloud.arm("PUT", path, body, version=COMPUTE_API).body["tags"] == {"a": "1"}
    reply = cloud.arm("PATCH", path, {"tags": {"b": "2"}}, version=COMPUTE_API)
    assert (reply.status, reply.body["tags"]) == (200, {"b": "2"})


def test_the_default_sku_of_an_incremental_one_is_zone_redundant(cloud: Cloud, disk: str) -> None:
    body = snapshot_body(disk)
    del body["sku"]
    path = compute(DEV, "rg-web", "snapshots", "zrs")
    cloud.make(path, body, version=COMPUTE_API)
    assert cloud.arm("GET", path, version=COMPUTE_API).body["sku"]["name"] == "Standard_ZRS"


def test_a_full_copy_goes_to_another_subscription_of_the_region(cloud: Cloud, disk: str) -> None:
    taken = snapshot(cloud, disk)
    reply = put(cloud, taken, subscription=PROD, incremental=False)
    assert cloud.finish(reply)["status"] == "Succeeded"
    refused = put(cloud, taken, subscription=PROD, incremental=True, name="inc")
    assert (refused.status, refused.code) == (400, "OperationNotAllowed")
    assert "same subscription" in refused.message


def test_a_full_copy_takes_longer_the_larger_it_is(cloud: Cloud, disk: str) -> None:
    taken = snapshot(cloud, disk)
    reply = put(cloud, taken, subscription=PROD, incremental=False)
    cloud.advance("179s")
    assert cloud.follow(reply).body["status"] == "Running"
    cloud.advance("1s")
    assert cloud.follow(reply).body["status"] == "Succeeded"


def test_copy_stays_in_its_region(cloud: Cloud, disk: str) -> None:
    taken = snapshot(cloud, disk)
    near = put(cloud, taken, "eastus2", incremental=False)
    assert (near.status, near.code) == (400, "BadRequest")
    assert "same region" in near.message
    far = put(cloud, taken, "eastus2", PROD, incremental=False)
    assert (far.status, far.code) == (404, "NotFound")


@pytest.mark.parametrize("subscription", [DEV, PROD])
def test_a_copy_to_another_region_ends_before_its_data_is_there(
    cloud: Cloud, disk: str, subscription: str
) -> None:
    taken = snapshot(cloud, disk)
    reply = put(cloud, taken, "eastus2", subscription, createOption="CopyStart")
    assert reply.status == 202
    path = reply.body["id"]
    cloud.advance("15s")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    found = read(cloud, path)
    assert (found["provisioningState"], found["completionPercent"]) == ("Succeeded", 1)
    cloud.advance("585s")
    assert read(cloud, path)["completionPercent"] == 50
    early = put(cloud, path, "eastus2", subscription, name="early", incremental=False)
    assert (early.status, early.code) == (409, "OperationNotAllowed")
    assert "completionPercent 50" in early.message
    cloud.advance("599s")
    assert read(cloud, path)["completionPercent"] == 99
    cloud.advance("1s")
    assert read(cloud, path)["completionPercent"] == 100
    assert put(cloud, path, "eastus2", subscription, name="late").status == 202


def test_only_incremental_snapshots_are_copied_to_another_region(cloud: Cloud, disk: str) -> None:
    full = snapshot(cloud, disk, "full", incremental=False)
    taken = snapshot(cloud, disk, "taken")
    for source, incremental in ((full, True), (full, False), (taken, False), (disk, True)):
        reply = put(cloud, source, "eastus2", createOption="CopyStart", incremental=incremental)
        assert (reply.status, reply.code) == (400, "OperationNotAllowed")
    same = put(cloud, taken, subscription=PROD, createOption="CopyStart")
    assert same.code == "OperationNotAllowed"


def test_copy_start_came_with_a_version(cloud: Cloud, disk: str) -> None:
    taken = snapshot(cloud, disk)
    old = put(cloud, taken, "eastus2", createOption="CopyStart", version="2020-09-30")
    assert (old.status, old.code) == (400, "InvalidParameter")
    new = put(cloud, taken, "eastus2", createOption="CopyStart", version="2020-12-01")
    assert new.status == 202


def test_a_hundred_copies_at_once_are_enough(
    cloud: Cloud, disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.azure.compute.copying._AT_ONCE", 2)
    taken = snapshot(cloud, disk)
    for name in ("a", "b"):
        assert put(cloud, taken, "eastus2", createOption="CopyStart", name=name).status == 202
    reply = put(cloud, taken, "eastus2", createOption="CopyStart", name="c")
    assert (reply.status, reply.code) == (409, "OperationNotAllowed")
    assert put(cloud, taken, "northeurope", createOption="CopyStart", name="c").status == 202


def test_a_copy_dies_with_its_source(cloud: Cloud, disk: str) -> None:
    taken = snapshot(cloud, disk)
    path = put(cloud, taken, "eastus2", createOption="CopyStart").body["id"]
    cloud.advance("10 min")
    cloud.finish(cloud.arm("DELETE", taken, version=COMPUTE_API), "10s")
    cloud.advance("2h")
    found = read(cloud, path)
    assert found["copyCompletionError"]["errorCode"] == "CopySourceNotFound"
    assert found["completionPercent"] == 50
    assert put(cloud, path, "eastus2", name="from-dead").status == 409


def test_a_finished_copy_outlives_its_source(cloud: Cloud, disk: str) -> None:
    taken = snapshot(cloud, disk)
    path = put(cloud, taken, "eastus2", createOption="CopyStart").body["id"]
    cloud.advance("20 min")
    cloud.finish(cloud.arm("DELETE", taken, version=COMPUTE_API))
    assert "copyCompletionError" not in read(cloud, path)


def test_a_customers_key_stays_where_it_is(cloud: Cloud, disk: str) -> None:
    key = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/x"}
    taken = snapshot(cloud, disk, encryption=key)
    assert put(cloud, taken, name="own").status == 202
    for location, subscription, option in (
        ("westeurope", PROD, "Copy"),
        ("eastus2", DEV, "CopyStart"),
        ("eastus2", PROD, "CopyStart"),
    ):
        incremental = option == "CopyStart"
        reply = put(
            cloud, taken, location, subscription, createOption=option, incremental=incremental
        )
        assert reply.status == 400
        assert "customer-managed keys" in reply.message


def test_another_tenant_is_refused(cloud: Cloud, disk: str) -> None:
    path = f"/subscriptions/{FOREIGN}/resourceGroups/rg-a"
    cloud.arm("PUT", path, {"location": "westeurope"}, who=STRANGER)
    target = compute(FOREIGN, "rg-a", "snapshots", "s")
    body = snapshot_body(disk, incremental=False)
    reply = cloud.arm("PUT", target, body, version=COMPUTE_API, who=STRANGER)
    assert (reply.status, reply.code) == (403, "LinkedAuthorizationFailed")
    assert "not authorized to access linked subscription" in reply.message


def test_the_source_must_be_there_and_readable(cloud: Cloud, disk: str) -> None:
    reply = put(cloud, compute(DEV, "rg-web", "disks", "missing"))
    assert (reply.status, reply.code) == (404, "NotFound")
    assert put(cloud, "").code == "InvalidParameter"
    assert put(cloud, disk, createOption="Import").code == "InvalidParameter"
    assert cloud.arm("GET", disk, who=AUDITOR).status == 200


def test_bodies_as_terraform_writes_them_are_taken(cloud: Cloud, disk: str) -> None:
    """A managed disk under sourceUri, and a system that is not chosen."""
    cloud.group("rg-snaps-westeurope")
    path = compute(DEV, "rg-snaps-westeurope", "snapshots", "terraform")
    creation = {"createOption": "Copy", "sourceUri": disk}
    body = {"location": "westeurope", "properties": {"creationData": creation, "osType": ""}}
    made = cloud.make(path, body, version=COMPUTE_API)["properties"]
    assert made["osType"] == "Windows"
    assert made["creationData"]["sourceUri"] == disk
    wrong = {**body, "properties": {"creationData": creation, "osType": "Solaris"}}
    assert cloud.arm("PUT", path, wrong, version=COMPUTE_API).code == "InvalidParameter"


def test_ultra_disks_are_no_source(cloud: Cloud) -> None:
    ultra = compute(DEV, "rg-web", "disks", "ultra")
    cloud.group("rg-web")
    body = {
        "location": "westeurope",
        "sku": {"name": "UltraSSD_LRS"},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 64},
    }
    cloud.make(ultra, body, version=COMPUTE_API)
    assert put(cloud, ultra).status == 400


def test_a_disk_is_made_of_a_snapshot_and_deleted(cloud: Cloud, disk: str) -> None:
    path = compute(DEV, "rg-web", "disks", "restored")
    creation = {"createOption": "Copy", "sourceResourceId": snapshot(cloud, disk)}
    body = {"location": "westeurope", "properties": {"creationData": creation}}
    reply = cloud.arm("PUT", path, body, version=COMPUTE_API)
    assert (reply.status, cloud.finish(reply)["status"]) == (202, "Succeeded")
    assert read(cloud, path)["osType"] == "Windows"
    assert cloud.arm("DELETE", path, version=COMPUTE_API).status == 202
