"""Asks Azure what ``validate --online`` needs to know; factory/plan/online_check.py judges it."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor

from factory.azure import preflight_reads
from factory.azure.client import ArmClient
from factory.azure.resources import lab_id
from factory.cli.common.stack_inputs import Stack
from factory.common.errors import Problems
from factory.definitions.definition import Base
from factory.gather import connect, gather, read_sources
from factory.observed.permissions import needed
from factory.plan.inputs import Inputs
from factory.plan.online_check import Facts, check_against, plan_key
from factory.settings.selection import selected

_AT_ONCE = 8


def check_online(options: argparse.Namespace, problems: Problems) -> tuple[str, ...]:
    """Check one stack against Azure; gives what could not be checked.

    Raises :class:`FactoryError` or :class:`ArmError`.
    """
    stack = Stack.of(options)
    engine = stack.engine
    sources = read_sources(engine.root, engine, stack.place.images)
    azure = connect(engine)
    inputs = gather(sources, engine, azure)
    return tuple(check_against(inputs, _facts(azure.arm.client, inputs), problems))


def _facts(client: ArmClient, inputs: Inputs) -> Facts:
    settings = inputs.settings
    subscription = settings.subscription_id
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        scopes = list(needed(settings, inputs.observed.foundations))
        grants = pool.map(lambda scope: preflight_reads.grants(client, scope), scopes)
        lab, rules = settings.factory_lab, None
        if lab is not None and inputs.observed.factory_lab_exists:
            path = lab_id(subscription, lab.resource_group, lab.name)
            rules = inputs.observed.rules or preflight_reads.rules(client, lab, path)
        bases = {
            image.definition.base.urn: (
                image.definition.base,
                inputs.observed.base_versions[image.identity],
            )
            for image in selected(inputs.images, settings).values()
            if isinstance(image.definition.base, Base)
            and image.identity in inputs.observed.base_versions
        }
        offers = list(
            pool.map(
                lambda item: preflight_reads.offer(client, subscription, settings.region, *item),
                bases.values(),
            )
        )
        sold = {urn: plan for urn, (plan, _) in zip(bases, offers, strict=True)}
        wanted = {plan_key(plan): plan for plan in sold.values() if plan}
        terms = pool.map(
            lambda plan: preflight_reads.terms_accepted(client, subscription, plan), wanted.values()
        )
        return Facts(
            rules=rules,
            plans=sold,
            security={urn: kind for urn, (_, kind) in zip(bases, offers, strict=True)},
            terms=dict(zip(wanted, terms, strict=True)),
            grants=dict(zip(scopes, grants, strict=True)),
        )
