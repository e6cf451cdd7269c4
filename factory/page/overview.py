"""The overview: labs and images as a matrix, what needs somebody, what comes next, storage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from factory.page.addresses import image_address
from factory.page.facts import Document, Facts, lab_head, stack_head, time_text
from factory.page.stack_view import StackView
from factory.plan.model import CHANGES, Action, Step
from factory.plan.verdicts.offers import WAITS_FOR_APPROVAL


def overview(facts: Facts) -> Document:
    """Give the document of the first view."""
    by_image: dict[str, float] = defaultdict(float)
    by_lab: list[Document] = []
    for stack, shares in facts.stored.items():
        for lab, stored in sorted(shares.items()):
            gib = round(sum(stored.values()), 1)
            by_lab.append({"stack": stack, "lab": lab or None, "gib": gib})
            for identity, share in stored.items():
                by_image[identity] += share
    return {
        "now": time_text(facts.now),
        "stacks": [stack_head(view) for view in facts.views],
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
                **lab_head(view, lab.name),
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
    for step in _failing(view):
        yield entry("failed", step.reason, step)
    for text in view.plan.warnings if view.plan else ():
        yield entry("warning", text)


def _failing(view: StackView) -> Iterator[Step]:
    """Give the versions that failed, and images whose last builds did, unless a step says so."""
    plan = view.plan
    for left in plan.unreleased if plan else ():
        failed = left.failure.error if left.failure else "it failed"
        told = f"{failed}; kept for a look until {left.until:%Y-%m-%d %H:%M}"
        yield Step(Action.WAIT, left.identity, str(left.version), told)
    steps = plan.steps if plan else ()
    waiting = {step.identity for step in steps if step.action is Action.WAIT}
    for identity, image in view.situation.images.items() if view.situation else ():
        if image.failed and identity not in waiting:
            many = int(image.failed.count)
            told = "its last build" if many == 1 else f"its last {many} builds"
            why = f"{told} failed; labs keep what they hold"
            yield Step(Action.BUILD, identity, image.failed.version, why)


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
            "when": time_text(situation.now),
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
            "when": time_text(each.when),
            "nextRun": False,
            "action": each.action.value,
            "image": each.identity,
            "version": each.version or None,
            "labs": list(each.labs),
            "why": each.why,
        }
