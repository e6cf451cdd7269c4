"""Judges every definition, parents first, and then what only the whole of them tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import Standing, VersionSituation
from factory.plan.verdicts.builds import judge_build
from factory.plan.verdicts.departure import Cause, departures
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
    """Take a revoked version out of every lab that has a good one; its origin keeps it.

    A lab that has none gets one by this run, if there is any, and loses the bad one in the next; at
    once where ``allowNone`` says so, or nobody here can bring one any more.
    """
    if version.standing is not Standing.REVOKED:
        return
    if version.held.returning:
        yield readoption(situation, version)
        return
    left = image.image is None or (image.elsewhere and not image.released)
    none = left or image.rules.allow_none
    cause = Cause(
        f"revoked: {version.revoked}",
        None if none else image.released,
        counted=image.image is None or image.elsewhere,
        announced=False,
        heeds_use=False,
        owed=image.taken_by,
    )
    leaving = tuple(
        each
        for lab in sorted(version.labs)
        for each in departures(situation, image, version, (lab,), cause)
    )
    waiting = {lab for each in leaving if each.stays for lab in each.labs}
    holders = situation.holders(version)
    labs = tuple(lab for lab in holders if version.held.protected or lab.name in waiting)
    if version.held.protected:
        yield VersionVerdict(version, Fate.UNPROTECT, cause.reason, labs, leaving)
        return
    if version.labs or not situation.builds:
        yield VersionVerdict(version, Fate.RECALL, cause.reason, labs, leaving)
    if labs or not situation.builds:
        return
    newer = bool(image.released) and image.released[-1].version > version.version
    if newer and len(image.released) >= image.rules.keep.newest:
        replaced = replace(cause, reason=f"{cause.reason}, and replaced since")
        gone = departures(situation, image, version, (), replaced)
        yield retirement(situation, version, replaced, gone)
    else:
        yield VersionVerdict(version, Fate.REVOKE, cause.reason)


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
