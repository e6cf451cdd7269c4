"""Judges every definition, parents first, and then what only the whole of them tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import Standing, VersionSituation
from factory.plan.verdicts.builds import judge_build
from factory.plan.verdicts.environment_changes import judge_environments
from factory.plan.verdicts.foreign_parents import judge_foreign, judge_parent
from factory.plan.verdicts.labs import judge_labs
from factory.plan.verdicts.offers import judge_offers
from factory.plan.verdicts.originals import judge_originals
from factory.plan.verdicts.retention import judge_released, readoption, retirement
from factory.plan.verdicts.verdict import (
    Arrival,
    Fate,
    ImageVerdict,
    Parent,
    Verdicts,
    VersionVerdict,
)


def judge(situation: Situation) -> Verdicts:
    """Decide what becomes of everything, as far as there is room for all builds."""
    images: list[ImageVerdict] = []
    parents: dict[str, Parent] = {}
    for image in situation.images.values():
        verdict = _judge_image(situation, image, parents)
        images.append(verdict)
        parents[image.identity] = verdict.parent
    return Verdicts(
        tuple(images),
        tuple(judge_originals(situation, images)),
        tuple(judge_environments(situation)),
        tuple(judge_labs(situation)),
    )


def _judge_image(
    situation: Situation, image: ImageSituation, parents: Mapping[str, Parent]
) -> ImageVerdict:
    """Judge one definition; ``parents`` says what each above it gives its children to build on."""
    released = judge_released(situation, image)
    parent, coming = judge_parent(situation, image)
    versions = (
        *(verdict for each in image.alive for verdict in _revoked(situation, image, each)),
        *released,
        *(_retired(situation, each) for each in image.own if each.standing is Standing.RETIRED),
        *judge_foreign(situation, image),
    )
    arrivals: tuple[Arrival, ...]
    if situation.builds:
        built = judge_build(situation, image, parents)
        if built is not None and built.build is not None:
            parent = Parent(built.build.name)
        arrivals = (*coming, *([built] if built is not None else []))
    else:
        arrivals = tuple(judge_offers(situation, image))
    lost = _lost(situation, image, versions, arrivals)
    return ImageVerdict(image, versions, arrivals, parent, lost)


def _revoked(
    situation: Situation, image: ImageSituation, version: VersionSituation
) -> Iterator[VersionVerdict]:
    """Take a revoked version out of every lab at once; its origin keeps it, to be restored."""
    if version.standing is not Standing.REVOKED:
        return
    reason = f"revoked: {version.revoked}"
    if version.held.returning:
        yield readoption(situation, version)
    elif version.held.protected:
        yield VersionVerdict(version, Fate.UNPROTECT, reason, situation.holders(version))
    else:
        if version.labs or not situation.builds:
            leaving = tuple(sorted(version.labs))
            yield VersionVerdict(version, Fate.RECALL, reason, leaving=leaving)
        if not situation.builds:
            return
        if len(image.released) >= image.rules.keep.newest:
            yield retirement(situation, image, version, f"{reason}, and replaced since")
        else:
            yield VersionVerdict(version, Fate.REVOKE, reason)


def _retired(situation: Situation, version: VersionSituation) -> VersionVerdict:
    """Keep a retired version's source for its receivers, until they had time to copy."""
    if version.held.returning:
        return readoption(situation, version)
    if not version.held.has("source"):
        reason = "retired, and its source snapshot is gone already"
        return VersionVerdict(version, Fate.REMOVE, reason)
    since = version.held.retired
    if since is not None and situation.now - since >= situation.source_grace:
        reason = "retired, and its receivers had time to copy"
        return VersionVerdict(version, Fate.REMOVE, reason)
    reason = "retired; its source snapshot stays until receivers had time to copy"
    return VersionVerdict(version, Fate.SOURCE_KEPT, reason)


def _lost(
    situation: Situation,
    image: ImageSituation,
    versions: tuple[VersionVerdict, ...],
    arrivals: tuple[Arrival, ...],
) -> tuple[str, ...]:
    """Name what labs would lose with nothing good to take its place.

    A version that a receiving stack takes in this run is good; one that is built is not yet.
    """
    staying = {each.fate for each in versions if each.version.standing is Standing.RELEASED}
    if image.image is None or image.elsewhere or staying & {Fate.KEEP, Fate.READOPT}:
        return ()
    declared = any(each.fate in {Fate.MARK, Fate.UNPROTECT, Fate.READOPT} for each in versions)
    if not situation.builds and (declared or any(arrival.record for arrival in arrivals)):
        return ()
    return tuple(
        f"{version.identity} {version.number} ({version.revoked})"
        for version in image.alive
        if version.labs
    )
