"""Builds plan inputs, and plays a plan on a ledger as the engine and Azure would."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from factory.common import names
from factory.common.errors import Problems
from factory.definitions.definition import Capture, Definition
from factory.definitions.lineage import present_names
from factory.definitions.loader import Image
from factory.ledger.catalogue import Catalogue, written
from factory.ledger.foundations import foundation_ids
from factory.ledger.model import Ledger
from factory.ledger.record import Record, Spec
from factory.ledger.source_catalogues import read_all
from factory.ledger.stack_outputs import folded
from factory.ledger.state_reader import read_ledger
from factory.observed.model import BuildVm, Observed, ObservedLab
from factory.plan.explanation.engine_steps import EngineStep, is_grouping, unexplained
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Plan, VersionPlan
from factory.plan.planner import make_plan
from factory.plan.reports.json_report import step_data
from factory.settings.loader import parse_settings
from factory.settings.stack import Settings

DEV = "organization/image-factory/dev"
PROD = "organization/image-factory/prod"
LINUX = "organization/image-factory/linux"
SUBSCRIPTIONS = {
    DEV: "11111111-1111-4111-8111-111111111111",
    PROD: "22222222-2222-4222-8222-222222222222",
    LINUX: "33333333-3333-4333-8333-333333333333",
}
BUILDERS = (DEV, LINUX)
# The day of every test that spells dates out; one marked `dated` begins at FIRST_DAY instead.
START = datetime(2026, 11, 22, 8, tzinfo=UTC)


def image(identity: str, *, sku: str = "server", **fields: Any) -> Image:
    base = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": sku}
    raw = {"base": base, "os": "linux", **fields}
    return Image(identity, f"images/{identity}.yaml", Definition.model_validate(raw))


def lab(name: str, *patterns: str, region: str = "westeurope") -> dict[str, Any]:
    return {
        "name": name,
        "resourceGroup": f"rg-{name}",
        "region": region,
        "images": list(patterns) or ["**"],
    }


def settings(stack: str, labs: list[dict[str, Any]], **more: Any) -> Settings:
    raw: dict[str, Any] = {
        "subscriptionId": SUBSCRIPTIONS[stack],
        "region": "westeurope",
        "resourceGroup": "rg-factory",
        "labs": labs,
    }
    if stack in BUILDERS:
        raw["factoryLab"] = {"name": "factory", "resourceGroup": "rg-factory", "create": True}
    else:
        raw["receivesFrom"] = "dev"
    problems = Problems()
    parsed = parse_settings({**raw, **more}, "test", problems)
    problems.raise_if_any("settings")
    assert parsed is not None
    return parsed


def record_of(spec: Spec, stack: str = DEV, **changes: str) -> Record:
    definition = spec.content
    raw = {
        "schema": "1",
        "definition": spec.definition,
        "version": spec.version,
        "fingerprint": spec.fingerprint,
        "shape": spec.shape,
        "baseVersion": spec.base_version,
        "parent": spec.parent,
        "plan": spec.plan,
        "commit": spec.commit,
        "built": spec.built,
        "contents": spec.contents,
        "stack": stack,
        "attempt": "1",
        "base": definition.base.urn,
        "os": definition.os.value,
        "capture": definition.capture.value,
        "region": "westeurope",
        "sourceId": f"/subscriptions/{SUBSCRIPTIONS[stack]}/resourceGroups/rg-factory/providers/"
        f"Microsoft.Compute/snapshots/{names.image_name(spec.definition, spec.parsed())}",
        "osDiskId": "/disk",
        "vmId": "/vm",
        "generation": "V2",
        "diskSizeGb": "30",
    }
    return Record.model_validate({**raw, **changes})


@dataclass
class World:
    """One stack's past and present; :meth:`run` plans and plays, as ``pulumi up`` would."""

    stack: str
    images: dict[str, Image]
    settings: Settings
    now: datetime = field(default_factory=lambda: World.begins)
    base: str = "1.2.3"
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    vms: dict[str, BuildVm] = field(default_factory=dict)
    source: World | None = None
    # Further stacks: that this one receives from too, and that build what its own are built on.
    further: list[World] = field(default_factory=list)
    neighbours: list[World] = field(default_factory=list)
    # Whether the stack has its group and lab, as after a first run.
    founded: bool = True

    begins: ClassVar[datetime] = START

    @property
    def ledger(self) -> Ledger:
        ledger = read_ledger(self.resources)
        made = [name for name in foundation_ids(self.settings) if name.startswith("factory/")]
        return replace(ledger, names=ledger.names | {*made}) if self.founded else ledger

    def observed(self, **changes: Any) -> Observed:
        plain = Observed(
            now=self.now,
            labs={lab.name: ObservedLab(lab.region) for lab in self.settings.labs},
            factory_region=self.settings.region if self.settings.builds else None,
            factory_lab_exists=self.settings.builds,
            vms=self.vms,
            base_versions=dict.fromkeys(self.images, self.base),
        )
        return replace(plain, **changes)

    def inputs(self, **changes: Any) -> Inputs:
        return Inputs(
            stack=self.stack,
            images=self.images,
            settings=self.settings,
            ledger=self.ledger,
            observed=self.observed(**changes),
            commit="c0ffee",
            catalogue=self.catalogue(),
            parents=self._read(self.neighbours, patient=True),
            sources=tuple(each.stack for each in [*self._sources(), *self.neighbours]),
        )

    def _sources(self) -> list[World]:
        return [*([self.source] if self.source else []), *self.further]

    def catalogue(self) -> Catalogue | None:
        return self._read(self._sources())

    def _read(self, worlds: list[World], *, patient: bool = False) -> Catalogue | None:
        outputs = {world.stack: world.ledger.outputs for world in worlds}
        moved = present_names(self.images)
        return read_all(
            lambda stack: outputs[stack],
            list(outputs),
            {},
            lambda identity: moved.get(identity, identity),
            max(world.now for world in (self, *worlds)),  # Azure has one clock
            patient=patient,
        )

    def plan(self, **changes: Any) -> Plan:
        return make_plan(self.inputs(**changes))

    def run(
        self,
        *,
        failing: Collection[str] = (),
        broken_labs: Collection[str] = (),
        unverified: Collection[str] = (),
        pass_time: timedelta = timedelta(hours=1),
    ) -> Plan:
        """Plan, then play it: ``failing`` definitions fail their build, broken labs refuse.

        ``unverified`` ones are captured and fail their verification, if they have one.
        """
        plan, held = self.plan(), in_labs(self.ledger)
        failed = dict.fromkeys(failing, "build")
        failed = dict.fromkeys(unverified, "verification") | failed
        before = self.resources
        self.resources = played(self.stack, plan, before, failed, broken_labs)
        self.check_told(plan, before)
        self.vms = left_vms(self, plan, failed)
        self.now += pass_time
        # Whatever a run is made to do: each image that left a lab was told, once, with its reason.
        steps = (step for step in plan.steps if step.action is Action.RETIRE and step.lab)
        told = [(step.lab, step.version) for step in steps if step.version[0].isdigit()]
        left = held - in_labs(self.ledger)
        assert sorted(told) == sorted((lab, version) for lab, _, version in left)
        return plan

    def check_told(self, plan: Plan, before: Mapping[str, Mapping[str, Any]]) -> None:
        """Check that every line of the engine's would have one of the plan's that explains it."""
        steps = [
            EngineStep(op, str(there[urn]["type"]), urn.split("::", 3)[3])
            for op, there, other in (
                ("create", self.resources, before),
                ("delete", before, self.resources),
            )
            for urn in there
            if urn not in other and not is_grouping(str(there[urn]["type"]))
        ]
        found = unexplained(steps, [step_data(step) for step in plan.steps])
        assert not found, (list(map(str, found)), plan.steps)

    def holding(self, lab_name: str) -> dict[str, list[str]]:
        """What one lab holds: {identity: [versions, oldest first]}."""
        found: dict[str, list[str]] = {}
        for (identity, version), held in sorted(self.ledger.held.items()):
            if lab_name in held.labs:
                found.setdefault(identity, []).append(str(version))
        return found

    def released(self, identity: str) -> list[str]:
        return [
            str(held.version)
            for held in self.ledger.of(identity)
            if held.record and not held.retired
        ]


