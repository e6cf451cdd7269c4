"""What an artifact asks of those who apply it, and what is wrong with how a definition does.

Pure. DevTest Labs checks the same, but only once a VM stands and is paid for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.common.messages import suggestion
from factory.definitions.definition import Applied, Definition

# A source of a lab may hold hundreds: only what resembles is named then.
_MOST_NAMED = 12


@dataclass(frozen=True)
class Manifest:
    """An artifact as its source offers it; parameters are those of its Artifactfile.json."""

    name: str
    os: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


# The artifacts of each source by lower-cased names; None for a source that the lab does not have.
Shelves = Mapping[str, Mapping[str, Manifest] | None]


@dataclass(frozen=True)
class ArtifactFault:
    """One fault: the place of the artifact in the definition, and what is wrong."""

    loc: tuple[str | int, ...]
    what: str
    todo: str = ""
    parameter: str | None = None

    def __str__(self) -> str:
        """Give the line of it, without its place."""
        return f"{self.what} -> {self.todo}" if self.todo else self.what


def artifact_faults(definition: Definition, shelves: Shelves) -> list[ArtifactFault]:
    """Check every artifact of a definition: what is added by itself and what verifies included."""
    found: list[ArtifactFault] = []
    for applied in definition.every_artifact:
        source = applied.artifact.source.lower()
        if source not in shelves:
            continue  # nobody looked
        shelf = shelves[source]
        if shelf is None:
            what = f"{applied.called}: the factory lab has no source {applied.artifact.source!r}"
            found.append(ArtifactFault(applied.loc, what, "add the source, or correct its name"))
        elif shelf:  # an empty one is still being read by the lab
            found += _faults(applied, definition, shelf)
    return found


def _faults(
    applied: Applied, definition: Definition, shelf: Mapping[str, Manifest]
) -> Iterator[ArtifactFault]:
    loc, artifact = applied.loc, applied.artifact
    manifest = shelf.get(artifact.name.lower())
    if manifest is None:
        near = suggestion(artifact.name, (each.name for each in shelf.values()))
        if near.startswith("known") and len(shelf) > _MOST_NAMED:
            near = ""
        what = f"{applied.called}: {artifact.source!r} has none of that name"
        yield ArtifactFault(loc, what, near)
        return
    if manifest.os.lower() != definition.os.value:
        what = f"{applied.called} is for {manifest.os}, the image is {definition.os.azure}"
        yield ArtifactFault(loc, what, "take one that is made for it")
        return
    known = {name.lower(): (name, spec) for name, spec in manifest.parameters.items()}
    given = {name.lower(): value for name, value in artifact.parameters.items()}
    for name in artifact.parameters:
        if name.lower() not in known:
            what = f"{applied.called}: {name} is not a parameter"
            todo = suggestion(name, manifest.parameters) or "it takes none"
            yield ArtifactFault(loc, what, todo, name)
    for key, (name, spec) in known.items():
        value = given.get(key, spec.get("defaultValue"))
        wrong = "" if key in given and not isinstance(value, str) else _wrong(spec, value)
        if wrong:
            what = f"{applied.called}: parameter {name} {wrong}"
            about = str(spec.get("description") or spec.get("displayName") or "")
            yield ArtifactFault(loc, what, f"it says: {about[:200]}" if about else "", name)


def _wrong(spec: Mapping[str, Any], value: Any) -> str:
    if value is None or value == "":
        return "" if spec.get("allowEmpty", False) else "needs a value"
    kind = str(spec.get("type", "string")).lower()
    if not _fits(kind, value):
        return f"takes {kind}, got {str(value)[:60]!r}"
    allowed = [str(choice) for choice in spec.get("allowedValues") or []]
    if allowed and str(value) not in allowed:
        return f"takes one of {', '.join(allowed)[:200]}, got {str(value)[:60]!r}"
    return ""


def _fits(kind: str, value: Any) -> bool:
    if kind == "bool":
        return str(value).lower() in {"true", "false", "0", "1"}
    if kind == "int":
        return str(value).removeprefix("-").isdigit()
    if kind in {"array", "object"} and isinstance(value, str):
        try:
            return isinstance(json.loads(value), list if kind == "array" else dict)
        except ValueError:
            return False
    return True
