"""Which definitions a stack has to do with: all of them, or in a trial stack only some."""

from __future__ import annotations

from collections.abc import Mapping

from factory.lineage import Image, parent_of
from factory.patterns import takes_any
from factory.settings import Settings


def selected(images: Mapping[str, Image], settings: Settings) -> dict[str, Image]:
    """Give the definitions that ``only`` takes, with all that they are built on; all without it."""
    if not settings.only:
        return dict(images)
    found: set[str] = set()
    for identity in images:
        name: str | None = identity if takes_any(settings.only, images[identity].names) else None
        while name is not None and name in images and name not in found:
            found.add(name)
            name = parent_of(images[name])
    return {identity: image for identity, image in images.items() if identity in found}
