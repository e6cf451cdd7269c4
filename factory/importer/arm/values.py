"""Values of the template language: plain data, with holes in it and secure parts.

A hole is what only a deployment knows. It is a text of two characters, so that a text which merely
passes by it (the lab's name within an id) is known but for it; the second says why (``Holes``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# A noncharacter, refused in what is read; then one of a private plane for each reason.
HOLE = "\ufdd0"
_FIRST = 0xF0000
_MOST = 0xFFFD
HOLES = re.compile(f"{HOLE}(.)", re.DOTALL)
# Characters and elements that one value may have.
LARGEST = 64 * 1024


class UnresolvedError(Exception):
    """An expression has no value before a deployment; the text says what stands in the way."""


@dataclass(frozen=True)
class Secure:
    """A value that something secure went into."""

    content: Any = field(repr=False)


@dataclass
class Holes:
    """Why what is open is open, for all the expressions of one template."""

    reasons: list[str] = field(default_factory=list)

    def hole(self, reason: str) -> str:
        """Give the hole for a reason."""
        if reason not in self.reasons and len(self.reasons) < _MOST:
            self.reasons.append(reason)
        known = reason in self.reasons
        return f"{HOLE}{chr(_FIRST + (self.reasons.index(reason) if known else 0))}"

    def why(self, value: Any) -> tuple[str, ...]:
        """Give the reasons for every hole in a value, each once."""
        marks = (at[1] for text in texts_in(value) for at in HOLES.finditer(text))
        return tuple(dict.fromkeys(self.reasons[ord(mark) - _FIRST] for mark in marks))


def texts_in(value: Any) -> Iterator[str]:
    """Give every text in a value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Secure):
        yield from texts_in(value.content)
    elif isinstance(value, list | Mapping):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(each)


def is_open(value: Any, *, deep: bool = True) -> bool:
    """Tell whether a hole is in a value; not ``deep``: whether itself is a text with one."""
    if deep:
        return any(HOLE in text for text in texts_in(value))
    return isinstance(value, str) and HOLE in value


def is_secure(value: Any) -> bool:
    """Tell whether anything secure is in a value."""
    if isinstance(value, list | Mapping):
        return any(map(is_secure, value.values() if isinstance(value, Mapping) else value))
    return isinstance(value, Secure)


def plain(value: Any) -> Any:
    """Give a value without the marks of what is secure."""
    if isinstance(value, Secure):
        return plain(value.content)
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def secured(value: Any) -> Any:
    """Give a value as a secure one."""
    return value if isinstance(value, Secure) else Secure(value)


def lowered(found: Any) -> dict[str, Any]:
    """Give an object by keys in lower case, as Azure compares them; {} if it is none."""
    if not isinstance(found, Mapping):
        return {}
    return {str(key).lower(): value for key, value in found.items()}


def part(value: Any, name: str) -> Any:
    """Give the property of an object whatever its letter case. Raises KeyError."""
    return value[name] if name in value else lowered(value)[name.lower()]


def as_text(value: Any) -> str:
    """Write a value as ARM does where a text is wanted."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | Mapping):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def number_of(value: Any) -> int:
    """Give a whole number. Raises UnresolvedError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    msg = "has something else where a number is expected"
    raise UnresolvedError(msg)


def size_of(value: Any) -> int:
    """Count characters and elements. Raises UnresolvedError for more than a value may have."""
    left = LARGEST
    within = [value]
    while within:
        each = within.pop()
        if isinstance(each, Secure):
            each = each.content
        if isinstance(each, int) and not -(2**63) <= each < 2**63:
            msg = "gives a number that is too large"
            raise UnresolvedError(msg)
        left -= 1 + (len(each) if isinstance(each, str | list | Mapping) else 0)
        if left < 0:
            msg = "gives a text that is too long"
            raise UnresolvedError(msg)
        within += each.values() if isinstance(each, Mapping) else each if type(each) is list else []
    return LARGEST - left
