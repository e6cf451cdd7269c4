"""A forecast for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from factory.common.durations import spell_duration
from factory.plan.forecast import Week
from factory.plan.reports.table import table

FORECAST_SCHEMA = "image-factory/forecast/1"
_COSTS = ("week of", "build", "receive", "retire", "VM min", "GiB copied", "GiB stored")


def forecast_table(stack: str, weeks: Sequence[Week], every: timedelta) -> str:
    """Write costs week by week, then what each lab holds, a line whenever that changes."""
    pace = f"{len(weeks)} weeks, an `up` every {spell_duration(every)}"
    lines = [f"Forecast for {stack}: {pace}, if nothing else changes."]
    lines += table(_COSTS, [_costs(week) for week in weeks])
    refusals = sorted({refusal for week in weeks for refusal in week.refusals})
    lines += [f"Refused: {refusal}" for refusal in refusals]
    changes = _changes(weeks)
    if changes:
        lines += ["What each lab holds, from the week in which that changes:"]
        lines += table(("week of", "lab", "image", "versions"), changes)
    return "\n".join(lines)


def _costs(week: Week) -> tuple[str, ...]:
    numbers = (
        week.builds,
        week.receives,
        week.retires,
        week.vm_minutes,
        week.copied_gib,
        week.stored_gib,
    )
    return (f"{week.begins:%Y-%m-%d}", *(str(number) if number else "-" for number in numbers))


def _changes(weeks: Sequence[Week]) -> list[tuple[str, str, str, str]]:
    rows = []
    known: dict[tuple[str, str], tuple[str, ...]] = {}
    for week in weeks:
        now = {
            (lab, identity): versions
            for lab, images in week.holdings.items()
            for identity, versions in images.items()
        }
        for key in sorted({*known, *now}):
            if known.get(key, ()) != now.get(key, ()):
                held = ", ".join(now.get(key, ())) or "none"
                rows.append((f"{week.begins:%Y-%m-%d}", *key, held))
        known = now
    return rows


def forecast_json(stack: str, weeks: Sequence[Week], every: timedelta) -> str:
    """Write a forecast as JSON: ``weeks[].labs`` maps lab to image to versions at its end."""
    return json.dumps(
        {
            "schema": FORECAST_SCHEMA,
            "stack": stack,
            "every": spell_duration(every),
            "weeks": [
                {
                    "begins": week.begins.isoformat(timespec="seconds"),
                    "builds": week.builds,
                    "receives": week.receives,
                    "retires": week.retires,
                    "refusals": sorted(week.refusals),
                    "vmMinutes": week.vm_minutes,
                    "copiedGib": week.copied_gib,
                    "storedGib": week.stored_gib,
                    "labs": week.holdings,
                }
                for week in weeks
            ],
        },
        indent=2,
    )
