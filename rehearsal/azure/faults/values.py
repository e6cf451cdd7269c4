"""How the values of a fault rule are read; each ValueError is one line for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.azure.faults.capacity import CAPACITY
from rehearsal.azure.times import seconds

Json = dict[str, Any]

_METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE")
_LEFT_OUT: dict[str, Json] = {
    "artifact": {"name": None, "vm": "*", "message": "The script ended with an error.", "exit": 1},
    "failLater": {"code": "InternalServerError", "message": "An internal error occurred."},
}


def methods_of(value: Any) -> tuple[str, ...]:
    """Read one method or a list of them."""
    found = [str(each).upper() for each in (value if isinstance(value, list) else [value])]
    wrong = [each for each in found if each not in _METHODS]
    if wrong:
        message = f"no such method: {', '.join(wrong)} (there are {', '.join(_METHODS)})"
        raise ValueError(message)
    return tuple(found)


def whole(name: str, value: Any) -> int:
    """Read a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    message = f"{name} is a whole number, got {value!r}"
    raise ValueError(message)


def count(text: Json, name: str) -> int | None:
    """Read a whole number above 0, None if it is not given."""
    if text.get(name) is None:
        return None
    value = text[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"{name} is a whole number above 0, got {value!r}"
        raise ValueError(message)
    return value


def probability(value: Any) -> float:
    """Read a chance above 0 and at most 1."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        message = f"probability is above 0 and at most 1, got {value!r}"
        raise ValueError(message)
    return float(value)


def _status(value: Any) -> int:
    status = whole("status", value)
    if not 400 <= status <= 599:
        message = f"status is between 400 and 599, got {status}"
        raise ValueError(message)
    return status


def _delay(value: Any) -> float:
    return seconds(value) if isinstance(value, str) else float(whole("delay", value))


def _object(effect: str) -> Callable[[Any], Json]:
    def read(value: Any) -> Json:
        usual = _LEFT_OUT[effect]
        if not isinstance(value, dict) or set(value) - set(usual):
            message = f"{effect} has {', '.join(usual)}, got {value!r}"
            raise ValueError(message)
        full = {**usual, **value}
        if effect == "artifact":
            if not str(full["name"] or ""):
                message = "a fault names an artifact, such as 'windows-git' or 'windows-*'"
                raise ValueError(message)
            whole("exit", full["exit"])
        return full

    return read


def _percent(value: Any) -> int:
    percent = whole("copyDies", value)
    if not 0 <= percent <= 99:
        message = f"copyDies is a percentage from 0 to 99, got {percent}"
        raise ValueError(message)
    return percent


def _region(value: Any) -> str:
    region = str(value).replace(" ", "").lower()
    if not region.isalnum():
        message = f"replicationFails names a region, such as eastus2, got {value!r}"
        raise ValueError(message)
    return region


def _one_of(name: str, *allowed: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in allowed:
            message = f"{name} is one of {', '.join(map(str, allowed))}, got {value!r}"
            raise ValueError(message)
        return value

    return read


VALUES: dict[str, Callable[[Any], Any]] = {
    "status": _status,
    "drop": _one_of("drop", "before", "after"),
    "hold": _one_of("hold", "before", "after"),
    "delay": _delay,
    "hang": _one_of("hang", True),
    "failLater": _object("failLater"),
    "artifact": _object("artifact"),
    "repository": _one_of("repository", "lost"),
    "copyDies": _percent,
    "replicationFails": _region,
    "capacity": _one_of("capacity", *CAPACITY),
}
