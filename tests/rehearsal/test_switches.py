"""Every switch seen from a client, in each of its positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.azure.server.throttle import read_limits
from rehearsal.azure.switches import read
from tests.rehearsal import gallery as galleries
from tests.rehearsal.chain import (
    COMPUTE_API,
    boot,
    capture_body,
    image,
    image_body,
    snapshot,
    snapshot_body,
)
from tests.rehearsal.cloud import (
    AUDITOR,
    DEV,
    FACTORY,
    LAB_API,
    LINUX,
    PROD,
    Cloud,
    artifacts,
    compute,
)
from tests.rehearsal.test_shared_galleries import API as PREVIEW
from tests.rehearsal.test_shared_galleries import attach, order

Json = dict[str, Any]
TRUSTED = "MicrosoftWindowsDesktop/windows-11/win11-25h2-ent"
Probe = Callable[[Cloud], Any]


def switch(cloud: Cloud, name: str, value: Any) -> None:
    assert cloud.control("POST", "switches", {name: value}).status == 200


def finish(cloud: Cloud, reply: Any) -> str:
    """Give the code of what went wrong, at once or at the end, "" if nothing did."""
    if reply.status >= 400:
        return str(reply.code)
    return str(cloud.finish(reply).get("error", {}).get("code", ""))


def sysprepped(cloud: Cloud, lab: str, name: str = "build") -> str:
    vm = cloud.vm(lab, name)
    cloud.apply(vm, "windows-sysprep")
    return vm


def captured(cloud: Cloud, state: str = "SysprepApplied", vm: str = "") -> tuple[str, str]:
    """Capture a VM; gives the paths of VM and custom image."""
    lab = vm.partition("/virtualmachines/")[0] or cloud.lab()
    vm = vm or sysprepped(cloud, lab)
    path = f"{lab}/customimages/gold"
    cloud.make(path, capture_body(vm, state))
    return vm, path


def generalized_flag(cloud: Cloud) -> bool:
    vm, _ = captured(cloud)
    statuses = cloud.expanded(vm)["properties"]["computeVm"]["statuses"]
    return "OSState/generalized" in [each["code"] for each in statuses]


def disk_after_capture(cloud: Cloud) -> str:
    lab = cloud.lab()
    vm = sysprepped(cloud, lab)
    disk = cloud.disk(vm)["id"]
    captured(cloud, vm=vm)
    cloud.group("rg-s")
    path = compute(DEV, "rg-s", "snapshots", "late")
    return finish(cloud, cloud.arm("PUT", path, snapshot_body(disk), version=COMPUTE_API))


def capture_of_a_running_machine(cloud: Cloud) -> str:
    lab = cloud.lab()
    body = capture_body(cloud.vm(lab), "SysprepRequested")
    return finish(cloud, cloud.arm("PUT", f"{lab}/customimages/gold", body))


def name_of_backing(cloud: Cloud) -> bool:
    _, path = captured(cloud)
    return str(cloud.arm("GET", path).body["properties"]["managedImageId"]).endswith("/gold")


def security_of_a_lab_machine(cloud: Cloud) -> str:
    """Second-generation Windows supports Trusted Launch; an image of one that has it is refused."""
    lab = cloud.lab()
    path = f"{lab}/customimages/gold"
    return finish(cloud, cloud.arm("PUT", path, capture_body(sysprepped(cloud, lab))))


def backing_after_deletion(cloud: Cloud) -> tuple[bool, bool]:
    """Tell whether what backed an image is still there: of a captured, of a supplied one."""
    vm, path = captured(cloud)
    lab = path.partition("/customimages/")[0]
    own = cloud.arm("GET", path).body["properties"]["managedImageId"]
    supplied = image(cloud, snapshot(cloud, cloud.disk(vm)["id"]))
    cloud.make(f"{lab}/customimages/given", {"properties": {"managedImageId": supplied}})
    for name in ("gold", "given"):
        cloud.finish(cloud.arm("DELETE", f"{lab}/customimages/{name}"))
    return (
        cloud.arm("GET", own, version="2024-11-01").status == 200,
        cloud.arm("GET", supplied, version="2024-11-01").status == 200,
    )


def supplied_image(cloud: Cloud) -> str:
    lab = cloud.lab()
    source = image(cloud, snapshot(cloud, cloud.disk(sysprepped(cloud, lab))["id"]))
    body = {"properties": {"managedImageId": source}}
    return finish(cloud, cloud.arm("PUT", f"{lab}/customimages/given", body))


def supplied_snapshot(cloud: Cloud) -> str:
    lab = cloud.lab()
    source = snapshot(cloud, cloud.disk(sysprepped(cloud, lab))["id"])
    body = {"properties": {"managedSnapshotId": source}}
    return finish(cloud, cloud.arm("PUT", f"{lab}/customimages/given", body))


def deletion_of_a_used_image(cloud: Cloud) -> str:
    _, path = captured(cloud)
    lab = path.partition("/customimages/")[0]
    assert boot(cloud, lab, path)["status"] == "Succeeded"
    return finish(cloud, cloud.arm("DELETE", path))


def settings_after_an_old_put(cloud: Cloud) -> bool:
    lab = cloud.lab()
    settings = {"location": "westeurope", "properties": {"isolateLabResources": "Enabled"}}
    assert cloud.arm("PUT", lab, settings, version="2018-10-15-preview").status == 200
    cloud.arm("PUT", lab, {"location": "westeurope"}, version=LAB_API)
    found = cloud.arm("GET", lab, version="2018-10-15-preview").body["properties"]
    return "isolateLabResources" in found


def image_of_an_incremental_snapshot(cloud: Cloud) -> str:
    source = snapshot(cloud, cloud.disk(sysprepped(cloud, cloud.lab()))["id"])
    path = compute(DEV, "rg-snaps-westeurope", "images", "i")
    return finish(cloud, cloud.arm("PUT", path, image_body(source), version="2024-11-01"))


def two_copies_at_once(cloud: Cloud) -> tuple[str, str]:
    source = snapshot(cloud, cloud.disk(cloud.vm(cloud.lab()))["id"])
    codes = []
    for region in ("eastus2", "northeurope"):
        cloud.group(f"rg-{region}", region)
        path = compute(DEV, f"rg-{region}", "snapshots", "copy")
        body = snapshot_body(source, region, createOption="CopyStart")
        reply = cloud.arm("PUT", path, body, version=COMPUTE_API)
        codes.append("" if reply.status == 202 else reply.code)
    return codes[0], codes[1]


def artifacts_after_two_calls(cloud: Cloud) -> int:
    vm = cloud.vm(cloud.lab())
    cloud.apply(vm, "windows-git")
    return len(cloud.apply(vm, "windows-7zip")["properties"]["artifacts"])


def operation_of_a_failed_artifact(cloud: Cloud) -> tuple[str, str]:
    vm = cloud.vm(cloud.lab())
    cloud.control("POST", "faults", {"artifact": "windows-git"})
    order = {"artifacts": artifacts("windows-git")}
    ended = cloud.finish(cloud.arm("POST", f"{vm}/applyArtifacts", order))
    return ended["status"], cloud.expanded(vm)["properties"]["provisioningState"]


def image_of_another_group(cloud: Cloud) -> str:
    return supplied_image(cloud)


def deprovision_after_artifacts(cloud: Cloud) -> str:
    lab = cloud.lab()
    vm = cloud.vm(lab, "lin", LINUX)
    cloud.apply(vm, "linux-apt-package", packages="nginx")
    body = capture_body(vm, "DeprovisionRequested")
    return finish(cloud, cloud.arm("PUT", f"{lab}/customimages/gold", body))


def deletion_in_a_group_that_is_gone(cloud: Cloud) -> int:
    path = compute(DEV, "rg-gone", "disks", "os")
    return cloud.arm("DELETE", path, version=COMPUTE_API).status


def secret_without_a_profile(cloud: Cloud) -> str:
    path = f"{cloud.lab()}/users/@me/secrets/hush"
    return finish(cloud, cloud.arm("PUT", path, {"properties": {"value": "x"}}))


def foreign_sources(cloud: Cloud) -> tuple[str, str, str]:
    """Make a version of another subscription's version, image and snapshot."""
    source = image(cloud, snapshot(cloud, galleries.prepared(cloud)))
    holder = galleries.gallery(cloud, "prod", PROD)
    there = galleries.definition(cloud, holder)
    version = galleries.version(
        cloud, galleries.definition(cloud, galleries.gallery(cloud)), source
    )
    taken = compute(DEV, "rg-snaps-westeurope", "snapshots", "snap")
    found = []
    for number, each in enumerate((version, source, taken)):
        body = galleries.version_body(each)
        found.append(
            galleries.code(cloud, galleries.put(cloud, f"{there}/versions/1.0.{number}", body))
        )
    return found[0], found[1], found[2]


