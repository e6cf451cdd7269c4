"""The effective definition: what its file and the defaults above it say together, and who says it.

Pure: takes an image as it was read, gives lines for people and plain data for machines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from factory.common.yaml_file import Loc
from factory.definitions.definition import Definition
from factory.definitions.lineage import Image
from factory.definitions.loader import owner_of

BUILT_IN = "default"


@dataclass(frozen=True)
class Value:
    """One value and where it comes from: ``file:line:col``, or ``default``."""

    loc: Loc
    value: Any
    source: str


def values(image: Image) -> list[Value]:
    """Give every value of an effective definition, in the order in which fields are documented."""
    data = image.definition.model_dump(mode="json", by_alias=True, exclude_none=True)
    fields = [info.alias or to_camel(name) for name, info in Definition.model_fields.items()]
    found: list[Value] = []
    for name in fields:
        if name in data:
            found += _values(image, (name,), data[name])
    return found


def _values(image: Image, loc: Loc, value: Any) -> Iterator[Value]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _values(image, (*loc, key), inner)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _values(image, (*loc, index), inner)
    else:
        yield Value(loc, value, _source(image, loc))


def _source(image: Image, loc: Loc) -> str:
    """Name the file of a value; short forms (`keep: 3`, an artifact's name) stand for a part."""
    if owner_of(image.layers, loc) is None and _short_form(image, loc):
        loc = loc[:-1]
    owner = owner_of(image.layers, loc)
    return owner.place(loc) if owner else BUILT_IN


def _short_form(image: Image, loc: Loc) -> bool:
    owner = owner_of(image.layers, loc[:-1])
    if owner is None or loc[-1] not in {"name", "newest", "every"}:
        return False
    found: Any = owner.data
    for part in loc[:-1]:
        found = found[part]
    return not isinstance(found, dict)


def effective_text(image: Image) -> str:
    """Write the definition as YAML, each value with a remark that says where it comes from."""
    rows: list[tuple[str, str]] = []
    before: Loc = ()
    for value in values(image):
        rows += _opening(before, value.loc)
        rows.append((f"{_lead(value.loc)}{_scalar(value.value)}", value.source))
        before = value.loc
    rows += _added(image.definition)
    width = min(max(len(text) for text, source in rows if source), 60)
    lines = [f"{text.ljust(width)}  # {source}" if source else text for text, source in rows]
    files = ", ".join(layer.shown for layer in reversed(image.layers))
    return "\n".join([f"# {image.identity}: {files}", *lines])


def _added(definition: Definition) -> Iterator[tuple[str, str]]:
    """Give a remark for each artifact that nobody wrote as one."""
    for applied in definition.every_artifact:
        if applied.loc == ("os",):
            yield f"# then {applied.artifact.name}", f"added: capture is {definition.capture.value}"
        elif applied.loc == ("verify", "script"):
            yield f"# verify.script is run by {applied.artifact.name}", "added: verify has a script"


def _opening(before: Loc, loc: Loc) -> Iterator[tuple[str, str]]:
    """Give the lines of mappings and lists that begin above a value."""
    shared = 0
    while shared < min(len(before), len(loc) - 1) and before[shared] == loc[shared]:
        shared += 1
    for depth in range(shared, len(loc) - 1):
        if isinstance(loc[depth], str):
            yield f"{_lead(loc[: depth + 1])}".rstrip(), ""


def _lead(loc: Loc) -> str:
    """Indent a key; the first key of a list's item carries its dash."""
    indent = "  " * (sum(isinstance(part, str) for part in loc[:-1]) + _lists(loc[:-1]))
    last = loc[-1]
    if isinstance(last, int):
        return f"{indent}- "
    first = len(loc) > 1 and isinstance(loc[-2], int) and last == "name"
    return f"{indent[:-2]}- {last}: " if first else f"{indent}{last}: "


def _lists(loc: Loc) -> int:
    return sum(isinstance(part, int) for part in loc)


def _scalar(value: Any) -> str:
    """Write a value so that YAML reads it as what it is; JSON's text is YAML's quoted text."""
    if isinstance(value, str) and value and _is_plain(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    return text[0].isalpha() and all(each.isalnum() or each in " ._-/" for each in text)


def effective_json(image: Image) -> str:
    """Write the definition for machines: values as they are, and their places beside them."""
    verification = image.definition.verification
    places = {".".join(str(part) for part in each.loc): each.source for each in values(image)}
    return json.dumps(
        {
            "schema": "image-factory/definition/1",
            "image": image.identity,
            "definition": image.definition.model_dump(mode="json", by_alias=True),
            "artifacts": [artifact.name for artifact in image.definition.all_artifacts],
            "verification": None
            if verification is None
            else [artifact.name for artifact in verification],
            "from": places,
        },
        indent=2,
        ensure_ascii=False,
    )
