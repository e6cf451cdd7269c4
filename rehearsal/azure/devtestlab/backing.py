"""What backs a captured custom image: a managed image or a snapshot in the lab's group."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.compute import copying
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.copying import SNAPSHOTS
from rehearsal.azure.compute.images import IMAGES, image_profile
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]


def managed_image(
    azure: Azure, resource: Resource, contents: Contents, machine: Resource
) -> Resource:
    """Make the managed image that backs a custom image captured as generalised."""
    properties = {
        "sourceVirtualMachine": {"id": machine.id},
        "storageProfile": image_profile(contents, {}),
        "hyperVGeneration": resource.hidden["declared"],
    }
    return _backing(azure, resource, IMAGES, properties, contents)


def snapshot(azure: Azure, resource: Resource, contents: Contents, disk: Resource) -> Resource:
    """Make the snapshot that backs a custom image captured as it is."""
    creation = {"creationData": {"createOption": "Copy", "sourceResourceId": disk.id}}
    properties = {**copying.carried(azure, disk, creation), "incremental": False}
    return _backing(azure, resource, SNAPSHOTS, properties, contents)


def _backing(
    azure: Azure, resource: Resource, kind: str, properties: Json, contents: Contents
) -> Resource:
    path = f"{ids.group_id(resource.id)}/providers/{kind}/{resource.name}"
    taken = azure.resources.find(path) is not None
    if taken or not azure.switches["backingNamedAfterImage"]:
        path += ids.digits(resource.uid, 6)
    uid = new_uid()
    body: Json = {
        "id": path,
        "name": ids.name_of(path),
        "type": kind,
        "location": resource.location,
        "properties": {**properties, "provisioningState": "Succeeded"},
    }
    if kind == SNAPSHOTS:
        body["sku"] = {"name": "Standard_LRS", "tier": "Standard"}
        body["properties"]["uniqueId"] = uid
    hidden = {"uid": uid, "contents": contents.stored()}
    return azure.resources.keep(Resource(ids.key_of(path), kind, body, hidden))
