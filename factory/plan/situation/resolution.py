"""Resolves a stack's inputs: the only place where settings, ledger and reports are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from factory.common.versions import Version
from factory.definitions.lineage import present_names
from factory.ledger.catalogue import last_name
from factory.ledger.foundations import (
    LAB,
    SOURCE,
    STORE,
    UNFINISHED,
    adopted,
    edited,
    foundation_ids,
    groups,
    lent,
    occupied,
    remade,
)
from factory.ledger.model import HOLDINGS
from factory.ledger.recovered_file import noted, settled
from factory.observed.model import BuildVm
from factory.plan.inputs import Inputs
from factory.plan.situation.hung import given_up
from factory.plan.situation.image_resolution import Lookups, resolve_image
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.original_images import originals
from factory.plan.situation.places import displaced
from factory.plan.situation.revocation import revocations
from factory.plan.situation.situation import (
    EnvironmentSituation,
    FactoryLabSituation,
    FoundationSituation,
    GroupSituation,
    Limits,
    Losses,
    RecoveredFile,
    Situation,
)
from factory.plan.situation.sizes import Sizes
from factory.settings.stack import OnRemoval, Settings, TargetLab


def resolve(inputs: Inputs) -> Situation:
    """Answer every question about a stack once."""
    settings, ledger = inputs.settings, inputs.ledger
    observed = given_up(inputs.observed, ledger)
    observed = replace(observed, vms=_own_vms(inputs, observed.vms))
    inputs = replace(inputs, observed=observed)
    labs = tuple(_lab(inputs, lab) for lab in settings.labs)
    facts = Lookups(inputs, labs)
    borrowed = lent(settings, observed, ledger.names)
    source = inputs.parents if settings.builds else inputs.catalogue
    read = (each.warnings for each in (inputs.catalogue, inputs.parents) if each is not None)
    return Situation(
        owner=inputs.owner,
        name=inputs.name,
        last_name=last_name(ledger.outputs) or inputs.name,
        now=observed.now,
        commit=inputs.commit,
        builds=settings.builds,
        subscription=settings.subscription_id,
        region=settings.region,
        images={identity: resolve_image(facts, identity) for identity in facts.identities},
        labs=labs,
        factory_lab=_factory_lab(inputs),
        limits=Limits(
            settings.max_concurrent_builds,
            settings.max_cores,
            observed.cores_free,
            settings.max_retirements,
        ),
        protects=settings.protect_images,
        keeps_removed=settings.on_removal is OnRemoval.KEEP,
        grace_for_vms=settings.grace_for_vms,
        source_grace=settings.source_grace,
        source=source.stack if source is not None else None,
        contents=observed.contents,
        shelves=observed.artifacts or {},
        vault_faults=observed.vault_faults,
        lock_shown=inputs.lock.shown if inputs.lock else "",
        vms=observed.vms,
        snapshots=observed.snapshots,
        managed_images=observed.managed_images,
        group_read=observed.group_read,
        originals=tuple(originals(inputs, labs)),
        environments=_environments(inputs),
        foundations=tuple(_foundations(inputs, borrowed)),
        losses=_losses(inputs),
        present=present_names(inputs.images),
        revoked=revocations(inputs),
        passed_on=inputs.catalogue.marked() if inputs.catalogue else {},
        given=ledger.last_versions,
        last_versions=facts.last_versions,
        adopted=adopted(observed, ledger.names, inputs.owner, borrowed),
        occupied=occupied(observed, ledger.names, inputs.owner, borrowed),
        lent=borrowed,
        groups=tuple(_groups(inputs, borrowed)),
        remade=remade(observed, ledger, inputs.owner),
        outputs=ledger.outputs,
        pending=ledger.pending,
        unmade=ledger.unmade,
        recovered=settled(ledger, inputs.recovered),
        file=_file(inputs),
        pins_to_nothing=_pins_to_nothing(inputs),
        warnings=(*observed.warnings, *(line for lines in read for line in lines)),
        sizes=Sizes(inputs),
        rules=observed.rules,
        policies=inputs.policies,
        fresh=inputs.fresh,
    )


def _own_vms(inputs: Inputs, vms: Mapping[str, BuildVm]) -> dict[str, BuildVm]:
    """Give those of this state; of those without an id the ones whose very build it holds."""
    found = {}
    for name, vm in vms.items():
        identity, number = vm.made_for
        builds = (held.build for held in inputs.ledger.of(identity) if str(held.version) == number)
        if vm.belongs_to(inputs.owner) or any(vm.is_ours(inputs.owner, each) for each in builds):
            found[name] = vm
    return found


def _lab(inputs: Inputs, lab: TargetLab) -> LabSituation:
    observed = inputs.observed
    found = observed.labs.get(lab.name)
    looked = lab.name in observed.labs
    if found and found.region and lab.old_place:  # of which the settings say nothing
        lab = lab.model_copy(update={"region": found.region})
    return LabSituation(
        lab,
        there=found is not None if looked else None,
        region=found.region if found else "",
        gone=looked and found is None and lab.name in inputs.ledger.served,
        unread=observed.unread.get(lab.name),
        images=found.images if found else None,
        uses=found.uses if found else {},
        before=_before(inputs, lab.name),
    )


def _before(inputs: Inputs, lab: str) -> Mapping[str, Sequence[str]]:
    """Give what a lab held at the last run, by the stack's own output.

    A refresh takes what is gone out of the state, and nothing else says that it was to be there.
    """
    holdings = inputs.ledger.outputs.get(HOLDINGS)
    held = holdings.get(lab) if isinstance(holdings, dict) else None
    versions = held.items() if isinstance(held, dict) else ()
    return {str(name): each for name, each in versions if isinstance(each, list)}


def foreign_parent_lab(settings: Settings) -> TargetLab:
    """Describe a stack's factory lab as one that foreign parents are delivered to."""
    own = settings.factory_lab
    if own is None:
        msg = "only a stack with a factory lab has foreign parents"
        raise ValueError(msg)
    return TargetLab.model_validate(
        {
            "name": own.name,
            "resourceGroup": own.resource_group,
            "region": settings.region,
            "images": ["**"],
        }
    )


