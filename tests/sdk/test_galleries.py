"""Compute galleries by azure-mgmt-compute's own clients and pollers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sdk.cloud import PROD, Cloud, failed, refused

GROUP = "rg-galleries"
DEFINITION = {
    "location": "westeurope",
    "os_type": "Linux",
    "os_state": "Generalized",
    "hyper_v_generation": "V2",
    "identifier": {"publisher": "contoso", "offer": "images", "sku": "ubuntu"},
    "features": [{"name": "SecurityType", "value": "TrustedLaunchSupported"}],
    "purchase_plan": {"publisher": "p", "product": "q", "name": "r"},
}


@pytest.fixture(scope="module")
def source(cloud: Cloud, lab: tuple[str, str]) -> str:
    """Give a managed image of a deprovisioned Linux machine."""
    cloud.vm(lab, "for-gallery")
    path = cloud.labs.virtual_machines.get(*lab, "for-gallery").compute_id
    group, client = path.split("/")[4], cloud.compute.virtual_machines
    client.begin_deallocate(group, "for-gallery").result()
    client.generalize(group, "for-gallery")
    body = {"location": "westeurope", "source_virtual_machine": {"id": path}}
    made = cloud.compute.images.begin_create_or_update(cloud.group(GROUP), "source", body).result()
    cloud.labs.virtual_machines.begin_delete(*lab, "for-gallery").result()
    return str(made.id)


@pytest.fixture(scope="module")
def definition(cloud: Cloud) -> tuple[str, str, str]:
    """Give group, gallery and definition."""
    group = cloud.group(GROUP)
    body = {"location": "westeurope", "description": "golden"}
    cloud.compute.galleries.begin_create_or_update(group, "golden", body).result()
    cloud.compute.gallery_images.begin_create_or_update(
        group, "golden", "ubuntu", DEFINITION
    ).result()
    return group, "golden", "ubuntu"


def version_body(source: str, *regions: str, **profile: Any) -> dict[str, Any]:
    targets = [{"name": name} for name in ("westeurope", *regions)]
    return {
        "location": "westeurope",
        "storage_profile": {"source": {"id": source}},
        "publishing_profile": {"target_regions": targets, **profile},
    }


def test_galleries(cloud: Cloud, definition: tuple[str, str, str]) -> None:
    client, (group, name, _) = cloud.compute.galleries, definition
    found = client.get(group, name)
    assert (found.provisioning_state, found.description) == ("Succeeded", "golden")
    assert found.identifier.unique_name.endswith("-GOLDEN")
    assert [each.name for each in client.list_by_resource_group(group)] == [name]
    assert found.id in [each.id for each in client.list()]
    changed = client.begin_update(group, name, {"tags": {"a": "b"}, "description": "new"}).result()
    assert (changed.tags, changed.description) == ({"a": "b"}, "new")
    client.begin_create_or_update(group, "empty", {"location": "westeurope"}).result()
    client.begin_delete(group, "empty").result()
    with refused(404, "ResourceNotFound"):
        client.get(group, "empty")
    with refused(409, "CannotDeleteResource"):
        client.begin_delete(group, name)


def test_definitions(cloud: Cloud, definition: tuple[str, str, str]) -> None:
    client, (group, gallery, name) = cloud.compute.gallery_images, definition
    found = client.get(group, gallery, name)
    assert (found.hyper_v_generation, found.architecture, found.os_state) == (
        *("V2", "x64"),
        "Generalized",
    )
    assert [(each.name, each.value) for each in found.features] == [
        ("SecurityType", "TrustedLaunchSupported")
    ]
    assert found.purchase_plan.product == "q"
    assert [each.name for each in client.list_by_gallery(group, gallery)] == [name]
    changed = client.begin_update(group, gallery, name, {"description": "for users"}).result()
    assert changed.description == "for users"
    other = {**DEFINITION, "identifier": {"publisher": "a", "offer": "b", "sku": "c"}}
    client.begin_create_or_update(group, gallery, "other", other).result()
    client.begin_delete(group, gallery, "other").result()
    with refused(409, "PropertyChangeNotAllowed", "galleryImage.properties.osType"):
        client.begin_update(group, gallery, name, {"os_type": "Windows"})
    with refused(400, "InvalidParameter"):
        client.begin_create_or_update(group, gallery, "x", {**DEFINITION, "os_state": "Asleep"})


def test_versions(cloud: Cloud, definition: tuple[str, str, str], source: str) -> None:
    client, place = cloud.compute.gallery_image_versions, definition
    running = client.begin_create_or_update(*place, "1.0.0", version_body(source, "northeurope"))
    early = client.get(*place, "1.0.0", expand="ReplicationStatus")
    assert early.provisioning_state == "Creating"
    assert early.replication_status.aggregated_state == "InProgress"
    made = running.result()
    assert made.provisioning_state == "Succeeded"
    assert made.storage_profile.os_disk_image.size_in_gb == 30
    assert [each.name for each in made.publishing_profile.target_regions] == [
        "West Europe",
        "North Europe",
    ]
    done = client.get(*place, "1.0.0", expand="ReplicationStatus").replication_status
    assert done.aggregated_state == "Completed"
    assert [(each.state, each.progress) for each in done.summary] == [("Completed", 100)] * 2
    profile = {"exclude_from_latest": True, "end_of_life_date": "2030-01-01T00:00:00Z"}
    changed = client.begin_update(*place, "1.0.0", {"publishing_profile": profile}).result()
    assert changed.publishing_profile.exclude_from_latest is True
    assert changed.publishing_profile.end_of_life_date.year == 2030
    assert len(changed.publishing_profile.target_regions) == 2
    assert [each.name for each in client.list_by_gallery_image(*place)] == ["1.0.0"]


def test_a_version_of_a_version_in_another_subscription(
    cloud: Cloud, definition: tuple[str, str, str], source: str
) -> None:
    origin = cloud.compute.gallery_image_versions
    made = origin.begin_create_or_update(*definition, "2.0.0", version_body(source)).result()
    prod = cloud.compute_client(PROD)
    cloud.resource_client(PROD).resource_groups.create_or_update(GROUP, {"location": "westeurope"})
    prod.galleries.begin_create_or_update(GROUP, "prod", {"location": "westeurope"}).result()
    place = (GROUP, "prod", "ubuntu")
    prod.gallery_images.begin_create_or_update(*place, DEFINITION).result()
    copy = prod.gallery_image_versions
    copied = copy.begin_create_or_update(*place, "2.0.0", version_body(made.id)).result()
    assert copied.storage_profile.source.id == made.id
    origin.begin_delete(*definition, "2.0.0").result()
    with refused(404, "ResourceNotFound"):
        origin.get(*definition, "2.0.0")
    assert copy.get(*place, "2.0.0").provisioning_state == "Succeeded"


def test_what_a_poller_hears_of_a_version_that_fails(
    cloud: Cloud, definition: tuple[str, str, str], source: str
) -> None:
    client = cloud.compute.gallery_image_versions
    with refused(400, "InvalidParameter", "Major(int).Minor(int).Patch(int)"):
        client.begin_create_or_update(*definition, "v3", version_body(source))
    disk = {
        "os_type": "Linux",
        "os_state": "Generalized",
        "managed_disk": {"id": disk_of_version(cloud, definition)},
    }
    body = {
        "location": "westeurope",
        "hyper_v_generation": "V2",
        "storage_profile": {"os_disk": disk},
    }
    images = cloud.compute.images
    fleeting = images.begin_create_or_update(GROUP, "fleeting", body).result()

    def begun() -> Any:
        poller = client.begin_create_or_update(*definition, "3.0.0", version_body(fleeting.id))
        images.begin_delete(GROUP, "fleeting").wait()
        return poller

    assert "Gallery replication jobs failed" in failed(begun, "ValidationError")
    client.begin_delete(*definition, "3.0.0").result()


def disk_of_version(cloud: Cloud, definition: tuple[str, str, str]) -> str:
    """Make a disk of the version that the gallery has."""
    version = cloud.compute.gallery_image_versions.get(*definition, "1.0.0")
    creation = {"create_option": "FromImage", "gallery_image_reference": {"id": version.id}}
    body = {"location": "westeurope", "creation_data": creation}
    made = cloud.compute.disks.begin_create_or_update(GROUP, "of-version", body).result()
    assert (made.hyper_v_generation, made.purchase_plan.name) == ("V2", "r")
    return str(made.id)
