"""What must never happen stops the run here, before anything is declared."""

from __future__ import annotations

from collections.abc import Sequence

from factory.common.errors import Problems
from factory.ledger.foundations import STORE
from factory.plan.situation.situation import Situation
from factory.plan.verdicts.verdict import Verdicts
from factory.settings.stack import NAMESPACE


def guard(situation: Situation, verdicts: Verdicts) -> None:
    """Raise :class:`FactoryError` naming what stops this run."""
    for check in (_check_policies, _check_state, _check_retirements, _check_last_good):
        problems = Problems()
        check(situation, verdicts, problems)
        problems.raise_if_any(f"{situation.name} cannot run")


def _check_policies(situation: Situation, _: Verdicts, problems: Problems) -> None:
    """Stop what a company's mandatory rules forbid (docs/policies.md)."""
    problems.errors += situation.policies.broken


def _check_state(situation: Situation, _: Verdicts, problems: Problems) -> None:
    """Check what a run would lose whatever its verdicts are."""
    _lost_state(situation, problems)
    check_labs(situation, problems)
    check_groups(situation, problems)
    check_occupied(situation, problems)
    _foundations(situation, problems)
    _displaced(situation, problems)
    _adopted(situation, problems)
    _pins(situation, problems)
    _lab_protection(situation, problems)


def _check_retirements(situation: Situation, verdicts: Verdicts, problems: Problems) -> None:
    """Stop a plan that takes more than ``maxRetirements`` images that nothing replaces.

    Each counts once for every lab that loses it, since people lose it there; one that no lab has
    counts once. A renamed folder, a pattern or a lab that fell out of the settings must not read as
    a wish, and neither must a misspelt environment.
    """
    limit, unreplaced = situation.limits.retirements, verdicts.unreplaced
    if len(unreplaced) <= limit:
        return
    mixed = any(each.startswith("environment ") for each in unreplaced)
    things = "images or environments" if mixed else "images"
    problems.error(
        f"{NAMESPACE}:maxRetirements",
        f"this run would retire {len(unreplaced)} {things}, counted in each lab, that no newer "
        f"version replaces, {limit} are allowed: {_some(unreplaced)}",
        "put the definitions, patterns or labs back, or allow it once by "
        f"{NAMESPACE}:maxRetirements: {len(unreplaced)}",
    )


def _check_last_good(_: Situation, verdicts: Verdicts, problems: Problems) -> None:
    """Stop a plan after which labs have no good version of a definition that still exists.

    Only a revocation brings that about.
    """
    bare = [each for each in verdicts.images if each.lost and not each.image.rules.allow_none]
    if not bare:
        return
    names = sorted(each.image.identity for each in bare)
    problems.error(
        f"{NAMESPACE}:revoke",
        f"this run would take the last good version of a definition out of its labs: "
        f"{_some([what for each in bare for what in each.lost])}",
        "release a good version first and revoke then, or allow it once by "
        f"{NAMESPACE}:allowNone: [{', '.join(names)}]",
    )


def _some(things: Sequence[str]) -> str:
    return f"{', '.join(things[:5])}{' ...' if len(things) > 5 else ''}"


def _lost_state(situation: Situation, problems: Problems) -> None:
    if ours := situation.losses.state:
        stack = situation.name
        problems.error(
            stack,
            f"its state is empty, but {len(ours)} resources in Azure carry its tag: {ours[0]} ...",
            f"`python -m factory recover --stack {stack.rpartition('/')[2]}` shows what can "
            "be taken in again; or put the state back (`pulumi stack import`), or delete those "
            "resources if they are really no longer wanted; if another factory has a stack of that "
            "name, call this one otherwise; nothing was changed",
        )


def check_labs(situation: Situation, problems: Problems) -> None:
    """Note labs that were never there, or are not where the settings say."""
    for lab in situation.labs:
        where = f"{NAMESPACE}:labs.{lab.name}"
        if lab.there is None or not lab.reachable:
            continue  # each of those is told of, and the others are served
        if not lab.there:
            problems.error(
                where,
                f"there is no lab {lab.name} in resource group {lab.spec.resource_group} of "
                f"subscription {situation.subscription}",
                "correct the setting, or ask the lab's owner",
            )
        elif lab.region != lab.spec.region:
            problems.error(
                where, f"the lab is in {lab.region}, not in {lab.spec.region}", "correct region"
            )
    own = situation.factory_lab
    if own is None or own.spec.create:
        return
    where = f"{NAMESPACE}:factoryLab"
    if not own.lab.there:
        problems.error(
            where,
            f"there is no lab {own.spec.name} in resource group {own.spec.resource_group} to adopt",
            "correct the setting, or set create: true to have it made",
        )
    elif own.lab.region and own.lab.region != situation.region:
        problems.error(
            where,
            f"the lab is in {own.lab.region}, but azure-native:location is {situation.region}",
            "set azure-native:location to the factory lab's region",
        )


