"""Which definitions a stack has to do with: all of them, or in a trial stack only some."""

from __future__ import annotations

from collections.abc import Mapping

from factory.common.patterns import takes, takes_any
from factory.definitions.lineage import Image, parent_of
from factory.definitions.loader import Images
from factory.settings.stack import Settings
from factory.settings.stack_file import StackFile


def builds(settings: Settings, identity: str) -> bool:
    """Tell whether this stack's ``builds`` takes a definition, by its present name alone.

    What it was called before says nothing of who builds it today.
    """
    return not settings.built_here or takes(settings.built_here, identity)


def selected(images: Mapping[str, Image], settings: Settings) -> dict[str, Image]:
    """Give the definitions that ``builds`` takes; of a trial stack, those that ``only`` takes.

    The latter with all that they are built on, as far as ``builds`` takes it.
    """
    images = {name: image for name, image in images.items() if builds(settings, name)}
    if not settings.only:
        return images
    found: set[str] = set()
    for identity in images:
        name: str | None = identity if takes_any(settings.only, images[identity].names) else None
        while name is not None and name in images and name not in found:
            found.add(name)
            name = parent_of(images[name])
    return {identity: image for identity, image in images.items() if identity in found}


def with_always(images: Images, settings: Settings, stack: StackFile) -> Images:
    """Give the definitions with what the stack has every image get that it builds."""
    always = settings.always
    if always is None:
        return images
    written = stack.raw.get("always") or always.model_dump(by_alias=True)
    return images.within(always, stack.alone("always", written))
