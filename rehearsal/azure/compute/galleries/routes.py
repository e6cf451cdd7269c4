"""The types of galleries, and what their table does not say: deletion, and the recycle bin."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.azure.arm import polling, service
from rehearsal.azure.arm.bodies import Reader
from rehearsal.azure.arm.routes import GROUP, deleted, listing, resource_id
from rehearsal.azure.arm.types import Behaviour, ResourceType, Style, types_of
from rehearsal.azure.compute.galleries import versions
from rehearsal.azure.compute.galleries.definitions import Definition
from rehearsal.azure.compute.galleries.galleries import DEFINITIONS, GALLERIES, VERSIONS, Gallery
from rehearsal.azure.compute.galleries.recycle_bin import BIN
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router

_GALLERY = f"{GALLERIES}/{{gallery}}"
_DEFINITION = f"{_GALLERY}/images/{{image}}"
_VERSION = f"{_DEFINITION}/versions/{{name}}"
_BIN = f"{_GALLERY}/softDeletedArtifactTypes/{{kind}}/artifacts/{{image}}/versions"


def types(reader: Reader) -> tuple[ResourceType, ...]:
    """Give the rows of the table, whose bodies are read as compute reads its own."""

    def row(kind: str, path: str, behaviour: Behaviour, model: str) -> ResourceType:
        return ResourceType(
            kind,
            path,
            Style.CREATED,
            Style.ACCEPTED,
            behaviour,
            tracked=True,
            model=model,
            reader=reader,
        )

    version = versions.Version("galleryVersion")
    return (
        replace(row(GALLERIES, _GALLERY, Gallery("gallery"), "Gallery"), top=("identity",)),
        row(DEFINITIONS, _DEFINITION, Definition("galleryImage"), "GalleryImage"),
        # Deleted by a route of its own.
        replace(row(VERSIONS, _VERSION, version, "GalleryImageVersion"), deletable=False),
        ResourceType(BIN, f"{_BIN}/{{name}}", writable=False, listed=False),
    )


def install(router: Router) -> None:
    """Add the routes."""
    router.add(Route("DELETE", GROUP + _VERSION, _delete_version, f"{VERSIONS}/delete"))
    router.add(Route("GET", GROUP + _BIN, _list_bin, f"{BIN}/read"))
    router.add(Route("DELETE", f"{GROUP}{_BIN}/{{name}}", _delete_item, f"{BIN}/delete"))


def _delete_version(call: Call) -> Answer:
    kind = types_of(call.azure)[VERSIONS.lower()]
    path = resource_id(call, kind)
    bypass = call.query.get("bypasssoftdelete", "").lower() == "true"
    versions.note_deletion(call.azure, path, bypass=bypass)
    return deleted(call, service.delete(call.azure, kind, path))


def _list_bin(call: Call) -> Answer:
    service.need(call.azure, (GROUP + _GALLERY).format(**call.parts))
    return listing(call, call.azure.resources.listed(call.path))


def _delete_item(call: Call) -> Answer:
    item = call.azure.resources.find(call.path)
    if item is None:
        return Answer(204)
    call.azure.resources.remove(item)
    operation = call.azure.operations.begin(item.key, "DELETE")
    call.azure.operations.finish(operation)
    return polling.accepted(call, operation)
