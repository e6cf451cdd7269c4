"""Outputs as a preview can know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.plugin.kinds import Kind, Nested
from rehearsal.plugin.values import UNKNOWN, Secret

_STABLE = ("name", "type", "location", "azureApiVersion")


def preview_outputs(
    kind: Kind, inputs: Mapping[str, Any], old_outputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Foretell outputs: inputs as they are, what never changes as it was, the rest unknown."""
    kept = {name: old_outputs[name] for name in _STABLE if name in old_outputs}
    known = {
        name: _foretell(value, kind.nested.get(name))
        for name, value in inputs.items()
        if name in kind.outputs
    }
    return {**dict.fromkeys(kind.outputs, UNKNOWN), **kept, **known}


def _foretell(value: Any, nested: Nested | None) -> Any:
    """Add what Azure will fill in inside a nested resource, such as the id of a subnet.

    Left out, a program would read it as None instead of as unknown.
    """
    if nested is None:
        return value
    if isinstance(value, Secret):
        return Secret(_foretell(value.value, nested))
    if isinstance(value, list):
        return [_foretell(item, nested) for item in value]
    if not isinstance(value, Mapping):
        return value
    filled_in = dict.fromkeys((*nested.top, "provisioningState"), UNKNOWN)
    given = {name: _foretell(inner, nested.inside.get(name)) for name, inner in value.items()}
    return {**filled_in, **given}
