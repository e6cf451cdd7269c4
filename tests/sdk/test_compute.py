"""What a factory does with disks, by azure-mgmt-compute."""

from __future__ import annotations

import time
from typing import Any

import pytest
from azure.mgmt.compute import ComputeManagementClient

from tests.sdk.cloud import DEV, PROD, Cloud, refused


@pytest.fixture(scope="module")
def machine(cloud: Cloud, lab: tuple[str, str]) -> Any:
    """Give the compute VM behind a lab VM, deallocated."""
    cloud.vm(lab, "disky")
    cloud.labs.virtual_machines.begin_stop(*lab, "disky").result()
    path = cloud.labs.virtual_machines.get(*lab, "disky").compute_id
    group, name = path.split("/")[4], path.split("/")[-1]
    return cloud.compute.virtual_machines.get(group, name, expand="instanceView")


@pytest.fixture(scope="module")
def snapshot(cloud: Cloud, machine: Any) -> Any:
    group = cloud.group("rg-snaps")
    return cloud.compute.snapshots.begin_create_or_update(group, "base", copy_of(machine)).result()


def copy_of(machine: Any, **more: Any) -> dict[str, Any]:
    disk = machine.storage_profile.os_disk.managed_disk.id
    return {
        "location": machine.location,
        "sku": {"name": "Standard_LRS"},
        "creation_data": {"create_option": "Copy", "source_resource_id": disk},
        "incremental": True,
        **more,
    }


def test_machines(cloud: Cloud, machine: Any) -> None:
    group, client = machine.id.split("/")[4], cloud.compute.virtual_machines
    codes = [each.code for each in machine.instance_view.statuses]
    assert "PowerState/deallocated" in codes
    assert [each.name for each in client.list(group)] == ["disky"]
    assert machine.id in [each.id for each in client.list_all()]
    view = client.instance_view(group, "disky")
    assert [each.code for each in view.statuses] == codes
    with refused(404, "ResourceNotFound"):
        client.get(group, "none")


def test_a_machine_is_generalised(cloud: Cloud, lab: tuple[str, str]) -> None:
    cloud.vm(lab, "general")
    path = cloud.labs.virtual_machines.get(*lab, "general").compute_id
    group, client = path.split("/")[4], cloud.compute.virtual_machines
    with refused(409, "OperationNotAllowed"):
        client.generalize(group, "general")
    client.begin_power_off(group, "general").result()
    client.begin_start(group, "general").result()
    client.begin_restart(group, "general").result()
    client.begin_deallocate(group, "general").result()
    client.generalize(group, "general")
    view = client.instance_view(group, "general")
    assert "OSState/generalized" in [each.code for each in view.statuses]
    image = {"location": "westeurope", "source_virtual_machine": {"id": path}}
    made = cloud.compute.images.begin_create_or_update(group, "of-a-vm", image).result()
    assert made.storage_profile.os_disk.os_state == "Generalized"
    cloud.labs.virtual_machines.begin_delete(*lab, "general").result()


def test_snapshots(cloud: Cloud, snapshot: Any) -> None:
    client = cloud.compute.snapshots
    assert snapshot.provisioning_state == "Succeeded"
    assert (snapshot.incremental, snapshot.hyper_v_generation) == (True, "V2")
    assert snapshot.creation_data.source_unique_id
    assert [each.name for each in client.list_by_resource_group("rg-snaps")] == ["base"]
    assert snapshot.id in [each.id for each in client.list()]
    changed = client.begin_update(
        "rg-snaps", "base", {"tags": {"a": "b"}, "network_access_policy": "DenyAll"}
    ).result()
    assert (changed.tags, changed.network_access_policy) == ({"a": "b"}, "DenyAll")


