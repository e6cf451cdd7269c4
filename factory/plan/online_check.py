"""What is wrong with definitions and settings in the light of what Azure reports.

Pure: :class:`Facts` are what was asked besides the plan's own inputs (cli/validate_online.py asks).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from factory.common.errors import Problems
from factory.common.vm_sizes import cores_of
from factory.definitions.definition import Base
from factory.definitions.lineage import Image
from factory.observed.artifact_manifest import artifact_faults
from factory.observed.lab_rules import LabRules
from factory.observed.permissions import Grant, needed, refused
from factory.plan.inputs import Inputs
from factory.plan.situation.resolution import resolve
from factory.plan.travel import capture_fault
from factory.plan.verdicts.guards import check_groups, check_labs, check_occupied
from factory.plan.verdicts.lab_policies import doubts, forbidden, no_vm
from factory.settings.selection import selected
from factory.settings.stack import NAMESPACE


@dataclass(frozen=True)
class Facts:
    """What Azure tells besides what a plan needs; None or an absent key where it tells nothing.

    ``rules`` are those of the factory lab, ``plans`` the purchase plans of marketplace images by
    ``publisher:offer:sku``, ``security`` the type that all VMs made from one have, ``terms``
    whether a plan's were accepted, ``grants`` what the identity may do by scope.
    """

    rules: LabRules | None = None
    plans: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    security: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, bool | None] = field(default_factory=dict)
    grants: Mapping[str, tuple[Grant, ...] | None] = field(default_factory=dict)


def check_against(inputs: Inputs, facts: Facts, problems: Problems) -> list[str]:
    """Note every fault that Azure knows of; gives what could not be checked, in a few words."""
    situation = resolve(inputs)
    check_labs(situation, problems)
    check_groups(situation, problems)
    check_occupied(situation, problems)
    for lab in situation.labs:
        if not lab.reachable:
            problems.error(f"{NAMESPACE}:labs.{lab.name}", *lab.fault)
    unchecked = list(_permissions(inputs, facts, problems))
    if not inputs.settings.builds:
        return unchecked
    images = selected(inputs.images, inputs.settings)
    if facts.rules is not None:
        _rules(inputs, images, facts.rules, problems)
    elif inputs.observed.factory_lab_exists:
        unchecked.append("the factory lab's policies and schedules (not told)")
    for image in images.values():
        _artifacts(inputs, image, problems)
        _base(inputs, image, facts, problems)
        _size(inputs, image, problems)
    if inputs.observed.artifacts is None:
        unchecked.append("artifacts (the factory lab is not there yet)")
    unknown = sorted(name for name, told in facts.terms.items() if told is None)
    if unknown:
        unchecked.append(f"terms of {', '.join(unknown)} (the subscription does not tell)")
    unchecked.append("whether the region has the VM sizes (Azure says it at the build)")
    return unchecked


def _artifacts(inputs: Inputs, image: Image, problems: Problems) -> None:
    for fault in artifact_faults(image.definition, inputs.observed.artifacts or {}):
        at = () if fault.parameter is None else ("parameters", fault.parameter)
        problems.error(image.place(*fault.loc, *at), fault.what, fault.todo)


def _base(inputs: Inputs, image: Image, facts: Facts, problems: Problems) -> None:
    base = image.definition.base
    if not isinstance(base, Base):
        return
    place = image.place("base", "sku")
    if image.identity not in inputs.observed.base_versions:
        problems.error(
            place,
            f"the marketplace of {inputs.settings.region} has no {base.urn}:{base.version}",
            f"look: az vm image list -l {inputs.settings.region} -p {base.publisher} --all",
        )
        return
    if fault := capture_fault(facts.security.get(base.urn, ""), image.definition.capture):
        problems.error(place, *fault.split(" -> "))
    sold = facts.plans.get(base.urn)
    if sold is None:
        return
    said = base.plan.model_dump() if base.plan else {}
    if sold != said:
        spelled = ", ".join(f"{key}: {sold[key]}" for key in sorted(sold))
        problems.error(
            image.place("base", "plan"),
            f"{base.urn} is sold under {'the plan' if sold else 'no plan'}"
            + (f" {{{spelled}}}" if sold else ""),
            "write it as base.plan" if sold else "take base.plan out",
        )
    elif sold and facts.terms.get(plan_key(sold)) is False:
        problems.error(
            image.place("base", "plan"),
            f"the terms of {plan_key(sold)} were not accepted in this subscription",
            f"az vm image terms accept --publisher {sold['publisher']} --offer {sold['product']} "
            f"--plan {sold['name']}",
        )


def _rules(
    inputs: Inputs, images: Mapping[str, Image], rules: LabRules, problems: Problems
) -> None:
    """Note what the factory lab's own rules forbid, and what they do to a build."""
    place = f"{NAMESPACE}:factoryLab"
    for image in images.values():
        for loc, what, todo in forbidden(rules, image.definition):
            problems.error(image.place(*loc), what, todo)
    if rules.exposed:
        what = (
            f"the subnet {rules.exposed} has no network security group: its network reaches builds"
        )
        problems.warn(place, what, "have its owner give it one that lets nothing in")
    definitions = [image.definition for image in images.values()]
    if fault := no_vm(rules, definitions):
        problems.error(place, *fault)
    for what, todo in doubts(rules, definitions, inputs.settings.max_concurrent_builds):
        problems.warn(place, what, todo)


def _size(inputs: Inputs, image: Image, problems: Problems) -> None:
    size, place = image.definition.size, image.place("size")
    free = inputs.observed.cores_free
    if free is not None and cores_of(size) > free:
        problems.error(
            place,
            f"{size} needs {cores_of(size)} cores, {max(free, 0)} are free in "
            f"{inputs.settings.region}",
            "ask for more quota, free some, or take a smaller size",
        )


def _permissions(inputs: Inputs, facts: Facts, problems: Problems) -> Iterator[str]:
    for scope, actions in needed(inputs.settings, inputs.observed.foundations).items():
        held = facts.grants.get(scope)
        if held is None:
            yield f"permissions at {scope} (not told)"
            continue
        missing = refused(actions, held)
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            problems.error(
                f"{NAMESPACE}: {scope}",
                f"the identity may not {', '.join(missing[:3])}{more}",
                "give it a role there that allows it, such as Contributor",
            )


def plan_key(plan: Mapping[str, str]) -> str:
    """Write a purchase plan as one word: publisher/product/name."""
    return f"{plan['publisher']}/{plan['product']}/{plan['name']}"
