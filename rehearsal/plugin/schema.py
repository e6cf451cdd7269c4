"""A schema of the known types, loose but enough for `pulumi import` and `pulumi package`."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.plugin.kinds import Kind
from rehearsal.plugin.table import KINDS

NAME = "azure-native"
VERSION = "3.29.0"
_ANY = {"$ref": "pulumi.json#/Any"}
_STRING = {"type": "string"}


def package_schema() -> str:
    """Write the schema as JSON: names and required inputs are exact, types are not."""
    schema = {
        "name": NAME,
        "version": VERSION,
        "resources": {token: _resource(kind) for token, kind in KINDS.items()},
    }
    return json.dumps(schema)


def _resource(kind: Kind) -> dict[str, Any]:
    inputs = {name: _type(name) for name in sorted(kind.body | kind.top)}
    inputs |= dict.fromkeys(kind.parameters, _STRING)
    return {
        "inputProperties": inputs,
        "requiredInputs": [*kind.parameters[:-1], *kind.required],
        "properties": {name: _type(name) for name in sorted(kind.outputs)},
    }


def _type(name: str) -> dict[str, Any]:
    if name in {"location", "name", "type", "azureApiVersion", "provisioningState"}:
        return _STRING
    if name == "tags":
        return {"type": "object", "additionalProperties": _STRING}
    return _ANY
