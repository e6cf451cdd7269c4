"""Who uses what, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from factory.plan.reports.table import table
from factory.plan.usage import Usage

USAGE_SCHEMA = "image-factory/usage/1"
_HEADS = ("lab", "kind", "name", "owner", "image", "version", "days old", "state")


def usage_table(found: Sequence[Usage], now: datetime) -> str:
    """Write a line for each VM and formula; the age is that of its image."""
    if not found:
        return "No VM and no formula of these labs is made from such an image."
    return "\n".join(table(_HEADS, [_row(each, now) for each in found]))


def _row(each: Usage, now: datetime) -> tuple[str, ...]:
    age = each.age(now)
    state = each.state.value + (f", newest is {each.newest}" if each.newest != each.version else "")
    return (
        each.lab,
        each.use.kind,
        each.use.name,
        each.use.owner or "-",
        each.image or each.custom_image,
        each.version or "-",
        "-" if age is None else str(age.days),
        state if each.newest else each.state.value,
    )


def usage_json(stack: str, now: datetime, found: Sequence[Usage], unread: Mapping[str, str]) -> str:
    """Write it as JSON; ``unread`` says of labs that nobody could look into why."""
    data = {
        "schema": USAGE_SCHEMA,
        "stack": stack,
        "now": now.isoformat(timespec="seconds"),
        "uses": [usage_data(each, now) for each in found],
        "unread": dict(unread),
    }
    return json.dumps(data, indent=2)


def usage_data(each: Usage, now: datetime) -> dict[str, Any]:
    """Give one VM or formula as plain values; what nobody knows is null."""
    age = each.age(now)
    return {
        "lab": each.lab,
        "kind": each.use.kind,
        "name": each.use.name,
        "owner": each.use.owner or None,
        "since": each.use.since or None,
        "customImage": each.custom_image,
        "image": each.image or None,
        "version": each.version or None,
        "built": each.built.isoformat(timespec="seconds") if each.built else None,
        "ageDays": None if age is None else age.days,
        "state": each.state.value,
        "newest": each.newest or None,
    }
