"""What every lab holds, and how that stands to what there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from factory.common.versions import Version
from factory.page.stack_view import StackView
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.version_situation import VersionSituation


class State(StrEnum):
    """How the version that a lab holds of an image stands; of several the first that fits."""

    REVOKED = "revoked"
    MISSING = "missing"
    # It is to go: a day is set, or the lab takes the image no more.
    MARKED = "marked"
    PINNED = "pinned"
    HELD = "held"
    BEHIND = "behind"
    NEWEST = "newest"


@dataclass(frozen=True)
class Holding:
    """One image in one lab; ``version`` is the newest that it holds, None where it holds none.

    ``newest`` is the newest good one that there is, here or at a source.
    """

    lab: LabSituation
    image: ImageSituation
    version: VersionSituation | None
    versions: tuple[VersionSituation, ...]
    newest: Version | None
    state: State


def holdings(view: StackView) -> Iterator[Holding]:
    """Give all images that labs of a stack hold, or take and lack."""
    situation = view.situation
    for image in situation.images.values() if situation else ():
        newest = newest_of(image)
        for lab in situation.labs if situation else ():
            versions = tuple(each for each in image.own if lab.has(each))
            taken = lab.name in image.taken_by
            if not versions and (not taken or newest is None):
                continue
            version = versions[-1] if versions else None
            state = _state(lab, image, version, newest, taken=taken)
            yield Holding(lab, image, version, versions, newest, state)


def newest_of(image: ImageSituation) -> Version | None:
    """Give the newest good version of an image that there is, None if there is none."""
    known = [each.version for each in image.released]
    known += [each.entry.record.parsed() for each in image.good_offers]
    return max(known, default=None)


def _state(
    lab: LabSituation,
    image: ImageSituation,
    version: VersionSituation | None,
    newest: Version | None,
    *,
    taken: bool,
) -> State:
    if version is None:
        return State.MISSING
    if version.revoked:
        return State.REVOKED
    if not taken or not version.held.retiring.keys().isdisjoint({"", lab.name}):
        return State.MARKED
    if image.rules.pin is not None:
        return State.PINNED
    if image.rules.hold:
        return State.HELD
    return State.NEWEST if newest is None or version.version >= newest else State.BEHIND