def trusted_launch_source(cloud: Cloud, **given: Any) -> str:
    """Make a version of a snapshot of a Trusted Launch disk; gives what went wrong."""
    disk = galleries.prepared(cloud, TRUSTED)
    features = galleries.security("TrustedLaunch")
    of = galleries.definition(cloud, galleries.gallery(cloud), features=features)
    taken, place = snapshot(cloud, disk, incremental=not given.get("full")), "westeurope"
    if given.get("copied"):
        place = "northeurope"
        taken = snapshot(cloud, taken, "copy", place, createOption="CopyStart")
        cloud.advance("3h")
    body = galleries.version_body(taken, location=place)
    return galleries.code(cloud, galleries.put(cloud, f"{of}/versions/1.0.0", body))


def incremental_trusted_launch(cloud: Cloud) -> tuple[str, str]:
    lost = trusted_launch_source(cloud)
    cloud.control("POST", "reset")
    return lost, trusted_launch_source(cloud, full=True)


def copied_trusted_launch(cloud: Cloud) -> str:
    return trusted_launch_source(cloud, copied=True)


def region_given_up(cloud: Cloud) -> tuple[str, str]:
    """Give up a region without and with the flag that allows it."""
    of = galleries.definition(cloud, galleries.gallery(cloud))
    source = galleries.managed(cloud)
    path = galleries.version(cloud, of, source, "1.0.0", "westeurope", "northeurope")
    without = galleries.code(
        cloud, galleries.put(cloud, path, galleries.version_body(source, "westeurope"))
    )
    for regions in (("westeurope", "northeurope"), ("westeurope",)):
        flag = {"allowDeletionOfReplicatedLocations": True}
        body = galleries.version_body(source, *regions, safetyProfile=flag)
        last = galleries.code(cloud, galleries.put(cloud, path, body))
    return without, last


