"""Puts what a model found wrong into a user's words: what, what was expected, what to do."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from factory.common.field_forms import fields_of, wanted

# What pydantic puts between the keys of a place: the branch of a union that it tried.
_PYDANTICS_OWN = frozenset(
    {"str", "SecretRef", "VaultRef", "[key]", "marketplace", "parent", "list", "mapping"}
)
_LONGEST_KEY = 64
_LONGEST_VALUE = 60


def where_of(loc: tuple[int | str, ...], known: Iterable[Mapping[Any, Any]]) -> tuple[Any, ...]:
    """Give the place of a fault as keys of the file alone; ``known`` are the places in files."""
    found: tuple[int | str, ...] = ()
    for part in loc:
        if part not in _PYDANTICS_OWN or any((*found, part) in marks for marks in known):
            found = (*found, part)
    return found


def said_of(name: str, what: str) -> str:
    """Put a field's name before what :func:`told` says is wrong with it, as one sentence."""
    joint = " " if what.startswith(("is required", "is not a known")) else ": "
    return f"{name}{joint}{what}"


def explained(fault: ErrorDetails, loc: tuple[Any, ...], model: type[BaseModel]) -> tuple[str, str]:
    """Say what is wrong with a field and what to do; ``model`` is what the whole file should be."""
    kind, value = fault["type"], fault.get("input")
    if kind == "missing":
        example = _example(model, loc)
        return "is required", f"add it, {example}" if example else "add it"
    if kind == "extra_forbidden":
        return "is not a known field", _unknown(model, loc)
    if kind == "value_error":
        message = fault["msg"].removeprefix("Value error, ")
        message = f"{message[0].lower()}{message[1:]}"
        return (message if isinstance(value, list | dict) else _got(message, value)), ""
    found = wanted(fault, _fields(model, loc), _models(model, loc))
    if kind in ("enum", "literal_error"):
        return _got(found, value), _similar(
            str(value), str(fault["ctx"]["expected"]).replace(" or ", ", ").split(", ")
        )
    if kind == "list_type" and isinstance(value, str) and len(value) <= _LONGEST_VALUE:
        return _got(found, value), f"write it in brackets: [{value}]"
    return _got(found, value), _instead(model, loc)


def _unknown(model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    name, known = str(loc[-1]), _names(model, loc[:-1])
    if name in known:  # of the other form of a field that has two
        forms = " or ".join(fields_of(each) for each in _models(model, loc[:-1]))
        return f"it does not go with what stands beside it; write {forms}"
    return suggestion(name, known)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name may have been meant."""
    choices = sorted(known)
    if alien := look_alike(name):
        return f"{alien}; write it with plain letters"
    if len(name) > _LONGEST_KEY or not choices:
        return ""
    return near_name(name, choices) or f"known here: {', '.join(choices)}"


def near_name(name: str, known: Iterable[str]) -> str:
    """Ask whether the most similar of the known names was meant; "" if none is similar."""
    near = nearest(name, known)
    return f"did you mean {near}?" if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the most similar of the known names, "" if none is similar.

    The last part of a path will do where it is that of one name alone: ``rhel-9`` for
    ``linux/rhel-9``.
    """
    by_lower = {choice.lower(): choice for choice in sorted(known)}
    ending = [each for each in by_lower if each.endswith(f"/{name.lower()}")]
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    found = ending if len(ending) == 1 else near
    return by_lower[found[0]] if found else ""


def look_alike(text: str) -> str:
    """Name the first letter that is not ASCII; "" if there is none."""
    found = next((letter for letter in text if not letter.isascii()), None)
    if found is None:
        return ""
    return f"it has U+{ord(found):04X} {unicodedata.name(found, 'a letter without a name')}"


def _similar(value: str, quoted: Iterable[str]) -> str:
    if len(value) > _LONGEST_KEY:
        return ""
    return near_name(value, (name.strip("'\"") for name in quoted))


def _got(message: str, value: Any) -> str:
    if "got " in message:
        return message
    if value is None:
        return f"{message}, got nothing"
    if isinstance(value, list | dict):
        return f"{message}, got a {'list' if isinstance(value, list) else 'mapping'}"
    if not isinstance(value, str | int | float | bool):
        return message
    if isinstance(value, bool):
        return f"{message}, got {str(value).lower()}"
    shown = (
        repr(value) if len(str(value)) <= _LONGEST_VALUE else f"{str(value)[:_LONGEST_VALUE]!r}..."
    )
    alien = look_alike(value) if isinstance(value, str) else ""
    return f"{message}, got {shown}" + (f" ({alien})" if alien else "")


def _instead(model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    example = _example(model, loc)
    return f"write it {example}" if example else ""


def _example(model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    """Give an example of the field, which stands in its model for the schema too."""
    examples = (info.examples[0] for info in _fields(model, loc) if info.examples)
    found = next(examples, None)
    return "" if found is None else f"such as {_spelled(found)}"


def _spelled(example: Any) -> str:
    if isinstance(example, Mapping):
        return "{" + ", ".join(f"{key}: {_spelled(value)}" for key, value in example.items()) + "}"
    if isinstance(example, list):
        return f"[{', '.join(_spelled(value) for value in example)}]"
    return str(example)


def _fields(model: type[BaseModel], loc: tuple[Any, ...]) -> list[FieldInfo]:
    """Give the fields that may stand at a place; none for the whole, or an entry of a list."""
    return [
        info
        for parent in _models(model, loc[:-1])
        for name, info in parent.model_fields.items()
        if loc and (info.alias or name) == loc[-1]
    ]


def _names(model: type[BaseModel], loc: tuple[Any, ...]) -> set[str]:
    return {
        info.alias or name
        for parent in _models(model, loc)
        for name, info in parent.model_fields.items()
    }


def _models(model: type[BaseModel], loc: tuple[Any, ...]) -> list[type[BaseModel]]:
    """Give the models that may stand at a place below ``model``."""
    found = [model]
    for part in loc:
        inside: list[type[BaseModel]] = []
        for each in found:
            fields = {info.alias or name: info for name, info in each.model_fields.items()}
            if part in fields:
                inside += _within(fields[part].annotation)
        # A position in a list, or a free key such as a parameter's name, stays with its models.
        found = inside or found
    return found


def _within(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _within(argument)
