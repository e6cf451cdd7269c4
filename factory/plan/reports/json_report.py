"""The plan for machines. ``schema`` names this form; a field is added freely, never changed.

``{schema, stack, now, nothingDue, steps: [{action, changes, image, version, lab, why, resource,
release, sourceUniqueId}], cost, warnings}``; ``version``, ``lab``, ``resource`` (the name in the
stack's state of what it is about), ``release`` (the digest of its record) and ``sourceUniqueId``
(what Azure calls its source snapshot) are null where a step has none. ``changes`` tells a step that
does something from one that says why nothing is done.
"""

from __future__ import annotations

import json
from typing import Any

from factory.ledger.record import Record
from factory.plan.inputs import Inputs
from factory.plan.model import CHANGES, Cost, Plan, Step

PLAN_SCHEMA = "image-factory/plan/1"


def plan_json(inputs: Inputs, plan: Plan) -> str:
    """Write a plan as JSON."""
    return json.dumps(plan_data(inputs, plan), indent=2)


def plan_data(inputs: Inputs, plan: Plan) -> dict[str, Any]:
    """Give a plan as plain values."""
    records = {(each.identity, str(each.version)): each.record for each in plan.versions}
    return {
        "schema": PLAN_SCHEMA,
        "stack": inputs.name,
        "now": inputs.observed.now.isoformat(timespec="seconds"),
        "nothingDue": plan.nothing_due,
        "steps": [
            step_data(step, records.get((step.identity, step.version))) for step in plan.steps
        ],
        "cost": cost_data(plan.cost),
        "warnings": list(plan.warnings),
    }


def step_data(step: Step, record: Record | None = None) -> dict[str, Any]:
    """Give one line of a plan as plain values."""
    return {
        "action": step.action.value,
        "changes": step.action in CHANGES,
        "image": step.identity,
        "version": step.version or None,
        "lab": step.lab or None,
        "why": step.reason,
        "resource": step.resource or None,
        "release": record.digest if record else None,
        "sourceUniqueId": (record.source_unique_id or None) if record else None,
    }


def cost_data(cost: Cost) -> dict[str, Any]:
    """Give a cost as plain values."""
    return {
        "builds": cost.builds,
        "vmMinutes": cost.vm_minutes,
        "copiedGib": cost.copied_gib,
        "storedGibBefore": cost.stored_before_gib,
        "storedGibAfter": cost.stored_after_gib,
        "guessedSizes": list(cost.guessed),
    }
