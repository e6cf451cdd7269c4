"""Who uses what in the labs: VMs and formulas by the image that they are made from. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from factory.common.names import image_name
from factory.common.versions import Version
from factory.observed.model import Use
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import VersionSituation

_VERSION = re.compile(r"-([0-9]{8})-([1-9][0-9]{0,5})$")


class UsedState(StrEnum):
    """How the version that is used stands to the newest good one of its lab."""

    NEWEST = "newest"
    BEHIND = "behind"
    REVOKED = "revoked"
    # The lab has it no more; what is made from it runs on.
    GONE = "gone"
    # No image of this stack's.
    OTHER = "other"


@dataclass(frozen=True)
class Usage:
    """A VM or a formula of a lab, and the version that it is made from.

    ``image`` is the definition by its present name, "" for an image that is not the factory's;
    ``built`` is when its build began, None where nobody knows; ``newest`` what the lab has by now.
    """

    lab: str
    use: Use
    custom_image: str
    state: UsedState
    image: str = ""
    version: str = ""
    built: datetime | None = None
    newest: str = ""

    def age(self, now: datetime) -> timedelta | None:
        """Tell how old the image is that it is made from."""
        return None if self.built is None else now - self.built


def usages(situation: Situation, older_than: timedelta = timedelta()) -> list[Usage]:
    """List what is used, lab by lab, the oldest images first.

    With ``older_than`` those alone whose image was built longer ago, or nobody knows when.
    """
    known = _Known(situation)
    found = [each for lab in situation.labs for each in _of_lab(lab, known)]
    now = situation.now
    found = [each for each in found if (age := each.age(now)) is None or age >= older_than]
    never = datetime.min.replace(tzinfo=UTC)
    found.sort(key=lambda each: (each.lab, each.built or never, each.use.kind, each.use.name))
    return found


def _of_lab(lab: LabSituation, known: _Known) -> Iterator[Usage]:
    for name, uses in lab.uses.items():
        image, version, held = known.version(name)
        if image is None or version is None:
            thing = lab.thing(name)
            created = thing.created_at if thing else None
            yield from (Usage(lab.name, use, name, UsedState.OTHER, built=created) for use in uses)
            continue
        newest = newest_in(lab, image)
        revoked = known.revoked(image, version)
        state = UsedState.BEHIND
        if revoked:
            state = UsedState.REVOKED
        elif held is None or not lab.has(held):
            state = UsedState.GONE
        elif newest is None or newest.version <= version:
            state = UsedState.NEWEST
        day = datetime.strptime(f"{version.day}+0000", "%Y%m%d%z") if version else None
        built = (held.built if held else None) or day
        number = newest.number if newest else ""
        for use in uses:
            yield Usage(lab.name, use, name, state, image.identity, str(version), built, number)


def newest_in(lab: LabSituation, image: ImageSituation) -> VersionSituation | None:
    """Give the newest good version that a lab has of a definition."""
    return next((each for each in reversed(image.released) if lab.has(each)), None)


class _Known:
    """Which version a custom image is, by its name: of what the ledger holds, and of what it did.

    A version that is gone is told by its name alone: that of a definition, a day and a number.
    """

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._held = {
            each.image_name: (image, each.version, each)
            for image in situation.images.values()
            for each in image.versions
        }
        self._gone: dict[str, tuple[ImageSituation | None, Version | None, None]] = {}

    def version(
        self, name: str
    ) -> tuple[ImageSituation | None, Version | None, VersionSituation | None]:
        """Give definition, number and what is held of it, as far as each is known."""
        if name in self._held:
            return self._held[name]
        if name not in self._gone:
            self._gone[name] = self._by_name(name)
        return self._gone[name]

    def _by_name(self, name: str) -> tuple[ImageSituation | None, Version | None, None]:
        match = _VERSION.search(name)
        if match is not None:
            version = Version(int(match[1]), int(match[2]))
            for image in self._situation.images.values():
                if any(image_name(each, version).lower() == name for each in image.names):
                    return image, version, None
        return None, None, None

    def revoked(self, image: ImageSituation, version: Version) -> str:
        """Say why nobody is to use a version, "" if nothing is known against it."""
        told = self._situation.revoked
        return next(
            (why for each in image.names if (why := told.get(each, {}).get(str(version)))), ""
        )
