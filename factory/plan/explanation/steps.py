"""The lines of a plan, each derived from a verdict or from where a version is placed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from factory.common.names import adopted_name, parse_part
from factory.plan.model import Action, Step, VersionPlan
from factory.plan.placement.placement import Placement, Placements
from factory.plan.situation.situation import Situation
from factory.plan.verdicts.verdict import Arrival, Fate, Verdicts, VersionVerdict
from factory.settings.stack import NAMESPACE

_FIRST = "its protection goes first, the next `up` does the rest"
_UNFINISHED = "its source went before its copy was complete; dropped as unfinished"
# What is deleted when a version retires; its source stays for its receivers.
_GOES_AT_ONCE = frozenset({"capture", "copy", "image", "lab"})
_FAILED_BEFORE = "a deletion that failed before is"
_ORDER = {action: index for index, action in enumerate(Action)}
# What is told of a version as a whole, whatever becomes of it in single labs.
_TOLD = {
    Fate.KEEP: Action.KEEP,
    Fate.REVOKE: Action.KEEP,
    Fate.SOURCE_KEPT: Action.KEEP,
    Fate.READOPT: Action.ADOPT,
    Fate.LOOK: Action.WAIT,
    Fate.REMOVE: Action.REMOVE,
    Fate.FORGET: Action.FORGET,
}


def steps(situation: Situation, verdicts: Verdicts, placements: Placements) -> tuple[Step, ...]:
    """Give all that happens, in the order in which it is told."""
    found = [_by_present_name(situation, step) for step in _all(situation, verdicts, placements)]
    found.sort(key=lambda step: (_ORDER[step.action], step.identity, step.version, step.lab))
    return tuple(found)


def _by_present_name(situation: Situation, step: Step) -> Step:
    """Tell a step of what was built before its definition moved under the present name."""
    if step.version and not step.resource:
        step = replace(step, resource=f"{step.identity}@{step.version}")
    now = situation.present.get(step.identity, step.identity)
    if now == step.identity:
        return step
    return replace(step, identity=now, reason=f"{step.reason}; built as {step.identity}")


def _all(situation: Situation, verdicts: Verdicts, placements: Placements) -> Iterator[Step]:
    for image in verdicts.images:
        for verdict in image.versions:
            if verdict not in placements.unfinished:
                yield from _of_version(situation, verdict)
        for each in image.arrivals:
            yield Step(each.action, each.identity, each.version, each.reason, each.lab)
    for placement in placements.found:
        yield from _of_placement(situation, placement)
    for verdict in verdicts.leftovers:
        yield from _of_version(situation, verdict)
    for vm in verdicts.vms:
        reason = f"its VM {vm.vm} is not needed any more"
        yield Step(Action.REMOVE, vm.identity, str(vm.version), reason, situation.lab_name)
    yield from _foundations(situation)
    yield from _in_labs(verdicts)
    yield from _half_replaced(situation)


def _foundations(situation: Situation) -> Iterator[Step]:
    """Tell of what the stack stands on: what is made, taken in, made again or dropped."""
    for each in situation.foundations:
        name = each.logical_name
        if not each.declared:
            told = Action.DELETE, "the settings do not name it any more"
        elif name in situation.remade or not each.finished:
            told = Action.RESTORE, "Azure never finished it; it is made to its end"
        elif name in situation.adopted:
            told = Action.ADOPT, "it is there with this stack's tag"
        elif not each.held:
            told = Action.CREATE, "the stack stands on it, and its state has none"
        elif each.edited:
            told = Action.UPDATE, f"the settings say otherwise: {', '.join(each.edited)}"
        else:
            continue
        yield Step(told[0], each.shown, "", told[1], resource=name)


def _half_replaced(situation: Situation) -> Iterator[Step]:
    """Tell of replacements that failed half-way: the engine goes on with them in every run."""
    for name, count in sorted(situation.pending.items()):
        many = f"{count} deletions that failed before are" if count > 1 else _FAILED_BEFORE
        told = f"{many} tried again: what {name} was before it was replaced"
        yield Step(Action.DELETE, *_version_of(name), told, resource=name)
    for name in sorted(situation.unmade):
        told = f"{name} was deleted to be replaced, and could not be made: it is not there"
        yield Step(Action.REPLACE, *_version_of(name), told, resource=name)


def _version_of(name: str) -> tuple[str, str]:
    place = parse_part(name)
    return (place[0], str(place[1])) if place is not None else (name, "")


def _in_labs(verdicts: Verdicts) -> Iterator[Step]:
    """Tell of labs, and of what is there besides our versions."""
    for lab in verdicts.labs:
        yield Step(lab.action, lab.identity, lab.version, lab.reason, lab.lab)
    for each in verdicts.environments:
        shown = f"environment {each.environment.shown}"
        name = each.environment.logical_name
        yield Step(each.action, shown, "", each.reason, each.environment.lab, name)
    for old in verdicts.originals:
        original = old.original
        known = old.action not in {Action.FORGET, Action.REFUSE}
        shown = (original.identity or original.path) if known else "-"
        home, name = original.lab.name, original.name
        yield Step(old.action, shown, name, old.reason, home, adopted_name(home, name))


def _of_version(situation: Situation, verdict: VersionVerdict) -> Iterator[Step]:
    version, reason = verdict.version, verdict.reason

    def step(action: Action, reason: str, lab: str = "") -> Step:
        return Step(action, version.identity, version.number, reason, lab)

    for action, told, lab in _as_a_whole(verdict):
        yield step(action, told, lab)
    if verdict.fate is Fate.UNPROTECT:
        yield step(Action.UNPROTECT, f"{reason}; {_FIRST}")
    if verdict.fate is Fate.KEEP and not version.foreign:
        yield from _protection(situation, verdict)
    yield from (step(*line) for line in _leaving(verdict))
    if verdict.fate in {Fate.RETIRE, Fate.RECALL} and not version.labs:
        yield step(Action.RETIRE, reason)


def _leaving(verdict: VersionVerdict) -> Iterator[tuple[Action, str, str]]:
    """Tell of every lab that is to lose it: that it does, until when not, or why not yet."""
    for each in verdict.leaving:
        for lab in each.labs if each.stays else ():
            yield Action.KEEP, f"{each.cause.reason}; it stays for now: {each.stays}", lab
    for lab, until in verdict.marked.items():
        since, reasons = verdict.version.held.retiring.get(lab), [verdict.reason]
        reasons += [each.cause.reason for each in verdict.leaving if lab in each.labs]
        action = Action.MARK if since is None else Action.KEEP
        yield action, _mark(reasons[-1], since, until), lab
    for lab, each in verdict.dropped:
        yield Action.RETIRE, each.cause.reason, lab
    if verdict.fate in {Fate.KEEP, Fate.MARK}:
        unmarked = {*verdict.version.held.retiring} - {*verdict.marked}
        for lab in sorted(unmarked - {lab for lab, _ in verdict.dropped}):
            yield Action.UNMARK, f"it stays after all: {verdict.reason}", lab


def _as_a_whole(verdict: VersionVerdict) -> Iterator[tuple[Action, str, str]]:
    """Tell what becomes of a version as such."""
    if again := _again(verdict):
        told = f"{verdict.reason}; an earlier deletion of it did not succeed"
        yield from ((Action.RETIRE, told, lab) for lab in again)
    elif verdict.fate in _TOLD:
        yield _TOLD[verdict.fate], verdict.reason, ""
    if verdict.fate is Fate.LOOK and verdict.version.held.has_vm:
        told = "the state lets go of its VMs; what is kept for a look stays"
        yield Action.FORGET, told, ""


def _again(verdict: VersionVerdict) -> tuple[str, ...]:
    """Name the labs from which a retired version is still to go; "" for what no lab holds."""
    left = {path[0] for path in verdict.version.held.parts if path}
    if verdict.fate is not Fate.SOURCE_KEPT or left.isdisjoint(_GOES_AT_ONCE):
        return ()
    return tuple(sorted(verdict.version.labs)) or ("",)


def _mark(reason: str, since: datetime | None, until: datetime) -> str:
    """Tell the first of two steps, with the date of the second; once marked, it merely stays."""
    told = f"{reason}; no new delivery, deleted after {until:%Y-%m-%d}"
    return told if since is None else f"marked on {since:%Y-%m-%d}: {told}"


def _protection(situation: Situation, verdict: VersionVerdict) -> Iterator[Step]:
    """Say what this run changes about the protection of a kept version."""
    version, wanted = verdict.version, situation.protects
    protected = version.held.protected
    going = [each for each in verdict.leaving if not each.stays]
    if protected and going:
        changes = [(lab, f"{each.cause.reason}; {_FIRST}") for each in going for lab in each.labs]
    elif wanted and not protected:
        reason = (
            f"`pulumi destroy` refuses to delete it until {NAMESPACE}:protectImages is false and "
            "`up` has run"
        )
        yield Step(Action.PROTECT, version.identity, version.number, reason)
        return
    else:
        changes = [("", f"{NAMESPACE}:protectImages is not set")] if protected != wanted else []
    for lab, reason in changes:
        yield Step(Action.UNPROTECT, version.identity, version.number, reason, lab)


def _of_placement(situation: Situation, placement: Placement) -> Iterator[Step]:
    plan, verdict = placement.plan, placement.verdict
    if isinstance(verdict, Arrival):
        identity, number, comes_along = verdict.identity, verdict.version, verdict.foreign
    else:
        identity, number, comes_along = verdict.version.identity, verdict.version.number, False
    if plan is None:
        yield Step(Action.FORGET, identity, number, _UNFINISHED)
        return
    for region in _left(verdict, plan):
        reason = f"what is kept of it in {region} goes: no lab there is to hold it"
        yield Step(Action.REMOVE, identity, number, reason)
    if not isinstance(verdict, Arrival) and verdict.fate is Fate.KEEP:
        yield from _source(identity, number, plan)
    if placement.recaptured:
        reason = "its custom image in the factory lab is gone; made again from its snapshot"
        yield Step(Action.RESTORE, identity, number, reason, situation.lab_name)
    yield from _in_regions(placement, identity, number, comes_along=comes_along)


def _left(verdict: VersionVerdict | Arrival, plan: VersionPlan) -> list[str]:
    """Name the regions whose copy and managed image go, where no line of a lab tells it."""
    if isinstance(verdict, Arrival) or verdict.dropped or plan.retired:
        return []
    return sorted(verdict.version.held.regions - {each.region for each in plan.regions})


def _source(identity: str, number: str, plan: VersionPlan) -> Iterator[Step]:
    """Tell of a source snapshot that is gone."""
    if plan.source.origin:
        reason = f"its source snapshot is gone; made again from its copy in {plan.source.region}"
        yield Step(Action.RESTORE, identity, number, reason)
    if plan.source.lost:
        reason = (
            "its source snapshot is gone, and so is every copy that it could be made from: labs "
            "that have it keep it, no other region and no receiving stack can get it"
        )
        yield Step(Action.WARN, identity, number, reason)


def _in_regions(
    placement: Placement, identity: str, number: str, *, comes_along: bool
) -> Iterator[Step]:
    """Tell of a version in labs, and of what they are served from."""
    for region in placement.regions:
        for lab in region.labs:
            # Where a foreign parent goes is told with its arrival.
            if lab.action is not None and not (comes_along and lab.action is Action.DELIVER):
                yield Step(lab.action, identity, number, lab.reason, lab.lab)
        for part in region.gone:
            reason = f"{part} is gone -> `pulumi refresh`; the next `up` makes it again"
            yield Step(Action.WARN, identity, number, reason)
        for part in region.remade:
            reason = f"{part} is gone; made again from what is kept"
            yield Step(Action.RESTORE, identity, number, reason)
