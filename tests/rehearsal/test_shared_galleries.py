"""The gallery that a lab shares: attached, image by image or whole, and machines made of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.cloud import PROD, Cloud, Reply
from tests.rehearsal.gallery import (
    definition,
    gallery,
    managed,
    put,
    security,
    version,
    version_body,
)

Json = dict[str, Any]
API = "2018-10-15-preview"


def attach(cloud: Cloud, lab: str, of: str, name: str = "golden", **given: Any) -> Reply:
    body = {"location": "westeurope", "properties": {"galleryId": of, **given}}
    return cloud.arm("PUT", f"{lab}/sharedgalleries/{name}", body, version=API)


def order(cloud: Cloud, lab: str, name: str = "user", **image: Any) -> Json:
    """Order a VM and wait; gives how that ended, or what refused it."""
    body = cloud.order(galleryImageReference=None, **image)
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/{name}", body, version=API)
    return dict(reply.body["error"]) if reply.status >= 400 else cloud.finish(reply)


@pytest.fixture
def shared(cloud: Cloud) -> tuple[str, str, str]:
    """Give a gallery with two versions of an image, and a lab it is attached to."""
    holder = gallery(cloud)
    of = definition(cloud, holder)
    source = managed(cloud)
    for number in ("1.2.0", "1.10.0"):
        version(cloud, of, source, number)
    lab = cloud.lab("users")
    assert attach(cloud, lab, holder, allowAllImages="Disabled").status == 201
    return holder, lab, f"{lab}/sharedgalleries/golden/sharedimages/windows"


def test_a_gallery_is_attached_and_lists_its_images(
    cloud: Cloud, shared: tuple[str, str, str]
) -> None:
    holder, lab, image = shared
    found = cloud.arm("GET", f"{lab}/sharedgalleries/golden", version=API).body
    assert (found["type"], found["id"]) == (
        "Microsoft.DevTestLab/labs/sharedGalleries",
        f"{lab}/sharedgalleries/golden".lower(),
    )
    assert found["properties"]["allowAllImages"] == "Disabled"
    definition(cloud, holder, "linux", osType="Linux")
    listed = cloud.arm("GET", f"{lab}/sharedgalleries/golden/sharedimages", version=API).body
    assert [(each["name"], each["properties"]["osType"]) for each in listed["value"]] == [
        ("windows", "Windows"),
        ("linux", "Linux"),
    ]
    one = cloud.arm("GET", image, version=API).body["properties"]
    assert (one["imageType"], one["enableState"]) == ("Generalized", "Disabled")
    assert "versions" not in one
    expand = {"$expand": "properties($expand=versions)"}
    one = cloud.arm("GET", image, version=API, query=expand).body["properties"]
    assert one["versions"] == [{"name": "1.2.0"}, {"name": "1.10.0"}]


def test_what_is_refused_when_a_gallery_is_attached(
    cloud: Cloud, shared: tuple[str, str, str]
) -> None:
    holder, lab, image = shared
    assert attach(cloud, lab, holder, allowAllImages="enabled").status == 200
    assert attach(cloud, lab, holder, allowAllImages="perhaps").code == "InvalidRequestContent"
    other = gallery(cloud, "other")
    for name in ("golden", "second"):
        assert attach(cloud, lab, other, name).code == "SharedGalleryAlreadyAttached"
    bare = cloud.lab("bare")
    assert attach(cloud, bare, f"{holder}2").code == "GalleryNotFound"
    unplaced = {"properties": {"galleryId": holder}}
    reply = cloud.arm("PUT", f"{bare}/sharedgalleries/golden", unplaced, version=API)
    assert reply.code == "LocationRequired"
    # azure-native's generic resource asks with versions that do not have it.
    for known in ("2018-09-15", "2024-03-01"):
        reply = cloud.arm("GET", f"{bare}/sharedgalleries/golden", version=known)
        assert (reply.status, reply.code) == (400, "NoRegisteredProviderFound")
    absent = cloud.arm("PUT", image.replace("windows", "none"), {}, version=API)
    assert absent.code == "ResourceNotFound"
    # Detaching twice does not fail.
    for status in (200, 204):
        assert cloud.arm("DELETE", f"{lab}/sharedgalleries/golden", version=API).status == status
    assert attach(cloud, lab, other).status == 201


def test_users_get_the_images_that_are_enabled_at_the_version_they_name(
    cloud: Cloud, shared: tuple[str, str, str]
) -> None:
    holder, lab, image = shared
    assert order(cloud, lab, sharedImageId=image)["code"] == "SharedImageNotEnabled"
    body = {"properties": {"definitionName": "windows", "enableState": "Enabled"}}
    assert cloud.arm("PUT", image, body, version=API).status == 200
    assert order(cloud, lab, sharedImageId=image)["status"] == "Succeeded"
    found = cloud.arm("GET", f"{lab}/virtualmachines/user", version=API).body["properties"]
    assert found["virtualMachineCreationSource"] == "FromSharedGalleryImage"
    reference = cloud.arm("GET", found["computeId"], version="2024-11-01").body["properties"]
    # The highest number, not the one that sorts last as text.
    assert reference["storageProfile"]["imageReference"]["exactVersion"] == "1.10.0"
    older = {"sharedImageId": image, "sharedImageVersion": "1.2.0"}
    assert order(cloud, lab, "older", **older)["status"] == "Succeeded"
    absent = order(cloud, lab, "none", sharedImageId=image, sharedImageVersion="9.9.9")
    assert absent["code"] == "GalleryImageNotFound"
    wrong = {"properties": {"definitionName": "linux", "enableState": "Enabled"}}
    assert cloud.arm("PUT", image, wrong, version=API).code == "InvalidRequestContent"
    # createEnvironment, as az and packer order; the older version of the api knows nothing of it.
    named = {"name": "env", **cloud.order(galleryImageReference=None, sharedImageId=image)}
    create = f"{lab}/createEnvironment"
    assert cloud.finish(cloud.arm("POST", create, named, version=API))["status"] == "Succeeded"
    reply = cloud.arm("POST", create, {**named, "name": "env2"})
    assert reply.code == "InvalidRequestContent"
    # What was made stays when all of it goes.
    for number in ("1.2.0", "1.10.0"):
        gone = f"{holder}/images/windows/versions/{number}"
        cloud.finish(cloud.arm("DELETE", gone, version="2024-03-03"))
    assert order(cloud, lab, "late", sharedImageId=image)["message"].startswith(
        "There is no latest"
    )
    cloud.finish(cloud.arm("DELETE", f"{holder}/images/windows", version="2024-03-03"))
    assert cloud.arm("GET", image, version=API).code == "ResourceNotFound"
    assert cloud.arm("GET", f"{lab}/virtualmachines/user").status == 200


def test_latest_is_what_stands_in_the_labs_region_and_is_not_left_out(
    cloud: Cloud, shared: tuple[str, str, str]
) -> None:
    holder, _, _ = shared
    lab = cloud.lab("us", "eastus2", PROD)
    attach(cloud, lab, holder)
    image = f"{lab}/sharedgalleries/golden/sharedimages/windows"
    assert order(cloud, lab, "none", sharedImageId=image)["code"] == "GalleryImageNotFound"
    for number, left_out in (("1.2.0", {}), ("1.10.0", {"excludeFromLatest": True})):
        path = f"{holder}/images/windows/versions/{number}"
        there = {"name": "eastus2", **left_out}
        publishing = {"targetRegions": [{"name": "westeurope"}, there]}
        body = version_body("/images/x", publishingProfile=publishing)
        del body["properties"]["storageProfile"]
        assert cloud.finish(put(cloud, path, body), "5h")["status"] == "Succeeded"
    assert order(cloud, lab, sharedImageId=image)["status"] == "Succeeded"
    vm = cloud.arm("GET", f"{lab}/virtualmachines/user", version=API).body["properties"]
    found = cloud.arm("GET", vm["computeId"], version="2024-11-01").body["properties"]
    assert found["storageProfile"]["imageReference"]["exactVersion"] == "1.2.0"


def test_trusted_launch_from_an_image_that_supports_it(cloud: Cloud) -> None:
    holder = gallery(cloud)
    of = definition(cloud, holder, features=security("TrustedLaunchSupported"))
    version(cloud, of, managed(cloud))
    lab = cloud.lab("users")
    attach(cloud, lab, holder)
    image = f"{lab}/sharedgalleries/golden/sharedimages/windows"
    for standard, kind in ((True, None), (False, "TrustedLaunch")):
        cloud.control("POST", "switches", {"labMachinesAreStandard": standard})
        name = f"vm{standard}".lower()
        assert order(cloud, lab, name, sharedImageId=image)["status"] == "Succeeded"
        vm = cloud.arm("GET", f"{lab}/virtualmachines/{name}").body["properties"]
        found = cloud.arm("GET", vm["computeId"], version="2024-11-01").body["properties"]
        assert (found.get("securityProfile") or {}).get("securityType") == kind


def test_a_formula_names_a_shared_image_and_moves_to_another(
    cloud: Cloud, shared: tuple[str, str, str]
) -> None:
    _, lab, image = shared
    path = f"{lab}/formulas/windows"

    def write(**content: Any) -> Reply:
        body = {"properties": {"osType": "Windows", "formulaContent": {"properties": content}}}
        return cloud.arm("PUT", path, body, version=API)

    nothing = write(size="Standard_D2s_v5")
    assert "One of the following properties must be specified" in nothing.message
    for number in ("1.2.0", "1.10.0"):
        reply = write(size="Standard_D2s_v5", sharedImageId=image, sharedImageVersion=number)
        assert cloud.finish(reply)["status"] == "Succeeded"
        found = cloud.arm("GET", path, version=API).body["properties"]["formulaContent"]
        assert found["properties"]["sharedImageId"] == image
        assert found["properties"]["sharedImageVersion"] == number
