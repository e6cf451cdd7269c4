"""Steps of the chain from a machine to an image in another lab, as tests take them."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.cloud import DEV, Cloud, compute

Json = dict[str, Any]
COMPUTE_API = "2024-03-02"


def snapshot_body(source: str, location: str = "westeurope", **given: Any) -> Json:
    """Write a snapshot: an incremental one by Copy unless told otherwise."""
    option = given.pop("createOption", "Copy")
    return {
        "location": location,
        "sku": {"name": "Standard_LRS"},
        "properties": {
            "creationData": {"createOption": option, "sourceResourceId": source},
            "incremental": True,
            **given,
        },
    }


def snapshot(
    cloud: Cloud,
    source: str,
    name: str = "snap",
    location: str = "westeurope",
    subscription: str = DEV,
    **given: Any,
) -> str:
    """Make a snapshot in the group rg-snaps of a subscription and wait; gives its path."""
    group = f"rg-snaps-{location}"
    cloud.group(group, location, subscription)
    path = compute(subscription, group, "snapshots", name)
    cloud.make(path, snapshot_body(source, location, **given), version=COMPUTE_API)
    return path


def image_body(source: str, location: str = "westeurope", **given: Any) -> Json:
    """Write a managed image of a snapshot, second generation and generalised unless told."""
    disk = {
        "osType": "Windows",
        "osState": given.pop("osState", "Generalized"),
        "snapshot": {"id": source},
    }
    return {
        "location": location,
        "properties": {
            "hyperVGeneration": "V2",
            "storageProfile": {"osDisk": disk},
            **given,
        },
    }


def image(
    cloud: Cloud,
    source: str,
    name: str = "image",
    location: str = "westeurope",
    subscription: str = DEV,
    **given: Any,
) -> str:
    """Make a managed image and wait; gives its path."""
    group = f"rg-snaps-{location}"
    cloud.group(group, location, subscription)
    path = compute(subscription, group, "images", name)
    cloud.make(path, image_body(source, location, **given), version="2024-11-01")
    return path


def capture_body(vm: str, state: str = "SysprepApplied") -> Json:
    """Write a custom image of a VM."""
    kind = (
        ("linuxOsInfo", "linuxOsState")
        if "Deprovision" in state
        else ("windowsOsInfo", "windowsOsState")
    )
    return {"properties": {"vm": {"sourceVmId": vm, kind[0]: {kind[1]: state}}}}


def boot(cloud: Cloud, lab: str, custom_image: str, name: str = "user", **properties: Any) -> Json:
    """Order a VM of a custom image, wait, and give how that ended."""
    order = cloud.order(galleryImageReference=None, customImageId=custom_image, **properties)
    return cloud.finish(cloud.arm("PUT", f"{lab}/virtualmachines/{name}", order))
