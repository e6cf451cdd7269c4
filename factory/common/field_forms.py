"""Says what a field takes, in a user's words instead of pydantic's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from factory.common.durations import spell_duration
from factory.common.fields import Strict, said_of

_TEXT = "text"
_WHOLE = "a whole number"
_DURATION = "a duration such as 90m, 4h or 1d12h"
_SWITCH = "true or false"
_DATE = "a date such as 2026-11-22"
# By the beginning of pydantic's name for a fault, which is the type that it wanted.
_KINDS = {
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "string_unicode": _TEXT,
    "int_": _WHOLE,
    "float_": "a number",
    "bool_": _SWITCH,
    "time_delta_": _DURATION,
    "datetime_": _DATE,
    "date_": _DATE,
    "list_": "a list",
    "dict_": "a mapping",
    "mapping_": "a mapping",
}
_BOUNDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}


def wanted(
    fault: ErrorDetails, fields: Iterable[FieldInfo], models: Iterable[type[BaseModel]]
) -> str:
    """Say what was expected; the ``fields`` are those of the place, ``models`` what they hold."""
    kind, ctx, value = fault["type"], fault.get("ctx", {}), fault.get("input")
    if kind in ("enum", "literal_error"):
        return f"expected {ctx['expected']}"
    if kind.startswith(("greater_than", "less_than")):
        return f"expected {_limits(fields) or 'another number'}"
    if kind in ("string_too_short", "string_too_long"):
        return f"expected {_counted(ctx, 'character', 'characters')}, got {len(str(value))}"
    if kind in ("too_short", "too_long"):
        return f"expected {_counted(ctx, 'entry', 'entries')}, got {ctx['actual_length']}"
    if kind == "string_pattern_mismatch":
        said = said_of(str(ctx["pattern"]))
        return f"expected {said}" if said else "is not of the form that is expected"
    if kind.startswith("model_"):
        named = (each for each in models if each.__name__ == ctx.get("class_name"))
        model = next(named, None)
        return f"expected {form_of(model)}" if model else "expected a mapping"
    kinds = (word for name, word in _KINDS.items() if kind.startswith(name))
    found = next(kinds, "something else")
    limits = _limits(fields) if found == _WHOLE else ""
    comma = "" if limits.startswith("from") else ","
    return f"expected {found}" + (f"{comma} {limits}" if limits else "")


def form_of(model: type[BaseModel]) -> str:
    """Say how a model is written: as it says itself, or by its fields."""
    own = model.form if issubclass(model, Strict) else ""
    return own or f"a mapping {fields_of(model)}"


def fields_of(model: type[BaseModel]) -> str:
    """Write the names of a model's fields in braces."""
    names = (info.alias or name for name, info in model.model_fields.items())
    return f"{{{', '.join(names)}}}"


def _limits(fields: Iterable[FieldInfo]) -> str:
    """Say between what a number or a length of time has to be; "" if nothing bounds it."""
    for info in fields:
        marks = [*info.metadata, *_marks(info.annotation)]
        limits = {
            name: _spelled(getattr(mark, name))
            for name in _BOUNDS
            for mark in marks
            if hasattr(mark, name)
        }
        if limits.keys() == {"ge", "le"}:
            return f"from {limits['ge']} to {limits['le']}"
        if limits:
            return " and ".join(f"{_BOUNDS[name]} {limit}" for name, limit in limits.items())
    return ""


def _marks(annotation: Any) -> Iterator[Any]:
    for mark in getattr(annotation, "__metadata__", ()):
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)
    for argument in get_args(annotation):
        yield from _marks(argument)


def _spelled(limit: Any) -> str:
    return spell_duration(limit) if isinstance(limit, timedelta) else str(limit)


def _counted(ctx: Mapping[str, Any], one: str, many: str) -> str:
    if "min_length" in ctx:
        least = ctx["min_length"]
        return f"at least {least} {many if least > 1 else one}"
    most = ctx["max_length"]
    return f"at most {most} {many if most > 1 else one}"
