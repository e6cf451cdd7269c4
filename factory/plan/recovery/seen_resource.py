"""What one resource in Azure says of the version that it is a part of: by name, tags, properties.

Pure. The names are contract (common/names.py), so that the name tells which part a resource is;
what carries our tags under another name is no part of anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from factory.common import names
from factory.common.versions import Version
from factory.ledger.model import Path
from factory.observed.model import Thing
from factory.observed.responses import thing_of
from factory.settings.stack import normal_region

SNAPSHOT, IMAGE, CAPTURE, LAB = "snapshot", "image", "capture", "lab"
# More copies of one snapshot never died one after another.
_MOST_COPIES = 20


@dataclass(frozen=True)
class Seen:
    """One resource as ARM tells it; ``place`` is the lab of a custom image, "" for the rest."""

    kind: str
    place: str
    raw: Mapping[str, Any]

    @cached_property
    def thing(self) -> Thing:
        """The resource as the plan knows one."""
        return thing_of(self.raw)

    @property
    def name(self) -> str:
        """Its name in Azure, in lower case."""
        return str(self.raw.get("name", "")).lower()

    @property
    def label(self) -> str:
        """How people call it."""
        folder = {SNAPSHOT: "snapshots", IMAGE: "images"}.get(self.kind, self.place)
        return f"{folder}/{self.raw.get('name', '')}"

    @property
    def region(self) -> str:
        """The region that it is in; "" for a custom image, which is where its lab is."""
        return normal_region(str(self.raw.get("location") or ""))

    def tag(self, name: str) -> str:
        """Give one of its tags, "" if it has none of that name."""
        return str(self.thing.tags.get(name) or "")

    def value(self, *keys: str) -> str:
        """Give a property as text by the keys that lead to it, "" if it is not told."""
        found: Any = self.raw.get("properties")
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return "" if found is None or isinstance(found, Mapping | list) else str(found)

    def texts(self, key: str) -> dict[str, str]:
        """Give a property that is an object as texts, {} if it is not told."""
        found = (self.raw.get("properties") or {}).get(key)
        pairs = found.items() if isinstance(found, Mapping) else ()
        return {str(name): str(value) for name, value in pairs if value}

    @property
    def fault(self) -> str:
        """Say why its tags cannot be read, "" if they can."""
        if not self.tag(names.DEFINITION):
            return f"it has no tag {names.DEFINITION}"
        try:
            Version.parse(self.tag(names.VERSION))
        except ValueError:
            return f"its tag {names.VERSION} is {self.tag(names.VERSION)[:40]!r}, which is none"
        return ""

    @property
    def key(self) -> tuple[str, Version]:
        """The version it is a part of; only where there is no :attr:`fault`."""
        return self.tag(names.DEFINITION), Version.parse(self.tag(names.VERSION))

    def part(self, *, builds: bool) -> Path | None:
        """Tell which part of its version it is by its name; None if it is none."""
        identity, version = self.key
        usual = names.image_name(identity, version)
        if self.kind == CAPTURE and builds and self.name == usual:
            return ("capture",)
        if self.kind == LAB and self.name == usual:
            return ("lab", self.place)
        if self.kind == IMAGE and self.name == names.backing_name(identity, version, self.region):
            return ("image", self.region)
        if self.kind == SNAPSHOT and builds and self.name == usual:
            return ("source",)
        copies = (
            names.copy_name(identity, version, self.region, number)
            for number in range(1, _MOST_COPIES)
        )
        return ("copy", self.region) if self.kind == SNAPSHOT and self.name in copies else None
