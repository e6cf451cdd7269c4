"""Between the flat properties of the SDK and ARM's JSON with its `properties` envelopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.plugin.kinds import Kind, Nested
from rehearsal.plugin.types import declared, inputs_of, outputs_of
from rehearsal.plugin.values import UNKNOWN


def request_body(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Make the body of a PUT from plain inputs.

    Path parameters, unknowns and what the type does not declare are left out. `properties` is
    always there unless the type has none of its own.
    """
    top: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for name, value in inputs.items():
        if value is None or value is UNKNOWN:
            continue
        if name in kind.top:
            top[name] = value
        elif name in kind.body:
            properties[kind.wire.get(name, name)] = _fold(value, kind.nested.get(name))
    if kind.body:
        top["properties"] = properties
    return top


def _fold(value: Any, nested: Nested | None) -> Any:
    if nested is None:
        return value
    if isinstance(value, list):
        return [_fold(item, nested) for item in value]
    if not isinstance(value, Mapping):
        return value
    folded: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for name, inner in value.items():
        if inner is None:
            continue
        if name in nested.top:
            folded[name] = inner
        else:
            properties[name] = _fold(inner, nested.inside.get(name))
    if properties:
        folded["properties"] = properties
    return folded


def response_outputs(kind: Kind, body: Mapping[str, Any], api_version: str) -> dict[str, Any]:
    """Make the outputs from an answer: flattened, without nulls and undeclared fields.

    The service's `id` is among them, beside the id that the engine keeps.
    """
    flat = _flattened(kind, body)
    types = outputs_of(kind.token).properties
    outputs = {
        name: declared(value, types[name], writable=False)
        for name, value in flat.items()
        if name in kind.outputs
    }
    service_id = {"id": body["id"]} if body.get("id") else {}
    return {**outputs, **service_id, "azureApiVersion": api_version}


def _flattened(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give an answer in the SDK's names, `properties` of it and of nested resources unfolded."""
    flat = {name: value for name, value in body.items() if name != "properties"}
    properties = body.get("properties") or {}
    if kind.properties_output:
        flat["properties"] = properties
    else:
        shown = {ours: name for name, ours in kind.wire.items()}
        flat = {**{shown.get(name, name): each for name, each in properties.items()}, **flat}
    return {
        name: _flatten(value, kind.nested.get(name))
        for name, value in flat.items()
        if value is not None
    }


def _flatten(value: Any, nested: Nested | None) -> Any:
    if isinstance(value, list):
        return [_flatten(item, nested) for item in value if item is not None]
    if not isinstance(value, Mapping):
        return value
    flat = {name: inner for name, inner in value.items() if inner is not None}
    if nested is not None and isinstance(flat.get("properties"), Mapping):
        flat = {**flat.pop("properties"), **flat}
    inside: Mapping[str, Nested] = nested.inside if nested is not None else {}
    return {
        name: _flatten(inner, inside.get(name)) for name, inner in flat.items() if inner is not None
    }


def input_projection(kind: Kind, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what of the outputs has the shape of inputs: the basis of drift."""
    types = inputs_of(kind.token).properties
    return {
        name: declared(value, types[name], writable=True)
        for name, value in outputs.items()
        if (name in kind.body or name in kind.top) and name != "id"
    }


def imported_inputs(kind: Kind, resource_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make the inputs that a program would have to declare to get what is there.

    Path parameters are those of the id. Empty lists and maps are left out, since a service fills
    them in where nothing was said; so are read-only values, but not every value that nobody says:
    the API has the `type` of a subnet among what can be written. ValueError if the id is not one
    of this type.
    """
    given = input_projection(kind, _flattened(kind, body))
    filled = {name: _without_empty(value) for name, value in given.items()}
    kept = {name: value for name, value in filled.items() if value is not None}
    return {**kept, **path_values(kind, resource_id)}


def _without_empty(value: Any) -> Any:
    """Take out empty lists and maps at every depth; None if nothing is left."""
    if isinstance(value, Mapping):
        inside = {name: _without_empty(each) for name, each in value.items()}
        return {name: each for name, each in inside.items() if each is not None} or None
    if isinstance(value, list):
        items = [_without_empty(each) for each in value]
        return [each for each in items if each is not None] or None
    return value


def path_values(kind: Kind, resource_id: str) -> dict[str, str]:
    """Read the path parameters out of a resource id (for import).

    ValueError if the id is not one of this type.
    """
    wanted = kind.path.strip("/").split("/")
    found = resource_id.strip("/").split("/")
    values: dict[str, str] = {}
    if len(wanted) == len(found):
        for pattern, part in zip(wanted, found, strict=True):
            if pattern.startswith("{"):
                values[pattern.strip("{}")] = part
            elif pattern.lower() != part.lower():
                break
        else:
            values.pop("subscriptionId", None)
            return values
    message = f"'{resource_id}' is not the id of a {kind.token}: expected {kind.path}"
    raise ValueError(message)
