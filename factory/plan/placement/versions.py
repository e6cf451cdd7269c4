"""Places every version that a verdict declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from factory.definitions.definition import Capture
from factory.ledger.record import Record
from factory.plan.model import RegionDelivery, Source, SourcePlan, Unreleased, VersionPlan
from factory.plan.placement.delivery import Consignment, place_regions, spare_copy
from factory.plan.placement.placement import Placement, Placements, RegionPlacement
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import VersionSituation
from factory.plan.verdicts.departure import WHOLE
from factory.plan.verdicts.verdict import (
    Arrival,
    Build,
    Fate,
    ImageVerdict,
    Verdicts,
    VersionVerdict,
)


def place(situation: Situation, verdicts: Verdicts) -> Placements:
    """Say of every version that stays or comes what is declared, and where."""
    found: list[Placement] = []
    plans: list[tuple[int, VersionPlan]] = []
    for image in verdicts.images:
        for each in _placed(situation, image):
            found.append(each)
            if each.plan is not None:
                plans.append((image.image.generation, _finished(image.image, each.plan)))
    plans.sort(key=lambda pair: (pair[0], pair[1].identity, pair[1].version))
    return Placements(
        tuple(found),
        tuple(plan for _, plan in plans),
        tuple(each for verdict in verdicts.leftovers for each in _unreleased(verdict)),
    )


def _finished(image: ImageSituation, plan: VersionPlan) -> VersionPlan:
    """Mark a version with what is said of its definition.

    Receivers take what another stack builds now until that one has a newer version. The time limit
    is that of the definition as it is now, in a receiving stack too; it is in git.
    """
    own = not plan.foreign and plan.retired is None
    return replace(
        plan,
        handed_over=own and image.elsewhere,
        time_limit=image.image.definition.time_limit if image.image else plan.time_limit,
    )


def _placed(situation: Situation, image: ImageVerdict) -> Iterator[Placement]:
    for verdict in image.versions:
        if verdict.version.record is not None:
            yield from _version(situation, verdict, verdict.version.record)
    for arrival in image.arrivals:
        if arrival.build is not None:
            yield _build(situation, image.image, arrival, arrival.build)
        elif arrival.record is not None:
            yield _from_elsewhere(situation, arrival, arrival.record, foreign=arrival.foreign)


def _version(situation: Situation, verdict: VersionVerdict, record: Record) -> Iterator[Placement]:
    """Place a version that is here, unless nothing of it is declared any more."""
    version, held = verdict.version, verdict.version.held
    plan = VersionPlan(version.identity, version.version, record=record)
    match verdict.fate:
        case Fate.KEEP if version.foreign:
            yield _from_elsewhere(situation, verdict, record, foreign=True)
        case Fate.READOPT if held.retired:
            source = _source(situation, verdict)
            yield Placement(verdict, replace(plan, retired=held.retired, source=source))
        case Fate.KEEP | Fate.MARK | Fate.UNPROTECT | Fate.READOPT:
            yield _declared_here(situation, verdict, record, plan)
        case Fate.RECALL if verdict.labs:
            yield _declared_here(situation, verdict, record, plan)
        case Fate.SOURCE_KEPT:
            yield Placement(verdict, replace(plan, retired=held.retired))
        case Fate.REVOKE:
            captured = Source.VM if _made_from_vm(version) else None
            plan = replace(plan, revoked=version.revoked, captured_from=captured)
            yield Placement(verdict, replace(plan, source=_source(situation, verdict)))
        case Fate.RETIRE if situation.builds and held.has("source") and not version.foreign:
            # Its origin keeps the source snapshot for ``sourceGrace``.
            yield Placement(verdict, replace(plan, retired=situation.now))


def _declared_here(
    situation: Situation, verdict: VersionVerdict, record: Record, plan: VersionPlan
) -> Placement:
    """Declare a version where it is, and where it is to come.

    What is kept is mended too, what is marked, unprotected or taken in again stays as it stands.
    """
    version, back = verdict.version, verdict.version.held.returning
    lost = back.parts if back is not None else {}
    source, captured = _source(situation, verdict), _captured_from(situation, verdict)
    last = "image" if record.capture is Capture.GENERALIZED else "copy"
    there = not source.lost if situation.builds else version.offered
    goods = Consignment(
        build=record.build,
        capture=record.capture,
        labs=verdict.labs,
        held=version,
        source_region=record.region,
        local=situation.builds,
        available=there or source.adopt is not None,
        retiring=_retiring(verdict),
        also=frozenset(path[1] for path in lost if path[0] == last),
    )
    regions = place_regions(situation, goods, restore_capture=captured is Source.BACKING)
    declared = _declared(regions)
    kept = verdict.fate is Fate.KEEP
    if kept and not (situation.builds or there or declared or version.labs):
        return Placement(verdict, None)
    if captured is Source.BACKING and not back and not _backed(goods, declared, source):
        captured = None
    plan = replace(
        plan,
        regions=declared,
        retiring={lab: version.held.retiring.get(lab, situation.now) for lab in verdict.marked},
        revoked=version.revoked if situation.builds else "",
        captured_from=captured,
        adopt_capture=lost.get(("capture",)),
        source=source,
        protected=verdict.protected,
    )
    recaptured = kept and captured is not None and not version.held.has("capture")
    return Placement(verdict, plan, regions, recaptured)


def _from_elsewhere(
    situation: Situation, verdict: VersionVerdict | Arrival, record: Record, *, foreign: bool
) -> Placement:
    """Place what another stack built. What was deleted of it comes again while it is offered."""
    held = verdict.version if isinstance(verdict, VersionVerdict) else None
    number = record.parsed()
    goods = Consignment(
        build=record.build,
        capture=record.capture,
        labs=verdict.labs,
        source_region=record.region,
        local=False,
        held=held,
        available=held is None or held.offered,
    )
    regions = place_regions(situation, goods)
    declared = _declared(regions)
    if held is not None and not any(region.labs for region in declared):
        return Placement(verdict, None)
    plan = VersionPlan(record.definition, number, regions=declared, record=record, foreign=foreign)
    return Placement(verdict, plan, regions)


def _build(
    situation: Situation, image: ImageSituation, arrival: Arrival, build: Build
) -> Placement:
    """Place a build that runs now, and where its image will go."""
    identity, number = build.spec.definition, build.spec.parsed()
    known = {(each.identity, each.version): each for each in image.versions}
    held = known.get((identity, number))
    goods = Consignment(
        build=build.spec.build,
        capture=build.spec.content.capture,
        labs=arrival.labs,
        held=held,
        source_region=situation.region,
        local=True,
    )
    regions = place_regions(situation, goods)
    plan = VersionPlan(
        identity,
        number,
        regions=_declared(regions),
        spec=build.spec,
        attempt=build.attempt,
        verifying=build.verifying,
        captured_from=Source.VM,
        vm_held=held is not None and held.held.has("vm", str(build.attempt)),
        verifying_held=held is not None and held.held.has("verify", str(build.verifying)),
    )
    return Placement(arrival, plan, regions)


def _retiring(verdict: VersionVerdict) -> Mapping[str, str]:
    """Give, by lab, the day until which an image stays that is to go there."""
    if verdict.fate is Fate.UNPROTECT:
        return dict.fromkeys(verdict.version.labs, "the next `up`")
    days = {lab: f"{until:%Y-%m-%d}" for lab, until in verdict.marked.items()}
    if WHOLE in days:
        return {lab.name: days[WHOLE] for lab in verdict.labs}
    return days


def _declared(regions: tuple[RegionPlacement, ...]) -> tuple[RegionDelivery, ...]:
    return tuple(region.delivery for region in regions if region.delivery is not None)


def _source(situation: Situation, verdict: VersionVerdict) -> SourcePlan:
    """Plan the source snapshot of a released version of this stack; a receiving one has none.

    The disk of the build is long gone, so a lost one can come from a copy alone; of a version that
    is due to go what is lost is forgotten.
    """
    version, back = verdict.version, verdict.version.held.returning
    if back is not None and (there := back.parts.get(("source",))):
        return SourcePlan(adopt=there)
    if not situation.builds:
        return SourcePlan()
    if version.source is not None:
        return SourcePlan(waits=version.source.copying)
    mended = verdict.fate in {Fate.KEEP, Fate.REVOKE}
    spare = spare_copy(version, situation.region) if mended else None
    if spare is None:
        return SourcePlan(lost=True)
    return SourcePlan(origin=spare[1].id, region=spare[0], waits=True)


def _made_from_vm(version: VersionSituation) -> bool:
    """Tell whether a capture came from its VM, as all do at first; so one without outputs did."""
    part = version.held.parts.get(("capture",))
    return part is not None and (not part or bool(part.get("vm")))


def _captured_from(situation: Situation, verdict: VersionVerdict) -> Source | None:
    """Tell what the factory lab's custom image is declared from, None in a receiving stack."""
    version, back = verdict.version, verdict.version.held.returning
    if not situation.builds:
        return None
    if verdict.fate is Fate.KEEP or version.held.has("capture"):
        return Source.VM if _made_from_vm(version) else Source.BACKING
    return Source(back.captured) if back and back.captured and ("capture",) in back.parts else None


def _backed(goods: Consignment, declared: tuple[RegionDelivery, ...], source: SourcePlan) -> bool:
    """Tell whether the factory lab's own custom image can be made from what is at home."""
    if goods.capture is Capture.SPECIALIZED:
        return not source.lost
    home = (each for each in declared if each.region == goods.source_region)
    return any(not region.backing_lost for region in home)


def _unreleased(verdict: VersionVerdict) -> Iterator[Unreleased]:
    version, held = verdict.version, verdict.version.held
    if held.spec is not None and verdict.until is not None:
        yield Unreleased(
            held.identity,
            held.version,
            held.spec,
            verdict.until,
            held.failure,
            source=version.source_whole,
            capture=version.capture_whole,
            vm=version.vms[-1].name if version.vms else "",
        )
