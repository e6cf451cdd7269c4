"""Places every version that a verdict declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from factory.definitions.definition import Capture
from factory.ledger.record import Record
from factory.plan.model import RegionDelivery, Source, SourcePlan, Unreleased, VersionPlan
from factory.plan.placement.delivery import Consignment, place_regions, spare_copy
from factory.plan.placement.placement import Placement, Placements, RegionPlacement
from factory.plan.situation.image import ImageSituation
from factory.plan.situation.lab import LabSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version import Standing, VersionSituation
from factory.plan.verdicts.retention import marked_since
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
                plans.append((image.image.generation, _finished(situation, image.image, each.plan)))
    plans.sort(key=lambda pair: (pair[0], pair[1].identity, pair[1].version))
    return Placements(
        tuple(found),
        tuple(plan for _, plan in plans),
        tuple(each for verdict in verdicts.leftovers for each in _unreleased(verdict)),
    )


def _finished(situation: Situation, image: ImageSituation, plan: VersionPlan) -> VersionPlan:
    """Mark a version with what is said of its definition, and of how the state came by it.

    Receivers take what another stack builds now until that one has a newer version. The time limit
    is that of the definition as it is now, in a receiving stack too; it is in git.
    """
    own = not plan.guest and plan.retired is None
    return replace(
        plan,
        handed_over=own and image.elsewhere,
        taken_in=str(plan.version) in (situation.recovered or {}).get(plan.identity, ()),
        time_limit=image.image.definition.time_limit if image.image else plan.time_limit,
    )


def _placed(situation: Situation, image: ImageVerdict) -> Iterator[Placement]:
    for verdict in image.versions:
        record = verdict.version.record
        placement = _version(situation, verdict, record) if record is not None else None
        if placement is not None:
            yield placement
    for arrival in image.arrivals:
        if arrival.build is not None:
            yield _build(situation, image.image, arrival, arrival.build)
        elif arrival.record is not None:
            yield _received(situation, arrival, arrival.record)


def _version(situation: Situation, verdict: VersionVerdict, record: Record) -> Placement | None:
    """Place a version that is here; None if nothing of it is declared any more."""
    version = verdict.version
    plan = VersionPlan(version.identity, version.version, record=record)
    match verdict.fate:
        case Fate.KEEP if version.foreign:
            return _foreign(situation, verdict, record)
        case Fate.KEEP:
            return _kept(situation, verdict, plan, record)
        case Fate.MARK | Fate.UNPROTECT:
            return _as_it_is(situation, verdict, plan, record)
        case Fate.READOPT:
            return _readopted(situation, verdict, plan, record)
        case Fate.SOURCE_KEPT:
            return Placement(verdict, replace(plan, retired=version.held.retired))
        case Fate.REVOKE:
            captured = Source.VM if _made_from_vm(version) else None
            source = _source(situation, version)
            revoked = replace(plan, revoked=version.revoked, captured_from=captured, source=source)
            return Placement(verdict, revoked)
        case Fate.RETIRE if situation.builds and version.held.has("source"):
            # Its origin keeps the source snapshot for ``sourceGrace``.
            return (
                None
                if version.foreign
                else Placement(verdict, replace(plan, retired=situation.now))
            )
    return None


def _kept(
    situation: Situation, verdict: VersionVerdict, plan: VersionPlan, record: Record
) -> Placement:
    """Keep a version where it is, deliver it where it is missing."""
    version, source = verdict.version, _source(situation, verdict.version)
    captured = _captured_from(situation, version)
    goods = _goods(situation, verdict, record, source)
    regions = place_regions(situation, goods, restore_capture=captured is Source.BACKING)
    declared = _declared(regions)
    if not (situation.builds or goods.available or declared or version.labs):
        return Placement(verdict, None)
    if captured is Source.BACKING and not _backed(goods, declared, source):
        captured = None
    return Placement(
        verdict,
        replace(
            plan,
            regions=declared,
            retiring={lab: marked_since(situation, version, lab) for lab in verdict.marked},
            captured_from=captured,
            source=source,
            protected=verdict.protected,
        ),
        regions,
        recaptured=captured is not None and not version.held.has("capture"),
    )


def _as_it_is(
    situation: Situation, verdict: VersionVerdict, plan: VersionPlan, record: Record
) -> Placement:
    """Declare a version that goes soon as it stands: delivered nowhere new, nothing mended."""
    version, source = verdict.version, _source(situation, verdict.version, mend=False)
    has_capture = version.held.has("capture")
    captured = _captured_from(situation, version) if has_capture else None
    goods = _goods(situation, verdict, record, source)
    regions = place_regions(situation, goods, restore_capture=captured is Source.BACKING)
    declared = _declared(regions)
    if captured is Source.BACKING and not _backed(goods, declared, source):
        captured = None
    placed = replace(
        plan,
        regions=declared,
        captured_from=captured,
        source=source,
        retiring={lab: marked_since(situation, version, lab) for lab in verdict.marked},
        revoked=_revoked(situation, version),
    )
    return Placement(verdict, placed, regions)


def _readopted(
    situation: Situation, verdict: VersionVerdict, plan: VersionPlan, record: Record
) -> Placement:
    """Declare all that stands of a version; what of it the state has already stays as it is."""
    version, back = verdict.version, verdict.version.held.returning
    parts = back.parts if back is not None else {}
    there = parts.get(("source",))
    source = SourcePlan(adopt=there) if there else _source(situation, version, mend=False)
    if version.held.retired is not None:
        return Placement(verdict, replace(plan, retired=version.held.retired, source=source))
    captured = _captured_from(situation, version) if version.held.has("capture") else None
    if captured is None and situation.builds and back and back.captured and ("capture",) in parts:
        captured = Source(back.captured)
    goods = _goods(situation, verdict, record, source)
    last = "image" if goods.capture is Capture.GENERALIZED else "copy"
    goods = replace(
        goods,
        available=there is not None or goods.available,
        also=frozenset(path[1] for path in parts if path[0] == last),
    )
    regions = place_regions(situation, goods, restore_capture=captured is Source.BACKING)
    placed = replace(
        plan,
        regions=_declared(regions),
        revoked=_revoked(situation, version),
        captured_from=captured,
        adopt_capture=parts.get(("capture",)),
        source=source,
    )
    return Placement(verdict, placed, regions)


def _foreign(situation: Situation, verdict: VersionVerdict, record: Record) -> Placement:
    """Keep a foreign parent as it is; what was deleted of it comes again while it is offered."""
    version = verdict.version
    goods = replace(_shipment(record, verdict.labs), held=version, available=version.offered)
    regions = place_regions(situation, goods)
    if not any(region.labs for region in _declared(regions)):
        return Placement(verdict, None)
    return Placement(verdict, _plan_of(record, regions, foreign=True), regions)


def _build(
    situation: Situation, image: ImageSituation, arrival: Arrival, build: Build
) -> Placement:
    """Place a build that runs now, and where its image will go."""
    identity, number = build.spec.definition, build.spec.parsed()
    held = next(
        (each for each in image.versions if (each.identity, each.version) == (identity, number)),
        None,
    )
    goods = Consignment(
        identity=identity,
        version=number,
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


def _received(situation: Situation, arrival: Arrival, record: Record) -> Placement:
    regions = place_regions(situation, _shipment(record, arrival.labs))
    return Placement(arrival, _plan_of(record, regions, foreign=arrival.foreign), regions)


def _shipment(record: Record, labs: tuple[LabSituation, ...]) -> Consignment:
    """Describe what comes from another stack."""
    number = record.parsed()
    return Consignment(record.definition, number, record.capture, labs, record.region, False)


def _plan_of(record: Record, regions: tuple[RegionPlacement, ...], *, foreign: bool) -> VersionPlan:
    return VersionPlan(
        record.definition,
        record.parsed(),
        regions=_declared(regions),
        record=record,
        guest=foreign,
    )


def _goods(
    situation: Situation, verdict: VersionVerdict, record: Record, source: SourcePlan
) -> Consignment:
    version = verdict.version
    return Consignment(
        identity=version.identity,
        version=version.version,
        capture=record.capture,
        labs=verdict.labs,
        held=version,
        source_region=record.region,
        local=situation.builds,
        available=not source.lost if situation.builds else version.offered,
        retiring=_retiring(verdict),
    )


def _retiring(verdict: VersionVerdict) -> Mapping[str, str]:
    """Give, by lab, the day until which an image stays that is to go there."""
    if verdict.fate is Fate.UNPROTECT:
        return dict.fromkeys(verdict.version.labs, "the next `up`")
    days = {lab: f"{until:%Y-%m-%d}" for lab, until in verdict.marked.items()}
    if verdict.fate is Fate.MARK:
        return {lab.name: day for lab in verdict.labs for day in days.values()}
    return days


def _declared(regions: tuple[RegionPlacement, ...]) -> tuple[RegionDelivery, ...]:
    return tuple(region.delivery for region in regions if region.delivery is not None)


def _source(situation: Situation, version: VersionSituation, *, mend: bool = True) -> SourcePlan:
    """Plan the source snapshot of a released version of this stack; a receiving one has none.

    The disk of the build is long gone, so a lost one can come from a copy alone. ``mend`` is off
    for a version that is due to go: then what is lost is forgotten.
    """
    if not situation.builds:
        return SourcePlan()
    if version.source is not None:
        return SourcePlan(waits=version.source.copying)
    spare = spare_copy(version, situation.region) if mend else None
    if spare is None:
        return SourcePlan(lost=True)
    return SourcePlan(origin=spare[1].id, region=spare[0], waits=True)


def _made_from_vm(version: VersionSituation) -> bool:
    return bool(version.held.parts.get(("capture",), {}).get("vm"))


def _captured_from(situation: Situation, version: VersionSituation) -> Source | None:
    """Tell what the factory lab's custom image is declared from, None in a receiving stack."""
    if not situation.builds:
        return None
    return Source.VM if _made_from_vm(version) else Source.BACKING


def _backed(goods: Consignment, declared: tuple[RegionDelivery, ...], source: SourcePlan) -> bool:
    """Tell whether the factory lab's own custom image can be made from what is at home."""
    if goods.capture is Capture.SPECIALIZED:
        return not source.lost
    home = (each for each in declared if each.region == goods.source_region)
    return any(not region.backing_lost for region in home)


def _revoked(situation: Situation, version: VersionSituation) -> str:
    """Give what the catalogue of its origin says of a version."""
    bad = situation.builds and version.standing is Standing.REVOKED
    return version.revoked if bad else ""


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
