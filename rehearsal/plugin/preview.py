"""Outputs as a preview can know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.plugin.kinds import Kind
from rehearsal.plugin.types import ANY, Type, items_of, object_of, outputs_of, values_of
from rehearsal.plugin.values import UNKNOWN, Secret

_STABLE = ("name", "location")
# The service's id is an output like others; the API version is added only to what was written.
_WITHOUT_TYPE = {"id": "string"}
_NOT_FORETOLD = "azureApiVersion"
_SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
}


def preview_outputs(
    kind: Kind, inputs: Mapping[str, Any], old_outputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Foretell outputs: inputs as they are, what never changes as it was, the rest unknown."""
    properties = {**_WITHOUT_TYPE, **outputs_of(kind.token).properties}
    properties.pop(_NOT_FORETOLD, None)
    kept = {name: old_outputs[name] for name in _STABLE if name in old_outputs}
    return {**_object(inputs, properties), **kept}


def _object(inputs: Mapping[str, Any], properties: Mapping[str, Type]) -> dict[str, Any]:
    """Foretell every declared output, also those that Azure fills in, such as a subnet's id.

    Left out, a program would read one as None instead of as unknown.
    """
    return {
        name: _foretell(inputs[name], kind) if name in inputs else UNKNOWN
        for name, kind in properties.items()
    }


def _foretell(value: Any, kind: Type) -> Any:
    if isinstance(value, Secret):
        return Secret(_foretell(value.value, kind))
    items, values, fields = items_of(kind), values_of(kind), object_of(kind)
    if isinstance(value, list) and items is not None:
        return [_foretell(item, items) for item in value]
    if isinstance(value, Mapping) and fields is not None:
        return _object(value, fields.properties)
    if isinstance(value, Mapping) and values is not None:
        return {name: _foretell(each, values) for name, each in value.items()}
    if kind == ANY or (isinstance(kind, str) and isinstance(value, _SCALARS[kind])):
        return value
    return UNKNOWN
