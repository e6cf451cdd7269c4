"""Declares the program on Pulumi mocks and records what was registered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
from google.protobuf import struct_pb2  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.mocks import (
    MockCallArgs,
    MockMonitor,
    MockResourceArgs,
    Mocks,
    set_mocks,
)
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc import _special_sig_key

from factory.azure.resources import ArmError, Disk
from factory.azure.waiter import Waiter
from factory.components.run_context import Run
from factory.definitions.definition import Artifact
from factory.observed.model import ArtifactStatus, BuildVm, Thing
from factory.plan.inputs import Inputs
from factory.plan.model import Plan
from factory.program import _declare
from tests.plan.world import DEV, SUBSCRIPTIONS


def snapshot_id(name: str) -> str:
    group = f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups/rg-factory"
    return f"{group}/providers/Microsoft.Compute/snapshots/{name}"


def opened(value: Any) -> Any:
    """Give what is in a secret, as the engine would to whoever may read secrets."""
    return value["value"] if isinstance(value, dict) and _special_sig_key in value else value


@dataclass
class Recorder(Mocks):
    """Answers every resource as Azure would, and remembers its type, name and inputs."""

    resources: dict[str, MockResourceArgs] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    # By type and name: the properties that are to be left as they are.
    ignored: dict[str, list[str]] = field(default_factory=dict)
    # What stays in Azure when the program does not name it any more.
    retained: set[str] = field(default_factory=set)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        key = f"{args.typ} {args.name}"
        assert key not in self.resources, f"registered twice: {key}"
        self.resources[key] = args
        self.order.append(key)
        outputs = dict(args.inputs)
        if args.typ == "pulumi:index:Stash":
            return f"{args.name}-id", {**outputs, "output": outputs.get("input")}
        last = ("resourceGroupName", "snapshotName", "imageName", "name")
        outputs.setdefault("name", next((outputs[k] for k in last if k in outputs), args.name))
        if args.typ == "azure-native:compute:Snapshot":
            return snapshot_id(outputs["snapshotName"]), outputs
        return f"/id/{args.name}", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        msg = f"no call expected: {args.token}"
        raise AssertionError(msg)

    def inputs(self, kind: str, name: str) -> dict[str, Any]:
        return {key: opened(each) for key, each in self.resources[f"{kind} {name}"].inputs.items()}

    def names(self, kind: str) -> list[str]:
        return sorted(args.name for args in self.resources.values() if args.typ == kind)


@dataclass(frozen=True)
class Answers:
    """How an engine answers what fails, and what it skips since something before it failed.

    ``failing`` are the ends of the logical names of what fails at once, ``late`` of what Azure
    fails after it was made: that has an id. ``only`` are the logical names of what is in the state,
    for an operation that makes nothing (``refresh --run-program``, say), so that all else is
    skipped. Up to 3.273 (tried: 3.259) nothing is known of what was skipped; from 3.274 on (tried:
    3.276) its outputs are known, as far as a dry run knows them, and its id alone is not.
    """

    newer: bool
    failing: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    only: frozenset[str] | None = None


# Newer engines answer it no more, and the SDK has no name for it any more.
_SKIPPED: Any = 2


class NotingMonitor(MockMonitor):
    """Remembers what the program says of changes that it leaves alone."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the SDK's name
        if isinstance(self.mocks, Recorder):
            self.mocks.ignored[f"{request.type} {request.name}"] = list(request.ignoreChanges)
            if request.retainOnDelete:
                self.mocks.retained.add(request.name)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class AnsweringMonitor(MockMonitor):
    """Registers as an engine does whose resources may fail, with continue-on-error."""

    def __init__(self, mocks: Mocks, answers: Answers) -> None:
        super().__init__(mocks)
        self.answers = answers
        self.bad: set[str] = set()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the SDK's name
        urn, answers = self.make_urn(request.parent, request.type, request.name), self.answers
        needed = {*request.dependencies, request.parent}
        for each in request.propertyDependencies.values():
            needed.update(each.urns)
        new = answers.only is not None and request.custom and request.name not in answers.only
        if needed & self.bad or new:
            self.bad.add(urn)
            return self._skipped(urn, request)
        if request.name.endswith(answers.failing or ("\0",)):
            self.bad.add(urn)
            failed = resource_pb2.Result.FAIL
            return resource_pb2.RegisterResourceResponse(urn=urn, result=failed)
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.name.endswith(answers.late or ("\0",)):
            self.bad.add(urn)
            answer.result = resource_pb2.Result.FAIL
        return answer

    def _skipped(self, urn: str, request: Any) -> Any:
        if not self.answers.newer:
            return resource_pb2.RegisterResourceResponse(urn=urn, result=_SKIPPED)
        outputs = struct_pb2.Struct()
        outputs.CopyFrom(request.object)
        if request.type == "pulumi:index:Stash":
            outputs["output"] = outputs["input"]
        return resource_pb2.RegisterResourceResponse(urn=urn, object=outputs, unknown=True)