def in_labs(ledger: Ledger) -> set[tuple[str, str, str]]:
    """Give lab, definition and version of every image that labs hold."""
    return {
        (lab, held.identity, str(held.version))
        for held in ledger.held.values()
        for lab in held.labs
    }


def left_vms(world: World, plan: Plan, failed: Mapping[str, str]) -> dict[str, BuildVm]:
    """Give the VMs that an `up` leaves behind: what is kept for a look, old and new."""
    kept = {left.vm: world.vms[left.vm] for left in plan.unreleased if left.vm}
    for version in plan.versions:
        if version.spec is None or version.spec.content.keep_failed is None:
            continue
        how = fate(version, failed)
        if how:
            name = names.vm_name if how == "build" else names.verifying_vm_name
            vm = name(world.stack, version.identity, version.version, 1)
            kept[vm] = failed_vm(vm, world.stack, version.identity, str(version.version))
    return kept


def failed_vm(name: str, stack: str, identity: str, version: str) -> BuildVm:
    tags = {names.STACK: stack, names.DEFINITION: identity, names.VERSION: version}
    return BuildVm(name, {**tags, names.ATTEMPT: "1"}, "Failed")


def fate(version: VersionPlan, failed: Mapping[str, str]) -> str:
    """Tell in which stage a build fails, "" if in none."""
    how = failed.get(version.identity, "") if version.spec else ""
    verified = version.spec is not None and version.spec.content.verification is not None
    return "" if how == "verification" and not verified else how


