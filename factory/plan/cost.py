"""What a plan will cost in things, not in money: VM minutes, GiB copied, GiB stored.

An estimate, read before the run; docs/plan.md says what it is based on. Sizes are those that disks
are provisioned with: Azure bills used bytes for an incremental snapshot, which nobody knows before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from factory.common import names
from factory.definitions.definition import Artifact, Os
from factory.ledger.model import Held
from factory.ledger.record import Record, Spec
from factory.observed.model import BuildVm
from factory.plan.inputs import Inputs
from factory.plan.model import Plan, Source, VersionPlan


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
# What marketplace images of each family are provisioned with, as long as none was built here.
DEFAULT_GIB = {Os.WINDOWS: 127, Os.LINUX: 30}


@dataclass(frozen=True)
class Cost:
    """The estimate. ``guessed`` names definitions whose size no record tells yet."""

    vm_minutes: int = 0
    builds: int = 0
    copied_gib: int = 0
    stored_before_gib: int = 0
    stored_after_gib: int = 0
    guessed: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write it as the last line of a plan."""
        parts = []
        if self.builds:
            builds = "1 build" if self.builds == 1 else f"{self.builds} builds"
            parts.append(f"about {self.vm_minutes} VM minutes for {builds}")
        if self.copied_gib:
            parts.append(f"{self.copied_gib} GiB copied between regions")
        before, after = self.stored_before_gib, self.stored_after_gib
        parts.append(f"{before} GiB stored" + (f", {after} GiB after" if after != before else ""))
        count = len(self.guessed)
        guesses = "one size is a guess" if count == 1 else f"{count} sizes are guesses"
        return f"Cost: {'; '.join(parts)}{f' ({guesses})' if count else ''}."


def estimate(inputs: Inputs, plan: Plan) -> Cost:
    """Estimate what running ``plan`` costs, if every build succeeds at its first attempt."""
    sizes = Sizes(inputs)
    before = sum(
        sizes.of_held(held) * sum(_holds_bytes(held, path[0]) for path in held.parts)
        for held in inputs.ledger.held.values()
    )
    builds = [version for version in plan.versions if version.spec is not None]
    return Cost(
        vm_minutes=sum(_minutes(inputs, build) for build in builds),
        builds=len(builds),
        copied_gib=sum(
            sizes.of_plan(version) * _crossings(inputs, version) for version in plan.versions
        ),
        stored_before_gib=before,
        stored_after_gib=sum(
            sizes.of_plan(version) * _stored(inputs, version) for version in plan.versions
        )
        + sum(sizes.of_spec(left.spec) * (left.source + left.capture) for left in plan.unreleased),
        guessed=tuple(sorted({build.identity for build in builds if sizes.guesses(build)})),
    )


class Sizes:
    """Disk sizes in GiB: by a version's record, or the newest of its definition, parent or base."""

    def __init__(self, inputs: Inputs) -> None:
        self._present = inputs.present
        self._by_identity: dict[str, int] = {}
        self._by_base: dict[str, int] = {}
        told = (each.entries.values() for each in (inputs.catalogue, inputs.parents) if each)
        held = inputs.ledger.held.values()
        records = [entry.record for entries in told for entry in entries]
        records += [each.record for each in held if each.record is not None]
        for record in sorted(records, key=lambda record: record.parsed()):
            self._by_identity[inputs.present(record.definition)] = int(record.disk_size_gb)
            self._by_base[record.base] = int(record.disk_size_gb)

    def of_held(self, held: Held) -> int:
        """Give the size of a version of the ledger; 0 for one of which nothing is known."""
        return self._size(held.record, held.spec)

    def of_plan(self, version: VersionPlan) -> int:
        """Give the size of a version of the plan."""
        return self._size(version.record, version.spec)

    def of_spec(self, spec: Spec) -> int:
        """Give the size to expect of a build, the usual one of its system if no record tells."""
        return self._known(spec) or DEFAULT_GIB[spec.content.os]

    def guesses(self, version: VersionPlan) -> bool:
        """Tell whether no record says how large this version will be."""
        spec = version.spec
        return spec is not None and self._known(spec) is None

    def _size(self, record: Record | None, spec: Spec | None) -> int:
        if record is not None:
            return int(record.disk_size_gb)
        return self.of_spec(spec) if spec is not None else 0

    def _known(self, spec: Spec) -> int | None:
        parent = spec.parent.partition("@")[0]
        return (
            self._by_identity.get(self._present(spec.definition))
            or self._by_identity.get(self._present(parent))
            or self._by_base.get(spec.content.base.urn)
        )


def _minutes(inputs: Inputs, build: VersionPlan) -> int:
    """Estimate how long the VMs of a build run: the one that builds, and the one that verifies."""
    return _building_minutes(inputs, build) + _verifying_minutes(inputs, build)


def _verifying_minutes(inputs: Inputs, build: VersionPlan) -> int:
    artifacts = build.spec.content.verification if build.spec else None
    if build.spec is None or artifacts is None:
        return 0
    name = names.verifying_vm_name(inputs.stack, build.identity, build.version, build.verifying)
    return _rest(inputs.observed.vms.get(name), artifacts, PACES[build.spec.content.os])


def _building_minutes(inputs: Inputs, build: VersionPlan) -> int:
    """Estimate how long the build VM runs, until sysprep or deprovision has shut it down."""
    spec = build.spec
    if spec is None:
        return 0
    held = inputs.ledger.held.get((build.identity, build.version))
    if held is not None and held.has("capture"):
        return 0
    name = names.vm_name(inputs.stack, build.identity, build.version, build.attempt)
    vm = inputs.observed.vms.get(name.lower())
    return _rest(vm, spec.content.all_artifacts, PACES[spec.content.os])


def _rest(vm: BuildVm | None, artifacts: Sequence[Artifact], pace: Pace) -> int:
    """Estimate what is left to do on a VM, which may have to be made first."""
    done = sum(artifact.succeeded for artifact in vm.artifacts) if vm else 0
    rest = (artifact.name for artifact in artifacts[done:])
    return (0 if vm else pace.start) + expected_minutes(rest, pace)


def expected_minutes(artifacts: Iterable[str], pace: Pace) -> int:
    """Add up what artifacts usually take."""
    return sum(LONG_ARTIFACTS.get(artifact, pace.artifact) for artifact in artifacts)


def _crossings(inputs: Inputs, version: VersionPlan) -> int:
    """Count the copies to another region that this run has to make."""
    held = inputs.ledger.held.get((version.identity, version.version))
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


def _stored(inputs: Inputs, version: VersionPlan) -> int:
    """Count the things that hold a disk's worth of bytes for a version after the run."""
    source = inputs.settings.builds and not version.source.lost and not version.foreign
    captured = version.captured_from is Source.VM
    regional = sum(
        (region.copy is not None and not region.copy.lost)
        + (region.backing and not region.backing_lost)
        for region in version.regions
    )
    return int(source) + int(captured) + regional
