"""`Check`: the inputs of a resource completed with a name, a location and the API version."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.plugin.arm import Arm
from rehearsal.plugin.kinds import Kind
from rehearsal.plugin.naming import Mode, automatic_name
from rehearsal.plugin.types import ANY, Object, Type, inputs_of, items_of, name_of, object_of
from rehearsal.plugin.values import UNKNOWN, plain

_GROUP_API = "2020-10-01"  # which the real plugin uses for this one question
_SET_LOCATION = (
    "Either set it explicitly or configure it with "
    "'pulumi config set azure-native:location <value>'."
)
_ASK_SECONDS = 5 * 60.0


class Checker:
    """Completes inputs; remembers the locations of resource groups."""

    def __init__(self, arm: Arm, default_location: str | None) -> None:
        """Take the connection and the provider's `location` setting."""
        self._arm = arm
        self._default_location = default_location
        self._locations: dict[str, str] = {}
        self._lock = threading.Lock()

    def complete(
        self,
        kind: Kind,
        api_version: str,
        *,
        urn: str,
        seed: bytes,
        old_inputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        proposal: tuple[str, Mode] | None = None,
    ) -> dict[str, Any]:
        """Fill in what the program left out: name, location, azureApiVersion."""
        completed = dict(inputs)
        if kind.name_parameter not in completed:
            completed |= automatic_name(kind, urn, seed, old_inputs, proposal)
        if "location" in kind.top and "location" not in completed:
            location = self._location(kind, completed, old_inputs)
            if location is not None:
                completed["location"] = location
        completed.setdefault("azureApiVersion", api_version)
        return completed

    def _location(
        self, kind: Kind, inputs: Mapping[str, Any], old_inputs: Mapping[str, Any]
    ) -> Any:
        if "location" in old_inputs:
            return old_inputs["location"]
        if self._default_location:
            return self._default_location
        group = plain(inputs.get("resourceGroupName"))
        if kind.name_parameter == "resourceGroupName" or group is None:
            return None
        return UNKNOWN if group is UNKNOWN else self._group_location(str(group))

    def _group_location(self, group: str) -> str | None:
        with self._lock:
            known = self._locations.get(group.lower())
        if known is not None:
            return known
        path = f"/subscriptions/{self._arm.subscription}/resourceGroups/{group}"
        answer = self._arm.request(
            "GET",
            self._arm.url(path, _GROUP_API),
            deadline=self._arm.pace.deadline(_ASK_SECONDS),
        )
        if answer.status != 200:
            return None  # whatever the reason: the API may do without one, or Check refuses it
        location = str(answer.body.get("location", ""))
        with self._lock:
            self._locations[group.lower()] = location
        return location


def find_failures(kind: Kind, inputs: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with plain inputs: required ones that are absent, values of a wrong type.

    In the words of the real plugin (validateType and validateProperty in its provider.go).
    """
    missing = [name for name in kind.parameters if inputs.get(name) is None]
    shape = inputs_of(kind.token)
    body = Object(shape.properties, tuple(kind.required))
    failures = [_missing(name) for name in missing]
    failures += _object_failures("", body, inputs)
    if kind.needs_location and inputs.get("location") is None:
        failures.append(f"{_missing('location')}. {_SET_LOCATION}")
    return failures


def _missing(name: str) -> str:
    return f"missing required property '{name}'"


def _object_failures(place: str, shape: Object, values: Mapping[str, Any]) -> list[str]:
    prefix = f"{place}." if place else ""
    failures = [_missing(f"{prefix}{name}") for name in shape.required if values.get(name) is None]
    for name, value in values.items():
        if name in shape.properties and value is not None:
            failures += _value_failures(f"{prefix}{name}", shape.properties[name], value)
    return failures


def _value_failures(place: str, kind: Type, value: Any) -> list[str]:
    if value is UNKNOWN or kind == ANY or isinstance(value, bool):
        return []
    items, fields = items_of(kind), object_of(kind)
    if isinstance(value, Mapping):
        return _object_failures(place, fields, value) if fields is not None else []
    if isinstance(value, list) and items is not None:
        found = (
            _value_failures(f"{place}[{index}]", items, each) for index, each in enumerate(value)
        )
        return [failure for failures in found for failure in failures]
    got = (
        "an array"
        if isinstance(value, list)
        else "a string"
        if isinstance(value, str)
        else "a number"
    )
    wanted = name_of(kind)
    fits = {"a string": ("string",), "a number": ("integer", "number")}.get(got, ())
    if wanted not in fits:
        return [f"'{place}' should be of type '{wanted}' but got {got}"]
    if wanted == "integer" and not float(value).is_integer():
        return [f"'{place}' must be an integer but got {value:f}"]
    return []
