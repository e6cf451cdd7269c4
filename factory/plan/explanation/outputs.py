"""What a plan says of the stack as a whole: its outputs, and what later runs start from."""

from __future__ import annotations

from collections.abc import Mapping

from factory.ledger import catalogue as cat
from factory.plan.model import VersionPlan
from factory.plan.situation.situation import Situation


def holdings(
    situation: Situation, versions: tuple[VersionPlan, ...]
) -> dict[str, dict[str, list[str]]]:
    """Sum up what labs held before this run and still are to hold after it."""
    found: dict[str, dict[str, list[str]]] = {}
    for version in versions:
        number = str(version.version)
        for delivery in (each for region in version.regions for each in region.labs):
            lab = situation.lab(delivery.lab.name)
            if delivery.held or (lab is not None and lab.had(version.identity, number)):
                mine = found.setdefault(delivery.lab.name, {})
                mine.setdefault(version.identity, []).append(number)
    return found


def serial(situation: Situation, versions: tuple[VersionPlan, ...]) -> int:
    """Give the catalogue's serial: never below what receivers saw before a state was lost."""
    content = _content(versions, situation.passed_on)
    following = cat.next_serial(situation.outputs, content, situation.revoked, situation.now)
    return max(following, situation.file.serial if situation.file else 0)


def _content(
    versions: tuple[VersionPlan, ...], passed_on: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, dict[str, str]]:
    """Sum up what this stack's catalogue will say, as far as its serial depends on it."""
    content: dict[str, dict[str, str]] = {}
    for version in versions:
        if version.source.lost or version.foreign:
            continue
        since = version.retired.isoformat(timespec="seconds") if version.retired else ""
        moved = cat.HANDED_OVER if version.handed_over else ""
        mark = since or version.revoked or moved
        content.setdefault(version.identity, {})[str(version.version)] = mark
    for identity, entries in passed_on.items():
        marks = {version: cat.mark(entry) for version, entry in entries.items()}
        content[identity] = content.get(identity, {}) | marks
    return content
