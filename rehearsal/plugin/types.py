"""What type each property has: read from types.json, which is made from the SDK (make_types).

A type is `string`, `boolean`, `integer`, `number` or `any`; a list of a type under `items`, a map
of it under `values`, or the name of an object under `object`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("types.json")
ANY = "any"

Type = str | Mapping[str, Any]

# One type of the SDK serves several API versions, in the oldest of which these could be written;
# in those of this table they are the service's own, as the provider's metadata says of them.
_READ_ONLY = frozenset(
    {"etag", "provisioningState", "resourceNavigationLinks", "serviceAssociationLinks"}
)


@dataclass(frozen=True)
class Object:
    """The properties of an object by name, and which of them must be there."""

    properties: Mapping[str, Type]
    required: tuple[str, ...] = ()


def inputs_of(token: str) -> Object:
    """Give the inputs of a resource type. KeyError if the table does not have it."""
    return _object(_table()["resources"][token]["inputs"])


def outputs_of(token: str) -> Object:
    """Give the outputs of a resource type. KeyError if the table does not have it."""
    return _object(_table()["resources"][token]["outputs"])


def items_of(kind: Type) -> Type | None:
    """Give the type of a list's items; None if the type is no list."""
    return None if isinstance(kind, str) else kind.get("items")


def values_of(kind: Type) -> Type | None:
    """Give the type of a map's values; None if the type is no map."""
    return None if isinstance(kind, str) else kind.get("values")


def object_of(kind: Type) -> Object | None:
    """Give the object that a type names; None if it names none."""
    if isinstance(kind, str) or "object" not in kind:
        return None
    return _object(_table()["objects"][kind["object"]])


def name_of(kind: Type) -> str:
    """Name a type as the provider's messages do."""
    if isinstance(kind, str):
        return kind
    return "array" if "items" in kind else "object"


def declared(value: Any, kind: Type, *, writable: bool) -> Any:
    """Leave out what a type does not declare, at every depth; `writable`: what is read-only too."""
    items, values, fields = items_of(kind), values_of(kind), object_of(kind)
    if isinstance(value, list) and items is not None:
        return [declared(each, items, writable=writable) for each in value]
    if not isinstance(value, Mapping):
        return value
    if values is not None:
        return {name: declared(each, values, writable=writable) for name, each in value.items()}
    if fields is None:
        return value
    return {
        name: declared(each, fields.properties[name], writable=writable)
        for name, each in value.items()
        if name in fields.properties and not (writable and name in _READ_ONLY)
    }


def _object(found: Mapping[str, Any]) -> Object:
    return Object(found["properties"], tuple(found.get("required", ())))


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return table