def put_over_a_deleted_version(cloud: Cloud) -> tuple[int, int]:
    holder = galleries.gallery(cloud, softDeletePolicy={"isSoftDeleteEnabled": True})
    of, source = galleries.definition(cloud, holder), galleries.managed(cloud)
    path = galleries.version(cloud, of, source)
    found = []
    for body in (galleries.version_body(source), {"location": "westeurope"}):
        cloud.finish(cloud.arm("DELETE", path, version=galleries.API))
        reply = galleries.put(cloud, path, body)
        found.append(reply.status)
        assert galleries.code(cloud, reply) == ""
    return found[0], found[1]


def shared(cloud: Cloud, features: str = "") -> tuple[str, str]:
    """Attach a gallery with one version to a lab; gives the lab and the version."""
    given: Json = {"features": galleries.security(features)} if features else {}
    holder = galleries.gallery(cloud)
    of = galleries.definition(cloud, holder, **given)
    source = galleries.managed(cloud) if not features else galleries.prepared(cloud, TRUSTED)
    if features:
        source = snapshot(cloud, source, incremental=False)
    version = galleries.version(cloud, of, source)
    lab = cloud.lab("users")
    assert attach(cloud, lab, holder).status == 201
    return lab, version


SHARED_IMAGE = "/sharedgalleries/golden/sharedimages/windows"


def ordered(cloud: Cloud, lab: str, **image: str) -> str:
    found = order(cloud, lab, **image)
    return str(found.get("code") or found.get("error", {}).get("code", ""))


