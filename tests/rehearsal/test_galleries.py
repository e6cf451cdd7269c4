"""Compute galleries: definitions, versions made and replicated, what is refused, the bin."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from rehearsal.showing import table
from tests.rehearsal.chain import boot, image, snapshot
from tests.rehearsal.cloud import AUDITOR, DEV, ESTATE, PROD, Cloud, Reply, compute
from tests.rehearsal.gallery import (
    API,
    code,
    definition,
    definition_body,
    gallery,
    managed,
    prepared,
    put,
    security,
    version,
    version_body,
)

Json = dict[str, Any]
LAB = f"/subscriptions/{DEV}/resourceGroups/rg-web/providers/Microsoft.DevTestLab/labs/web"


def get(cloud: Cloud, path: str, **query: str) -> Json:
    return dict(cloud.arm("GET", path, version=API, query=query).body)


def delete(cloud: Cloud, path: str, **query: str) -> str:
    return code(cloud, cloud.arm("DELETE", path, version=API, query=query))


def states(cloud: Cloud, path: str) -> dict[str, str]:
    status = get(cloud, path, **{"$expand": "ReplicationStatus"})["properties"]["replicationStatus"]
    return {row["region"]: row["state"] for row in status["summary"]} | {
        "": status["aggregatedState"]
    }


def test_a_gallery_is_made_changed_and_deleted_as_it_was_recorded(cloud: Cloud) -> None:
    path = f"{cloud.group('rg-images')}/providers/Microsoft.Compute/galleries/gold"
    reply = put(cloud, path, {"location": "westeurope"})
    assert (reply.status, reply.body["properties"]["provisioningState"]) == (201, "Creating")
    assert "capsOperations" in reply.headers["Azure-AsyncOperation"]
    assert "Location" not in reply.headers
    assert cloud.follow(reply).body["status"] == "InProgress"
    assert cloud.finish(reply)["status"] == "Succeeded"
    found = get(cloud, path)
    assert found["properties"]["identifier"] == {"uniqueName": f"{DEV}-GOLD"}
    assert "tags" not in found
    changed = put(cloud, path, {"location": "westeurope", "tags": {"a": "b"}})
    assert (changed.status, changed.body["properties"]["provisioningState"]) == (200, "Updating")
    assert code(cloud, changed) == ""
    assert get(cloud, path)["tags"] == {"a": "b"}
    gone = cloud.arm("DELETE", path, version=API)
    assert (gone.status, gone.body) == (202, None)
    monitor = gone.headers["Location"].partition("?")[0].removeprefix("https://localhost:1")
    assert cloud.finish(gone)["status"] == "Succeeded"
    ended = cloud.arm("GET", monitor, version="", query={"api-version": API, "monitor": "true"})
    assert (ended.status, ended.body) == (200, None)
    assert cloud.arm("GET", path, version=API).code == "ResourceNotFound"


def test_a_definition_has_what_it_was_given_and_the_defaults_of_its_api_version(
    cloud: Cloud,
) -> None:
    holder = gallery(cloud)
    body = definition_body(features=[], disallowed={}, allowUpdateImage=True)
    del body["properties"]["hyperVGeneration"]
    old, new = f"{holder}/images/old", f"{holder}/images/new"
    found = cloud.make(old, body, version=API)["properties"]
    assert (found["hyperVGeneration"], found["architecture"]) == ("V1", "x64")
    assert not {"features", "disallowed", "allowUpdateImage"} & set(found)
    body["properties"]["identifier"] = {"publisher": "p", "offer": "o", "sku": "s"}
    found = cloud.make(new, body, version="2025-03-03")["properties"]
    assert found["hyperVGeneration"] == "V2"
    assert found["features"] == security("TrustedLaunchSupported")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"osType": "Linux"}, "Changing property 'galleryImage.properties.osType' is not allowed."),
        ({"hyperVGeneration": "V1"}, "galleryImage.properties.hyperVGeneration"),
        ({"features": security("Standard")}, "galleryImage.properties.features"),
        ({"description": "new", "recommended": {"vCPUs": {"min": 2}}}, ""),
        ({"features": security("Standard"), "allowUpdateImage": True}, ""),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_what_a_definition_lets_be_changed(cloud: Cloud, change: Json, message: str) -> None:
    path = definition(cloud, gallery(cloud))
    reply = put(cloud, path, definition_body(**change))
    if message:
        assert (reply.status, reply.code) == (409, "PropertyChangeNotAllowed")
        assert message in reply.message
    else:
        assert code(cloud, reply) == ""
        assert cloud.arm("PATCH", path, {"properties": change}, version=API).status == 200


def test_what_a_definition_cannot_be(cloud: Cloud) -> None:
    holder = gallery(cloud)
    definition(cloud, holder)
    taken = put(cloud, f"{holder}/images/other", definition_body())
    assert (taken.status, taken.code) == (409, "Conflict")
    assert "identified by (publisher:contoso, offer:images, sku:windows)" in taken.message
    gen1 = definition_body("g1", hyperVGeneration="V1", features=security("TrustedLaunchSupported"))
    assert put(cloud, f"{holder}/images/g1", gen1).code == "InvalidParameter"
    assert put(cloud, f"{holder}/images/x", definition_body(osState="")).code == "InvalidParameter"
    bad = put(cloud, holder.replace("golden", "a-b"), {"location": "westeurope"})
    assert bad.code == "InvalidParameter"
    assert put(cloud, holder.replace("golden", "new"), {}).code == "LocationRequired"
    assert code(cloud, cloud.arm("DELETE", holder, version=API)) == "CannotDeleteResource"


def test_a_version_stands_in_its_own_region_first_and_then_in_the_others(cloud: Cloud) -> None:
    of, source = definition(cloud, gallery(cloud)), managed(cloud)
    path = f"{of}/versions/2026.1123.1"
    reply = put(cloud, path, version_body(source, "West Europe", "eastus2"))
    assert reply.status == 201
    assert states(cloud, path) == {
        "West Europe": "Replicating",
        "East US 2": "Replicating",
        "": "InProgress",
    }
    assert "replicationStatus" not in get(cloud, path)["properties"]
    cloud.advance("30 min")
    assert states(cloud, path)["West Europe"] == "Completed"
    assert get(cloud, path)["properties"]["provisioningState"] == "Creating"
    assert code(cloud, reply) == ""
    assert set(states(cloud, path).values()) == {"Completed"}
    found = get(cloud, path)["properties"]
    publishing = found["publishingProfile"]
    assert publishing["targetRegions"] == [
        {"name": name, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}
        for name in ("West Europe", "East US 2")
    ]
    assert (publishing["replicaCount"], publishing["excludeFromLatest"]) == (1, False)
    assert publishing.pop("publishedDate")
    assert set(publishing) == {
        *("targetRegions", "replicaCount", "excludeFromLatest", "storageAccountType"),
    }
    assert found["storageProfile"] == {
        "source": {"id": source},
        "osDiskImage": {"sizeInGB": 127, "hostCaching": "ReadWrite", "source": {}},
    }
    assert found["safetyProfile"]["allowDeletionOfReplicatedLocations"] is False


def test_a_version_changes_its_regions_and_flags_and_never_its_source(cloud: Cloud) -> None:
    of, source = definition(cloud, gallery(cloud)), managed(cloud)
    path = version(cloud, of, source)
    body = version_body(source, "westeurope", "northeurope")
    del body["properties"]["storageProfile"]  # what az leaves out
    reply = put(cloud, path, body)
    assert (reply.status, reply.body["properties"]["provisioningState"]) == (200, "Updating")
    assert states(cloud, path)["West Europe"] == "Completed"
    assert states(cloud, path)["North Europe"] == "Replicating"
    busy = cloud.arm("PATCH", path, {"tags": {}}, version=API)
    assert busy.code == "OperationNotAllowed"
    assert code(cloud, reply) == ""
    assert get(cloud, path)["properties"]["storageProfile"]["source"] == {"id": source}
    # What a PATCH leaves out stays.
    profile = {"publishingProfile": {"excludeFromLatest": True}}
    assert code(cloud, cloud.arm("PATCH", path, {"properties": profile}, version=API)) == ""
    publishing = get(cloud, path)["properties"]["publishingProfile"]
    assert publishing["excludeFromLatest"] is True
    assert len(publishing["targetRegions"]) == 2
    assert code(cloud, put(cloud, path, version_body(source, "westeurope"))) == ""
    assert set(states(cloud, path)) == {"West Europe", ""}
    other = put(cloud, path, version_body(source + "2", "westeurope"))
    assert (other.status, other.code) == (409, "PropertyChangeNotAllowed")
    assert "storageProfile.source.id" in other.message
    zonal = version_body(source, publishingProfile={"storageAccountType": "Standard_ZRS"})
    assert put(cloud, path, zonal).code == "PropertyChangeNotAllowed"
    shallow = version_body(source, publishingProfile={"replicationMode": "Shallow"})
    assert put(cloud, path, shallow).code == "PropertyChangeNotAllowed"


@pytest.mark.parametrize(
    ("number", "change", "status", "message"),
    [
        ("1.0", {}, 400, "Major(int).Minor(int).Patch(int)"),
        ("1.0.2147483648", {}, 400, "Major(int).Minor(int).Patch(int)"),
        ("1.0.0", {"regions": ("eastus2",)}, 400, "must contain the location of image version"),
        ("1.0.0", {"regions": ("atlantis",)}, 400, "'atlantis' is not valid"),
        ("1.0.0", {"source": "/nothing"}, 404, "Please check source exists, and is in the same"),
        ("1.0.0", {"location": "eastus2"}, 404, "Please check source exists, and is in the same"),
        ("1.0.0", {"publishing": {"replicaCount": 101}}, 400, "101 replicas"),
        ("1.0.0", {"publishing": {"endOfLifeDate": "2020-01-01"}}, 400, "in the future"),
        ("1.0.0", {"storage": {"osDiskImage": {"source": {"id": "/x"}}}}, 400, "One and only one"),
        ("1.0.0", {"storage": {"osDiskImage": {"source": {"uri": "https://x"}}}}, 501, "a VHD"),
        ("1.0.0", {"storage": {"source": {}}}, 400, "storageProfile.source"),
        ("1.0.0", {"of": {"osState": "Specialized"}}, 400, "OS State in the parent gallery image"),
        ("1.0.0", {"of": {"hyperVGeneration": "V1"}}, 400, "different Hypervisor generation"),
        ("1.0.0", {"of": {"osType": "Linux"}}, 400, "different Operating system"),
    ],
)
def test_what_a_version_cannot_be(
    cloud: Cloud, number: str, change: Json, status: int, message: str
) -> None:
    of = definition(cloud, gallery(cloud), **change.get("of", {}))
    source, place = change.get("source") or managed(cloud), change.get("location", "westeurope")
    body = version_body(
        source,
        *change.get("regions", ()),
        location=place,
        publishingProfile=change.get("publishing", {}),
    )
    body["properties"]["storageProfile"] |= change.get("storage", {})
    reply = put(cloud, f"{of}/versions/{number}", body)
    assert (reply.status, message in reply.message) == (status, True), reply.body
    assert cloud.arm("GET", f"{of}/versions/{number}", version=API).status == 404


def test_a_managed_image_feeds_one_version_at_a_time_and_must_stay_meanwhile(cloud: Cloud) -> None:
    of, source = definition(cloud, gallery(cloud)), managed(cloud)
    first = put(cloud, f"{of}/versions/1.0.0", version_body(source))
    busy = put(cloud, f"{of}/versions/1.0.1", version_body(source))
    assert busy.message == f"Too many requests on source '{source}'"
    cloud.finish(cloud.arm("DELETE", source, version="2024-11-01"), "1 min")
    ended = cloud.finish(first, "5h")
    assert ended["error"]["code"] == "ValidationError"
    assert "Gallery replication jobs failed in one or more regions" in ended["error"]["message"]
    path = f"{of}/versions/1.0.0"
    assert states(cloud, path)[""] == "Failed"
    # The same number only after what failed was deleted.
    assert "delete it before" in put(cloud, path, version_body(source)).message
    assert code(cloud, cloud.arm("DELETE", path, version=API)) == ""


def test_a_version_is_copied_from_another_subscriptions_gallery(cloud: Cloud) -> None:
    origin = version(cloud, definition(cloud, gallery(cloud)), managed(cloud))
    there = definition(cloud, gallery(cloud, "prod", PROD))
    far = put(cloud, f"{there}/versions/1.0.0", version_body(origin, location="eastus2"))
    assert "is in the same region" in far.message
    path = version(cloud, there, origin, "1.0.0", "westeurope", "swedencentral")
    assert get(cloud, path)["properties"]["storageProfile"]["osDiskImage"]["sizeInGB"] == 127
    # It lives on without what it was made of.
    assert code(cloud, cloud.arm("DELETE", origin, version=API)) == ""
    body = version_body(path, "westeurope")
    del body["properties"]["storageProfile"]
    assert code(cloud, put(cloud, path, body)) == ""


def test_reading_is_enough_of_an_image_and_not_of_a_snapshot(tmp_path: Path) -> None:
    estate = deepcopy(ESTATE)
    estate["principals"][1]["roles"] = {"Dev": "Reader", "Prod": "Contributor"}
    cloud = Cloud(tmp_path / "azure.db", estate)
    cloud.control("POST", "switches", {"galleryTakesForeignSources": "all"})
    source = managed(cloud)
    origin = version(cloud, definition(cloud, gallery(cloud)), source)
    there = definition(cloud, gallery(cloud, "prod", PROD))
    taken = snapshot(cloud, cloud.disk(f"{LAB}/virtualmachines/build")["id"], "second")
    for number, of, refused in (
        ("1.0.0", origin, ""),
        ("1.0.1", source, ""),
        ("1.0.2", taken, "LinkedAuthorizationFailed"),
    ):
        reply = put(cloud, f"{there}/versions/{number}", version_body(of), who=AUDITOR)
        assert code(cloud, reply) == refused
    cloud.close()


def test_trusted_launch_is_carried_by_disks_and_refused_where_azure_refuses_it(
    cloud: Cloud,
) -> None:
    disk = prepared(cloud, "MicrosoftWindowsDesktop/windows-11/win11-25h2-ent")
    holder = gallery(cloud)
    only = definition(cloud, holder, "only", features=security("TrustedLaunch"))
    also = definition(cloud, holder, "also", features=security("TrustedLaunchSupported"))
    plain = definition(cloud, holder, "plain")
    taken = snapshot(cloud, disk, incremental=False)
    assert code(cloud, put(cloud, f"{only}/versions/1.0.0", version_body(taken))) == ""
    refused = put(cloud, f"{also}/versions/1.0.0", version_body(taken))
    assert (refused.status, refused.code) == (400, "InvalidParameter")
    assert refused.message == (
        f"The security type 'TrustedLaunchSupported' is not supported for the source id '{taken}'."
        " Currently only Vhd Blob, User Image and Gallery Image Version sources are supported for"
        " 'TrustedLaunchSupported' images."
    )
    assert "does not fit" in put(cloud, f"{plain}/versions/1.0.0", version_body(taken)).message
    # A disk of its version is one of Trusted Launch again.
    path = compute(DEV, "rg-images", "disks", "back")
    reference = {
        "createOption": "FromImage",
        "galleryImageReference": {"id": f"{only}/versions/1.0.0"},
    }
    body = {"location": "westeurope", "properties": {"creationData": reference}}
    found = cloud.make(path, body, version="2024-03-02")["properties"]
    assert found["securityProfile"] == {"securityType": "TrustedLaunch"}
    assert (found["hyperVGeneration"], found["diskSizeGB"]) == ("V2", 127)


def test_a_managed_image_for_trusted_launch_supported_and_back_to_a_lab_by_a_disk(
    cloud: Cloud,
) -> None:
    """What 2018-09-15 can do with a gallery: a disk of its version, an image of the disk."""
    features = security("TrustedLaunchSupported")
    path = version(cloud, definition(cloud, gallery(cloud), features=features), managed(cloud))
    disk = compute(DEV, "rg-images", "disks", "of-version")
    creation = {"createOption": "FromImage", "galleryImageReference": {"id": path}}
    body = {"location": "eastus2", "properties": {"creationData": creation}}
    absent = cloud.arm("PUT", disk, body, version="2024-03-02")
    assert (absent.status, absent.code) == (404, "GalleryImageNotFound")
    assert "is not available in East US 2 region." in absent.message
    cloud.make(disk, {**body, "location": "westeurope"}, version="2024-03-02")
    made = compute(DEV, "rg-images", "images", "again")
    os_disk = {"osType": "Windows", "osState": "Generalized", "managedDisk": {"id": disk}}
    properties = {"hyperVGeneration": "V2", "storageProfile": {"osDisk": os_disk}}
    cloud.make(made, {"location": "westeurope", "properties": properties}, version="2024-11-01")
    lab = cloud.lab("other")
    cloud.make(f"{lab}/customimages/base", {"properties": {"managedImageId": made}})
    assert boot(cloud, lab, f"{lab}/customimages/base")["status"] == "Succeeded"


def test_a_specialised_version_boots_as_it_is_and_only_as_such(cloud: Cloud) -> None:
    lab = cloud.lab()
    taken = snapshot(cloud, cloud.disk(cloud.vm(lab, "one"))["id"])
    holder = gallery(cloud)
    for name, state, well in (
        ("exact", "Specialized", "Succeeded"),
        # Nobody can tell a snapshot's state: what was not generalised times out when it boots.
        ("wrong", "Generalized", "Failed"),
    ):
        of = definition(cloud, holder, name, osState=state)
        made = {"galleryImageVersionId": version(cloud, of, taken)}
        order = cloud.order(galleryImageReference=None, **made)
        path = f"{lab}/virtualmachines/{name}"
        reply = cloud.arm("PUT", path, order, version="2018-10-15-preview")
        assert cloud.finish(reply)["status"] == well
    state = cloud.control("GET", "state").body["subscriptions"][0]
    assert state["galleries"][0]["versions"] == ["exact/1.0.0", "wrong/1.0.0"]
    assert "gallery golden: exact/1.0.0, wrong/1.0.0" in table(cloud.control("GET", "state").body)


def test_following_a_gallerys_operation_needs_a_right_of_its_own(tmp_path: Path) -> None:
    estate = deepcopy(ESTATE)
    actions = ["Microsoft.Compute/galleries/*", "Microsoft.Resources/*"]
    estate["roles"] = {"Curator": {"actions": actions}}
    estate["principals"][1]["roles"] = {"Dev": "Curator"}
    cloud = Cloud(tmp_path / "azure.db", estate)
    path = f"{cloud.group('rg-images')}/providers/Microsoft.Compute/galleries/gold"
    reply = put(cloud, path, {"location": "westeurope"}, who=AUDITOR)
    assert reply.status == 201
    url = reply.headers["Azure-AsyncOperation"].removeprefix("https://localhost:1")
    place, _, query = url.partition("?")
    named = dict(part.split("=", 1) for part in query.split("&"))
    refused = cloud.arm("GET", place, version="", query=named, who=AUDITOR)
    assert refused.code == "AuthorizationFailed"
    assert "Microsoft.Compute/locations/capsOperations/read" in refused.message
    cloud.close()


def test_a_deleted_version_can_come_back_where_its_gallery_keeps_it(cloud: Cloud) -> None:
    policy = {"isSoftDeleteEnabled": True, "retentionPeriodInDays": 3, "gracePeriodInDays": 2}
    holder = gallery(cloud, softDeletePolicy=policy)
    of, source = definition(cloud, holder), managed(cloud)
    path = version(cloud, of, source)
    bin_ = f"{holder}/softDeletedArtifactTypes/Images/artifacts/windows/versions"
    assert cloud.arm("GET", bin_, version=API).body == {"value": []}
    assert delete(cloud, path) == ""
    assert cloud.arm("GET", path, version=API).status == 404
    (item,) = cloud.arm("GET", bin_, version=API).body["value"]
    assert item["properties"]["resourceArmId"] == path
    assert delete(cloud, of) == "CannotDeleteResource"
    # A PUT to the number brings the old bytes back, whatever else it says.
    other = image(cloud, snapshot(cloud, prepared(cloud), "late"), "late")
    reply = put(cloud, path, version_body(other))
    assert (reply.status, reply.body["properties"]["provisioningState"]) == (200, "Updating")
    assert code(cloud, reply) == ""
    assert get(cloud, path)["properties"]["storageProfile"]["source"] == {"id": source}
    assert cloud.arm("GET", bin_, version=API).body == {"value": []}
    # For good: at once, out of the bin, or in time.
    assert delete(cloud, path, bypassSoftDelete="true") == ""
    assert cloud.arm("GET", bin_, version=API).body == {"value": []}
    for number in ("2.0.0", "3.0.0"):
        assert delete(cloud, version(cloud, of, source, number)) == ""
    assert delete(cloud, f"{bin_}/2.0.0") == ""
    cloud.advance("4d")
    assert [row["name"] for row in cloud.arm("GET", bin_, version=API).body["value"]] == ["3.0.0"]
    cloud.advance("2d")
    assert cloud.arm("GET", bin_, version=API).body == {"value": []}
    assert delete(cloud, of) == ""


def test_a_version_that_may_not_go_before_its_time_stays(cloud: Cloud) -> None:
    of, path = definition(cloud, gallery(cloud)), ""
    path = f"{of}/versions/1.0.0"
    body = version_body(
        managed(cloud),
        publishingProfile={"endOfLifeDate": "2027-01-01T00:00:00Z"},
        safetyProfile={"blockDeletionBeforeEndOfLife": True},
    )
    assert code(cloud, put(cloud, path, body)) == ""
    refused = cloud.arm("DELETE", path, version=API)
    assert refused.code == "DeleteGalleryImageVersionBlockedBeforeEndOfLife"
    cloud.advance("60d")
    going = cloud.arm("DELETE", path, version=API)
    late: Reply = put(cloud, path, body)
    assert "since it is marked for deletion" in late.message
    assert code(cloud, going) == ""
    assert code(cloud, cloud.arm("DELETE", of, version=API)) == ""


def test_a_fault_fails_a_replication_and_what_was_published_stays_so(cloud: Cloud) -> None:
    of, source = definition(cloud, gallery(cloud)), managed(cloud)
    rule = {"replicationFails": "North Europe", "times": 1}
    assert cloud.control("POST", "faults", rule).status == 201
    path = version(cloud, of, source)  # which goes nowhere near it
    body = version_body("/images/x", "westeurope", "northeurope")
    del body["properties"]["storageProfile"]
    ended = cloud.finish(put(cloud, path, body), "5h")["error"]
    assert ended["code"] == "ValidationError"
    assert "{region:northeurope, detail:" in ended["message"]
    assert states(cloud, path) == {
        "West Europe": "Completed",
        "North Europe": "Failed",
        "": "Failed",
    }
    assert get(cloud, path)["properties"]["provisioningState"] == "Failed"
    # A change that failed can be tried again, for the version was published before.
    assert code(cloud, put(cloud, path, body)) == ""
    assert states(cloud, path)["North Europe"] == "Completed"
