"""The functions of ARM's template language that are a matter of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

LONGEST = 64 * 1024
# Stands in a text for what only a deployment knows; a noncharacter, refused in what is read.
HOLE = "\ufdd0"


class UnresolvedError(Exception):
    """An expression has no value before a deployment; the text says what stands in the way."""


def _resource_id(words: list[str]) -> str:
    """Write an id as ARM does; what precedes the type (subscription, group) is of no interest."""
    index = next((i for i, word in enumerate(words) if "/" in word), None)
    if index is None:
        msg = "resourceId() without a type"
        raise UnresolvedError(msg)
    provider, *types = words[index].split("/")
    names = words[index + 1 :]
    if len(types) != len(names):
        msg = "resourceId() needs one name for each part of its type"
        raise UnresolvedError(msg)
    pairs = "".join(f"/{kind}/{name}" for kind, name in zip(types, names, strict=True))
    return f"/subscriptions/{HOLE}/resourceGroups/{HOLE}/providers/{provider}{pairs}"


def _format(words: list[str]) -> str:
    if not words:
        msg = "format() without a text"
        raise UnresolvedError(msg)
    text, *values = words

    def put(found: re.Match[str]) -> str:
        index = int(found[1])
        if index >= len(values):
            msg = "format() with too few values"
            raise UnresolvedError(msg)
        return values[index]

    if text.count("{") * max(map(len, values), default=0) > LONGEST:
        msg = "gives a text that is too long"
        raise UnresolvedError(msg)
    return re.sub(r"\{(\d{1,3})\}", put, text)


def _first(words: list[str]) -> str:
    return words[0] if words else ""


FUNCTIONS: Mapping[str, Callable[[list[str]], str]] = {
    "concat": "".join,
    "string": _first,
    "tolower": lambda words: _first(words).lower(),
    "toupper": lambda words: _first(words).upper(),
    "trim": lambda words: _first(words).strip(),
    "format": _format,
    "resourceid": _resource_id,
}
OPEN = frozenset(
    {
        "resourcegroup",
        "subscription",
        "deployment",
        "uniquestring",
        "utcnow",
        "newguid",
        "reference",
    }
)
