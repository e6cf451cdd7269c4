"""Reads ``images/**/*.yaml``: one file, one definition; ``defaults.yaml`` inherits downwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from factory.common import messages
from factory.common.errors import Problems
from factory.common.names import image_stem
from factory.common.yaml_file import Limits, Loc, YamlFile, read_yaml
from factory.definitions.always import ALWAYS, around, fault_of
from factory.definitions.definition import Always, Definition, Os, Verify
from factory.definitions.file_walk import DEFAULTS, Found, Walk
from factory.definitions.lineage import Image, check_lineage, check_moves

# Of one file: more than that is not read by anybody, and would take its time to tell.
_MOST_FAULTS = 20
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Images:
    """What an images folder holds: sound definitions, and the identities of faulty ones.

    What speaks of a faulty definition is right to do so, and must not be called wrong as well.
    """

    sound: dict[str, Image] = field(default_factory=dict)
    faulty: frozenset[str] = frozenset()

    def within(self, always: Always, said: YamlFile) -> Images:
        """Give them with what a stack has every image get; ``said`` is the file that says it."""
        sound = {name: _within(image, always, said) for name, image in self.sound.items()}
        return replace(self, sound=sound)


def _within(image: Image, always: Always, said: YamlFile) -> Image:
    both = always.around(image.definition.always)
    return replace(
        image,
        definition=image.definition.model_copy(update={ALWAYS: both}),
        layers=tuple(around(said, image.layers)),
    )


def load_images(folder: Path, shown: str, problems: Problems) -> dict[str, Image]:
    """Read every definition below ``folder``; faults go to ``problems``, good ones are returned.

    ``shown`` is how the folder is called in messages. An absent or empty folder is a fault: an
    image factory that suddenly has no definitions is far more likely a wrong path than a wish.
    """
    return read_images(folder, shown, problems).sound


def read_images(folder: Path, shown: str, problems: Problems) -> Images:
    """Read as :func:`load_images`, and say which definitions are there but faulty."""
    if not folder.is_dir():
        problems.error(shown, "is not a folder", "set `image-factory:images` to where images are")
        return Images()
    walk = Walk(folder, problems)
    reader = _Reader(problems)
    found: dict[str, Image] = {}
    faulty: set[str] = set()
    for file in walk.files(shown):
        image = reader.image(file)
        if image is None:
            faulty.add(file.identity)
        else:
            found[file.identity] = image
    faulty |= walk.refused
    if not found and not problems.errors:
        problems.error(shown, "holds no definition", "an empty images folder retires nothing")
    _check_identities(found, problems)
    check_lineage(found, problems, faulty)
    check_moves(found, problems)
    return Images(dict(sorted(found.items())), frozenset(faulty))


@dataclass(frozen=True)
class _Reader:
    """Reads files and the defaults above them, each of which is read once."""

    problems: Problems
    defaults: dict[Path, YamlFile | None] = field(default_factory=dict)

    def image(self, file: Found) -> Image | None:
        """Make the definition of a file; None, with its faults noted, if it is not sound."""
        above = [self._default(path, shown) for path, shown in file.defaults]
        own = read_yaml(file.path, file.shown, self.problems)
        if own is None:
            return None
        if ALWAYS in own.data:
            self.problems.error(
                own.place((ALWAYS,)),
                f"{ALWAYS} is for what is below a {DEFAULTS}, or for a stack",
                "write them as artifacts of this definition",
            )
            return None
        layers = [own]
        for layer in reversed([layer for layer in above if layer]):
            layers = around(layer, layers)
        definition = self._definition(layers, whole=None not in above)
        if definition is None:
            return None
        image = Image(file.identity, file.shown, definition, tuple(layers))
        before = len(self.problems.errors)
        _check(image, self.problems)
        return image if len(self.problems.errors) == before else None

    def _default(self, path: Path, shown: str) -> YamlFile | None:
        if path not in self.defaults:
            file = read_yaml(path, shown, self.problems)
            if file and (fault := fault_of(file)):
                report(fault[0], [file], self.problems, model=fault[1])
                file = None
            self.defaults[path] = file
        return self.defaults[path]

    def _definition(self, layers: Sequence[YamlFile], *, whole: bool) -> Definition | None:
        try:
            definition = Definition.model_validate(merged(layers))
        except ValidationError as error:
            report(error, layers, self.problems, whole=whole)
            return None
        return definition if whole else None


def merged(layers: Sequence[YamlFile]) -> dict[str, Any]:
    """Lay files over one another, the nearest last."""
    found: dict[str, Any] = {}
    for layer in layers:
        found = _merge(found, layer.data)
    return found


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a nearer file over what is inherited: mappings merge, all else is replaced.

    A base of another kind (a definition, a marketplace image) replaces the inherited one: the two
    have no field in common.
    """
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            other_kind = key == "base" and ("image" in old) != ("image" in value)
            result[key] = value if other_kind else _merge(old, value)
        else:
            result[key] = value
    return result


