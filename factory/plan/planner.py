"""The one plan: (definitions, settings, ledger, what Azure reports, catalogue) -> what to declare.

A pure function, no I/O, no Pulumi: the same inputs give the same plan, which people read before it
happens and tests play by the thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from factory.common.names import version_urn_name
from factory.definitions.lineage import generations
from factory.ledger.catalogue_serial import last_name
from factory.ledger.foundations import adopted, remade
from factory.ledger.model import Held
from factory.ledger.recovered_file import settled
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Plan, Step, VersionPlan
from factory.plan.rules import guards
from factory.plan.rules.admission import admit
from factory.plan.rules.channel import current, on_hold, vain_pins
from factory.plan.rules.hung import given_up
from factory.plan.rules.marking import marked_until
from factory.plan.rules.reachability import refusals
from factory.plan.rules.retention import judge
from factory.plan.rules.revocation import revocations, revoked, still_used
from factory.plan.steps.adopt import plan_adopted
from factory.plan.steps.build import admit_build, plan_build
from factory.plan.steps.environments import plan_environments
from factory.plan.steps.foreign_parents import plan_guests
from factory.plan.steps.keep import keep, mark
from factory.plan.steps.receive import receive
from factory.plan.steps.retire import leftovers, retire, revoke, still_retired
from factory.plan.steps.take_in import left_out, take_in
from factory.plan.steps.unreleased import strays
from factory.plan.summary import content, holdings, last_versions, serial

_ORDER = {action: index for index, action in enumerate(Action)}


def make_plan(inputs: Inputs) -> Plan:
    """Decide everything. Raises :class:`FactoryError` if a guard stops the run."""
    inputs = replace(inputs, observed=given_up(inputs.observed, inputs.ledger))
    guards.check(inputs)
    draft = Draft()
    offered = inputs.catalogue.identities if inputs.catalogue else set()
    depth = generations(inputs.images)
    known = {*inputs.images, *(inputs.present(name) for name in inputs.ledger.identities | offered)}
    # Parents first: a child is due when the version it is to be built on has moved.
    for identity in sorted(known, key=lambda identity: (depth.get(identity, 0), identity)):
        _plan_image(inputs, identity, draft)
    _admit(inputs, draft)
    draft.steps += refusals(inputs)
    plan_environments(inputs, draft)
    adoptions = plan_adopted(inputs, draft)
    draft.versions.sort(
        key=lambda v: (depth.get(inputs.present(v.identity), 0), v.identity, v.version)
    )
    for identity in sorted({*inputs.ledger.identities, *inputs.ledger.last_versions}):
        leftovers(inputs, identity, inputs.ledger.of(identity), draft)
    strays(inputs, draft)
    known_bad = revocations(inputs)
    draft.steps += still_used(inputs, known_bad)
    recovered = settled(inputs.ledger, inputs.recovered)
    versions = _versions(inputs, draft, recovered or {})
    passed_on = inputs.catalogue.marked() if inputs.catalogue else {}
    guards.check_retirements(inputs, draft.unreplaced)
    guards.check_last_good(inputs, draft.bereft)
    return Plan(
        versions=versions,
        steps=_steps(inputs, draft),
        last_versions=last_versions(inputs, versions),
        adoptions=adoptions,
        adopted=adopted(inputs.observed, inputs.ledger.names, inputs.stack),
        remade=remade(inputs.observed, inputs.ledger, inputs.stack),
        serial=serial(inputs, content(versions, passed_on), known_bad),
        passed_on=passed_on,
        warnings=_warnings(inputs),
        holdings=holdings(inputs, versions),
        revoked=known_bad,
        unreleased=tuple(draft.unreleased),
        strays=tuple(draft.strays),
        neighbours=frozenset(draft.neighbours),
        recovered=recovered,
    )


def _admit(inputs: Inputs, draft: Draft) -> None:
    """Plan the builds that there is room for; the others wait for the next run."""
    for admission in admit(inputs, draft.builds):
        if admission.fault:
            identity = admission.build.spec.definition
            draft.steps.append(Step(Action.WAIT, identity, "", admission.fault))
        else:
            admit_build(inputs, admission.build, draft)


def _steps(inputs: Inputs, draft: Draft) -> tuple[Step, ...]:
    """Give all that happens in the order in which it is told."""
    told = (_told(inputs, step) for step in draft.steps)
    return tuple(
        sorted(told, key=lambda step: (_ORDER[step.action], step.identity, step.version, step.lab))
    )


def _versions(
    inputs: Inputs, draft: Draft, recovered: Mapping[str, Mapping[str, str]]
) -> tuple[VersionPlan, ...]:
    """Mark each version with what the whole of the stack says of it."""
    return tuple(
        replace(
            _handed_over(inputs, each),
            taken_in=str(each.version) in recovered.get(each.identity, ()),
            time_limit=_time_limit(inputs, each),
        )
        for each in draft.versions
    )


def _time_limit(inputs: Inputs, version: VersionPlan) -> timedelta:
    """Give the limit of its definition as it is now, in a receiving stack too; it is in git."""
    image = inputs.images.get(inputs.present(version.identity))
    return image.definition.time_limit if image else version.time_limit


def _warnings(inputs: Inputs) -> tuple[str, ...]:
    read = (each.warnings for each in (inputs.catalogue, inputs.parents) if each is not None)
    return (
        *_renamed(inputs),
        *inputs.observed.warnings,
        *(line for lines in read for line in lines),
        *vain_pins(inputs),
        *left_out(inputs),
        *_done_with(inputs),
    )


def _renamed(inputs: Inputs) -> list[str]:
    """Say in the first run after a renaming what it means."""
    before = last_name(inputs.ledger.outputs)
    if before in ("", inputs.name):
        return []
    line = (
        f"{before} is called {inputs.name} now: nothing is built, changed or deleted for that; "
        f"its tags go on saying {inputs.stack}, the name it began under"
    )
    return [line]


def _done_with(inputs: Inputs) -> list[str]:
    """Say that the file that a lost state was made again from has nothing more to give."""
    file = inputs.recovered
    if file is None or any(held.returning for held in inputs.ledger.held.values()):
        return []
    return [f"{file.shown} is not needed any more: what it names is in the state, or gone"]


def _handed_over(inputs: Inputs, version: VersionPlan) -> VersionPlan:
    """Mark what another stack builds now: receivers take it until that one has a newer version."""
    if version.guest or version.retired or not inputs.elsewhere(version.identity):
        return version
    return replace(version, handed_over=True)


def _told(inputs: Inputs, step: Step) -> Step:
    """Tell a step of what was built before its definition moved under the present name."""
    now = inputs.present(step.identity)
    if now == step.identity:
        return step
    return replace(step, identity=now, reason=f"{step.reason}; built as {step.identity}")


def _plan_image(inputs: Inputs, identity: str, draft: Draft) -> None:
    all_held = inputs.held_of(identity)
    guests = [version for version in all_held if version.guest]
    held = [version for version in all_held if not version.guest]
    alive = [version for version in held if version.record and not version.retired]
    released = [version for version in alive if not revoked(inputs, version)]
    for version in alive:
        reason = revoked(inputs, version)
        if reason and version.returning:
            take_in(inputs, version, draft, revoked=reason)
        elif reason:
            revoke(inputs, version, draft, reason, replaced=len(released))
    staying = _judged(inputs, identity, released, draft)
    for version in held:
        if version.retired and version.returning:
            take_in(inputs, version, draft)
        elif version.retired:
            still_retired(inputs, version, draft)
    if released:
        newest_good = released[-1]
        draft.newest[identity] = version_urn_name(newest_good.identity, newest_good.version)
    plan_guests(inputs, identity, guests, draft)
    if inputs.settings.builds:
        plan_build(inputs, identity, held, draft)
    else:
        receive(inputs, identity, held, draft)
    if identity in inputs.images and not staying and not inputs.elsewhere(identity):
        draft.bereft += _bereft(inputs, identity, alive, draft)


def _judged(inputs: Inputs, identity: str, released: list[Held], draft: Draft) -> list[Held]:
    """Keep, mark or retire every good version; gives those that stay, oldest first."""
    verdicts = judge(inputs, identity, released)
    staying = [verdict.held for verdict in verdicts if verdict.stays or verdict.held.returning]
    labs_get = current(inputs, identity, staying)
    for verdict in verdicts:
        if verdict.held.returning:
            take_in(inputs, verdict.held, draft)
        elif verdict.stays:
            newest = verdict.held is labs_get and not on_hold(inputs, identity)
            newer = staying[staying.index(verdict.held) + 1 :]
            keep(inputs, verdict.held, draft, newer, newest=newest, reason=verdict.reason)
        elif until := marked_until(inputs, verdict.held):
            mark(inputs, verdict.held, draft, verdict.reason, until)
        else:
            retire(inputs, verdict.held, draft, verdict.reason)
    return staying


def _bereft(inputs: Inputs, identity: str, alive: list[Held], draft: Draft) -> list[str]:
    """Name what labs would lose with nothing good to take its place.

    A version that a receiving stack takes in this run is good; one that is built is not yet.
    """
    comes = any(inputs.present(version.identity) == identity for version in draft.versions)
    if comes and not inputs.settings.builds:
        return []
    return [
        f"{version.identity} {version.version} ({revoked(inputs, version)})"
        for version in alive
        if version.labs
    ]
