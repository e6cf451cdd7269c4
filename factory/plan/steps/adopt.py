"""Images that the original image factory left in labs: taken in, and retired by its successors.

They exist in their lab alone: nothing stands behind them, they can be kept there and retired from
there, and nothing else. Whose image one is, its tag ``ImagePath`` says. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from factory.common import names
from factory.common.errors import Problems
from factory.definitions.lineage import IMAGE_PATH, definition_of
from factory.definitions.policies import Keep
from factory.observed.model import Thing
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Adoption, Step
from factory.plan.rules.channel import on_hold
from factory.plan.rules.retention import keep_of
from factory.settings.stack import NAMESPACE, OnRemoval, TargetLab


@dataclass(frozen=True)
class OldImage:
    """One image of the original in one lab; ``held`` if this stack took it in before."""

    lab: TargetLab
    name: str
    thing: Thing
    held: bool

    @property
    def created(self) -> datetime | None:
        """When the lab made it; None if that cannot be read, and then it is never retired."""
        try:
            moment = datetime.fromisoformat(self.thing.created)
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def check_adopted(inputs: Inputs, problems: Problems) -> None:
    """A lab that left the settings would take images with it that exist nowhere else."""
    labs = {lab.name for lab in inputs.settings.labs}
    lost: dict[str, int] = {}
    for name in inputs.ledger.adopted:
        lab = name.split("/")[1]
        if lab not in labs:
            lost[lab] = lost.get(lab, 0) + 1
    for lab, count in sorted(lost.items()):
        problems.error(
            f"{NAMESPACE}:labs",
            f"lab {lab} is gone from it, with {count} adopted images that exist only there",
            "put the lab back; to leave the images where they are, `pulumi state delete` them",
        )


def plan_adopted(inputs: Inputs, draft: Draft) -> tuple[Adoption, ...]:
    """Decide which old images are declared; notes adopt, keep, retire and refuse steps."""
    found: list[Adoption] = []
    for lab in inputs.settings.labs:
        groups: dict[str, list[OldImage]] = {}
        for old in _in_lab(inputs, lab, draft):
            image = definition_of(inputs.images.values(), old.thing.tags)
            groups.setdefault(image.identity if image else "", []).append(old)
        for identity, olds in sorted(groups.items()):
            for old, action, reason in _judged(inputs, lab, identity, olds, draft):
                shown = identity or str(old.thing.tags.get(IMAGE_PATH, "-"))
                draft.steps.append(Step(action, shown, old.name, reason, lab.name))
                if action is Action.RETIRE:
                    continue
                found.append(Adoption(lab.name, old.name, None if old.held else old.thing.id))
    return tuple(found)


def _in_lab(inputs: Inputs, lab: TargetLab, draft: Draft) -> Iterator[OldImage]:
    """Give what was adopted in a lab, and what is to be; what is no longer there is forgotten."""
    observed = inputs.observed.labs.get(lab.name)
    seen = observed.images if observed else None
    held = set()
    for logical, outputs in inputs.ledger.adopted.items():
        _, where, name = logical.split("/", 2)
        if where != lab.name:
            continue
        held.add(name.lower())
        if seen is not None and name.lower() not in seen:
            reason = "adopted, and deleted in the lab since"
            draft.steps.append(Step(Action.FORGET, "-", name, reason, lab.name))
            continue
        thing = seen[name.lower()] if seen is not None else None
        yield OldImage(lab, name, thing or _remembered(outputs), held=True)
    for name in inputs.settings.adopt.get(lab.name, ()):
        there = (seen or {}).get(name.lower())
        if there is None or name.lower() in held:
            continue  # adopted already, or retired since: the list may go on naming it
        if fault := _not_adoptable(inputs, there):
            draft.steps.append(Step(Action.REFUSE, "-", name, fault, lab.name))
            continue
        yield OldImage(lab, name, there, held=False)


def _not_adoptable(inputs: Inputs, thing: Thing) -> str | None:
    if names.STACK in thing.tags:
        return "an image factory made it; it needs no adoption"
    if not thing.tags.get(IMAGE_PATH):
        return f"it has no tag {IMAGE_PATH}, so it is not the original factory's"
    if definition_of(inputs.images.values(), thing.tags) is None:
        return f"no definition has imagePath: {thing.tags[IMAGE_PATH]}"
    return None


def _remembered(outputs: Mapping[str, Any]) -> Thing:
    tags = outputs.get("tags")
    return Thing(
        id="",
        tags=dict(tags) if isinstance(tags, Mapping) else {},
        created=str(outputs.get("creationDate") or ""),
    )


def _judged(
    inputs: Inputs, lab: TargetLab, identity: str, olds: list[OldImage], draft: Draft
) -> Iterator[tuple[OldImage, Action, str]]:
    """Judge the images of one definition in one lab, the newest first."""
    never = datetime.min.replace(tzinfo=UTC)
    rank = _newer_of_ours(inputs, lab, identity, draft)
    for old in sorted(olds, key=lambda each: (each.created or never, each.name), reverse=True):
        whole = not old.thing.broken and old.created is not None
        rank += whole
        goes = _going(inputs, lab, identity, old, rank) if whole and identity else None
        if not old.held:
            later = f"; in a later run it goes: {goes}" if goes else ""
            yield old, Action.ADOPT, f"made by the original image factory{later}"
        elif goes:
            if not inputs.takes(lab.images, identity):
                draft.unreplaced.append(f"{identity} {old.name}")
            yield old, Action.RETIRE, goes
        elif not identity:
            yield old, Action.KEEP, "adopted; no definition has its imagePath any more"
        elif old.thing.broken:
            yield old, Action.KEEP, "adopted; Azure never finished it"
        elif old.created is None:
            yield old, Action.KEEP, "adopted; when it was made cannot be read"
        else:
            yield old, Action.KEEP, f"adopted; number {rank} of the {_rule(inputs, lab, identity)}"


def _rule(inputs: Inputs, lab: TargetLab, identity: str) -> Keep:
    return lab.keep or keep_of(inputs, identity)


def _newer_of_ours(inputs: Inputs, lab: TargetLab, identity: str, draft: Draft) -> int:
    """Count our versions that are really in the lab now and stay there."""
    stay = {
        (version.identity, version.version)
        for version in draft.versions
        if inputs.present(version.identity) == identity and version.retired is None
        for region in version.regions
        if any(each.lab.name == lab.name for each in region.labs)
    }
    return sum(
        (each.identity, each.version) in stay and inputs.lab_has(lab.name, each)
        for each in inputs.held_of(identity)
    )


def _going(inputs: Inputs, lab: TargetLab, identity: str, old: OldImage, rank: int) -> str | None:
    """Say why an old image is to go, or None; the newest of a lab never makes room for nothing."""
    if on_hold(inputs, identity) or old.created is None or lab.name in inputs.out_of_reach:
        return None
    observed = inputs.observed.labs.get(lab.name)
    for use in observed.uses.get(old.name.lower(), ()) if observed else ():
        if use.kind == "formula" or inputs.settings.grace_for_vms is not None:
            return None
    if not inputs.takes(lab.images, identity):
        keeps = inputs.settings.on_removal is OnRemoval.KEEP
        return None if keeps else "the lab no longer takes it"
    rule = _rule(inputs, lab, identity)
    if rank == 1 or rule.allows(rank, inputs.observed.now - old.created):
        return None
    return f"beyond the {rule}"
