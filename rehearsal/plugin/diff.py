"""Comparing inputs: what changed, what of it replaces, and applying a drift to inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.plugin.kinds import Kind
from rehearsal.plugin.values import UNKNOWN, Secret, plain

_ABSENT = object()
CREATE_BEFORE_DELETE = "__createBeforeDelete"


@dataclass(frozen=True)
class Change:
    """One changed property: its path as the engine writes it, `add`, `delete` or `update`."""

    path: str
    kind: str
    replaces: bool


def compare(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """List the changes between two sets of plain inputs.

    Replacing are the path parameters and `location`, which is compared ignoring case and spaces;
    nothing else of these types is create-only.
    """
    changes: list[Change] = []
    for name in sorted({*old, *new}):
        if name == CREATE_BEFORE_DELETE:
            continue
        before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
        if name == "location" and _normal_location(before) == _normal_location(after):
            continue
        replaces = name in kind.parameters or name == "location"
        changes += [
            Change(path, what, replaces) for path, what in _differences(name, before, after)
        ]
    return changes


def _normal_location(value: Any) -> Any:
    return value.replace(" ", "").lower() if isinstance(value, str) else value


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, str]]:
    before = _ABSENT if before is None else before
    after = _ABSENT if after is None else after
    if before is after:
        return
    if before is _ABSENT:
        yield path, "add"
    elif after is _ABSENT:
        yield path, "delete"
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            inner = f"{path}.{name}" if name.isidentifier() else f'{path}["{name}"]'
            yield from _differences(inner, before.get(name, _ABSENT), after.get(name, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from _differences(
                f"{path}[{index}]",
                before[index] if index < len(before) else _ABSENT,
                after[index] if index < len(after) else _ABSENT,
            )
    elif after is UNKNOWN or type(before) is not type(after) or before != after:
        yield path, "update"


def apply_drift(
    inputs: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """Carry the difference between two readings over to the inputs of the program.

    Only what changed in Azure since the last update is touched, so that a refresh does not
    report every value that the service fills in by itself. A secret input stays a secret.
    """
    merged = dict(inputs)
    for name in {*before, *after}:
        old, new = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if old == new:
            continue
        mine = merged.get(name)
        inner = plain(mine)
        if new is _ABSENT:
            merged.pop(name, None)
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            new = apply_drift(inner if isinstance(inner, Mapping) else {}, old, new)
        merged[name] = Secret(new) if isinstance(mine, Secret) else new
    return merged
