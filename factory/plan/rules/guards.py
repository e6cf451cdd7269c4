"""What must never happen stops the run here, before anything is declared."""

from __future__ import annotations

from factory.common.errors import Problems
from factory.ledger.foundations import foundation_ids
from factory.plan.inputs import Inputs
from factory.plan.rules.channel import on_hold, pinned
from factory.plan.rules.protection import check_lab_protection
from factory.plan.rules.revocation import revoked
from factory.plan.steps.adopt import check_adopted
from factory.settings.stack import NAMESPACE


def check(inputs: Inputs) -> None:
    """Raise :class:`FactoryError` naming every guard that stops this run."""
    problems = Problems()
    _lost_state(inputs, problems)
    check_labs(inputs, problems)
    _foundations(inputs, problems)
    check_adopted(inputs, problems)
    check_pins(inputs, problems)
    check_lab_protection(inputs, problems)
    problems.raise_if_any(f"{inputs.name} cannot run")


def check_retirements(inputs: Inputs, unreplaced: list[str]) -> None:
    """Stop a plan that retires more than ``maxRetirements`` versions that nothing replaces.

    Each counts once, however many labs hold it. A renamed folder, a pattern or a lab
    that fell out of the settings must not read as a wish.
    """
    limit = inputs.settings.max_retirements
    unreplaced = list(dict.fromkeys(unreplaced))
    if len(unreplaced) <= limit:
        return
    problems = Problems()
    some = f"{', '.join(unreplaced[:5])}{' ...' if len(unreplaced) > 5 else ''}"
    problems.error(
        f"{NAMESPACE}:maxRetirements",
        f"this run would retire {len(unreplaced)} {_things(unreplaced)} that no newer version "
        f"replaces, {limit} are allowed: {some}",
        "put the definitions, patterns or labs back, or allow it once by "
        f"{NAMESPACE}:maxRetirements: {len(unreplaced)}",
    )
    problems.raise_if_any(f"{inputs.name} cannot run")


def _things(unreplaced: list[str]) -> str:
    mixed = any(each.startswith("environment ") for each in unreplaced)
    return "versions or environments" if mixed else "versions"


def check_last_good(inputs: Inputs, bereft: list[str]) -> None:
    """Stop a plan after which labs have no good version of a definition that still exists.

    ``bereft`` names what they would lose, identity first. Only a revocation brings that about.
    """
    allowed = inputs.settings.allow_none
    left = [what for what in bereft if not inputs.takes(allowed, what.partition(" ")[0])]
    if not left:
        return
    names = sorted({inputs.present(what.partition(" ")[0]) for what in left})
    problems = Problems()
    problems.error(
        f"{NAMESPACE}:revoke",
        f"this run would take the last good version of a definition out of its labs: "
        f"{', '.join(left[:5])}{' ...' if len(left) > 5 else ''}",
        "release a good version first and revoke then, or allow it once by "
        f"{NAMESPACE}:allowNone: [{', '.join(names)}]",
    )
    problems.raise_if_any(f"{inputs.name} cannot run")


def check_pins(inputs: Inputs, problems: Problems) -> None:
    """Note pins that would empty this stack's labs: of a version that it does not have.

    Where a stack receives, what its labs hold stays until the pinned version is there.
    """
    if not inputs.settings.builds:
        return
    for identity in inputs.images:
        pin = pinned(inputs, identity)
        if pin is None or on_hold(inputs, identity):
            continue
        good = [
            held.version
            for held in inputs.held_of(identity)
            if held.record and not held.retired and not held.guest and not revoked(inputs, held)
        ]
        if good and pin not in good:
            problems.error(
                f"{NAMESPACE}:pin.{identity}",
                f"{pin} is no good version of it that this stack has",
                f"pin one of {', '.join(str(each) for each in good)}, or take the pin out",
            )


def _lost_state(inputs: Inputs, problems: Problems) -> None:
    ours = inputs.observed.ours(inputs.stack)
    if inputs.ledger.empty and ours:
        problems.error(
            inputs.name,
            f"its state is empty, but {len(ours)} resources in Azure carry its tag: {ours[0]} ...",
            f"`python -m factory recover --stack {inputs.name.rpartition('/')[2]}` shows what can "
            "be taken in again; or put the state back (`pulumi stack import`), or delete those "
            "resources if they are really no longer wanted; nothing was changed",
        )


def check_labs(inputs: Inputs, problems: Problems) -> None:
    """Note labs that were never there, or are not where the settings say."""
    settings, observed = inputs.settings, inputs.observed
    for lab in settings.labs:
        where = f"{NAMESPACE}:labs.{lab.name}"
        if lab.name not in observed.labs or lab.name in inputs.out_of_reach:
            continue  # factory/plan/rules/reachability.py tells of those
        found = observed.labs[lab.name]
        if found is None:
            problems.error(
                where,
                f"there is no lab {lab.name} in resource group {lab.resource_group} of "
                f"subscription {settings.subscription_id}",
                "correct the setting, or ask the lab's owner",
            )
        elif found.region != lab.region:
            problems.error(
                where, f"the lab is in {found.region}, not in {lab.region}", "correct region"
            )
    own = settings.factory_lab
    if own is None or own.create:
        return
    where = f"{NAMESPACE}:factoryLab"
    if not observed.factory_lab_exists:
        problems.error(
            where,
            f"there is no lab {own.name} in resource group {own.resource_group} to adopt",
            "correct the setting, or set create: true to have it made",
        )
    elif observed.factory_region and observed.factory_region != settings.region:
        problems.error(
            where,
            f"the lab is in {observed.factory_region}, but azure-native:location is "
            f"{settings.region}",
            "set azure-native:location to the factory lab's region",
        )


def _foundations(inputs: Inputs, problems: Problems) -> None:
    """A lab, group or network that we made goes by ``pulumi destroy`` alone."""
    expected = {
        name: path.rsplit("/", 1)[1] for name, path in foundation_ids(inputs.settings).items()
    }
    for name, foundation in inputs.ledger.foundations.items():
        wanted = expected.get(name)
        if wanted is not None and wanted.lower() == foundation.name.lower():
            continue
        setting = "resourceGroup" if name == "factory/store" else "factoryLab"
        problems.error(
            f"{NAMESPACE}:{setting}",
            f"this run would drop the {foundation.kind} {foundation.name!r} that this stack made",
            "put the setting back; to really remove it, use `pulumi destroy` and a new stack",
        )
