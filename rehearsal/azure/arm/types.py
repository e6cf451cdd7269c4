"""Resource types: a row each in the table of a namespace, with a behaviour if they have one."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.bodies import Reader
from rehearsal.azure.clock import iso
from rehearsal.azure.errors import ArmError
from rehearsal.azure.model import Resource
from rehearsal.azure.principals import Principal
from rehearsal.azure.tables import table
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]


class Style(Enum):
    """How a type answers PUT and DELETE (contract 1.1, 1.2, 1.5)."""

    SYNC = "PUT 200/201, DELETE 200/204, done at once"
    CREATED = "PUT 201 with Azure-AsyncOperation only, DELETE 202 with both headers"
    ACCEPTED = "PUT 202, DELETE 202, both headers; 201 would make compute clients fail"


@dataclass(frozen=True)
class Draft:
    """What a PUT asks for: the id as Azure will write it, and the parts of the body."""

    id: str
    type: ResourceType
    location: str
    tags: Json
    properties: Json
    top: Json
    caller: Principal
    api_version: str

    @property
    def name(self) -> str:
        """The last segment of the id, with its case."""
        return ids.name_of(self.id)

    def resource(self, properties: Json, **hidden: Any) -> Resource:
        """Make a new resource of it, with a uid of its own."""
        shown_id = self.id.lower() if self.type.lower_ids else self.id
        body: Json = {"id": shown_id, "name": self.name, "type": self.type.kind}
        if self.location:
            body["location"] = self.location
        body |= {"tags": self.tags} if self.tags else {}
        body |= {**self.top, "properties": properties}
        return Resource(ids.key_of(self.id), self.type.kind, body, {"uid": new_uid(), **hidden})


PREVIEW = "2018-10-15-preview"
# What is nested and tracked all the same, as Azure's list of types that take tags has it.
_TRACKED = ("Microsoft.DevTestLab/labs/serviceRunners", "Microsoft.DevTestLab/labs/virtualMachines")


class Behaviour:
    """What a type does. This one keeps what it is given, and is the one of most of the table."""

    read_only: tuple[str, ...] = ("provisioningState", "uniqueIdentifier", "createdDate")
    preview: tuple[str, ...] = ()  # paths below `properties` that PREVIEW alone knows

    def __init__(self, times: str = "labChild", **defaults: Any) -> None:
        """Take times from this entry of the table, and these properties where none are given."""
        self.times = times
        self.defaults = defaults

    def given(self, draft: Draft) -> Json:
        """Give the properties of a draft without what only the service writes."""
        kept = {
            name: value
            for name, value in draft.properties.items()
            if name not in self.read_only and value is not None
        }
        return {**self.defaults, **kept}

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make the new resource, or refuse with an ArmError; it is stored by the caller."""
        stamp = {"createdDate": iso(azure.now())} if draft.type.lower_ids else {}
        resource = draft.resource({**self.given(draft), **stamp})
        if draft.type.lower_ids:
            resource = resource.setting(uniqueIdentifier=resource.uid)
        return resource

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change an existing resource, or refuse; what only the service writes is kept."""
        kept = {name: old.properties[name] for name in self.read_only if name in old.properties}
        body = {**old.body, **draft.top, "tags": draft.tags}
        body["properties"] = {**self.given(draft), **kept}
        return Resource(old.key, old.kind, body, old.hidden)

    def revived(self, azure: Azure, draft: Draft) -> Resource | None:
        """Give what a PUT of a deleted resource brings back; None if it makes a new one."""
        return None

    def remade(self, azure: Azure, failed: Resource) -> None:
        """Refuse to make anew what could not be made, with an ArmError, or let it be."""

    def updating(self, azure: Azure, old: Resource, changed: Resource) -> float | None:
        """Give how long a change takes, in seconds of the clock; None: it is done at once."""
        return None

    def busy(self, old: Resource, code: str) -> ArmError:
        """Say why a resource cannot be written while an operation is under way on it."""
        message = (
            f"Resource '{old.name}' is not in a valid state '{old.state}' for operation 'PUT'."
        )
        return ArmError(409, code, message)

    def patch(self, azure: Azure, old: Resource, body: Json) -> Resource:
        """Change what a PATCH may: the tags, and fields beside the properties."""
        top = types_of(azure)[old.kind.lower()].top
        changes = {name: body[name] for name in ("tags", *top) if isinstance(body.get(name), dict)}
        return old.topped(**changes)

    def duration(self, azure: Azure, resource: Resource) -> float:
        """Give how long the making takes, in seconds of the clock."""
        return azure.times.of(self.times, "create")

    def begin(self, azure: Azure, resource: Resource, operation: str) -> None:
        """Set going what ends with `finish`; types that take several steps have their own way."""
        azure.agenda.after(
            self.duration(azure, resource),
            "arm.made",
            key=resource.key,
            uid=resource.uid,
            operation=operation,
        )

    def finish(self, azure: Azure, resource: Resource) -> Resource:
        """Complete a resource whose time has come, or fail it with an ArmError."""
        return resource

    def made(self, azure: Azure, resource: Resource) -> None:
        """Act once the finished resource is stored."""

    def failed(self, azure: Azure, resource: Resource) -> None:
        """Let go of what an operation on it held, which has failed at its end."""

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Give what a GET answers; `expand` is the lower-cased $expand."""
        return resource.body

    def addressed(self, body: Json, base: str) -> Json:
        """Put in where things are in this cloud; `base` is the address that ARM is called at."""
        return body

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse a deletion with an ArmError, or let it be."""

    def deletion(self, azure: Azure, resource: Resource) -> float:
        """Give how long a deletion takes, in seconds of the clock."""
        return azure.times.of(self.times, "delete")

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Take along what belongs to a resource that is gone, outside the ids below it."""


