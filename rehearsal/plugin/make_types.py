"""Makes types.json beside it from the Python SDK: `python -m rehearsal.plugin.make_types`.

The real provider checks, imports and foretells by the types of its metadata, of which the SDK is
made too. Facts alone are taken over: names of properties, their types, which are required. The SDK
is needed for this and for the tests, never by the plugin; a test compares the file with it.
"""

from __future__ import annotations

import collections.abc
import enum
import importlib
import inspect
import json
import types
import typing
from pathlib import Path
from typing import Any

import pulumi
from pulumi import _types as sdk  # how the SDK itself reads its classes; nothing public does

from rehearsal.plugin.table import KINDS
from rehearsal.plugin.types import FILE

_DEPTH = 3  # objects in objects; what stands deeper in these resources nobody declares
_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number"}


class Maker:
    """Collects the types that the resources of the table reach."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.objects: dict[str, Any] = {}
        self._depths: dict[str, int] = {}

    def table(self) -> dict[str, Any]:
        """Make the whole content of the file."""
        resources = {}
        for token in sorted(KINDS):
            _, module, name = token.split(":")
            cls = getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name)
            home = importlib.import_module(cls.__module__)
            arguments = getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args")
            resources[token] = {
                "inputs": self._object(sdk.input_type_types(arguments), arguments, 0),
                "outputs": self._object(sdk.resource_types(cls), None, 0),
            }
        return {"resources": resources, "objects": dict(sorted(self.objects.items()))}

    def _object(self, members: dict[str, Any], arguments: Any, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {
            "properties": {name: self._type(members[name], depth) for name in sorted(members)}
        }
        required = _required(arguments) if arguments is not None else []
        return {**found, "required": required} if required else found

    def _type(self, given: Any, depth: int) -> Any:
        origin = typing.get_origin(given)
        if origin in (typing.Union, types.UnionType):
            return self._union(typing.get_args(given), depth)
        if origin is collections.abc.Sequence:
            return {"items": self._type(typing.get_args(given)[0], depth)}
        if origin is collections.abc.Mapping:
            return {"values": self._type(typing.get_args(given)[1], depth)}
        if not isinstance(given, type):
            return "any"
        if issubclass(given, enum.Enum):
            return "string" if issubclass(given, str) else "number"
        if sdk.is_input_type(given) or sdk.is_output_type(given):
            return self._reference(given, depth)
        return _SCALARS.get(given, "any")

    def _union(self, members: tuple[Any, ...], depth: int) -> Any:
        """Leave out how a value may arrive (None, awaitable, output) and look at what it may be."""
        kept = [
            each
            for each in members
            if each is not types.NoneType
            and typing.get_origin(each) not in (collections.abc.Awaitable, pulumi.Output)
        ]
        found = [self._type(each, depth) for each in kept]
        return found[0] if found and all(each == found[0] for each in found) else "any"

    def _reference(self, given: type, depth: int) -> Any:
        name = f"{given.__module__.split('.')[1]}:{given.__name__}"
        if depth >= _DEPTH:
            return "any"
        if self._depths.get(name, _DEPTH) > depth + 1:
            self._depths[name] = depth + 1
            is_input = sdk.is_input_type(given)
            members = sdk.input_type_types(given) if is_input else sdk.output_type_types(given)
            self.objects[name] = self._object(members, given if is_input else None, depth + 1)
        return {"object": name} if name in self.objects or depth + 1 < _DEPTH else "any"


def _required(arguments: Any) -> list[str]:
    parameters = inspect.signature(arguments.__init__).parameters.values()
    wire = sdk.input_type_py_to_pulumi_names(arguments)
    return sorted(wire[p.name] for p in parameters if p.name in wire and p.default is p.empty)


def main() -> None:
    """Write the file."""
    text = json.dumps(Maker().table(), indent=None, separators=(",", ":"), sort_keys=True)
    Path(FILE).write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
