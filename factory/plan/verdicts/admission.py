"""Which of the builds that are due run now, and what becomes of those that are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from factory.common.vm_sizes import cores_of
from factory.definitions.definition import cores_at_once
from factory.plan.model import Action
from factory.plan.situation.situation import Situation
from factory.plan.verdicts.leftovers import judge_leftovers, judge_vms
from factory.plan.verdicts.verdict import Arrival, Build, ImageVerdict, Verdicts


def admit(situation: Situation, verdicts: Verdicts) -> Verdicts:
    """Let the builds wait for the next run that there is no room for: so many, so many cores."""
    waiting = _waiting(situation, tuple(verdicts.builds))
    images = tuple(_admitted(image, waiting) for image in verdicts.images)
    running = frozenset(
        (build.spec.definition, build.spec.parsed())
        for build in replace(verdicts, images=images).builds
    )
    leftovers = tuple(judge_leftovers(situation, running))
    vms = tuple(judge_vms(situation, running, leftovers))
    return replace(verdicts, images=images, leftovers=leftovers, vms=vms)


def _admitted(image: ImageVerdict, waiting: dict[str, str]) -> ImageVerdict:
    def admitted(arrival: Arrival) -> Arrival:
        fault = waiting.get(arrival.build.name) if arrival.build is not None else None
        return Arrival(Action.WAIT, arrival.identity, fault) if fault else arrival

    return replace(image, arrivals=tuple(admitted(each) for each in image.arrivals))


def _budget(situation: Situation, builds: Sequence[Build]) -> int | None:
    """Give the cores that ``maxCores`` leaves to new builds; None for no limit.

    Builds that go on take theirs, and so does every other VM of this stack that is still there:
    Azure's quota counts one that is stopped as well.
    """
    if not situation.limits.cores:
        return None
    going_on = {
        (build.spec.definition, build.spec.version): cores_at_once(build.spec.content)
        for build in builds
        if build.resumed
    }
    others = sum(cores_of(vm.size) for vm in situation.vms.values() if vm.made_for not in going_on)
    return situation.limits.cores - sum(going_on.values()) - others


def _waiting(situation: Situation, builds: Sequence[Build]) -> dict[str, str]:
    """Say of every build that has to wait why, oldest image first.

    A limit of 0 is none. A build that goes on has its VM, and is counted first. What is free hangs
    on the VMs of others too, so a plan that fits now is a forecast, no promise.
    """
    limits = situation.limits
    free, budget, running = limits.free, _budget(situation, builds), 0
    waiting: dict[str, str] = {}
    for build in sorted(builds, key=lambda build: _urgency(situation, build)):
        content = build.spec.content
        needed = 0 if build.resumed else cores_of(content.size)
        most = 0 if build.resumed else cores_at_once(content)
        if limits.builds and running >= limits.builds and not build.resumed:
            fault = f"maxConcurrentBuilds is {limits.builds}"
        elif free is not None and needed > free:
            fault = f"it needs {needed} cores, {max(free, 0)} are free"
        elif not build.resumed and budget is not None and most > budget:
            fault = f"it needs {most} cores, {max(budget, 0)} of maxCores {limits.cores} are left"
        else:
            running += 1
            budget = None if budget is None else budget - most
            free = None if free is None else free - needed
            continue
        waiting[build.name] = f"{fault}; planned for the next run"
    return _with_children(waiting, builds)


def _with_children(waiting: dict[str, str], builds: Sequence[Build]) -> dict[str, str]:
    """Let a child wait whose parent waits: there will be nothing to build it on."""
    children = {
        build.name: "its parent waits; planned for the next run"
        for build in builds
        if build.spec.parent in waiting
    }
    more = {**children, **waiting}
    return waiting if more.keys() == waiting.keys() else _with_children(more, builds)


def _urgency(situation: Situation, build: Build) -> tuple[bool, datetime, str]:
    """Order builds: those under way, then by the age of what they replace (never built first)."""
    versions = situation.image(build.spec.definition).versions
    newest = max((version.built for version in versions if version.built), default=None)
    oldest = datetime.min.replace(tzinfo=UTC)
    return not build.resumed, newest or oldest, build.spec.definition