def test_a_snapshot_travels_to_another_region(cloud: Cloud, snapshot: Any) -> None:
    client, group = cloud.compute.snapshots, cloud.group("rg-far", "northeurope")
    body = {
        "location": "northeurope",
        "incremental": True,
        "creation_data": {"create_option": "CopyStart", "source_resource_id": snapshot.id},
    }
    client.begin_create_or_update(group, "far", body).result()
    first = client.get(group, "far").completion_percent
    assert first < 100
    cloud.advance(7200)
    assert client.get(group, "far").completion_percent == 100
    with refused(400, "OperationNotAllowed"):
        client.begin_create_or_update(group, "full", {**body, "incremental": False})
    client.begin_delete(group, "far").result()
    with refused(404, "ResourceNotFound"):
        client.get(group, "far")


def test_a_snapshot_travels_to_another_subscription(cloud: Cloud, snapshot: Any) -> None:
    prod = cloud.compute_client(PROD)
    cloud.resource_client(PROD).resource_groups.create_or_update(
        "rg-copies", {"location": "westeurope"}
    )
    body = {
        "location": "westeurope",
        "creation_data": {"create_option": "Copy", "source_resource_id": snapshot.id},
    }
    made = prod.snapshots.begin_create_or_update("rg-copies", "copy", body).result()
    assert (made.incremental, made.disk_size_gb) == (False, snapshot.disk_size_gb)
    with refused(400, "OperationNotAllowed"):
        prod.snapshots.begin_create_or_update("rg-copies", "x", {**body, "incremental": True})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"location": "westeurope"}, "InvalidParameter"),
        ({"location": "westeurope", "creation_data": {}}, "InvalidParameter"),
        ({"creation_data": {"create_option": "Empty"}, "disk_size_gb": 4}, "LocationRequired"),
        (
            {"location": "westeurope", "creation_data": {"create_option": "Teleport"}},
            "InvalidParameter",
        ),
    ],
)
def test_what_is_refused_of_snapshots(cloud: Cloud, body: dict[str, Any], code: str) -> None:
    with refused(400, code):
        cloud.compute.snapshots.begin_create_or_update(cloud.group("rg-snaps"), "x", body)


def test_disks(cloud: Cloud, snapshot: Any, machine: Any) -> None:
    client, group = cloud.compute.disks, cloud.group("rg-disks")
    body = {
        "location": "westeurope",
        "creation_data": {"create_option": "Copy", "source_resource_id": snapshot.id},
    }
    made = client.begin_create_or_update(group, "of-snapshot", body).result()
    assert (made.disk_state, made.hyper_v_generation) == ("Unattached", "V2")
    empty = {
        "location": "westeurope",
        "creation_data": {"create_option": "Empty"},
        "disk_size_gb": 8,
    }
    client.begin_create_or_update(group, "empty", empty).result()
    assert client.get(group, "empty").disk_size_gb == 8
    assert len(list(client.list_by_resource_group(group))) == 2
    assert made.id in [each.id for each in client.list()]
    assert client.begin_update(group, "empty", {"tags": {"a": "b"}}).result().tags == {"a": "b"}
    client.begin_delete(group, "empty").result()
    holder = machine.id.split("/")[4]
    disk = machine.storage_profile.os_disk.name
    with refused(409, "OperationNotAllowed"):
        client.begin_delete(holder, disk)


def test_access_to_the_data(cloud: Cloud, snapshot: Any) -> None:
    for client, name in ((cloud.compute.snapshots, "base"), (cloud.compute.disks, "readable")):
        group = "rg-snaps"
        if name == "readable":
            source = {"create_option": "Copy", "source_resource_id": snapshot.id}
            body = {"location": "westeurope", "creation_data": source}
            client.begin_create_or_update(group, name, body).result()
        client.begin_update(group, name, {"network_access_policy": "AllowAll"}).result()
        asked = {"access": "Read", "duration_in_seconds": 3600}
        granted = client.begin_grant_access(group, name, asked).result()
        assert granted.access_sas.startswith("https://md-")
        assert client.get(group, name).disk_state == "ActiveSAS"
        client.begin_revoke_access(group, name).result()
        assert client.get(group, name).disk_state == "Unattached"
        with refused(400, "InvalidParameter"):
            client.begin_grant_access(group, name, {"access": "Read", "duration_in_seconds": 0})


