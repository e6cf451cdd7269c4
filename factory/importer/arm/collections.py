"""The functions for lists and objects; those for both a list and a text are here too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from factory.importer.arm.values import (
    LARGEST,
    UnresolvedError,
    as_text,
    lowered,
    number_of,
    part,
)

_NOT_ONE = "has something else where a list, an object or a text is expected"


def list_of(value: Any) -> list[Any]:
    """Give a list. Raises UnresolvedError."""
    if isinstance(value, list):
        return value
    msg = "has something else where a list is expected"
    raise UnresolvedError(msg)


def _object_of(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    msg = "has something else where an object is expected"
    raise UnresolvedError(msg)


def _sized(value: Any) -> Any:
    if isinstance(value, str | list | Mapping):
        return value
    raise UnresolvedError(_NOT_ONE)


def _row(value: Any) -> Any:
    if isinstance(value, str | list):
        return value
    raise UnresolvedError(_NOT_ONE)


def _concat(*values: Any) -> Any:
    if values and all(isinstance(each, list) for each in values):
        return [item for each in values for item in each]
    if any(isinstance(each, list | Mapping) for each in values):
        msg = "concat() of texts and lists together"
        raise UnresolvedError(msg)
    return "".join(as_text(each) for each in values)


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, Mapping):
        return as_text(item).lower() in lowered(container)
    if isinstance(container, list):
        return any(type(each) is type(item) and each == item for each in container)
    return as_text(item) in _row(container)


def _at(value: Any, index: int) -> Any:
    """Give the first or the last: nothing of a list that is empty, an empty text of a text."""
    row = _row(value)
    if row:
        return row[index]
    return "" if isinstance(row, str) else None


def _index_of(value: Any, item: Any, last: bool = False) -> int:
    if isinstance(value, list):
        places = [i for i, each in enumerate(value) if type(each) is type(item) and each == item]
        return places[-1 if last else 0] if places else -1
    text, part_of = _row(value).lower(), as_text(item).lower()
    return int(text.rfind(part_of) if last else text.find(part_of))


def _union(*values: Any) -> Any:
    """Put lists or objects together; of objects in objects too, the later one counts."""
    if all(isinstance(each, list) for each in values):
        found: list[Any] = []
        for each in values:
            found += [item for item in each if item not in found]
        return found
    merged: dict[str, Any] = {}
    for each in values:
        for key, value in _object_of(each).items():
            name = next((old for old in merged if old.lower() == key.lower()), key)
            both = isinstance(merged.get(name), Mapping) and isinstance(value, Mapping)
            merged[name] = _union(merged[name], value) if both else value
    return merged


def _intersection(first: Any, *others: Any) -> Any:
    if isinstance(first, list):
        return [item for item in first if all(item in list_of(each) for each in others)]
    return {
        key: value
        for key, value in _object_of(first).items()
        if all(key in _object_of(each) and each[key] == value for each in others)
    }


def _object(*pairs: Any) -> dict[str, Any]:
    if len(pairs) % 2:
        msg = "createObject() needs a value for each name"
        raise UnresolvedError(msg)
    return {as_text(key): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _range(start: Any, count: Any) -> list[int]:
    if not 0 <= number_of(count) <= min(LARGEST, 10_000):
        msg = "range() of more than 10000, or of less than nothing"
        raise UnresolvedError(msg)
    return list(range(number_of(start), number_of(start) + number_of(count)))


def _extreme(choose: Callable[[list[int]], int], values: tuple[Any, ...]) -> int:
    numbers = list_of(values[0]) if len(values) == 1 and isinstance(values[0], list) else values
    if not numbers:
        msg = "max() or min() of nothing"
        raise UnresolvedError(msg)
    return choose([number_of(each) for each in numbers])


def access(value: Any, index: Any) -> Any:
    """Give ``value[index]``. Raises UnresolvedError if there is no such part."""
    if isinstance(value, Mapping) and isinstance(index, str):
        try:
            return part(value, index)
        except KeyError:
            msg = f"there is no property {index!r}"
            raise UnresolvedError(msg) from None
    if isinstance(value, list) and isinstance(index, int) and 0 <= index < len(value):
        return value[index]
    msg = "there is no such element" if isinstance(value, list) else "has no parts"
    raise UnresolvedError(msg)


def _try_get(value: Any, *path: Any) -> Any:
    for index in path:
        try:
            value = access(value, index)
        except UnresolvedError:
            return None
    return value


def _merged(objects: Any) -> dict[str, Any]:
    return {key: value for each in list_of(objects) for key, value in _object_of(each).items()}


def _from_end(items: Any, index: Any) -> Any:
    return access(list_of(items), len(items) - number_of(index))


# What they give is made of their arguments as they are; a hole within one stays where it is.
STRUCTURAL: Mapping[str, Callable[..., Any]] = {
    "array": lambda value: value if isinstance(value, list) else [value],
    "createarray": lambda *values: list(values),
    "createobject": _object,
    "empty": lambda value: value is None or not len(_sized(value)),
    "first": lambda value: _at(value, 0),
    "last": lambda value: _at(value, -1),
    "length": lambda value: len(_sized(value)),
    "skip": lambda value, count: _row(value)[max(number_of(count), 0) :],
    "take": lambda value, count: _row(value)[: max(number_of(count), 0)],
    "union": _union,
    "items": lambda value: [
        {"key": key, "value": each} for key, each in sorted(_object_of(value).items())
    ],
    "objectkeys": lambda value: sorted(_object_of(value)),
    "shallowmerge": _merged,
    "flatten": lambda lists: [item for each in list_of(lists) for item in list_of(each)],
    "indexfromend": _from_end,
    "tryget": _try_get,
    "tryindexfromend": lambda items, index: _try_get(list_of(items), len(items) - number_of(index)),
    "range": _range,
}
COLLECTIONS: Mapping[str, Callable[..., Any]] = {
    **STRUCTURAL,
    "concat": _concat,
    "contains": _contains,
    "indexof": _index_of,
    "lastindexof": lambda value, item: _index_of(value, item, last=True),
    "intersection": _intersection,
    "max": lambda *values: _extreme(max, values),
    "min": lambda *values: _extreme(min, values),
}
