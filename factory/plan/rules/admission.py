"""Which of the builds that are due run now: so many at once, and no more cores than are free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from factory.common.names import version_urn_name
from factory.common.vm_sizes import cores_of
from factory.definitions.definition import cores_at_once
from factory.plan.inputs import Inputs
from factory.plan.rules.due import Build


@dataclass(frozen=True)
class Admission:
    """What becomes of one build that is due; ``fault`` says why it has to wait, "" if not."""

    build: Build
    fault: str = ""


def _budget(inputs: Inputs, builds: list[Build]) -> int | None:
    """Give the cores that ``maxCores`` leaves to new builds; None for no limit.

    Builds that go on take theirs, and so does every other VM of this stack that is still there:
    Azure's quota counts one that is stopped as well.
    """
    if not inputs.settings.max_cores:
        return None
    going_on = {
        (build.spec.definition, build.spec.version): cores_at_once(build.spec.content)
        for build in builds
        if build.resumed
    }
    others = sum(
        cores_of(vm.size) for vm in inputs.observed.vms.values() if vm.made_for not in going_on
    )
    return inputs.settings.max_cores - sum(going_on.values()) - others


def admit(inputs: Inputs, builds: list[Build]) -> list[Admission]:
    """Decide for every build that is due, oldest image first.

    A limit of 0 is none. A build that goes on has its VM, and is counted first. What is free hangs
    on the VMs of others too, so a plan that fits now is a forecast, no promise.
    """
    limit = inputs.settings.max_concurrent_builds
    free = inputs.observed.cores_free
    budget = _budget(inputs, builds)
    running = 0
    admitted = []
    for build in sorted(builds, key=lambda build: _urgency(inputs, build)):
        content = build.spec.content
        needed = 0 if build.resumed else cores_of(content.size)
        if limit and running >= limit and not build.resumed:
            fault = f"maxConcurrentBuilds is {limit}; planned for the next run"
        elif free is not None and needed > free:
            fault = f"it needs {needed} cores, {max(free, 0)} are free; planned for the next run"
        elif not build.resumed and budget is not None and cores_at_once(content) > budget:
            fault = (
                f"it needs {cores_at_once(content)} cores, {max(budget, 0)} of maxCores "
                f"{inputs.settings.max_cores} are left; planned for the next run"
            )
        else:
            fault = ""
            running += 1
            if budget is not None and not build.resumed:
                budget -= cores_at_once(content)
            free = None if free is None else free - needed
        admitted.append(Admission(build, fault))
    return _with_their_parents(admitted)


def _with_their_parents(admitted: list[Admission]) -> list[Admission]:
    """Let a child wait whose parent waits: there will be nothing to build it on."""
    waiting = {_key(admission.build) for admission in admitted if admission.fault}
    held_back = [
        replace(admission, fault="its parent waits; planned for the next run")
        if not admission.fault and admission.build.spec.parent in waiting
        else admission
        for admission in admitted
    ]
    return held_back if held_back == admitted else _with_their_parents(held_back)


def _key(build: Build) -> str:
    return version_urn_name(build.spec.definition, build.spec.parsed())


def _urgency(inputs: Inputs, build: Build) -> tuple[bool, datetime, str]:
    """Order builds: those under way, then by the age of what they replace (never built first)."""
    records = [held.record for held in inputs.held_of(build.spec.definition) if held.record]
    newest = max((datetime.fromisoformat(record.built) for record in records), default=None)
    oldest = datetime.min.replace(tzinfo=UTC)
    return not build.resumed, newest or oldest, build.spec.definition