def who_reads_a_gallery(cloud: Cloud) -> tuple[str, str]:
    """Attach a gallery, and make a machine of it, by somebody who cannot read it."""
    lab, version = shared(cloud)
    holder = version.partition("/images/")[0]
    group, known = lab.partition("/providers/")[0].lower(), cloud.azure.directory._principals
    known[AUDITOR] = replace(known[AUDITOR], roles=((group, "Contributor"),))
    mine = f"{lab}/sharedgalleries/golden"
    body = cloud.order(galleryImageReference=None, sharedImageId=SHARED_IMAGE)
    path = f"{lab}/virtualmachines/user"
    made = finish(cloud, cloud.arm("PUT", path, body, version=PREVIEW, who=AUDITOR))
    cloud.arm("DELETE", mine, version=PREVIEW)
    attached = {"location": "westeurope", "properties": {"galleryId": holder}}
    return finish(cloud, cloud.arm("PUT", mine, attached, version=PREVIEW, who=AUDITOR)), made


def detaching_a_used_gallery(cloud: Cloud) -> str:
    lab, _ = shared(cloud)
    image = f"{lab}{SHARED_IMAGE}"
    assert ordered(cloud, lab, sharedImageId=image) == ""
    return finish(cloud, cloud.arm("DELETE", f"{lab}/sharedgalleries/golden", version=PREVIEW))


def gallery_after_a_put_of_the_lab(cloud: Cloud) -> int:
    lab, _ = shared(cloud)
    cloud.arm("PUT", lab, {"location": "westeurope"}, version=LAB_API)
    return cloud.arm("GET", f"{lab}/sharedgalleries/golden", version=PREVIEW).status


def machine_of_a_version_itself(cloud: Cloud) -> str:
    of = galleries.definition(cloud, galleries.gallery(cloud))
    version = galleries.version(cloud, of, galleries.managed(cloud))
    return ordered(cloud, cloud.lab("users"), galleryImageVersionId=version)


def machine_of_trusted_launch(cloud: Cloud) -> str:
    lab, _ = shared(cloud, "TrustedLaunch")
    return ordered(cloud, lab, sharedImageId=SHARED_IMAGE)


def version_in_a_formula(cloud: Cloud) -> bool:
    lab, _ = shared(cloud)
    content = {"sharedImageId": f"{lab}{SHARED_IMAGE}", "sharedImageVersion": "1.0.0"}
    body = {"properties": {"formulaContent": {"properties": content}}}
    cloud.make(f"{lab}/formulas/f", body, version=PREVIEW)
    found = cloud.arm("GET", f"{lab}/formulas/f", version=PREVIEW).body["properties"]
    return "sharedImageVersion" in found["formulaContent"]["properties"]


def shared_gallery_of_another_version(cloud: Cloud) -> int:
    return cloud.arm("GET", f"{cloud.lab()}/sharedgalleries/x", version="2024-03-01").status


def many_reads(cloud: Cloud) -> bool:
    count = int(read_limits()["reads"].bucket) + 1
    return 429 in [cloud.arm("GET", "/subscriptions").status for _ in range(count)]


def write_to_a_fresh_subscription(cloud: Cloud) -> str:
    group = cloud.group("rg-a", subscription=PROD)
    path = f"{group}/providers/Microsoft.DevTestLab/labs/a"
    return finish(cloud, cloud.arm("PUT", path, {"location": "westeurope"}))


def token_after_an_hour_of_the_clock(cloud: Cloud) -> int:
    assert cloud.arm("GET", "/subscriptions").status == 200
    cloud.advance("61 min")
    return cloud.arm("GET", "/subscriptions").status


