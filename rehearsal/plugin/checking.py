"""`Check`: the inputs of a resource completed with a name, a location and the API version."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.plugin.answers import ArmError
from rehearsal.plugin.arm import Arm
from rehearsal.plugin.kinds import Kind
from rehearsal.plugin.naming import Mode, automatic_name
from rehearsal.plugin.values import UNKNOWN, plain

_GROUP_API = "2020-10-01"  # which the real plugin uses for this one question
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
        if answer.status == 404:
            return None
        if answer.status != 200:
            message = f"the location of resource group '{group}' cannot be read: {answer.failure()}"
            raise ArmError(message)
        location = str(answer.body.get("location", ""))
        with self._lock:
            self._locations[group.lower()] = location
        return location


def missing_inputs(kind: Kind, inputs: Mapping[str, Any]) -> list[str]:
    """Name the required inputs that are absent."""
    return [
        name
        for name in (*kind.parameters, *kind.required)
        if name not in inputs or inputs[name] is None
    ]