class Plain(Behaviour):
    """What a type does whose providers say nothing of a provisioningState."""

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Give it without."""
        body = dict(resource.body)
        body["properties"] = {**resource.properties}
        body["properties"].pop("provisioningState", None)
        return body


@dataclass(frozen=True)
class ResourceType:
    """A row: the type as Azure writes it, its path after /providers/, and how it answers."""

    kind: str
    path: str
    put: Style = Style.SYNC
    delete: Style = Style.SYNC
    behaviour: Behaviour = field(default_factory=Behaviour)
    top: tuple[str, ...] = ()
    tracked: bool = False  # ARM lists it, and asks a PUT for its location (the lab service not)
    located: bool = False  # must name its location, though it is not tracked or the lab service's
    versions: tuple[str, ...] = ()  # the api-versions that have it; (): all of its provider's
    writable: bool = True
    deletable: bool = True
    patchable: bool = True
    listed: bool = True
    model: str = ""  # of the table that `reader` reads bodies by; "" if bodies are not checked
    reader: Reader | None = None

    @property
    def lower_ids(self) -> bool:
        """Whether ids come back lower-cased: a habit of the lab service alone (contract 1.3)."""
        return self.kind.startswith("Microsoft.DevTestLab/")

    @property
    def namespace(self) -> str:
        """The provider."""
        return self.kind.partition("/")[0]

    def read(self, body: Json) -> Json:
        """Check a body against the model, if there is one; ArmError 400 says what does not fit."""
        return self.reader.read(self.model, body) if self.reader and self.model else body


def from_table(reader: Reader, behaviours: Mapping[str, Behaviour]) -> tuple[ResourceType, ...]:
    """Give the rows that the SDK's own table has; one without a behaviour keeps what it is given.

    ARM tracks a type that stands in a resource group by itself, and those of ``_TRACKED``.
    """
    styles = {"sync": (Style.SYNC, Style.SYNC), "long": (Style.CREATED, Style.ACCEPTED)}
    return tuple(
        ResourceType(
            kind=row["kind"],
            path=row["path"],
            put=styles[row["put"]][0],
            delete=styles[row.get("delete", "sync")][1],
            behaviour=behaviours.get(row["kind"]) or Behaviour(),
            tracked=row["path"].count("{") == 1 or row["kind"] in _TRACKED,
            deletable="delete" in row,
            patchable=row["patch"],
            listed=row["list"],
            model=row["model"],
            reader=reader,
        )
        for row in table(reader.table)["types"]
    )


def types_of(azure: Azure) -> dict[str, ResourceType]:
    """Give the types that a local Azure has, by kind in lower case."""
    return azure.types