@dataclass
class Clock:
    """Azure's clock: it goes on a minute with every question."""

    time: datetime = datetime(2026, 11, 22, 8, tzinfo=UTC)

    @property
    def now(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time


@dataclass
class FakeArm:
    """One VM in Azure, as the API module shows it. ``fate`` gives an artifact's end by its name."""

    fate: dict[str, str] = field(default_factory=dict)
    applied: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    statuses: list[ArtifactStatus] = field(default_factory=list)
    busy: int = 0
    lost: bool = False
    state: str = "Succeeded"
    provisioning_fault: str = ""
    power: str = "running"
    security: str = "Standard"
    things: dict[str, Thing] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    mandatory: list[str] = field(default_factory=list)
    client: Clock = field(default_factory=Clock)

    def lab(self, _: str) -> dict[str, Any]:
        return {"properties": {"mandatoryArtifactsResourceIdsLinux": self.mandatory}}

    def build_vm(self, _: str) -> BuildVm | None:
        if self.lost:
            return None
        self.statuses = [
            ArtifactStatus(s.artifact, self._end(s), "E42: no disk space") for s in self.statuses
        ]
        return BuildVm("b1", {}, self.state, tuple(self.statuses))

    def _end(self, status: ArtifactStatus) -> str:
        name = status.artifact.rsplit("/", 1)[1]
        if name in {"windows-sysprep", "linux-deprovision"} and name not in self.fate:
            self.power = "deallocated"
        return self.fate.get(name, "Succeeded")

    def apply_artifact(self, _: str, lab: str, artifact: Artifact, values: dict[str, str]) -> None:
        if self.busy:
            self.busy -= 1
            raise ArmError("POST", 409, "ResourceIsNotInValidState", "busy")
        self.applied.append((artifact.name, dict(values)))
        artifact_id = f"{lab}/artifactSources/{artifact.source}/artifacts/{artifact.name}".lower()
        self.statuses.append(ArtifactStatus(artifact_id, "Installing"))

    def stop_vm(self, _: str) -> None:
        self.power = "deallocated"

    def power_state(self, _: str) -> str:
        return self.power

    def vm_fault(self, _: str) -> str:
        return self.provisioning_fault

    def os_disk(self, _: str) -> Disk | None:
        return Disk("/disk/os", "V2", self.security, "", 127, {})

    def thing(self, resource_id: str) -> Thing | None:
        return self.things.get(resource_id)

    def items(self, collection: str) -> list[dict[str, Any]]:
        return [{"id": name} for name in self.things if name.startswith(f"{collection}/")]

    def make_user(self, user_id: str) -> None:
        assert user_id not in self.things, "a user that is known is left alone"
        self.things[user_id] = Thing(user_id)

    def delete(self, resource_id: str) -> None:
        self.deleted.append(resource_id)
        self.things.pop(resource_id, None)


def waiter(arm: FakeArm) -> Waiter:
    return Waiter(arm, timedelta(milliseconds=1))  # type: ignore[arg-type]


def declare(
    inputs: Inputs,
    plan: Plan,
    arm: FakeArm | None = None,
    secrets: dict[str, str] | None = None,
    *,
    preview: bool = False,
    answers: Answers | None = None,
) -> Recorder:
    """Declare a plan; each time in an event loop and with settings of its own."""
    recorder = Recorder()

    def program() -> None:
        known = {name: pulumi.Output.secret(value) for name, value in (secrets or {}).items()}
        run = Run(
            replace(inputs.owner, state=plan.state),
            inputs.settings,
            waiter(arm or FakeArm()),
            known,
            known=inputs.ledger.names,
            lent=plan.lent,
            without_id=inputs.ledger.without_id,
            began="20261122T080000Z",
        )
        _declare(run, inputs, plan)

    in_loop(recorder, program, preview=preview, answers=answers)
    return recorder


def in_loop(
    recorder: Mocks,
    program: Callable[[], Any],
    *,
    preview: bool = False,
    answers: Answers | None = None,
) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    monitor = AnsweringMonitor(recorder, answers) if answers else NotingMonitor(recorder)
    set_mocks(recorder, project="image-factory", stack="dev", preview=preview, monitor=monitor)
    try:
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    finally:
        pulumi.runtime.settings.reset_options()