def check_groups(situation: Situation, problems: Problems) -> None:
    """Note groups that others were to make and that are not there; tell of those that are used."""
    for group in situation.groups:
        where = f"{NAMESPACE}:{group.setting}"
        if group.lent and not group.there:
            problems.error(
                where,
                f"there is no resource group {group.name} in subscription "
                f"{situation.subscription}, and create: false says that others make it",
                "have it made, correct its name, or leave create: false out",
            )
        elif group.lent and group.created:
            problems.warn(
                where,
                f"the resource group {group.name} is there already and this stack did not make "
                "it: it is used as it is, neither changed nor ever deleted",
                f"write {group.setting.rpartition('.')[2]}: {{name: {group.name}, create: false}} "
                "if that is meant, else name another one",
            )


def check_occupied(situation: Situation, problems: Problems) -> None:
    """Note what others have where this stack is to make its own.

    Azure would refuse it; and two factories in one group would take each other's for their own.
    """
    stack = situation.name.rpartition("/")[2]
    for name, there in situation.occupied.items():
        named_alike = there.owner is not None and there.owner.stack == situation.stack
        if named_alike and situation.losses.state:
            continue  # told already: the state was lost
        setting = "resourceGroup" if name == STORE else "factoryLab"
        whose = (
            f"belongs to {there.owner}, not to this state" if there.owner else "is not this stack's"
        )
        lost = f"; if that was this stack's state: `python -m factory recover --stack {stack}`"
        problems.error(
            f"{NAMESPACE}:{setting}",
            f"{there.id} is there already and {whose}",
            "name another one, or have its owner delete it: what others made is never taken over"
            + (lost if named_alike else ""),
        )


def _foundations(situation: Situation, problems: Problems) -> None:
    """A lab, group or network that we made goes by ``pulumi destroy`` alone."""
    for name, foundation in situation.losses.foundations:
        setting = "resourceGroup" if name == STORE else "factoryLab"
        problems.error(
            f"{NAMESPACE}:{setting}",
            f"this run would drop the {foundation.kind} {foundation.name!r} that this stack made",
            "put the setting back; to really remove it, use `pulumi destroy` and a new stack",
        )


def _displaced(situation: Situation, problems: Problems) -> None:
    """Nothing is made anew elsewhere while the good one goes: not by a changed setting."""
    dropped = {name for name, _ in situation.losses.foundations}
    for each in situation.losses.displaced:
        if found := [name for name in each.names if name not in dropped]:
            problems.error(
                each.setting,
                f"it says {each.wanted}, but {_some(found)} ({len(found)} in all) of this stack "
                f"{'is' if len(found) == 1 else 'are'} in {each.there}: this run would delete that",
                _BACK if ":labs." not in each.setting else _BACK_TO_LAB,
            )


_BACK = (
    "put the setting back; elsewhere a stack of its own is brought up, and this one goes by "
    "`pulumi destroy` when nobody needs it"
)
_BACK_TO_LAB = (
    "put it back; if Azure moved the lab with its images, run `pulumi refresh` first; else take "
    "the lab out of `labs` and run `up`, which retires this stack's images there, and name it in "
    "its new place then"
)


def _adopted(situation: Situation, problems: Problems) -> None:
    """A lab that left the settings would take images with it that exist nowhere else."""
    for lab, count in situation.losses.adopted.items():
        problems.error(
            f"{NAMESPACE}:labs",
            f"lab {lab} is gone from it, with {count} adopted images that exist only there",
            "put the lab back; to leave the images where they are, `pulumi state delete` them",
        )


def _pins(situation: Situation, problems: Problems) -> None:
    """Note pins that would empty this stack's labs: of a version that it does not have.

    Where a stack receives, what its labs hold stays until the pinned version is there.
    """
    for image in situation.images.values() if situation.builds else ():
        pin, good = image.rules.pin, [each.version for each in image.released]
        if pin is None or image.image is None or image.on_hold or not good or pin in good:
            continue
        problems.error(
            f"{NAMESPACE}:pin.{image.identity}",
            f"{pin} is no good version of it that this stack has",
            f"pin one of {', '.join(str(each) for each in good)}, or take the pin out",
        )


def _lab_protection(situation: Situation, problems: Problems) -> None:
    """A lab that left the settings cannot be declared once more, so its images cannot go yet."""
    for lab, count in situation.losses.protected.items():
        problems.error(
            f"{NAMESPACE}:labs",
            f"the lab {lab} is not there any more, but {count} of its images are protected",
            f"put it back, run `up` with {NAMESPACE}:protectImages: false, and take it out then",
        )
