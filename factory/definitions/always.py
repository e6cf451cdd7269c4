"""Lays the ``always`` of several files over one another: what is further away stays in force.

Elsewhere a nearer list replaces an inherited one; these add up. Each file is restated so that its
artifacts stand at their place in the whole: what looks a place up finds the file that says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from factory.common.yaml_file import Loc, YamlFile
from factory.definitions.artifact import Always

ALWAYS = "always"
_PARTS = tuple(Always.model_fields)


class _Defaults(BaseModel):
    always: Always = Always()


def fault_of(file: YamlFile) -> tuple[ValidationError, type[BaseModel]] | None:
    """Give what is wrong with the ``always`` of one file, and what it was to be; None if nothing.

    A nearer file must not hide it.
    """
    try:
        _Defaults.model_validate(file.data)
    except ValidationError as error:
        return error, _Defaults
    return None


def around(outer: YamlFile, layers: Sequence[YamlFile]) -> list[YamlFile]:
    """Put a file above others, which are restated already (the nearest last).

    Its ``first`` goes before all of theirs, its ``last`` after.
    """
    result = [outer, *layers]
    for part in _PARTS:
        own = _said(outer).get(part, [])
        # Each that has any was given all of them.
        inner = next((_said(each)[part] for each in layers if part in _said(each)), [])
        if part == "first":
            whole, moved = [*own, *inner], (0, len(own))
        else:
            whole, moved = [*inner, *own], (len(inner), 0)
        result = [
            _restated(each, part, whole, moved[index > 0]) if part in _said(each) else each
            for index, each in enumerate(result)
        ]
    return result


def _said(file: YamlFile) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = file.data.get(ALWAYS, {})
    return found


def _restated(file: YamlFile, part: str, whole: list[Any], moved: int) -> YamlFile:
    def place(loc: Loc) -> Loc:
        if loc[:2] != (ALWAYS, part) or len(loc) < 3:
            return loc
        return (*loc[:2], int(loc[2]) + moved, *loc[3:])

    data = file.data | {ALWAYS: _said(file) | {part: whole}}
    return replace(file, data=data, marks={place(loc): at for loc, at in file.marks.items()})
