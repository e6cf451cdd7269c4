"""Reads ``images/**/*.yaml``: one file, one definition; ``defaults.yaml`` inherits downwards."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from factory.lineage import Image, check_lineage, check_moves
from factory.models import Definition, Os, Verify
from factory.names import image_stem
from factory.problems import Problems
from factory.yamlfile import Loc, YamlFile, read_yaml

DEFAULTS = "defaults.yaml"
# What pydantic puts between the keys of a place: the branch of a union that it tried.
_PYDANTICS_OWN = {
    "str",
    "SecretRef",
    "VaultRef",
    "[key]",
    "marketplace",
    "parent",
    "list",
    "mapping",
}
_SEGMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.IGNORECASE)


def load_images(folder: Path, shown: str, problems: Problems) -> dict[str, Image]:
    """Read every definition below ``folder``; faults go to ``problems``, good ones are returned.

    ``shown`` is how the folder is called in messages. An absent or empty folder is a fault: an
    image factory that suddenly has no definitions is far more likely a wrong path than a wish.
    """
    if not folder.is_dir():
        problems.error(shown, "is not a folder", "set `image-factory:images` to where images are")
        return {}
    loader = _Loader(folder, problems)
    loader.walk(folder, shown, [])
    found = loader.found
    if not found and not problems.errors:
        problems.error(shown, "holds no definition", "an empty images folder retires nothing")
    _check_identities(found, problems)
    check_lineage(found, problems)
    check_moves(found, problems)
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class _Loader:
    """One reading of an images folder: what is found, and what is wrong with it."""

    root: Path
    problems: Problems
    found: dict[str, Image] = field(default_factory=dict)

    def walk(self, folder: Path, shown: str, inherited: list[YamlFile]) -> None:
        """Read a folder and all below it; its ``defaults.yaml`` joins what is inherited."""
        defaults = folder / DEFAULTS
        if defaults.is_file():
            layer = read_yaml(defaults, f"{shown}/{DEFAULTS}", self.problems)
            inherited = [*inherited, layer] if layer else inherited
        try:
            entries = sorted(os.scandir(folder), key=lambda item: item.name)
        except OSError as error:
            self.problems.error(shown, f"cannot be read: {error.strerror}", "see its permissions")
            return
        for entry in entries:
            name = f"{shown}/{entry.name}"
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                self.problems.error(
                    name, "is a symbolic link", "put the file itself into the folder"
                )
            elif entry.is_dir():
                self.walk(Path(entry.path), name, inherited)
            elif entry.name.endswith(".yml"):
                self.problems.error(name, "ends in .yml", "definitions end in .yaml")
            elif entry.name.endswith(".yaml") and entry.name != DEFAULTS:
                self._one(Path(entry.path), name, inherited)

    def _one(self, path: Path, shown: str, inherited: list[YamlFile]) -> None:
        identity = path.relative_to(self.root).with_suffix("").as_posix()
        for segment in identity.split("/"):
            if not _SEGMENT.fullmatch(segment):
                self.problems.error(
                    shown,
                    f"the name {segment!r} cannot be used",
                    "letters, digits, - . _ (63 at most)",
                )
                return
        own = read_yaml(path, shown, self.problems)
        if own is None:
            return
        layers = [*inherited, own]
        merged: dict[str, Any] = {}
        for layer in layers:
            merged = _merge(merged, layer.data)
        try:
            definition = Definition.model_validate(merged)
        except ValidationError as error:
            report(error, layers, self.problems)
            return
        image = Image(identity, shown, definition)
        _check(image, layers, self.problems)
        self.found[identity] = image


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a nearer file over what is inherited: mappings merge, all else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merge(old, value) if both and old is not None else value
    return merged


def report(error: ValidationError, layers: list[YamlFile], problems: Problems) -> None:
    """Note each fault that pydantic found at the place of the value in the file it came from."""
    for fault in error.errors():
        loc: Loc = tuple(part for part in fault["loc"] if part not in _PYDANTICS_OWN)
        owner = next((layer for layer in reversed(layers) if loc in layer.marks), layers[-1])
        field = ".".join(str(part) for part in loc) or "the file"
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "missing":
            message = "is required"
        elif fault["type"] == "extra_forbidden":
            message = "is not a known field"
        elif isinstance(fault.get("input"), str):
            message = f"{message[0].lower()}{message[1:]}, got {fault['input']!r}"
        problems.error(owner.place(loc), f"{field}: {message}")


def _check(image: Image, layers: list[YamlFile], problems: Problems) -> None:
    """Faults that no single field shows."""
    own, definition = layers[-1], image.definition
    wrong_end = {Os.WINDOWS: Os.LINUX, Os.LINUX: Os.WINDOWS}[definition.os].generalizer
    generalizers = (definition.os.generalizer, wrong_end)
    for index, artifact in enumerate(definition.artifacts):
        place = own.place(("artifacts", index))
        if artifact.name == wrong_end:
            problems.error(place, f"{artifact.name} does not run on {definition.os.value}")
        elif artifact.name in generalizers and index + 1 < len(definition.artifacts):
            problems.error(
                place,
                f"{artifact.name} must be the last artifact: the VM is unusable after it",
            )
    for artifact in definition.verification or ():
        if artifact.name in generalizers:
            problems.error(
                own.place(("verify",)),
                f"verify: {artifact.name} has nothing to do here: it shuts the VM down",
            )
    verify = definition.verify
    script = verify.script if isinstance(verify, Verify) else None
    if script and definition.os is Os.WINDOWS and not script.file.lower().endswith(".ps1"):
        problems.error(
            own.place(("verify", "script", "url")),
            f"verify.script.url: {script.file} is no PowerShell script",
            "on windows its name has to end in .ps1",
        )


def _check_identities(found: Mapping[str, Image], problems: Problems) -> None:
    """Two identities that give one Azure name would overwrite each other's images."""
    by_name: dict[str, tuple[str, Image]] = {}
    for image in found.values():
        # Former names too: their images are still there.
        for name in image.names:
            stem = image_stem(name)
            known, other = by_name.setdefault(stem, (name, image))
            if other is not image and name != known:
                problems.error(
                    image.file,
                    f"{name} and {known} give the same Azure name {stem!r}",
                    "rename one of the two files",
                )


__all__ = ["Image", "load_images", "report"]
