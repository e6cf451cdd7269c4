"""Comparing inputs: what changed, what of it replaces, and applying a drift to inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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

    Path parameters and what the type can only be created with replace it. A location is compared
    ignoring case and spaces, the name of a resource group ignoring case, all else letter by letter.
    """
    changes: list[Change] = []
    for name in sorted({*old, *new}):
        if name == CREATE_BEFORE_DELETE:
            continue
        before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
        if name in _LIKENESS and _alike(_LIKENESS[name], before, after):
            continue
        fixed = name in kind.parameters or name in kind.create_only
        changes += [
            Change(path, what, fixed and (path == name or what == "update"))
            for path, what in _differences(name, before, after)
        ]
    return changes


_LIKENESS: Mapping[str, Callable[[str], str]] = {
    "location": lambda value: value.replace(" ", "").lower(),
    "resourceGroupName": str.lower,
}


def _alike(likeness: Callable[[str], str], before: Any, after: Any) -> bool:
    texts = isinstance(before, str) and isinstance(after, str)
    return texts and likeness(before) == likeness(after)


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
        if new is _ABSENT:
            merged.pop(name, None)
        elif name not in merged or old is _ABSENT:
            merged[name] = new
        else:
            mine = merged[name]
            drifted = _drifted(plain(mine), old, new)
            merged[name] = Secret(drifted) if isinstance(mine, Secret) else drifted
    return merged


def _drifted(mine: Any, old: Any, new: Any) -> Any:
    """Carry a difference over to one value; lists element by element, as they stand."""
    if all(isinstance(each, Mapping) for each in (mine, old, new)):
        return apply_drift(mine, old, new)
    if all(isinstance(each, list) for each in (mine, old, new)):
        common = min(len(mine), len(old))
        return [
            _drifted(mine[index], old[index], each) if index < common else each
            for index, each in enumerate(new)
        ]
    return new
