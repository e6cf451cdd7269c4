"""An image: what it descends from, its versions through the stacks, and how to use it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from factory.common.names import parse_part
from factory.definitions.definition import Base
from factory.definitions.lineage import parent_of, root_base
from factory.ledger.record import Record
from factory.page.addresses import image_address, lab_address
from factory.page.facts import Document, Facts, time_text
from factory.page.holdings import State
from factory.page.make_vm import forms, lab_with_image, portal
from factory.page.stack_view import StackView
from factory.plan.model import CHANGES, Action, Step
from factory.plan.reports.image_story import rules
from factory.plan.reports.json_report import step_data
from factory.plan.situation.version_situation import Standing, VersionSituation
from factory.plan.verdicts.builds import changed_fields

_GOES = frozenset({Action.MARK, Action.RETIRE})
# What became of a version as a whole, of all lines of a plan about it.
_FATES = frozenset(
    {Action.KEEP, Action.MARK, Action.RETIRE, Action.REMOVE, Action.WAIT, Action.FORGET}
)
_STANDINGS = {
    Standing.UNRELEASED: "not released",
    Standing.RELEASED: "released",
    Standing.REVOKED: "revoked",
    Standing.RETIRED: "retired",
    Standing.FOREIGN: "to build on",
}


def image_document(facts: Facts, identity: str) -> Document:
    """Give the document of one image, whether or not it is still in git."""
    image = facts.images.get(identity)
    here = [
        (view, view.situation.images[identity])
        for view in facts.views
        if view.situation and identity in view.situation.images
    ]
    places = list(_places(facts, identity))
    stored = {
        view.name: sum(each.get(identity, 0) for each in facts.stored[view.name].values())
        for view, _ in here
    }
    return {
        "image": identity,
        "file": image.file if image else None,
        "description": image.definition.description if image else "",
        "author": image.definition.author if image else "",
        "os": image.definition.os.value if image else None,
        "size": image.definition.size if image else None,
        "formerly": list(image.definition.formerly) if image else [],
        "tags": dict(image.definition.tags) if image else {},
        "newest": facts.newest(identity),
        "lineage": _lineage(facts, identity),
        "stacks": [
            {
                "stack": view.name,
                "rules": rules(view.inputs, found),
                "now": [step_data(step) for step in view.steps.get(identity, ()) if _told(step)],
                "failedBuilds": int(found.failed.count) if found.failed else 0,
                "storedGib": round(stored[view.name], 1),
            }
            for view, found in here
            if view.inputs is not None
        ],
        "versions": _versions(facts, identity),
        "labs": [
            {
                "stack": view.name,
                "lab": each.lab.name,
                "address": lab_address(view.name, each.lab.name),
                "version": each.version.number if each.version else None,
                "state": each.state.value,
            }
            for view, each in facts.by_image.get(identity, ())
        ],
        "uses": facts.uses_of.get(identity, []),
        "makeVm": {
            "labs": places,
            "portal": portal(places[0]) if places else None,
            "forms": forms(places[0], image.definition.size if image else "") if places else [],
        },
    }


def _told(step: Step) -> bool:
    return step.action in CHANGES | {Action.WAIT, Action.WARN, Action.NOTHING}


def _lineage(facts: Facts, identity: str) -> Document:
    image = facts.images.get(identity)
    parents: list[str] = []
    while image is not None and (parent := parent_of(image)) is not None:
        parents.insert(0, parent)
        image = facts.images.get(parent)
    start = facts.images.get(identity)
    base = root_base(facts.images, start) if start else None
    return {
        "base": f"{base.urn}:{base.version}" if isinstance(base, Base) else None,
        "parents": [{"image": each, "address": image_address(each)} for each in parents],
        "children": [
            {"image": each, "address": image_address(each)}
            for each in facts.children.get(identity, ())
        ],
    }


def _places(facts: Facts, identity: str) -> Iterator[dict[str, str]]:
    for view, each in facts.by_image.get(identity, ()):
        if each.version is None or each.state is State.REVOKED or view.situation is None:
            continue
        lab = each.lab.spec
        found = lab_with_image(
            view.name,
            subscription=view.situation.subscription,
            group=lab.resource_group,
            lab=lab.azure_name,
            region=lab.region,
            image=each.version.image_name,
        )
        if found is not None:
            yield found


def _versions(facts: Facts, identity: str) -> list[Document]:
    """Give all versions through all stacks, the newest first, each compared to the one before."""
    found: dict[tuple[str, str], Document] = {}
    shapes: dict[tuple[str, str], Record] = {}
    for view in facts.views:
        image = view.situation.images.get(identity) if view.situation else None
        for version in image.own if image else ():
            key = (version.number, version.held.built)
            entry = found.setdefault(key, _made(version))
            entry["stacks"].append(_in_stack(view, identity, version))
            if version.record is not None:
                shapes[key] = version.record
    keys = sorted(found, key=lambda key: (found[key]["order"], key[1]))
    before: Record | None = None
    for key in keys:
        record = shapes.get(key)
        if record is not None:
            found[key]["difference"] = _difference(before, record)
            before = record
        del found[key]["order"]
    return [found[key] for key in reversed(keys)]


def _made(version: VersionSituation) -> Document:
    held = version.held
    facts = held.record or held.spec
    shape = json.loads(facts.shape) if facts else {}
    spec = held.spec.content if held.spec else None
    tests = spec.verification if spec else None
    parent = parse_part(facts.parent) if facts and facts.parent else None
    return {
        "order": (version.version.day, version.version.number),
        "version": version.number,
        "built": facts.built if facts else None,
        "builtBy": held.record.stack if held.record else None,
        "base": f"{held.record.base}:{facts.base_version}" if held.record and facts else None,
        "parent": facts.parent or None if facts else None,
        "parentAddress": image_address(parent[0]) if parent else None,
        "commit": facts.commit if facts else None,
        "fingerprint": facts.fingerprint if facts else None,
        "artifacts": [_artifact(each) for each in shape.get("artifacts") or ()],
        "verification": None if tests is None else [each.name for each in tests],
        "generation": held.record.generation if held.record else None,
        "diskGib": int(held.record.disk_size_gb) if held.record else None,
        "failure": held.failure.error if held.failure else None,
        "difference": None,
        "stacks": [],
    }


def _artifact(each: Any) -> str:
    return str(each.get("name") if isinstance(each, Mapping) else each)


def _difference(before: Record | None, now: Record) -> list[str]:
    """Say in which inputs two versions differ; [] for the first, or if nothing is known to."""
    if before is None:
        return []
    told = [f"definition: {field}" for field in changed_fields(before.shape, now.shape)]
    if before.base_version != now.base_version:
        told.append(f"base {before.base_version} -> {now.base_version}")
    if before.parent != now.parent:
        told.append(f"parent {before.parent or '-'} -> {now.parent or '-'}")
    if before.contents != now.contents:
        told.append("files of artifacts")
    if before.commit != now.commit:
        told.append(f"commit {before.commit[:8]} -> {now.commit[:8]}")
    return told


def _in_stack(view: StackView, identity: str, version: VersionSituation) -> Document:
    steps = [
        step
        for step in view.steps.get(identity, ())
        if step.version == version.number and step.action in _FATES
    ]
    ends = [
        each for each in view.foreseen.get((identity, version.number), ()) if each.action in _GOES
    ]
    now = view.situation.now if view.situation else None
    leaves = [
        {
            "when": time_text(now),
            "labs": [s.lab] if s.lab else [],
            "what": s.action.value,
            "why": s.reason,
        }
        for s in steps
        if s.action in _GOES
    ]
    leaves += [
        {
            "when": time_text(each.when),
            "labs": list(each.labs),
            "what": each.action.value,
            "why": each.why,
        }
        for each in ends
    ]
    return {
        "stack": view.name,
        "state": "revoked" if version.revoked else _STANDINGS[version.standing],
        "revoked": version.revoked or None,
        "retired": time_text(version.held.retired),
        "labs": sorted(version.labs),
        "regions": sorted(version.held.regions),
        "why": list(dict.fromkeys(f"{step.action.value}: {step.reason}" for step in steps)),
        "goes": leaves,
    }
