"""Plays a plan on a ledger: the state after an ``up`` in which everything went well. Pure.

It writes what the components would declare (factory/components/version.py, regional.py), under the
names that :mod:`factory.common.names` gives, and reads it back by the one parser of ledgers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from factory.common import names
from factory.ledger import catalogue as cat
from factory.ledger.foundations import compute_id, foundation_ids
from factory.ledger.model import HOLDINGS, IMAGE_TYPE, Ledger, Path
from factory.ledger.record import Record, Spec, released
from factory.ledger.state_reader import read_ledger
from factory.plan.inputs import Inputs
from factory.plan.model import Adoption, Plan, Source, Unreleased, VersionPlan
from factory.plan.situation.sizes import Sizes


def played(inputs: Inputs, plan: Plan) -> Ledger:
    """Give the ledger as it will be when ``plan`` was carried out without a fault."""
    state = _State(inputs)
    for identity, last in plan.last_versions.items():
        failed = plan.failed_builds.get(identity)
        more = {"failedBuilds": failed.dump()} if failed else {}
        state.put(IMAGE_TYPE, identity, lastVersion=str(last), **more)
    definitions: dict[str, dict[str, Any]] = {}
    for version in plan.versions:
        record = version.record or (
            _expected_record(inputs, version.spec, version.attempt) if version.spec else None
        )
        if record is None:
            continue
        _version(state, version, record)
        if not version.source.lost and not version.foreign:
            entry = version.entry(record)
            definitions.setdefault(version.identity, {})[str(version.version)] = entry
    for identity, entries in plan.passed_on.items():
        definitions.setdefault(identity, {}).update(entries)
    for left in plan.unreleased:
        _unreleased(state, left)
    outputs: dict[str, Any] = {
        HOLDINGS: plan.holdings,
        cat.OUTPUT: cat.written(inputs.name, plan.serial, definitions, plan.revoked, inputs.stack),
    }
    if serials := inputs.serials:
        outputs[cat.RECEIVED] = cat.received(serials)
    ledger = read_ledger(state.resources)
    return replace(
        ledger,
        outputs=outputs,
        foundations=inputs.ledger.foundations,
        adopted={
            name: inputs.ledger.adopted.get(name) or _foreseen(inputs, each)
            for each in plan.adoptions
            for name in [names.adopted_name(each.lab, each.name)]
        },
        environments={e.logical_name: e.azure_name for e in inputs.settings.environments},
        names=ledger.names | inputs.ledger.names | {*foundation_ids(inputs.settings)} - plan.lent,
        own_tags=inputs.settings.tags,
    )


# Parts that keep the outputs they were made with.
_LASTING = frozenset({"spec", "record", "retired", "retiring", "capture"})


@dataclass
class _State:
    inputs: Inputs
    resources: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def put(self, kind: str, name: str, /, **outputs: Any) -> None:
        urn = f"urn:pulumi:{self.inputs.stack}::image-factory::{kind}::{name}"
        self.resources[urn] = {"type": kind, "outputs": outputs}

    def part(self, version: VersionPlan, path: Path, **outputs: Any) -> None:
        """Declare a part: one that is there keeps its outputs, as a Stash and a capture do."""
        held = self.inputs.ledger.held.get((version.identity, version.version))
        old = held.parts.get(path) if held is not None else None
        kept = old if old is not None and path[0] in _LASTING else {}
        name = names.part(version.identity, version.version, *path)
        self.put("part", name, **(kept or outputs))


def _version(state: _State, version: VersionPlan, record: Record) -> None:
    if version.spec is not None:
        _built(state, version, version.spec)
    if version.foreign:
        state.part(version, ("guest",), output="yes")
    elif state.inputs.settings.builds and not version.source.lost:
        state.part(version, ("source",))
    if version.captured_from is Source.VM:
        state.part(version, ("capture",), vm={"sourceVmId": record.vm_id})
    elif version.captured_from is Source.BACKING:
        state.part(version, ("capture",), managedImageId="")
    state.part(version, ("record",), output=record.dump())
    if version.protected:
        state.part(version, ("protected",), output="yes")
    if version.retired is not None:
        state.part(version, ("retired",), output=version.retired.isoformat(timespec="seconds"))
        return
    for lab, since in version.retiring.items():
        path = ("retiring", lab) if lab else ("retiring",)
        state.part(version, path, output=since.isoformat(timespec="seconds"))
    _delivered(state, version)


def _delivered(state: _State, version: VersionPlan) -> None:
    for region in version.regions:
        if region.copy is not None and not region.copy.lost:
            state.part(version, ("copy", region.region), name=region.copy.name)
        if region.backing and not region.backing_lost:
            state.part(version, ("image", region.region))
        for delivery in region.labs:
            state.part(version, ("lab", *delivery.path), provisioningState="Succeeded")


def _foreseen(inputs: Inputs, adoption: Adoption) -> dict[str, Any]:
    """Give what the state will hold of an image that this plan takes in."""
    observed = inputs.observed.labs.get(adoption.lab)
    thing = (observed.images or {}).get(adoption.name.lower()) if observed else None
    return {"tags": dict(thing.tags), "creationDate": thing.created} if thing else {}


def _built(state: _State, version: VersionPlan, spec: Spec) -> None:
    state.part(version, ("spec",), output=spec.dump())
    state.part(version, ("vm", str(version.attempt)))
    if spec.content.verification is not None:
        state.part(version, ("verify", str(version.verifying)))


def _unreleased(state: _State, left: Unreleased) -> None:
    """Keep what is kept for a look as it is."""
    held = state.inputs.ledger.held[(left.identity, left.version)]
    kept = [("spec",), ("failed",), ("failed", "at")]
    for path in (*kept, *([("source",)] * left.source), *([("capture",)] * left.capture)):
        if held.has(*path):
            state.put("part", names.part(left.identity, left.version, *path), **held.parts[path])


def _expected_record(inputs: Inputs, spec: Spec, attempt: int) -> Record:
    """Foresee the record of a build: as large as its predecessor, its disk of an ordinary kind."""
    settings = inputs.settings
    name = names.image_name(spec.definition, spec.parsed())
    source = compute_id(settings, "snapshots", name)
    outcome = {
        "attempt": str(attempt),
        "vm_id": "foreseen",
        "os_disk_id": "foreseen",
        "generation": "V2",
        "security_type": "",
        "encryption": "",
        "disk_size_gb": str(Sizes(inputs).of_spec(spec)),
    }
    return released(spec, outcome, inputs.stack, settings.region, (source, "", ""))