# The switch, what is tried, and what comes of it in each position, the default first.
POSITIONS: list[tuple[str, Probe, dict[Any, Any]]] = [
    ("captureSetsGeneralized", generalized_flag, {True: True, False: False}),
    ("diskReadableAfterCapture", disk_after_capture, {True: "", False: "OperationNotAllowed"}),
    (
        "captureDeallocates",
        capture_of_a_running_machine,
        {True: "", False: "VirtualMachineNotDeallocated"},
    ),
    ("backingNamedAfterImage", name_of_backing, {True: True, False: False}),
    (
        "labMachinesAreStandard",
        security_of_a_lab_machine,
        {True: "", False: "OperationNotAllowed"},
    ),
    (
        "deprovisionAfterArtifacts",
        deprovision_after_artifacts,
        {False: "BadRequest", True: ""},
    ),
    (
        "customImageDeletesBacking",
        backing_after_deletion,
        {"own": (False, True), "never": (True, True), "always": (False, False)},
    ),
    ("labTakesSuppliedImage", supplied_image, {True: "", False: "InvalidImageSource"}),
    ("labTakesSuppliedSnapshot", supplied_snapshot, {True: "", False: "InvalidImageSource"}),
    (
        "labRefusesForeignGroupImages",
        image_of_another_group,
        {False: "", True: "InvalidImageSource"},
    ),
    (
        "imageDeletionWhileUsed",
        deletion_of_a_used_image,
        {"allowed": "", "refused": "CustomImageInUse"},
    ),
    ("labPutDropsPreviewSettings", settings_after_an_old_put, {True: False, False: True}),
    (
        "imageFromIncrementalSnapshot",
        image_of_an_incremental_snapshot,
        {True: "", False: "OperationNotAllowed"},
    ),
    (
        "oneSnapshotToSeveralTargets",
        two_copies_at_once,
        {True: ("", ""), False: ("", "OperationNotAllowed")},
    ),
    ("deletionInMissingGroup", deletion_in_a_group_that_is_gone, {"refused": 404, "done": 204}),
    (
        "usersNeedProfile",
        secret_without_a_profile,
        {True: "ParentResourceNotFound", False: ""},
    ),
    (
        "copyStartKeepsSecurity",
        copied_trusted_launch,
        {True: "", False: "InvalidParameter"},
    ),
    (
        "galleryTakesForeignSources",
        foreign_sources,
        {
            "versions": ("", "InvalidParameter", "InvalidParameter"),
            "none": ("InvalidParameter", "InvalidParameter", "InvalidParameter"),
            "all": ("", "", ""),
        },
    ),
    (
        "galleryTakesIncrementalTrustedLaunch",
        incremental_trusted_launch,
        {True: ("", ""), False: ("InvalidParameter", "")},
    ),
    (
        "galleryRegionRemovalNeedsFlag",
        region_given_up,
        {False: ("", ""), True: ("OperationNotAllowed", "")},
    ),
    (
        "putOverSoftDeleted",
        put_over_a_deleted_version,
        {"revives": (200, 200), "replaces": (201, 200)},
    ),
    ("previewTypesRefused", shared_gallery_of_another_version, {True: 400, False: 404}),
    (
        "sharedGalleryReadBy",
        who_reads_a_gallery,
        {
            "attach": ("LinkedAuthorizationFailed", ""),
            "machine": ("LinkedAuthorizationFailed", "LinkedAuthorizationFailed"),
            "nobody": ("", ""),
        },
    ),
    (
        "galleryDetachWhileUsed",
        detaching_a_used_gallery,
        {"allowed": "", "refused": "SharedGalleryInUse"},
    ),
    ("labPutDetachesGallery", gallery_after_a_put_of_the_lab, {False: 200, True: 404}),
    (
        "labTakesGalleryVersionId",
        machine_of_a_version_itself,
        {True: "", False: "InvalidRequestContent"},
    ),
    ("labMakesTrustedLaunch", machine_of_trusted_launch, {True: "", False: "BadRequest"}),
    ("formulaKeepsSharedVersion", version_in_a_formula, {True: True, False: False}),
    ("artifactsListKeepsHistory", artifacts_after_two_calls, {True: 2, False: 1}),
    (
        "applyArtifactsFailsOperation",
        operation_of_a_failed_artifact,
        {False: ("Succeeded", "Succeeded"), True: ("Failed", "Succeeded")},
    ),
    ("throttling", many_reads, {True: True, False: False}),
    (
        "providersRegistered",
        write_to_a_fresh_subscription,
        {True: "", False: "MissingSubscriptionRegistration"},
    ),
    ("tokensExpireOnTheClock", token_after_an_hour_of_the_clock, {False: 200, True: 401}),
]