def test_images(cloud: Cloud, snapshot: Any) -> None:
    client, group = cloud.compute.images, cloud.group("rg-images")
    disk = {"os_type": "Linux", "os_state": "Generalized", "snapshot": {"id": snapshot.id}}
    body = {
        "location": "westeurope",
        "hyper_v_generation": "V2",
        "storage_profile": {"os_disk": disk},
    }
    made = client.begin_create_or_update(group, "one", body).result()
    assert made.storage_profile.os_disk.snapshot.id == snapshot.id
    assert client.get(group, "one").hyper_v_generation == "V2"
    assert [each.name for each in client.list_by_resource_group(group)] == ["one"]
    assert made.id in [each.id for each in client.list()]
    assert client.begin_update(group, "one", {"tags": {"a": "b"}}).result().tags == {"a": "b"}
    client.begin_delete(group, "one").result()
    with refused(400, "InvalidParameter"):
        bad = {**body, "storage_profile": {"os_disk": {**disk, "os_state": "Asleep"}}}
        client.begin_create_or_update(group, "x", bad)


def test_quotas(cloud: Cloud, machine: Any) -> None:
    found = {each.name.value: each for each in cloud.compute.usage.list(machine.location)}
    assert 0 < found["cores"].current_value <= found["cores"].limit


def test_the_marketplace(cloud: Cloud) -> None:
    client, place = cloud.compute.virtual_machine_images, "westeurope"
    assert "Canonical" in [each.name for each in client.list_publishers(place)]
    offers = [each.name for each in client.list_offers(place, "Canonical")]
    assert "ubuntu-24_04-lts" in offers
    chosen = (place, "Canonical", "ubuntu-24_04-lts", "server")
    assert "server" in [each.name for each in client.list_skus(*chosen[:3])]
    every = [each.name for each in client.list(*chosen)]
    newest = client.list(*chosen, orderby="name desc", top=1)
    assert [each.name for each in newest] == [every[-1]]
    image = client.get(*chosen, every[-1])
    assert (image.os_disk_image.operating_system, image.hyper_v_generation) == ("Linux", "V2")
    with refused(404, "NotFound"):
        client.get(*chosen, "0.0.0")


def test_what_is_not_rehearsed_says_so_loudly(cloud: Cloud) -> None:
    began = time.monotonic()
    client = ComputeManagementClient(cloud.credential, DEV, retry_total=0, **cloud.reach())
    with refused(501, "RouteNotRehearsed", "availabilitySets"):
        list(client.availability_sets.list_by_subscription())
    assert time.monotonic() - began < 10


def test_what_is_closed_to_the_network_is_copied_by_azure_all_the_same(
    cloud: Cloud, snapshot: Any
) -> None:
    client, group = cloud.compute.snapshots, "rg-snaps"
    closed = {"network_access_policy": "DenyAll", "public_network_access": "Disabled"}
    for name, source in (("closed", snapshot.id), ("closed-copy", None)):
        origin = source or client.get(group, "closed").id
        body: dict[str, Any] = {"location": "westeurope", **closed}
        body["creation_data"] = {"create_option": "Copy", "source_resource_id": origin}
        made = client.begin_create_or_update(group, name, body).result()
        assert (made.network_access_policy, made.public_network_access) == ("DenyAll", "Disabled")
        with refused(409, "OperationNotAllowed"):
            client.begin_grant_access(group, name, {"access": "Read", "duration_in_seconds": 60})


def test_sizes_are_listed(cloud: Cloud) -> None:
    found = cloud.compute.resource_skus.list(filter="location eq 'westeurope'")
    assert "Standard_D2s_v5" in {each.name for each in found}
