"""Request bodies against the models of Microsoft's SDKs: types, enums, what is required.

As the services' own deserializer does it: names match in any letter case, a number is taken for a
string and a string of digits for a number, null counts as not given and so does an empty choice,
and what only the service writes is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from rehearsal.azure.errors import ArmError
from rehearsal.azure.tables import table

Json = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A property of a model: its JSON name and type, or the properties of the object it is."""

    name: str
    kind: str = ""
    readonly: bool = False
    required: bool = False
    inner: dict[str, Field] | None = None


@dataclass(frozen=True)
class Reader:
    """How one namespace reads bodies: by which table, and in which words it refuses.

    `missing` is given the path of a property, `invalid` its path, the value and the type wanted.
    Unknown properties are passed over, unless a later api-version may well know them.
    """

    table: str
    missing: Callable[[str], ArmError]
    invalid: Callable[[str, Any, str], ArmError]
    keep_unknown: bool = False

    def read(self, model: str, body: Json) -> Json:
        """Give a body as its model has it; ArmError 400 says what does not fit."""
        return self._object(_fields(self.table, model), body, "", model)

    def _object(self, fields: dict[str, Field], value: Any, path: str, kind: str) -> Json:
        if not isinstance(value, dict):
            raise self.invalid(path, value, kind)
        found: Json = {}
        for name, part in value.items():
            field = fields.get(str(name).lower())
            if field is None:
                if self.keep_unknown:
                    found[name] = part
                continue
            if part is None or field.readonly or (part == "" and self._chosen(field)):
                continue
            where = f"{path}.{field.name}" if path else field.name
            if field.inner is not None:
                found[field.name] = self._object(field.inner, part, where, "object")
            else:
                found[field.name] = self._value(field.kind, part, where)
        for field in fields.values():
            # Whether a location is needed is ARM's question, for every type alike.
            if field.required and field.name not in found and field.name != "location":
                raise self.missing(f"{path}.{field.name}" if path else field.name)
        return found

    def _chosen(self, field: Field) -> bool:
        """Tell whether a property is one of an enum's values, of which "" means none."""
        return field.kind in table(self.table)["enums"]

    def _value(self, kind: str, value: Any, path: str) -> Any:
        if kind.startswith("["):
            if not isinstance(value, list):
                raise self.invalid(path, value, kind)
            inner = kind[1:-1]
            return [self._value(inner, part, f"{path}[{at}]") for at, part in enumerate(value)]
        if kind.startswith("{"):
            if not isinstance(value, dict):
                raise self.invalid(path, value, kind)
            inner = kind[1:-1]
            return {
                name: self._value(inner, part, f"{path}.{name}") for name, part in value.items()
            }
        known = table(self.table)
        if kind in known["models"]:
            return self._object(_fields(self.table, kind), value, path, kind)
        if kind in known["enums"]:
            for allowed in known["enums"][kind]:
                if str(value).lower() == str(allowed).lower():
                    return allowed
            raise self.invalid(path, value, kind)
        return self._simple(kind, value, path)

    def _simple(self, kind: str, value: Any, path: str) -> Any:
        plain = isinstance(value, str | int | float | bool)
        if kind == "object":
            return value
        if plain and kind == "str":
            return value if isinstance(value, str) else str(value)
        try:
            if plain and kind in ("int", "long") and not isinstance(value, bool):
                return int(value)
            if plain and kind == "float" and not isinstance(value, bool):
                return float(value)
            if isinstance(value, str) and kind in ("iso-8601", "date"):
                datetime.fromisoformat(value)
                return value
        except ValueError:
            raise self.invalid(path, value, kind) from None
        if kind == "bool" and str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        if kind in ("str", "int", "long", "float", "bool", "iso-8601", "date"):
            raise self.invalid(path, value, kind)
        return value


@cache
def _fields(name: str, model: str) -> dict[str, Field]:
    """Read a model of the table, whose properties are paths, as a tree; keys are lower-cased."""
    tree: Json = {}
    for path, text in table(name)["models"][model].items():
        *above, last = path.split(".")
        place = tree
        for part in above:
            place = place.setdefault(part, {})
        place[last] = text
    return _branch(tree)


def _branch(tree: Json) -> dict[str, Field]:
    found = {}
    for name, value in tree.items():
        shown = name.replace("%2E", ".")
        if isinstance(value, dict):
            found[shown.lower()] = Field(shown, inner=_branch(value))
        else:
            kind, *marks = value.split(" ")
            found[shown.lower()] = Field(shown, kind, "readonly" in marks, "required" in marks)
    return found
