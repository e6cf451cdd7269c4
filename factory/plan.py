"""The one plan: (definitions, settings, ledger, what Azure reports, catalogue) -> what to declare.

A pure function, no I/O, no Pulumi: the same inputs give the same plan, which people read before it
happens and tests play by the thousand.
"""

from __future__ import annotations

from collections.abc import Mapping

from factory import catalogue as cat
from factory import guards
from factory.adoption import plan_adopted
from factory.building import admit_build, plan_build
from factory.channel import current, on_hold, revoked
from factory.draft import Draft
from factory.due import used_versions
from factory.environment_plan import plan_environments
from factory.foundations import adopted
from factory.keeping import keep, leftovers, retire, revoke, still_retired
from factory.lineage import generations
from factory.plan_model import Action, Inputs, Plan, Step, VersionPlan
from factory.receiving import receive
from factory.retention import judge
from factory.room import admit
from factory.unreleased import strays
from factory.versions import Version

_ORDER = {action: index for index, action in enumerate(Action)}


def make_plan(inputs: Inputs) -> Plan:
    """Decide everything. Raises :class:`factory.problems.FactoryError` if a guard stops the run."""
    guards.check(inputs)
    draft = Draft()
    offered = inputs.catalogue.identities if inputs.catalogue else set()
    depth = generations(inputs.images)
    known = {*inputs.images, *inputs.ledger.identities, *offered}
    # Parents first: a child is due when the version it is to be built on has moved.
    for identity in sorted(known, key=lambda identity: (depth.get(identity, 0), identity)):
        _plan_image(inputs, identity, draft)
    for admission in admit(inputs, draft.builds):
        if admission.fault:
            identity = admission.build.spec.definition
            draft.steps.append(Step(Action.WAIT, identity, "", admission.fault))
        else:
            admit_build(inputs, admission.build, draft)
    plan_environments(inputs, draft)
    adoptions = plan_adopted(inputs, draft)
    draft.versions.sort(key=lambda v: (depth.get(v.identity, 0), v.identity, v.version))
    for identity in sorted({*inputs.ledger.identities, *inputs.ledger.last_versions}):
        leftovers(inputs, identity, inputs.ledger.of(identity), draft)
    strays(inputs, draft)
    steps = sorted(
        draft.steps, key=lambda step: (_ORDER[step.action], step.identity, step.version, step.lab)
    )
    versions = tuple(draft.versions)
    passed_on = inputs.catalogue.marked() if inputs.catalogue else {}
    guards.check_retirements(inputs, draft.unreplaced)
    return Plan(
        versions=versions,
        steps=tuple(steps),
        last_versions=_last_versions(inputs, versions),
        adoptions=adoptions,
        adopted=adopted(inputs.observed, inputs.ledger.names, inputs.stack),
        serial=cat.next_serial(
            inputs.ledger.outputs, _content(versions, passed_on), inputs.observed.now
        ),
        passed_on=passed_on,
        warnings=inputs.observed.warnings,
        unreleased=tuple(draft.unreleased),
        strays=tuple(draft.strays),
    )


def _content(
    versions: tuple[VersionPlan, ...], passed_on: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, dict[str, str]]:
    """Sum up what this stack's catalogue will say, as far as its serial depends on it."""
    content: dict[str, dict[str, str]] = {}
    for version in versions:
        since = version.retired.isoformat(timespec="seconds") if version.retired else ""
        content.setdefault(version.identity, {})[str(version.version)] = since or version.revoked
    for identity, entries in passed_on.items():
        marks = {version: cat.mark(entry) for version, entry in entries.items()}
        content[identity] = content.get(identity, {}) | marks
    return content


def _last_versions(inputs: Inputs, versions: tuple[VersionPlan, ...]) -> dict[str, Version]:
    """Give the newest number ever given to each definition, those of this plan included."""
    known = {*inputs.images, *inputs.ledger.identities, *inputs.ledger.last_versions}
    last = {identity: used_versions(inputs, identity) for identity in sorted(known)}
    for version in versions:
        last.setdefault(version.identity, set()).add(version.version)
    return {identity: max(used) for identity, used in last.items() if used}


def _plan_image(inputs: Inputs, identity: str, draft: Draft) -> None:
    held = inputs.ledger.of(identity)
    alive = [version for version in held if version.record and not version.retired]
    released = [version for version in alive if not revoked(inputs, version)]
    for version in alive:
        if reason := revoked(inputs, version):
            revoke(inputs, version, draft, reason, replaced=len(released))
    verdicts = judge(inputs, identity, released)
    staying = [verdict.held for verdict in verdicts if verdict.stays]
    labs_get = current(inputs, identity, staying)
    for verdict in verdicts:
        if verdict.stays:
            newest = verdict.held is labs_get and not on_hold(inputs, identity)
            newer = [held for held in staying if held.version > verdict.held.version]
            keep(inputs, verdict.held, draft, newer, newest=newest, reason=verdict.reason)
        else:
            retire(inputs, verdict.held, draft, verdict.reason)
    for version in held:
        if version.retired:
            still_retired(inputs, version, draft)
    if released:
        draft.newest[identity] = released[-1].version
    if inputs.settings.builds:
        plan_build(inputs, identity, held, draft)
    else:
        receive(inputs, identity, held, draft)
