"""Images to adopt: found in a lab, shown, and put into the stack's file as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from factory.common import names
from factory.common.errors import FactoryError
from factory.definitions.lineage import IMAGE_PATH, definition_of
from factory.definitions.loader import Image
from factory.importer.notes import printable
from factory.observed.model import Thing
from factory.settings.stack import NAMESPACE

_KEY = f"{NAMESPACE}:adopt"


@dataclass(frozen=True, order=True)
class Candidate:
    """One image in a lab that carries the tag ``ImagePath``; ``fault`` says why it is left out."""

    definition: str
    created: str
    name: str
    image_path: str
    fault: str = ""


def candidates(things: Mapping[str, Thing], images: Mapping[str, Image]) -> list[Candidate]:
    """Give the images of the original factory among a lab's custom images, by definition."""
    found = []
    for thing in things.values():
        path = thing.tags.get(IMAGE_PATH)
        if not path or names.STACK in thing.tags:
            continue
        image = definition_of(images.values(), thing.tags)
        fault = "" if image else "no definition has this imagePath"
        fault = "Azure never finished it" if thing.broken else fault
        name = thing.id.rsplit("/", 1)[1]
        found.append(Candidate(image.identity if image else "", thing.created, name, path, fault))
    return sorted(found)


def with_adoption(text: str, lab: str, wanted: Iterable[Candidate]) -> str:
    """Give a stack file's text with the images to adopt; comments and all else stay as they are.

    Raises :class:`FactoryError` if the place for them cannot be told.
    """
    head = re.search(r"^config:[ \t]*(#.*)?\n((?:[ \t]*(?:#.*)?\n)*)(?P<indent> +)\S", text, re.M)
    if head is None or _KEY in (_config(text) or {}):
        there = f"{_KEY} is set already" if head else "it has no `config:` to put them into"
        msg = f"the stack file: {there} -> add the images by hand as they are shown"
        raise FactoryError(msg)
    one = head["indent"]
    lines = [f"{one}# Images of the original factory, taken in as they are (docs/moving-in.md)."]
    lines += [f"{one}{_KEY}:", f"{one}{one}{_quoted(lab)}:"]
    for each in wanted:
        said = printable(f"{each.definition}, made {each.created[:10]}")
        lines.append(f"{one}{one}{one}- {_quoted(each.name)}  # {said}")
    at = head.start("indent")
    changed = text[:at] + "\n".join(lines) + "\n" + text[at:]
    expected = {**(_config(text) or {}), _KEY: {lab: [each.name for each in wanted]}}
    if _config(changed) != expected:
        msg = "the stack file: it is written in a way that cannot be added to -> add them by hand"
        raise FactoryError(msg)
    return changed


def _config(text: str) -> dict[str, object] | None:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    found = content.get("config") if isinstance(content, dict) else None
    return found if isinstance(found, dict) else None


def _quoted(text: str) -> str:
    return str(yaml.safe_dump(text, default_style='"', allow_unicode=True, width=1000)).strip()
