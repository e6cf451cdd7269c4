"""Holds the versions that labs have after a run to a company's rules (``policies.yaml``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from factory.common.errors import Problem, Problems
from factory.common.expression import Given, Open
from factory.ledger.record import Record, Spec
from factory.plan.model import LabDelivery, VersionPlan
from factory.plan.placement.placement import Placements
from factory.plan.situation.situation import Situation
from factory.settings.policy_file import Facts, Level, Subject


def guard_versions(situation: Situation, placements: Placements) -> tuple[Problem, ...]:
    """Judge each version in each lab once; gives what is against a rule, and no reason to stop.

    What is there already is none: the run that stops cannot mend it. Raises :class:`FactoryError`
    for what this run would bring against a mandatory rule.
    """
    problems = Problems()
    _check(situation, placements, problems)
    problems.raise_if_any(f"{situation.name} cannot run")
    return tuple(problems.warnings)


def _check(situation: Situation, placements: Placements, problems: Problems) -> None:
    """Note as an error what comes to a lab against a mandatory rule, all else as a warning."""
    rules = list(situation.policies.on(Subject.VERSION))
    found = list(_asked_of(situation, placements)) if rules else []
    newest = {
        each.key: each.facts.built for each in sorted(found, key=lambda each: each.facts.built)
    }
    for each in found:
        given = Given(_given(situation, each, newest=each.facts.built == newest[each.key]))
        for rule in rules:
            if rule.broken(given, problems):
                where = (
                    f"lab {each.delivery.lab.name}: {each.version.identity} {each.facts.version}"
                )
                new = rule.policy.level is Level.MANDATORY and not each.delivery.held
                (problems.error if new else problems.warn)(where, *rule.told)


@dataclass(frozen=True)
class _Stay:
    """A version that a lab has after the run; ``key`` is the lab and the definition."""

    version: VersionPlan
    delivery: LabDelivery
    facts: Record | Spec
    key: tuple[str, str]


def _asked_of(situation: Situation, placements: Placements) -> Iterator[_Stay]:
    """Give all that rules are asked of: not what is going, nor whose definition or lab is gone."""
    policies = situation.policies
    for version in placements.versions:
        identity = situation.present.get(version.identity, version.identity)
        facts = version.record or version.spec
        if facts is None or identity not in policies.images:
            continue
        for region in version.regions:
            for delivery in region.labs:
                lab = delivery.lab.name.lower()
                if lab in policies.labs and not delivery.retiring:
                    yield _Stay(version, delivery, facts, (lab, identity))


def _given(situation: Situation, stay: _Stay, *, newest: bool) -> Facts:
    policies, facts = situation.policies, stay.facts
    if isinstance(facts, Record):
        base, tags = facts.base, facts.user_tags()
    else:
        base, tags = facts.content.base.urn, facts.content.tags
    built = datetime.fromisoformat(facts.built)
    said = {
        "number": facts.version,
        "built": built,
        "age": situation.now - built,
        "base": base,
        "baseVersion": facts.base_version,
        "parent": facts.parent,
        "commit": facts.commit,
        "tags": Open(tags),
        "new": not stay.delivery.held,
        "newest": newest,
    }
    lab, identity = stay.key
    return {
        "version": said,
        "image": policies.images[identity],
        "lab": policies.labs[lab],
        "stack": policies.stack,
    }
