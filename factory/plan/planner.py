"""The one plan: (definitions, settings, ledger, what Azure reports, catalogue) -> what to declare.

A pure function, no I/O, no Pulumi: the same inputs give the same plan, which people read before it
happens and tests play by the thousand.
"""

from __future__ import annotations

from factory.plan.explanation.explanation import explain
from factory.plan.inputs import Inputs
from factory.plan.model import Plan
from factory.plan.placement.version_policies import guard_versions
from factory.plan.placement.versions import place
from factory.plan.situation.resolution import resolve
from factory.plan.verdicts.admission import admit
from factory.plan.verdicts.guards import guard
from factory.plan.verdicts.judgement import judge


def make_plan(inputs: Inputs) -> Plan:
    """Decide everything. Raises :class:`FactoryError` if a guard stops the run."""
    situation = resolve(inputs)
    verdicts = admit(situation, judge(situation))
    guard(situation, verdicts)
    placements = place(situation, verdicts)
    against_rules = guard_versions(situation, placements)
    return explain(situation, verdicts, placements, against_rules)
