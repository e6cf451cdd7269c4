"""What the site shows, as plain values: one document for each view. docs/page.md has their form.

A field is added freely, never changed; ``schema`` names the form. A pure function of what was read.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from factory.common.names import parse_part
from factory.definitions.definition import Base
from factory.definitions.lineage import Image, parent_of, root_base
from factory.ledger.record import Record
from factory.page.addresses import image_address, lab_address, run_address
from factory.page.holdings import Holding, State, holdings, newest_of
from factory.page.make_vm import forms, lab_with_image, portal
from factory.page.stack_view import StackView
from factory.plan.explanation.cost import stored_by_lab
from factory.plan.model import CHANGES, Action, Step
from factory.plan.reports.image_story import rules
from factory.plan.reports.json_report import plan_data, step_data
from factory.plan.reports.table import headline
from factory.plan.reports.usage_report import usage_data
from factory.plan.situation.version_situation import Standing, VersionSituation
from factory.plan.usage import UsedState, usages
from factory.plan.verdicts.builds import changed_fields
from factory.plan.verdicts.offers import WAITS_FOR_APPROVAL

SCHEMA = "image-factory/page/1"
# What became of a version as a whole, of all lines of a plan about it.
_FATES = frozenset(
    {Action.KEEP, Action.MARK, Action.RETIRE, Action.REMOVE, Action.WAIT, Action.FORGET}
)
_GOES = frozenset({Action.MARK, Action.RETIRE})
_OLD = frozenset({UsedState.BEHIND, UsedState.REVOKED, UsedState.GONE})
Document = dict[str, Any]


def site_data(views: Sequence[StackView]) -> dict[str, Document]:
    """Give the documents by the addresses of their views."""
    facts = _Facts(views)
    found = {"overview": _overview(facts)}
    found |= {image_address(each): _image(facts, each) for each in facts.identities}
    for view in views:
        found[run_address(view.name)] = _run(view)
        for lab in view.situation.labs if view.situation else ():
            found[lab_address(view.name, lab.name)] = _lab(facts, view, lab.name)
    return {address: {"schema": SCHEMA, **document} for address, document in found.items()}


class _Facts:
    """What several documents ask for, found once."""

    def __init__(self, views: Sequence[StackView]) -> None:
        self.views = views
        self.holdings = {view.name: list(holdings(view)) for view in views}
        self.by_image: dict[str, list[tuple[StackView, Holding]]] = defaultdict(list)
        self.by_lab: dict[tuple[str, str], list[Holding]] = defaultdict(list)
        self.uses: dict[tuple[str, str], list[Document]] = defaultdict(list)
        self.uses_of: dict[str, list[Document]] = defaultdict(list)
        # GiB by stack, then by lab ("" is the stack's own), then by image.
        self.stored: dict[str, dict[str, dict[str, float]]] = {}
        self.images: dict[str, Image] = {}
        self.children: dict[str, list[str]] = defaultdict(list)
        for view in views:
            for each in self.holdings[view.name]:
                self.by_image[each.image.identity].append((view, each))
                self.by_lab[view.name, each.lab.name].append(each)
            self._read(view)
        for identity, image in sorted(self.images.items()):
            if (parent := parent_of(image)) is not None:
                self.children[parent].append(identity)
        situations = [view.situation for view in views if view.situation is not None]
        self.now = max((each.now for each in situations), default=None)
        known = {identity for each in situations for identity in each.images}
        self.identities = sorted(known | self.images.keys())

    def _read(self, view: StackView) -> None:
        if view.inputs is None or view.situation is None:
            return
        self.images |= view.inputs.images
        shares = self.stored.setdefault(view.name, defaultdict(dict))
        for (lab, identity), gib in stored_by_lab(view.situation).items():
            shares[lab][identity] = gib
        for each in usages(view.situation):
            entry = {"stack": view.name, **usage_data(each, view.situation.now)}
            entry["old"] = each.state in _OLD
            self.uses[view.name, each.lab].append(entry)
            if each.image:
                self.uses_of[each.image].append(entry)

    def newest(self, identity: str) -> str | None:
        """Give the newest good version that any stack knows of."""
        known = [
            found
            for view in self.views
            if view.situation and identity in view.situation.images
            for found in [newest_of(view.situation.images[identity])]
            if found is not None
        ]
        return str(max(known)) if known else None


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None


def _overview(facts: _Facts) -> Document:
    by_image: dict[str, float] = defaultdict(float)
    by_lab: list[Document] = []
    for stack, shares in facts.stored.items():
        for lab, stored in sorted(shares.items()):
            gib = round(sum(stored.values()), 1)
            by_lab.append({"stack": stack, "lab": lab or None, "gib": gib})
            for identity, share in stored.items():
                by_image[identity] += share
    return {
        "now": _time(facts.now),
        "stacks": [_stack(view) for view in facts.views],
        "images": [
            {
                "image": identity,
                "address": image_address(identity),
                "description": image.definition.description if image else "",
                "file": image.file if image else None,
                "os": image.definition.os.value if image else None,
                "newest": facts.newest(identity),
            }
            for identity in facts.identities
            for image in [facts.images.get(identity)]
        ],
        "labs": [
            {
                **_lab_head(view, lab.name),
                "holds": {
                    each.image.identity: {
                        "version": each.version.number if each.version else None,
                        "state": each.state.value,
                    }
                    for each in facts.by_lab[view.name, lab.name]
                },
            }
            for view in facts.views
            for lab in (view.situation.labs if view.situation else ())
        ],
        "attention": [each for view in facts.views for each in _attention(view)],
        "next": [each for view in facts.views for each in _next(view)],
        "storage": {
            "gib": round(sum(by_image.values()), 1),
            "images": [
                {"image": identity, "gib": round(gib, 1)}
                for identity, gib in sorted(by_image.items(), key=lambda item: (-item[1], item[0]))
            ],
            "labs": by_lab,
        },
    }


def _stack(view: StackView) -> Document:
    situation = view.situation
    return {
        "stack": view.name,
        "address": run_address(view.name),
        "fullName": situation.name if situation else None,
        "builds": situation.builds if situation else None,
        "sources": list(view.inputs.sources) if view.inputs else [],
        "now": _time(situation.now if situation else None),
        "trouble": view.trouble or None,
        "headline": headline(view.plan) if view.plan else None,
        "nothingDue": view.plan.nothing_due if view.plan else None,
    }


def _lab_head(view: StackView, name: str) -> Document:
    lab = view.situation.lab(name) if view.situation else None
    spec = lab.spec if lab else None
    return {
        "stack": view.name,
        "lab": name,
        "address": lab_address(view.name, name),
        "group": spec.resource_group if spec else None,
        "region": spec.region if spec else None,
        "trouble": lab.fault[0] if lab and not lab.reachable else None,
    }


def _attention(view: StackView) -> Iterator[Document]:
    """Tell what waits for a person, the worst first."""

    def entry(kind: str, why: str, step: Step | None = None) -> Document:
        found: Document = {"stack": view.name, "kind": kind, "why": why}
        images = view.situation.images if view.situation else {}
        found["image"] = step.identity if step and step.identity in images else None
        found["version"] = (step.version or None) if step else None
        found["lab"] = (step.lab or None) if step else None
        return found

    if view.trouble:
        yield entry("stopped", view.trouble)
    outcome = view.job.get("outcome") or {}
    for notice in outcome.get("notices", ()):
        yield entry("run", str(notice.get("text", "")))
    if view.outlook.stopped:
        yield entry("will stop", view.outlook.stopped)
    steps = view.plan.steps if view.plan else ()
    unreleased = view.plan.unreleased if view.plan else ()
    looked_at = {(left.identity, str(left.version)) for left in unreleased}
    kinds = {Action.REFUSE: "refused", Action.WARN: "warning"}
    for step in sorted(steps, key=lambda step: step.action is Action.WARN):
        if step.action in kinds:
            yield entry(kinds[step.action], step.reason, step)
        elif step.action is Action.WAIT and (step.identity, step.version) not in looked_at:
            approval = WAITS_FOR_APPROVAL in step.reason
            yield entry("approval" if approval else "waits", step.reason, step)
    for left in unreleased:
        failed = left.failure.error if left.failure else "it failed"
        told = f"{failed}; kept for a look until {left.until:%Y-%m-%d %H:%M}"
        yield entry("failed", told, Step(Action.WAIT, left.identity, str(left.version), told))
    for text in view.plan.warnings if view.plan else ():
        yield entry("warning", text)


def _next(view: StackView) -> Iterator[Document]:
    """Tell what the next run changes, then what time alone brings, by day."""
    situation = view.situation
    if situation is None:
        return
    merged: dict[tuple[str, str, str, str], list[str]] = {}
    for step in view.plan.steps if view.plan else ():
        if step.action in CHANGES and step.action is not Action.REFUSE:
            key = (step.action.value, step.identity, step.version, step.reason)
            merged.setdefault(key, []).extend([step.lab] if step.lab else [])
    for (action, identity, version, why), labs in merged.items():
        yield {
            "stack": view.name,
            "when": _time(situation.now),
            "nextRun": True,
            "action": action,
            "image": identity,
            "version": version or None,
            "labs": labs,
            "why": why,
        }
    for each in view.outlook.foreseen:
        yield {
            "stack": view.name,
            "when": _time(each.when),
            "nextRun": False,
            "action": each.action.value,
            "image": each.identity,
            "version": each.version or None,
            "labs": list(each.labs),
            "why": each.why,
        }


def _image(facts: _Facts, identity: str) -> Document:
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


def _lineage(facts: _Facts, identity: str) -> Document:
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


def _places(facts: _Facts, identity: str) -> Iterator[dict[str, str]]:
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


def _versions(facts: _Facts, identity: str) -> list[Document]:
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


_STANDINGS = {
    Standing.UNRELEASED: "not released",
    Standing.RELEASED: "released",
    Standing.REVOKED: "revoked",
    Standing.RETIRED: "retired",
    Standing.FOREIGN: "to build on",
}


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
            "when": _time(now),
            "labs": [s.lab] if s.lab else [],
            "what": s.action.value,
            "why": s.reason,
        }
        for s in steps
        if s.action in _GOES
    ]
    leaves += [
        {
            "when": _time(each.when),
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
        "retired": _time(version.held.retired),
        "labs": sorted(version.labs),
        "regions": sorted(version.held.regions),
        "why": list(dict.fromkeys(f"{step.action.value}: {step.reason}" for step in steps)),
        "goes": leaves,
    }


def _lab(facts: _Facts, view: StackView, name: str) -> Document:
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
        **_lab_head(view, name),
        "subscription": situation.subscription if situation else None,
        "takes": list(lab.spec.images) if lab else [],
        "weeks": len(view.outlook.weeks),
        "until": _time(view.outlook.weeks[-1].begins) if view.outlook.weeks else None,
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
        **_stack(view),
        "plan": plan_data(view.inputs, view.plan) if view.inputs and view.plan else None,
        "lastPlan": view.job.get("plan"),
        "outcome": view.job.get("outcome"),
        "log": view.job.get("log"),
        "weeks": [
            {
                "begins": _time(week.begins),
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
                "when": _time(each.when),
                "image": each.identity,
                "version": str(each.version),
                "what": each.what,
            }
            for each in view.events
        ],
    }
