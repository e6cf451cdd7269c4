"""Property values between the engine's wire form (a protobuf Struct) and plain Python.

Secrets and unknowns travel as marked values (sdk/go/common/resource/properties.go). Kept apart
from the SDK's own conversion, which refuses whole numbers and needs its event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from google.protobuf import struct_pb2  # type: ignore[import-untyped]  # ships no types

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # the wire's marker, no secret
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown(Enum):
    """The type of UNKNOWN: a value that preview cannot know yet."""

    VALUE = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.VALUE


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in its state; never shown by repr."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Read a property map; secrets stay wrapped, whole numbers become int."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Write a property map."""
    return struct_pb2.Struct(fields={key: _to_value(value) for key, value in values.items()})


def plain(value: Any) -> Any:
    """Take the secrets' wrappers off, at every depth."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def _from_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _from_marked(value.struct_value)
    if kind == "list_value":
        return [_from_value(inner) for inner in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value == _UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _from_marked(struct: struct_pb2.Struct) -> Any:
    values = from_struct(struct)
    signature = values.get(_SIGNATURE)
    if signature == _SECRET:
        return Secret(values.get("value"))
    if signature == _OUTPUT:
        inner = values.get("value", UNKNOWN)
        return Secret(inner) if values.get("secret") else inner
    if signature == _RESOURCE:
        return values.get("id") or values.get("urn")
    return values


def _to_value(value: Any) -> struct_pb2.Value:
    wire: dict[str, Any]
    if value is UNKNOWN:
        wire = {"string_value": _UNKNOWN}
    elif isinstance(value, Secret):
        wire = {"struct_value": to_struct({_SIGNATURE: _SECRET, "value": value.value})}
    elif isinstance(value, Mapping):
        wire = {"struct_value": to_struct(value)}
    elif isinstance(value, list | tuple):
        wire = {"list_value": struct_pb2.ListValue(values=[_to_value(item) for item in value])}
    elif isinstance(value, bool):
        wire = {"bool_value": value}
    elif isinstance(value, int | float):
        wire = {"number_value": float(value)}
    elif value is None:
        wire = {"null_value": struct_pb2.NULL_VALUE}
    else:
        wire = {"string_value": str(value)}
    return struct_pb2.Value(**wire)