@pytest.mark.parametrize(
    ("name", "value", "probe", "expected"),
    [
        pytest.param(name, value, probe, expected, id=f"{name}-{value}".lower())
        for name, probe, positions in POSITIONS
        for value, expected in positions.items()
    ],
)
def test_what_a_switch_changes(
    cloud: Cloud, name: str, value: Any, probe: Probe, expected: Any
) -> None:
    switch(cloud, name, value)
    assert probe(cloud) == expected


def test_every_switch_of_the_table_is_tried_in_every_position() -> None:
    tried = {name: tuple(positions) for name, _, positions in POSITIONS}
    assert tried == {name: row.values for name, row in read().items()}
    assert all(row.mark in {"W", "0", "M", "R"} and row.about for row in read().values())


def test_switches_are_set_by_words_and_refused_in_one_line(cloud: Cloud) -> None:
    switch(cloud, "throttling", "OFF")
    switch(cloud, "customImageDeletesBacking", "Never")
    values = {
        each["name"]: each["value"] for each in cloud.control("GET", "switches").body["value"]
    }
    assert (values["throttling"], values["customImageDeletesBacking"]) == (False, "never")
    switch(cloud, "throttling", "default")
    assert cloud.control("POST", "switches", {"throttling": "on"}).body == {"throttling": True}
    for wrong in ({"throttling": "perhaps"}, {"noSuchSwitch": "on"}):
        reply = cloud.control("POST", "switches", wrong)
        assert reply.status == 400
        assert "\n" not in reply.message


def test_switches_outlive_restart_and_reset(cloud: Cloud) -> None:
    switch(cloud, "throttling", False)
    cloud.control("POST", "reset")
    cloud.open()
    values = {
        each["name"]: each["value"] for each in cloud.control("GET", "switches").body["value"]
    }
    assert values["throttling"] is False


def test_a_provider_is_registered_in_time_and_by_whom_may(cloud: Cloud) -> None:
    switch(cloud, "providersRegistered", False)
    group = cloud.group("rg-a")
    lab = f"{group}/providers/Microsoft.DevTestLab/labs/a"
    provider = f"/subscriptions/{DEV}/providers/Microsoft.DevTestLab"
    body = {"location": "westeurope"}
    assert cloud.arm("PUT", lab, body).code == "MissingSubscriptionRegistration"
    assert cloud.arm("GET", lab).code == "ResourceNotFound"
    assert cloud.arm("GET", provider).body["registrationState"] == "NotRegistered"
    assert cloud.arm("POST", f"{provider}/register").body["registrationState"] == "Registering"
    assert cloud.arm("PUT", lab, body).code == "MissingSubscriptionRegistration"
    cloud.advance("1 min")
    assert cloud.arm("GET", provider).body["registrationState"] == "Registered"
    assert cloud.arm("PUT", lab, body).status == 201
    other = f"/subscriptions/{PROD}/providers/Microsoft.DevTestLab"
    assert cloud.arm("GET", other).body["registrationState"] == "NotRegistered"


def test_a_token_by_the_clock_is_said_to_live_as_long_as_it_does(cloud: Cloud) -> None:
    cloud.control("POST", "clock", {"scale": 600})
    switch(cloud, "tokensExpireOnTheClock", True)
    assert cloud.token(FACTORY).body["expires_in"] == 6
    switch(cloud, "tokensExpireOnTheClock", False)
    assert cloud.token(FACTORY).body["expires_in"] == 3599


def test_linux_machines_are_touched_by_no_windows_switch(cloud: Cloud) -> None:
    switch(cloud, "captureDeallocates", False)
    lab = cloud.lab()
    vm = cloud.vm(lab, "lin", LINUX)
    body = capture_body(vm, "NonDeprovisioned")
    # A capture as it is needs no deallocation.
    assert finish(cloud, cloud.arm("PUT", f"{lab}/customimages/exact", body)) == ""