def played(
    stack: str,
    plan: Plan,
    before: Mapping[str, Mapping[str, Any]],
    failed: Mapping[str, str],
    broken_labs: Collection[str],
) -> dict[str, dict[str, Any]]:
    """Give the state after an `up`: what is declared and did not fail, and nothing else."""
    after: dict[str, dict[str, Any]] = {}

    def put(kind: str, name: str, /, **outputs: Any) -> None:
        urn = f"urn:pulumi:s::p::{kind}::{name}"
        # An unchanged resource keeps its outputs; a Stash keeps its first value.
        old = before.get(urn)
        keep = old is not None and kind in {"pulumi:index:Stash", "capture", "custom"}
        after[urn] = dict(old) if keep and old else {"type": kind, "outputs": outputs}

    catalogue: dict[str, dict[str, Any]] = {}
    known = [names.adopted_name(old.lab, old.name) for old in plan.adoptions]
    for name in known:
        put("custom", name)
    for identity, last in plan.last_versions.items():
        failures = plan.failed_builds.get(identity)
        more = {"failedBuilds": failures.dump()} if failures else {}
        put("imagefactory:index:Image", identity, lastVersion=str(last), **more)
    for version in plan.versions:
        if version.spec:
            _put(put, version, ("spec",), version.spec.dump())
            put("azure-native:devtestlab:VirtualMachine", _name(version, "vm", "1"))
            if how := fate(version, failed):
                _failed(put, version, how)
                continue
        entry = _released(put, version, stack)
        _delivered(put, version, broken_labs)
        if version.source.lost or version.foreign:
            continue
        catalogue.setdefault(version.identity, {})[str(version.version)] = entry
    after |= _looked_at(plan, before)
    for identity, entries in plan.passed_on.items():
        catalogue.setdefault(identity, {}).update(entries)
    outputs = folded(
        {
            "holdings": plan.holdings,
            "catalogue": written(stack, plan.serial, catalogue, plan.revoked),
        }
    )
    after["urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"] = {
        "type": "pulumi:pulumi:Stack",
        "outputs": outputs,
    }
    return after


