"""A definition with its identity, and how definitions descend from one another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.common.errors import Problems
from factory.common.messages import suggestion
from factory.common.yaml_file import YamlFile
from factory.definitions.definition import Base, Definition, ParentBase

# To name them all would help nobody.
_MOST_NAMED = 12
# The tag by which the original factory said whose image one is.
IMAGE_PATH = "ImagePath"


@dataclass(frozen=True)
class Image:
    """A definition with its identity: the path below the images folder, without the ending.

    ``layers`` are the files that say it, the nearest last: where each value comes from.
    """

    identity: str
    file: str
    definition: Definition
    layers: tuple[YamlFile, ...] = field(default=(), compare=False, repr=False)

    def place(self, *loc: str | int) -> str:
        """Give ``file:line:col`` of a value, or of what is around it; the file if not known."""
        for end in range(len(loc), 0, -1):
            for layer in reversed(self.layers):
                if loc[:end] in layer.marks:
                    return layer.place(loc[:end])
        return self.layers[-1].place(()) if self.layers else self.file

    @property
    def names(self) -> tuple[str, ...]:
        """Its identity, then the ones it had before it moved."""
        return (self.identity, *self.definition.formerly)

    @property
    def shape(self) -> str:
        """Everything that shapes the image, and nothing else, as canonical JSON.

        Description, author, tags, time limit, retries and fallback sizes shape no bit of the disk,
        so changing them builds nothing; they reach the next version that is built anyway.
        """
        shape = self.definition.model_dump(
            mode="json", by_alias=True, include={"base", "os", "size", "disk_type", "capture"}
        )
        shape["artifacts"] = [
            artifact.model_dump(mode="json", by_alias=True)
            for artifact in self.definition.all_artifacts
        ]
        return canonical(shape)

    @property
    def fingerprint(self) -> str:
        """A hash of :attr:`shape`: equal means that a rebuild would make the same image."""
        return fingerprint_of(self.shape)


def canonical(shape: Mapping[str, Any]) -> str:
    """Write a shape down so that equal ones are equal as text."""
    return json.dumps(shape, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint_of(shape: str) -> str:
    """Give the hash of a shape."""
    return hashlib.sha256(shape.encode()).hexdigest()[:16]


def present_names(images: Mapping[str, Image]) -> dict[str, str]:
    """Give the present identity of every former one."""
    return {
        former: image.identity for image in images.values() for former in image.definition.formerly
    }


def parent_of(image: Image) -> str | None:
    """Give the identity of the definition an image is built on, None for a marketplace base."""
    base = image.definition.base
    return base.image if isinstance(base, ParentBase) else None


def generations(images: Mapping[str, Image]) -> dict[str, int]:
    """Give how many definitions stand below each one: 0 for one on a marketplace image.

    Only for definitions that passed :func:`check_lineage`; a cycle would not end.
    """
    depths: dict[str, int] = {}

    def depth(identity: str) -> int:
        if identity not in depths:
            parent = parent_of(images[identity])
            depths[identity] = depth(parent) + 1 if parent is not None and parent in images else 0
        return depths[identity]

    return {identity: depth(identity) for identity in images}


def root_base(images: Mapping[str, Image], image: Image) -> Base | None:
    """Give the marketplace image at the bottom; None if the chain is broken."""
    while (parent := parent_of(image)) is not None:
        if parent not in images:
            return None
        image = images[parent]
    base = image.definition.base
    return base if isinstance(base, Base) else None


def check_lineage(
    images: Mapping[str, Image], problems: Problems, faulty: Collection[str] = ()
) -> None:
    """Note unknown parents, parents of another system, and cycles.

    ``faulty`` are definitions that are there, but told of already.
    """
    for image in images.values():
        parent = parent_of(image)
        if parent is None:
            continue
        place = image.place("base", "image")
        if parent in faulty:
            continue
        if parent not in images:
            moved = present_names(images).get(parent)
            near = suggestion(parent, images) if len(images) <= _MOST_NAMED else ""
            problems.error(
                place,
                f"base.image: there is no definition {parent!r}",
                f"it moved: write {moved}" if moved else near,
            )
        elif images[parent].definition.os is not image.definition.os:
            problems.error(
                place,
                f"os is {image.definition.os.value}, but its base {parent} is "
                f"{images[parent].definition.os.value}",
            )
        if cycle := _cycle(images, image.identity):
            problems.error(place, f"is built on itself: {' -> '.join(cycle)}")


def check_moves(images: Mapping[str, Image], problems: Problems) -> None:
    """Note every ``formerly`` that cannot be meant: one past belongs to one definition that moved.

    A chain (a was b, b was c) shows as a name that still exists: b is either there or it is not.
    """
    claimed: dict[str, Image] = {}
    for image in images.values():
        for former in image.definition.formerly:
            other = claimed.setdefault(former, image)
            if former == image.identity:
                problems.error(image.file, f"formerly: {former} is its own name", "take it out")
            elif former in images:
                chain = images[former].definition.formerly
                older = f", and was {', '.join(chain)} itself" if chain else ""
                problems.error(
                    image.file,
                    f"formerly: {former} is still a definition ({images[former].file}){older}",
                    "a definition moves as a whole: delete the old file, or take the name out"
                    + (f"; list {', '.join(chain)} here too" if chain else ""),
                )
            elif other is not image:
                problems.error(
                    image.file,
                    f"formerly: {former} is claimed by {other.file} too",
                    "its versions can go on in one definition only",
                )


def _cycle(images: Mapping[str, Image], start: str) -> list[str] | None:
    seen = [start]
    while True:
        image = images.get(seen[-1])
        parent = parent_of(image) if image else None
        if parent is None:
            return None
        seen.append(parent)
        if parent == start:
            return seen
        if parent in seen[:-1]:
            return None  # a cycle further down, told at its own members


def definition_of(images: Iterable[Image], tags: Mapping[str, Any]) -> Image | None:
    """Find the definition whose images the original tagged so; letter case did not matter to it."""
    path = str(tags.get(IMAGE_PATH) or "").casefold()
    if not path:
        return None
    return next(
        (each for each in images if (each.definition.image_path or "").casefold() == path), None
    )
