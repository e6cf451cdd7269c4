"""The plan as it is declared and told, and what a reader has to know besides its lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from factory.common import names
from factory.common.errors import Problem, Problems
from factory.plan.explanation.cost import estimate
from factory.plan.explanation.outputs import holdings, serial
from factory.plan.explanation.steps import steps
from factory.plan.model import Action, Adoption, Plan
from factory.plan.placement.placement import Placements
from factory.plan.situation.situation import Situation
from factory.plan.verdicts.guards import check_groups
from factory.plan.verdicts.lab_policies import doubts
from factory.plan.verdicts.verdict import Verdicts
from factory.settings.stack import NAMESPACE


def explain(
    situation: Situation,
    verdicts: Verdicts,
    placements: Placements,
    against_rules: Sequence[Problem],
) -> Plan:
    """Derive from verdicts and placements all that is told, and sum up what the stack says.

    ``against_rules`` are versions that a company's rules would not have, and that stay.
    """
    versions = placements.versions
    plan = Plan(
        versions=versions,
        steps=steps(situation, verdicts, placements),
        state=situation.owner.state,
        last_versions=situation.last_versions,
        failed_builds={
            name: each.failed for name, each in situation.images.items() if each.failed is not None
        },
        adopted=situation.adopted,
        lent=situation.lent,
        remade=situation.remade,
        serial=serial(situation, versions),
        passed_on=situation.passed_on,
        adoptions=tuple(
            Adoption(old.lab.name, old.name, None if old.held else old.thing.id)
            for old, action in ((each.original, each.action) for each in verdicts.originals)
            if action in {Action.ADOPT, Action.KEEP}
        ),
        holdings=holdings(situation, versions),
        warnings=_warnings(situation, verdicts, against_rules),
        revoked=situation.revoked,
        unreleased=placements.unreleased,
        unmanaged_vms=verdicts.vms,
        neighbours=frozenset(each.parent.name for each in verdicts.images if each.parent.neighbour),
        recovered=situation.recovered,
        replaced={
            each.environment.logical_name: each.environment.held_id
            for each in verdicts.environments
            if each.action is Action.REPLACE and each.environment.goes_first
        },
        cost=estimate(situation, placements),
    )
    if plan.nothing_due or plan.state or not situation.fresh:
        return plan
    return replace(plan, state=situation.fresh, warnings=(_GETS_AN_ID, *plan.warnings))


_GETS_AN_ID = (
    "this state gets an id of its own, which tells what it makes from what another stack of the "
    f"same name makes: from now on everything new has it in the tag {names.STATE}; what is there "
    "keeps its tags, and nothing is built, changed or deleted for that"
)


def _warnings(
    situation: Situation, verdicts: Verdicts, against_rules: Sequence[Problem]
) -> tuple[str, ...]:
    """Give all of them: what could not be read, what follows from nothing, what is done with."""
    told = Problems()
    check_groups(situation, told)
    return (
        *map(str, told.warnings),
        *map(str, against_rules),
        *_renamed(situation),
        *situation.warnings,
        *_moved(situation),
        *_pins(situation),
        *_recovered(situation),
        *_doubts(situation, verdicts),
    )


def _doubts(situation: Situation, verdicts: Verdicts) -> Iterator[str]:
    """Say what a factory lab of others may do to the builds of this run."""
    if situation.rules is not None:
        building = [build.spec.content for build in verdicts.builds if not build.resumed]
        for what, todo in doubts(situation.rules, building, situation.limits.builds):
            yield f"{NAMESPACE}:factoryLab: {what} -> {todo}"


def _moved(situation: Situation) -> Iterator[str]:
    """Name the line that is missing where a definition seems to have moved."""
    gone = [(each, each.heir) for each in situation.images.values() if each.heir and each.alive]
    for image, heir in gone:
        said = [name for name in situation.image(heir.identity).names[1:] if name != heir.misspelt]
        said += [each.identity for each, its in gone if its.identity == heir.identity]
        why = f"has formerly: {heir.misspelt}" if heir.misspelt else "makes the same image"
        yield (
            f"{image.identity} is gone from git, and {heir.file} {why}: if it moved, write "
            f"`formerly: [{', '.join(said)}]` there, and its versions go on; as it is, they "
            f"leave each lab once {heir.identity} is there"
        )


def _renamed(situation: Situation) -> Iterator[str]:
    """Say in the first run after a renaming what it means."""
    if situation.last_name != situation.name:
        yield (
            f"{situation.last_name} is called {situation.name} now: nothing is built, changed or "
            f"deleted for that; its tags go on saying {situation.stack}, the name it began under"
        )


def _pins(situation: Situation) -> Iterator[str]:
    """Tell of pins to a version that is neither here nor offered."""
    source = ", and its source does not offer it" if situation.receives else ""
    for name, number in situation.pins_to_nothing:
        yield (
            f"{NAMESPACE}:pin: {name} {number}: there is no such version here{source}; "
            "labs keep what they have, and get nothing newer"
        )


def _recovered(situation: Situation) -> Iterator[str]:
    """Name what the file of a lost state lists and nothing has, and say when it is done with.

    Said in the run that takes the rest in: what goes later was meant to.
    """
    file = situation.file
    if file is None:
        return
    for version, parts in file.left_out:
        yield (
            f"{file.shown}: {version}: not taken in, since nothing in Azure has "
            f"that id and the tags of this build: {', '.join(parts)}"
        )
    if file.done:
        yield f"{file.shown} is not needed any more: what it names is in the state, or gone"