def _looked_at(plan: Plan, before: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    kept = {
        names.part(left.identity, left.version, part)
        for left in plan.unreleased
        for part in (
            "spec",
            "failed",
            "failed/at",
            *["source"] * left.source,
            *["capture"] * left.capture,
        )
    }
    return {urn: dict(old) for urn, old in before.items() if urn.split("::", 3)[3] in kept}


def _failed(put: Any, version: VersionPlan, how: str) -> None:
    assert version.spec is not None
    if how == "verification":
        put("source", _name(version, "source"))
        put("capture", _name(version, "capture"), vm={"sourceVmId": "/vm"})
        put("azure-native:devtestlab:VirtualMachine", _name(version, "verify", "1"))
    elif not version.spec.content.keep_failed:
        return  # as a run that was cut off would leave it
    _put(put, version, ("failed", "at"), version.spec.built)
    _put(put, version, ("failed",), {"at": version.spec.built, "error": f"{how} failed: E42"})


def _released(put: Any, version: VersionPlan, stack: str) -> dict[str, Any]:
    record = version.record or (record_of(version.spec, stack) if version.spec else None)
    assert record is not None
    _put(put, version, ("record",), record.dump())
    if version.protected:
        _put(put, version, ("protected",), "yes")
    entry: dict[str, Any] = record.dump()
    if version.retired:
        _put(put, version, ("retired",), version.retired.isoformat())
        entry["retired"] = version.retired.isoformat()
    for lab_name, since in version.retiring.items():
        path = ("retiring", lab_name) if lab_name else ("retiring",)
        _put(put, version, path, since.isoformat())
    if version.revoked:
        entry["revoked"] = version.revoked
    if version.handed_over:
        entry["handedOver"] = "yes"
    if version.foreign:
        _put(put, version, ("guest",), "yes")
    if record.stack == stack and not version.source.lost:
        put("source", _name(version, "source"))
    if version.captured_from:
        put("capture", _name(version, "capture"), vm={"sourceVmId": "/vm"})
    return entry


def _delivered(put: Any, version: VersionPlan, broken_labs: Collection[str]) -> None:
    for region in version.regions:
        if region.copy and not region.copy.lost:
            put("copy", _name(version, "copy", region.region), name=region.copy.name)
        if region.backing and not region.backing_lost:
            put("image", _name(version, "image", region.region))
        for delivery in region.labs:
            if delivery.held or delivery.lab.name not in broken_labs:
                name = _name(version, "lab", *delivery.path)
                put("lab", name, provisioningState="Succeeded")


def _name(version: VersionPlan, *path: str) -> str:
    return names.part(version.identity, version.version, *path)


def _put(put: Any, version: VersionPlan, path: tuple[str, ...], value: Any) -> None:
    put("pulumi:index:Stash", _name(version, *path), output=value, input=value)


def dev(*identities: str, labs: list[dict[str, Any]] | None = None, **more: Any) -> World:
    images = {identity: image(identity) for identity in identities or ("linux/a",)}
    own_labs = labs if labs is not None else [lab("team")]
    return World(DEV, images, settings(DEV, own_labs, **more))


def prod(source: World, labs: list[dict[str, Any]] | None = None, **more: Any) -> World:
    own_labs = labs if labs is not None else [lab("finance")]
    return World(PROD, source.images, settings(PROD, own_labs, **more), source=source)


def linux(*neighbours: World, labs: list[dict[str, Any]] | None = None, **more: Any) -> World:
    """A second building stack, of the definitions that the first one has too."""
    own_labs = labs if labs is not None else [lab("unix")]
    images = neighbours[0].images if neighbours else {}
    taken = {"builds": ["linux/**"], "parentsFrom": [each.stack for each in neighbours], **more}
    made = World(LINUX, images, settings(LINUX, own_labs, **taken))
    made.neighbours = list(neighbours)
    return made


def changed(world: World, identity: str, sku: str) -> None:
    world.images[identity] = image(identity, sku=sku)


__all__ = [
    "Capture",
    "World",
    "changed",
    "dev",
    "image",
    "lab",
    "linux",
    "prod",
    "record_of",
    "settings",
]
