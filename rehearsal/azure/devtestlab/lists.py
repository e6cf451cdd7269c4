"""What a lab lists and nobody puts there: artifacts, ARM templates, marketplace images, VHDs."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.routes import paged
from rehearsal.azure.artifacts import ArtifactDefinition
from rehearsal.azure.devtestlab import errors, templates
from rehearsal.azure.devtestlab.labs import LABS
from rehearsal.azure.devtestlab.sources import artifact_body, artifacts_in
from rehearsal.azure.errors import RESOURCE_NOT_FOUND
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.model import Resource

Json = dict[str, Any]


def artifacts(call: Call) -> Answer:
    """List the artifacts of a source."""
    source = _above(call)
    return _bodies(call, [artifact_body(source, each) for each in artifacts_in(call.azure, source)])


def artifact(call: Call) -> Answer:
    """Give one artifact."""
    source = service.need(call.azure, ids.parent_of(call.path))
    return Answer(200, artifact_body(source, _artifact(call, source, call.path)))


def generate_template(call: Call) -> Answer:
    """Give an artifact as an ARM template."""
    path = ids.collection_of(call.path)
    source = service.need(call.azure, ids.parent_of(path))
    lab = service.need(call.azure, ids.parent_of(source.key))
    return Answer(200, templates.generated(lab, _artifact(call, source, path), call.body))


def arm_templates(call: Call) -> Answer:
    """List the ARM templates of a source."""
    source = _above(call)
    found = templates.templates_in(source)
    return _bodies(call, [templates.template_body(source, each) for each in found])


def arm_template(call: Call) -> Answer:
    """Give one ARM template."""
    source = service.need(call.azure, ids.parent_of(call.path))
    for each in templates.templates_in(source):
        if each.name.lower() == ids.name_of(call.path).lower():
            return Answer(200, templates.template_body(source, each))
    raise RESOURCE_NOT_FOUND.of(resource=ids.described(call.path), group=ids.group_of(call.path))


def gallery_images(call: Call) -> Answer:
    """List what the marketplace has, as the lab offers it."""
    lab = _above(call)
    bodies = []
    for image in call.azure.marketplace.listed():
        reference = {
            "publisher": image.publisher,
            "offer": image.offer,
            "sku": image.sku,
            "osType": image.os,
            "version": "latest",
        }
        name = image.title
        properties: Json = {
            "author": image.publisher,
            "description": image.title,
            "enabled": True,
            "imageReference": reference,
            "isPlanAuthorized": image.plan is None,
        }
        if image.plan:
            properties["planId"] = image.plan.name
        bodies.append(
            {
                "id": f"{lab.id}/galleryimages/{name.lower()}",
                "name": name,
                "type": f"{LABS}/galleryImages",
                "location": lab.location,
                "properties": properties,
            }
        )
    return _bodies(call, bodies)


def vhds(call: Call) -> Answer:
    """List the files that an upload address was given out for; no blob is kept here."""
    lab = _above(call)
    return Answer(200, {"value": [{"id": uri} for uri in lab.hidden.get("vhds", ())]})


def upload_address(call: Call) -> Answer:
    """Give the address under which a VHD is to be uploaded, with a signature."""
    lab = _above(call)
    name = str(call.body.get("blobName") or "")
    if not name:
        raise errors.MISSING.of(what="blobName")
    account = ids.name_of(str(lab.properties["defaultStorageAccount"]))
    uri = f"https://{account}.blob.core.windows.net/uploads/{name}"
    known = lab.hidden.get("vhds", [])
    call.azure.resources.keep(lab.knowing(vhds=list(dict.fromkeys([*known, uri]))))
    signature = ids.digits(f"{lab.uid}{uri}", 32)
    return Answer(200, {"uploadUri": f"{uri}?sv=2018-03-28&sr=b&sp=rw&sig={signature}"})


def _above(call: Call) -> Resource:
    """Give the resource whose list or action a call names."""
    return service.need(call.azure, ids.collection_of(call.path))


def _artifact(call: Call, source: Resource, path: str) -> ArtifactDefinition:
    for each in artifacts_in(call.azure, source):
        if each.name.lower() == ids.name_of(path).lower():
            return each
    raise RESOURCE_NOT_FOUND.of(resource=ids.described(path), group=ids.group_of(path))


def _bodies(call: Call, found: list[Json]) -> Answer:
    return paged(call, found, lambda body: body, lambda body: body)
