"""What a plan says of the stack as a whole: its outputs, and what later runs start from. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from factory.common.versions import Version
from factory.ledger import catalogue as cat
from factory.plan.inputs import Inputs
from factory.plan.model import VersionPlan
from factory.plan.rules.due import used_versions
from factory.plan.rules.revocation import Revoked
from factory.plan.steps.repair import had


def holdings(inputs: Inputs, versions: tuple[VersionPlan, ...]) -> dict[str, dict[str, list[str]]]:
    """Sum up what labs held before this run and still are to hold after it."""
    found: dict[str, dict[str, list[str]]] = {}
    for version in versions:
        number = str(version.version)
        for delivery in (each for region in version.regions for each in region.labs):
            lab = delivery.lab.name
            if delivery.held or had(inputs, lab, version.identity, number):
                found.setdefault(lab, {}).setdefault(version.identity, []).append(number)
    return found


def content(
    versions: tuple[VersionPlan, ...], passed_on: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, dict[str, str]]:
    """Sum up what this stack's catalogue will say, as far as its serial depends on it."""
    content: dict[str, dict[str, str]] = {}
    for version in versions:
        if version.source.lost or version.guest:
            continue
        since = version.retired.isoformat(timespec="seconds") if version.retired else ""
        moved = cat.HANDED_OVER if version.handed_over else ""
        mark = since or version.revoked or moved
        content.setdefault(version.identity, {})[str(version.version)] = mark
    for identity, entries in passed_on.items():
        marks = {version: cat.mark(entry) for version, entry in entries.items()}
        content[identity] = content.get(identity, {}) | marks
    return content


def last_versions(inputs: Inputs, versions: tuple[VersionPlan, ...]) -> dict[str, Version]:
    """Give the newest number ever given to each definition, those of this plan included."""
    last = {identity: used_versions(inputs, identity) for identity in sorted(inputs.images)}
    for identity in sorted({*inputs.ledger.identities, *inputs.ledger.last_versions} - {*last}):
        own = {held.version for held in inputs.ledger.of(identity)}
        known = inputs.ledger.last_versions.get(identity)
        last[identity] = own | ({known} if known else set())
    for version in versions:
        last.setdefault(version.identity, set()).add(version.version)
    return {identity: max(used) for identity, used in last.items() if used}


def serial(inputs: Inputs, content: Mapping[str, Mapping[str, str]], bad: Revoked) -> int:
    """Give the catalogue's serial: never below what receivers saw before a state was lost."""
    following = cat.next_serial(inputs.ledger.outputs, content, bad, inputs.observed.now)
    return max(following, inputs.recovered.serial if inputs.recovered else 0)