def owner_of(layers: Sequence[YamlFile], loc: Loc) -> YamlFile | None:
    """Give the nearest file that says a value; None if none does (a built-in default)."""
    return next((layer for layer in reversed(layers) if loc in layer.marks), None)


def place_of(layers: Sequence[YamlFile], loc: Loc) -> str:
    """Give ``file:line:col`` of a value, or of what is around it, in the file that says it."""
    while loc:
        owner = owner_of(layers, loc)
        if owner is not None:
            return owner.place(loc)
        loc = loc[:-1]
    return layers[-1].place(())


def read_model(
    path: Path, shown: str, problems: Problems, model: type[_Model], limits: Limits
) -> tuple[_Model, YamlFile] | None:
    """Read a file that is one ``model``; faults are noted with their places, and give None."""
    file = read_yaml(path, shown, problems, limits=limits)
    if file is None:
        return None
    try:
        return model.model_validate(file.data), file
    except ValidationError as error:
        report(error, [file], problems, model=model)
        return None


def report(
    error: ValidationError,
    layers: Sequence[YamlFile],
    problems: Problems,
    *,
    whole: bool = True,
    model: type[BaseModel] = Definition,
) -> None:
    """Note each fault that pydantic found at the place of the value in the file it came from.

    ``model`` is what the files should be together. ``whole`` is False if a file above could not be
    read: what is missing may stand there.
    """
    found = [fault for fault in error.errors() if whole or fault["type"] != "missing"]
    marks = [layer.marks for layer in layers]
    for fault in found[:_MOST_FAULTS]:
        loc: Loc = messages.where_of(fault["loc"], marks)
        name = ".".join(str(part)[:80] for part in loc) or "the file"
        what, todo = messages.explained(fault, loc, model)
        place = place_of(layers, loc)
        inherited = not place.startswith(f"{layers[-1].shown}:")
        if inherited and fault["type"] != "missing":
            todo = todo or "correct it there, or set it in the definition"
        problems.error(place, f"{name}: {what}", todo)
    if len(found) > _MOST_FAULTS:
        more = len(found) - _MOST_FAULTS
        problems.error(layers[-1].shown, f"and {more} more faults", "correct these first")


def _check(image: Image, problems: Problems) -> None:
    """Faults that no single field shows."""
    definition, layers = image.definition, image.layers
    wrong_end = {Os.WINDOWS: Os.LINUX, Os.LINUX: Os.WINDOWS}[definition.os].generalizer
    generalizers = (definition.os.generalizer, wrong_end)
    for index, artifact in enumerate(definition.artifacts):
        place = place_of(layers, ("artifacts", index))
        if artifact.name == wrong_end:
            said = place_of(layers, ("os",))
            problems.error(
                place,
                f"{artifact.name} does not run on {definition.os.value}",
                f"os is said at {said}; leave it out, {definition.os.generalizer} is added anyway",
            )
        elif artifact.name in generalizers and index + 1 < len(definition.artifacts):
            problems.error(
                place,
                f"{artifact.name} must be the last artifact: the VM is unusable after it",
                "move it to the end, or leave it out: it is added anyway",
            )
    for applied in definition.every_artifact:
        if applied.verifies and applied.artifact.name in generalizers:
            problems.error(
                place_of(layers, applied.loc),
                f"verify: {applied.artifact.name} has nothing to do here: it shuts the VM down",
                "take it out",
            )
    verify = definition.verify
    script = verify.script if isinstance(verify, Verify) else None
    if script and definition.os is Os.WINDOWS and not script.file.lower().endswith(".ps1"):
        problems.error(
            place_of(layers, ("verify", "script", "url")),
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


__all__ = ["DEFAULTS", "Image", "Images", "load_images", "read_images", "report"]
