"""What a plan will cost in things, not in money: VM minutes, GiB copied, GiB stored.

An estimate, read before the run; docs/plan.md says what it is based on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from factory.common import names
from factory.common.versions import Version
from factory.definitions.definition import Artifact, Os
from factory.ledger.model import Held
from factory.observed.model import BuildVm
from factory.plan.model import Cost, Source, VersionPlan
from factory.plan.placement.placement import Placements
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import VersionSituation


@dataclass(frozen=True)
class Pace:
    """How many minutes a build VM usually takes to be there, and for an ordinary artifact."""

    start: int
    artifact: int


# Rules of thumb, not measurements: the state knows when a build began, not when it was released.
PACES = {Os.WINDOWS: Pace(start=10, artifact=6), Os.LINUX: Pace(start=5, artifact=3)}
# Public artifacts that everybody waits for.
LONG_ARTIFACTS = {
    "windows-install-windows-updates": 45,
    "windows-sqlserver": 30,
    "windows-ssms": 15,
    "windows-visualstudio": 45,
}


def estimate(situation: Situation, placements: Placements) -> Cost:
    """Estimate what a run costs, if every build succeeds at its first attempt."""
    sizes = situation.sizes
    held = {
        (each.identity, each.version): each.held
        for image in situation.images.values()
        for each in image.versions
    }
    versions = placements.versions
    builds = [version for version in versions if version.spec is not None]
    return Cost(
        vm_minutes=sum(_minutes(situation, build, held.get(_key(build))) for build in builds),
        builds=len(builds),
        copied_gib=sum(
            sizes.of(each.record, each.spec) * _crossings(each, held.get(_key(each)))
            for each in versions
        ),
        stored_before_gib=sum(gib for _, _, gib in stored(situation)),
        stored_after_gib=sum(
            sizes.of(each.record, each.spec) * _stored(situation, each) for each in versions
        )
        + sum(
            sizes.of_spec(left.spec) * (left.source + left.capture)
            for left in placements.unreleased
        ),
        guessed=tuple(
            sorted({each.identity for each in builds if each.spec and sizes.guesses(each.spec)})
        ),
    )


def stored(situation: Situation) -> Iterator[tuple[VersionSituation, str, int]]:
    """Give what holds a disk's worth of bytes now: a version, in which region, and GiB.

    The region is "" for what the stack keeps of it at home whoever takes it: source and capture.
    """
    for image in situation.images.values():
        for version in image.versions:
            held = version.held
            gib = situation.sizes.of(held.record, held.spec)
            for path in held.parts:
                if _holds_bytes(held, path[0]):
                    yield version, path[1] if path[0] in {"copy", "image"} else "", gib


def stored_by_lab(situation: Situation) -> dict[tuple[str, str], float]:
    """Share what is stored out among the labs that it is there for: GiB by (lab, definition).

    A lab's own image holds no bytes: labs of a region share one managed image, and its copy. What
    is there for no lab is the stack's own, "".
    """
    found: dict[tuple[str, str], float] = {}
    for version, region, gib in stored(situation):
        holders = [
            lab for lab in situation.holders(version) if region in {lab.spec.region, lab.region}
        ]
        named = [lab.name for lab in holders if region] or [""]
        identity = situation.present.get(version.identity, version.identity)
        for lab in named:
            found[lab, identity] = found.get((lab, identity), 0) + gib / len(named)
    return found


def _key(version: VersionPlan) -> tuple[str, Version]:
    return version.identity, version.version


def _minutes(situation: Situation, build: VersionPlan, held: Held | None) -> int:
    """Estimate how long the VMs of a build run: the one that builds, and the one that verifies."""
    captured = held is not None and held.has("capture")
    building = 0 if captured else _building_minutes(situation, build)
    return building + _verifying_minutes(situation, build)


def _verifying_minutes(situation: Situation, build: VersionPlan) -> int:
    artifacts = build.spec.content.verification if build.spec else None
    if build.spec is None or artifacts is None:
        return 0
    name = names.verifying_vm_name(situation.stack, build.identity, build.version, build.verifying)
    return _rest(situation.vms.get(name), artifacts, PACES[build.spec.content.os])


def _building_minutes(situation: Situation, build: VersionPlan) -> int:
    """Estimate how long the build VM runs, until sysprep or deprovision has shut it down."""
    spec = build.spec
    if spec is None:
        return 0
    name = names.vm_name(situation.stack, build.identity, build.version, build.attempt)
    vm = situation.vms.get(name.lower())
    return _rest(vm, spec.content.all_artifacts, PACES[spec.content.os])


def _rest(vm: BuildVm | None, artifacts: Sequence[Artifact], pace: Pace) -> int:
    """Estimate what is left to do on a VM, which may have to be made first."""
    done = sum(artifact.succeeded for artifact in vm.artifacts) if vm else 0
    rest = (artifact.name for artifact in artifacts[done:])
    return (0 if vm else pace.start) + expected_minutes(rest, pace)


def expected_minutes(artifacts: Iterable[str], pace: Pace) -> int:
    """Add up what artifacts usually take."""
    return sum(LONG_ARTIFACTS.get(artifact, pace.artifact) for artifact in artifacts)


def _crossings(version: VersionPlan, held: Held | None) -> int:
    """Count the copies to another region that this run has to make."""
    return bool(version.source.origin) + sum(
        region.copy is not None
        and not region.copy.lost
        and region.copy.incremental
        and region.copy.adopt is None
        and (held is None or held.text("name", "copy", region.region) != region.copy.name)
        for region in version.regions
    )


def _holds_bytes(held: Held, part: str) -> bool:
    """Tell whether a part holds a disk's worth of bytes of its own.

    A lab's custom image does not: it refers to the managed image or snapshot of its region. So does
    the factory lab's own once it was restored from its backing image (then it has no source VM).
    """
    if part == "capture":
        return bool(held.parts[("capture",)].get("vm"))
    return part in {"source", "copy", "image"}


def _stored(situation: Situation, version: VersionPlan) -> int:
    """Count the things that hold a disk's worth of bytes for a version after the run."""
    source = situation.builds and not version.source.lost and not version.foreign
    captured = version.captured_from is Source.VM
    regional = sum(
        (region.copy is not None and not region.copy.lost)
        + (region.backing and not region.backing_lost)
        for region in version.regions
    )
    return int(source) + int(captured) + regional
