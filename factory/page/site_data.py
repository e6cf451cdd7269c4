"""What the site shows, as plain values: one document for each view. docs/page.md has their form.

A field is added freely, never changed; ``schema`` names the form. A pure function of what was read.
"""

from __future__ import annotations

from collections.abc import Sequence

from factory.page.addresses import image_address, lab_address, run_address
from factory.page.facts import Document, Facts, lab_head, stack_head, time_text
from factory.page.image_document import image_document
from factory.page.overview import overview
from factory.page.stack_view import StackView
from factory.plan.model import CHANGES, Action
from factory.plan.reports.json_report import plan_data

SCHEMA = "image-factory/page/1"


def site_data(views: Sequence[StackView]) -> dict[str, Document]:
    """Give the documents by the addresses of their views."""
    facts = Facts(views)
    found = {"overview": overview(facts)}
    found |= {image_address(each): image_document(facts, each) for each in facts.identities}
    for view in views:
        found[run_address(view.name)] = _run(view)
        for lab in view.situation.labs if view.situation else ():
            found[lab_address(view.name, lab.name)] = _lab(facts, view, lab.name)
    return {address: {"schema": SCHEMA, **document} for address, document in found.items()}


def _lab(facts: Facts, view: StackView, name: str) -> Document:
    situation = view.situation
    lab = situation.lab(name) if situation else None
    last = view.outlook.weeks[-1].holdings.get(name, {}) if view.outlook.weeks else {}
    present = situation.present if situation else {}
    later: dict[str, list[str]] = {}
    for identity, versions in last.items():
        later.setdefault(present.get(identity, identity), []).extend(versions)
    held = facts.by_lab.get((view.name, name), [])
    stored = facts.stored.get(view.name, {}).get(name, {})
    names = sorted({each.image.identity for each in held} | later.keys())
    by_name = {each.image.identity: each for each in held}
    return {
        **lab_head(view, name),
        "subscription": situation.subscription if situation else None,
        "takes": list(lab.spec.images) if lab else [],
        "weeks": len(view.outlook.weeks),
        "until": time_text(view.outlook.weeks[-1].begins) if view.outlook.weeks else None,
        "stopped": view.outlook.stopped or None,
        "images": [
            {
                "image": identity,
                "address": image_address(identity),
                "versions": [each.number for each in found.versions] if found else [],
                "newest": str(found.newest) if found and found.newest else None,
                "state": found.state.value if found else None,
                "later": later.get(identity, []) if view.outlook.weeks else None,
                "next": _next_in(view, identity, name),
                "storedGib": round(stored.get(identity, 0), 1),
            }
            for identity in names
            for found in [by_name.get(identity)]
        ],
        "uses": facts.uses.get((view.name, name), []),
        "storedGib": round(sum(stored.values()), 1),
    }


def _next_in(view: StackView, identity: str, lab: str) -> str | None:
    """Say what the next run does with an image in a lab, None if nothing."""
    told = [
        f"{step.action.value} {step.version}: {step.reason}".strip()
        for step in view.steps.get(identity, ())
        if step.lab == lab and step.action in CHANGES | {Action.WAIT, Action.WARN}
    ]
    return "; ".join(told) or None


def _run(view: StackView) -> Document:
    return {
        **stack_head(view),
        "plan": plan_data(view.inputs, view.plan) if view.inputs and view.plan else None,
        "lastPlan": view.job.get("plan"),
        "outcome": view.job.get("outcome"),
        "log": view.job.get("log"),
        "weeks": [
            {
                "begins": time_text(week.begins),
                "builds": week.builds,
                "receives": week.receives,
                "retires": week.retires,
                "vmMinutes": week.vm_minutes,
                "copiedGib": week.copied_gib,
                "storedGib": week.stored_gib,
            }
            for week in view.outlook.weeks
        ],
        "updates": [
            {
                "begins": str(each.get("startTime") or ""),
                "ends": each.get("endTime"),
                "kind": each.get("kind"),
                "result": each.get("result"),
                "changes": dict(each.get("resourceChanges") or {}),
            }
            for each in view.updates
        ],
        "events": [
            {
                "when": time_text(each.when),
                "image": each.identity,
                "version": str(each.version),
                "what": each.what,
            }
            for each in view.events
        ],
    }
