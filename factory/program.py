"""The program: read, plan, say, declare. Every line of it can be followed from here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pulumi

from factory.azure.client import ArmError
from factory.azure.waiter import Waiter
from factory.common.errors import FactoryError, harmless
from factory.common.names import version_urn_name
from factory.common.ownership import Owner
from factory.components.capture import Capture
from factory.components.delivery import Delivery, delivery_for
from factory.components.environment import Environment
from factory.components.error_advice import tell_what_to_do
from factory.components.factory_lab import FactoryLabComponent
from factory.components.image import Image as ImageComponent
from factory.components.machine.lab_vm import Parent, neighbour
from factory.components.refusal import refuse
from factory.components.run_context import Run
from factory.components.stack_tags import tag_all
from factory.components.state_id import declare_state_id
from factory.components.store import Store
from factory.components.unreleased import Kept, clear
from factory.components.version import Version
from factory.components.version_args import VersionArgs
from factory.gather import connect, gather, read_sources
from factory.ledger import catalogue as cat
from factory.ledger.model import HOLDINGS
from factory.ledger.recovered_file import OUTPUT as RECOVERED
from factory.ledger.source_catalogues import NotBroughtUpError
from factory.ledger.stack_outputs import folded
from factory.pipelines.plan_file import ERROR, GUARD, WAITS, note_plan, note_stop
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Plan, VersionPlan
from factory.plan.planner import make_plan
from factory.plan.reports.table import plan_table
from factory.plan.situation.resolution import foreign_parent_lab
from factory.settings import engine_config
from factory.settings.cross_check import wanted_secrets
from factory.settings.stack import Settings


def run(root: Path) -> None:
    """Run one stack; ``root`` is the folder that relative settings start from.

    Raises :class:`pulumi.RunError`, one line per problem, before anything is declared.
    """
    # azure-identity logs of its own what is told in one line here.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    try:
        sources = read_sources(root, engine_config)
        for warning in sources.warnings:
            pulumi.warn(str(warning))
        azure = connect(engine_config)
        inputs = gather(sources, engine_config, azure)
    except NotBroughtUpError as error:
        _stop(WAITS, error, error.consequence(engine_config.stack_name()))
    except FactoryError as error:
        _stop(ERROR, error)
    except ArmError as error:
        message = f"Azure cannot be read: {error} -> {error.advice}; nothing was changed"
        _stop(ERROR, FactoryError(message))
    try:
        plan = make_plan(inputs)
        note_plan(inputs, plan)
    except FactoryError as error:
        _stop(GUARD, error)
    for line in plan.warnings:
        pulumi.warn(harmless(line))
    pulumi.info(plan_table(plan))
    settings = inputs.settings
    secrets = {name: engine_config.secret(name) for name in wanted_secrets(inputs.images, settings)}
    waiter = Waiter(azure.arm, settings.poll_interval)
    this = Run(
        Owner(inputs.stack, plan.state),
        settings,
        waiter,
        secrets,
        plan.adopted,
        azure.vaults.read,
        remade=plan.remade,
        lent=plan.lent,
        tokens=inputs.tokens,
        known=inputs.ledger.names,
        began=f"{inputs.observed.now:%Y%m%dT%H%M%SZ}",
        without_id=inputs.ledger.without_id,
    )
    tell_what_to_do(waiter, this.owner, inputs.ledger.names)
    _declare(this, inputs, plan)
    refuse([step for step in plan.steps if step.action is Action.REFUSE], dry=this.dry)


def _stop(kind: str, error: Exception, text: str = "") -> NoReturn:
    with suppress(FactoryError):  # what stopped the run is told in any case
        note_stop(engine_config.stack_name(), kind, text or str(error))
    raise pulumi.RunError(str(error)) from None


def _declare(run: Run, inputs: Inputs, plan: Plan) -> None:
    settings = inputs.settings
    tag_all(run, inputs.ledger.tags, inputs.ledger.own_tags)
    declare_state_id(run)
    store = Store("factory", run)
    lab = None
    if settings.factory_lab is not None:
        lab = FactoryLabComponent("factory", run, settings.factory_lab, store.group)
    deliveries = _deliveries(settings, plan, lab)
    known = sorted({*plan.last_versions, *(version.identity for version in plan.versions)})
    images = {
        name: ImageComponent(name, plan.last_versions.get(name), plan.failed_builds.get(name))
        for name in known
    }
    captures: dict[str, Capture] = {}
    if lab is not None:
        for name, image in images.items():
            captures[name] = Capture(name, lab, pulumi.ResourceOptions(parent=image))
    definitions: dict[str, dict[str, Any]] = {}
    made: dict[str, Version] = {}
    for version in plan.versions:  # parents come before their children
        name, identity = version_urn_name(version.identity, version.version), version.identity
        args = VersionArgs(
            run,
            version,
            store.group,
            deliveries,
            lab,
            captures.get(identity),
            _parent(version, plan, made, lab),
        )
        made[name] = Version(name, args, pulumi.ResourceOptions(parent=images[identity]))
        # Plain data, but for a version that is being built: that hangs on its own record alone.
        entry = version.entry(version.record) if version.record else made[name].record
        # What cannot be copied is not offered; that is no reason for anybody to delete it.
        # A foreign parent is its own stack's to offer.
        if not (version.source.lost or version.foreign):
            definitions.setdefault(identity, {})[str(version.version)] = entry
    for identity, entries in plan.passed_on.items():
        definitions.setdefault(identity, {}).update(entries)
    for old in plan.adoptions:
        deliveries[old.lab].adopt(old)
    _declare_environments(run, settings, plan, lab)
    for left in plan.unreleased:
        opts = pulumi.ResourceOptions(parent=images[left.identity])
        Kept(run, left, store.group, captures[left.identity], opts)
    for unmanaged in plan.unmanaged_vms:
        clear(run, unmanaged)
    _export(inputs, plan, definitions)


def _deliveries(
    settings: Settings, plan: Plan, lab: FactoryLabComponent | None
) -> dict[str, Delivery]:
    found = {each.name: delivery_for(each) for each in settings.labs}
    if lab is not None and any(version.foreign for version in plan.versions):
        found[lab.spec.name] = delivery_for(foreign_parent_lab(settings), lab.ready)
    return found


def _parent(
    version: VersionPlan,
    plan: Plan,
    made: Mapping[str, Version],
    lab: FactoryLabComponent | None,
) -> Parent | None:
    """Give what a layered image is built on: declared here, or of another stack in this lab."""
    name = version.spec.parent if version.spec else ""
    if name in plan.neighbours and lab is not None:
        return neighbour(lab, name)
    return made[name].as_parent() if name in made else None


def _declare_environments(
    run: Run, settings: Settings, plan: Plan, lab: FactoryLabComponent | None
) -> None:
    for environment in settings.environments:
        ready = lab.ready if lab is not None and environment.lab == lab.spec.name else ()
        replaced = plan.replaced.get(environment.logical_name)
        Environment(run, environment, run.secrets, ready, replaced)


def _export(inputs: Inputs, plan: Plan, definitions: Mapping[str, Mapping[str, Any]]) -> None:
    outputs: dict[str, Mapping[str, Any]] = {
        cat.OUTPUT: cat.written(inputs.name, plan.serial, definitions, plan.revoked, inputs.stack),
        HOLDINGS: plan.holdings,
    }
    if plan.recovered is not None:
        outputs[RECOVERED] = plan.recovered
    if serials := inputs.serials:
        outputs[cat.RECEIVED] = cat.received(serials)
    for name, value in folded(outputs).items():
        pulumi.export(name, value)
