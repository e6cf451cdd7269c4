"""Revocation: which versions nobody is to use any more, and why."""

from __future__ import annotations

from factory.common.names import parse_part
from factory.common.versions import Version
from factory.ledger.catalogue import Catalogue
from factory.ledger.model import Held
from factory.ledger.record import Record
from factory.plan.inputs import Inputs
from factory.plan.situation.situation import Revoked


def revoked(inputs: Inputs, held: Held) -> str:
    """Say why nobody is to use a version, "" if it is good.

    By this stack's setting or by its source's word; and what was built on a revoked one is revoked
    with it, whoever built that.
    """
    reason = _named(inputs, held.identity, held.version)
    if held.foreign:
        reason = reason or _of_neighbours(inputs, held.identity, held.version)
    if reason:
        return reason
    place = parse_part(held.record.parent) if held.record and held.record.parent else None
    if place is None or held.record is None:
        return ""
    parent = inputs.ledger.held.get((place[0], place[1]))
    if parent is not None:
        reason = revoked(inputs, parent)
    else:
        reason = _named(inputs, place[0], place[1]) or _of_neighbours(inputs, place[0], place[1])
    return f"built on {held.record.parent}: {reason}" if reason else ""


def _named(inputs: Inputs, identity: str, version: Version) -> str:
    """Give the reason if a version is listed as revoked, by any name of its definition.

    Under another name than its own only if no version was built under that one: where two
    definitions became one, both may have a version of that number.
    """
    if inputs.catalogue is not None:
        return inputs.catalogue.revoked.get((identity, version), "")
    for name in inputs.names_of(identity):
        entry = inputs.settings.revoke.get(name)
        if entry is None or str(version) not in entry.versions:
            continue
        if name == identity or (name, version) not in inputs.ledger.held:
            return entry.reason
    return ""


def _of_neighbours(inputs: Inputs, identity: str, version: Version) -> str:
    """Give the reason if the stacks that parents come from say that a version is revoked."""
    return inputs.parents.revoked.get((identity, version), "") if inputs.parents else ""


def bad_offer(inputs: Inputs, catalogue: Catalogue, record: Record) -> str:
    """Say why nobody is to take what a catalogue offers, "" if it is good.

    Of several stacks, the one that built a child may not have heard yet of what its parent's says.
    """
    if reason := catalogue.revoked.get((record.definition, record.parsed())):
        return reason
    place = parse_part(record.parent) if record.parent else None
    if place is None:
        return ""
    parent = catalogue.entries.get(place[:2])
    if parent is not None:
        reason = bad_offer(inputs, catalogue, parent.record)
    else:
        reason = catalogue.revoked.get((place[0], place[1])) or _named(inputs, place[0], place[1])
    return f"built on {record.parent}: {reason}" if reason else ""


def revocations(inputs: Inputs) -> Revoked:
    """Collect everything revoked that this stack knows of, for its receivers and theirs.

    It outlives the versions: a receiver that was away for long still has to hear of it, and a stack
    in the middle passes on what it does not hold itself.
    """
    found: dict[tuple[str, Version], str] = {}
    if inputs.catalogue is not None:
        found |= inputs.catalogue.revoked
    for listed, entry in inputs.settings.revoke.items():
        for name in inputs.names_of(listed):
            for text in entry.versions:
                if (name, Version.parse(text)) not in inputs.ledger.held:
                    found[name, Version.parse(text)] = entry.reason
    for key, held in inputs.ledger.held.items():
        if held.foreign:
            continue  # of that its own stack speaks
        if reason := revoked(inputs, held):
            found[key] = reason
    collected: dict[str, dict[str, str]] = {}
    for (identity, version), reason in sorted(found.items()):
        collected.setdefault(identity, {})[str(version)] = reason
    return collected