def _factory_lab(inputs: Inputs) -> FactoryLabSituation | None:
    observed = inputs.observed
    own, made = inputs.settings.factory_lab, inputs.ledger.foundations.get(LAB)
    if own is None:
        return None
    lab = LabSituation(
        foreign_parent_lab(inputs.settings),
        there=observed.factory_lab_exists,
        region=observed.factory_region or "",
        images=observed.captures or None,
        before=_before(inputs, own.name),
    )
    return FactoryLabSituation(
        own,
        lab,
        deleted=made is not None and made.state != UNFINISHED and not observed.factory_lab_exists,
        unfinished=made is not None and made.state.lower() not in {"", "succeeded"},
    )


def _environments(inputs: Inputs) -> tuple[EnvironmentSituation, ...]:
    declared = {each.logical_name: each for each in inputs.settings.environments}
    held = inputs.ledger.environments
    return tuple(
        EnvironmentSituation(
            name, declared.get(name), held.get(name), inputs.ledger.ids.get(name, "")
        )
        for name in sorted({*declared, *held})
    )


def _foundations(inputs: Inputs, lent: frozenset[str]) -> Iterator[FoundationSituation]:
    """Give all that the settings name, and artifact sources that they do not name any more."""
    ledger, ids = inputs.ledger, foundation_ids(inputs.settings)
    ours = {name for name in ids if name.startswith("factory/")} - lent
    ours |= {name for name in ledger.names if name.startswith(SOURCE)}
    for name in sorted(ours):
        known = ledger.foundations.get(name)
        yield FoundationSituation(
            name,
            ids.get(name, "").rpartition("/")[2],
            held=name in ledger.names,
            finished=known is None or known.state != UNFINISHED,
            edited=tuple(edited(inputs.settings, ledger, name, inputs.tokens)),
        )


def _groups(inputs: Inputs, lent: frozenset[str]) -> Iterator[GroupSituation]:
    for name, group in groups(inputs.settings).items():
        setting = "resourceGroup" if name == STORE else "factoryLab.resourceGroup"
        there = name in inputs.observed.foundations
        yield GroupSituation(setting, group.name, group.create, there, name in lent)


def _losses(inputs: Inputs) -> Losses:
    ledger = inputs.ledger
    named = {lab.name for lab in inputs.settings.labs}
    expected = {
        name: path.rsplit("/", 1)[1] for name, path in foundation_ids(inputs.settings).items()
    }
    protected = [lab for held in ledger.held.values() if held.protected for lab in held.labs]
    return Losses(
        state=tuple(inputs.observed.ours(inputs.stack)) if ledger.empty else (),
        foundations=tuple(
            (name, foundation)
            for name, foundation in ledger.foundations.items()
            if expected.get(name, "").lower() != foundation.name.lower()
        ),
        adopted=_counted([name.split("/")[1] for name in ledger.adopted], named),
        protected=_counted(protected, named),
        displaced=displaced(inputs.settings, ledger),
    )


def _counted(labs: Sequence[str], named: set[str]) -> Mapping[str, int]:
    return {lab: labs.count(lab) for lab in sorted({*labs} - named)}


def _file(inputs: Inputs) -> RecoveredFile | None:
    file, ledger = inputs.recovered, inputs.ledger
    if file is None:
        return None
    before, out = noted(ledger), []
    for entry in file.entries:
        held = ledger.about(entry.key)
        if (entry.number in before and not held.returning) or held.going_on or held.retired:
            continue
        back = held.returning.parts if held.returning else {}
        lacking = [path for path in entry.paths if path not in back and not held.has(*path)]
        if lacking:
            out.append((" ".join(entry.number), tuple(sorted(" ".join(path) for path in lacking))))
    done = not any(held.returning for held in ledger.held.values())
    return RecoveredFile(file.shown, file.serial, done, tuple(out))


def _pins_to_nothing(inputs: Inputs) -> tuple[tuple[str, str], ...]:
    """Give the pins to a version that is neither here nor offered: nothing follows from them."""
    offered = inputs.catalogue.entries if inputs.catalogue else {}
    found = []
    for name, text in sorted(inputs.settings.pin.items()):
        keys = [(each, Version.parse(text)) for each in inputs.names_of(name)]
        here = (inputs.ledger.held.get(key) for key in keys)
        if not any(held and not held.retired for held in here) and offered.keys().isdisjoint(keys):
            found.append((name, text))
    return tuple(found)
