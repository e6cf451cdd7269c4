"""What stands in this Azure, lab by lab: for `python -m rehearsal show` and for tests."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.clock import iso
from rehearsal.azure.compute.copying import SNAPSHOTS, completion
from rehearsal.azure.compute.galleries.galleries import GALLERIES, VERSIONS
from rehearsal.azure.compute.images import IMAGES
from rehearsal.azure.devtestlab.images import CUSTOM_IMAGES
from rehearsal.azure.devtestlab.labs import LABS
from rehearsal.azure.devtestlab.machines import VMS
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]


def overview(azure: Azure) -> Json:
    """Give subscriptions with their labs, each with its images and VMs, and their snapshots."""
    subscriptions = []
    for known in azure.directory.subscriptions.values():
        labs = [_lab(azure, lab) for lab in azure.resources.of_kind(known.id, LABS)]
        snapshots = [
            {
                "id": each.id,
                "location": each.location,
                "completionPercent": completion(azure, each),
                "incremental": bool(each.properties.get("incremental")),
                **_state(each),
            }
            for each in azure.resources.of_kind(known.id, SNAPSHOTS)
        ]
        images = [
            {"id": each.id, "location": each.location, **_state(each)}
            for each in azure.resources.of_kind(known.id, IMAGES)
        ]
        galleries = [
            {
                "id": each.id,
                "location": each.location,
                "versions": [
                    f"{version.id.split('/')[-3]}/{version.name}"
                    for version in azure.resources.below(each)
                    if version.kind == VERSIONS
                ],
                **_state(each),
            }
            for each in azure.resources.of_kind(known.id, GALLERIES)
        ]
        groups = azure.resources.listed(f"/subscriptions/{known.id}/resourcegroups")
        subscriptions.append(
            {
                "subscription": known.id,
                "name": known.name,
                "labs": labs,
                "snapshots": snapshots,
                "managedImages": images,
                "galleries": galleries,
                "resourceGroups": [group.name for group in groups],
            }
        )
    return {
        "now": iso(azure.now()),
        "scale": azure.clock.scale,
        "frozen": azure.clock.frozen,
        "seeded": azure.meta.get("seeded") is not None,
        "subscriptions": subscriptions,
    }


def _lab(azure: Azure, lab: Resource) -> Json:
    images = [each for each in azure.resources.below(lab) if each.kind == CUSTOM_IMAGES]
    shared = azure.resources.listed(f"{lab.key}/sharedgalleries")
    vms = [each for each in azure.resources.below(lab) if each.kind == VMS]
    return {
        "name": lab.name,
        "resourceGroup": lab.id.split("/")[4],
        "location": lab.location,
        **_state(lab),
        "sharedGalleries": [each.properties["galleryId"] for each in shared],
        "customImages": [
            {
                "name": each.name,
                "os": (each.hidden.get("contents") or {}).get("os"),
                "installed": (each.hidden.get("contents") or {}).get("installed"),
                **_state(each),
            }
            for each in images
        ],
        "virtualMachines": [
            {
                "name": each.name,
                "size": each.properties.get("size"),
                "power": each.properties.get("lastKnownPowerState"),
                **_state(each),
            }
            for each in vms
        ],
    }


def _state(resource: Resource) -> Json:
    return {"state": resource.state, "tags": resource.body.get("tags") or {}}
