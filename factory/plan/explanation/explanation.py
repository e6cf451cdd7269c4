"""The plan as it is declared and told."""

from __future__ import annotations

from factory.plan.explanation.outputs import holdings, last_versions, serial
from factory.plan.explanation.steps import steps
from factory.plan.explanation.warnings import warnings
from factory.plan.model import Action, Adoption, Plan
from factory.plan.placement.placement import Placements
from factory.plan.situation.situation import Situation
from factory.plan.verdicts.verdict import Verdicts


def explain(situation: Situation, verdicts: Verdicts, placements: Placements) -> Plan:
    """Derive from verdicts and placements all that is told, and sum up what the stack says."""
    versions = placements.versions
    return Plan(
        versions=versions,
        steps=steps(situation, verdicts, placements),
        last_versions=last_versions(situation, versions),
        adopted=situation.adopted,
        remade=situation.remade,
        serial=serial(situation, versions),
        passed_on=situation.passed_on,
        adoptions=tuple(
            Adoption(old.lab.name, old.name, None if old.held else old.thing.id)
            for old, action in ((each.original, each.action) for each in verdicts.originals)
            if action in {Action.ADOPT, Action.KEEP}
        ),
        holdings=holdings(situation, versions),
        warnings=warnings(situation),
        revoked=situation.revoked,
        unreleased=placements.unreleased,
        unmanaged_vms=verdicts.vms,
        neighbours=frozenset(each.parent.name for each in verdicts.images if each.parent.neighbour),
        recovered=situation.recovered,
    )
