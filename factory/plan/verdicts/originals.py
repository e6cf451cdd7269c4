"""Images of the original image factory: adopted, kept, and retired by their successors.

They exist in their lab alone: nothing stands behind them, they can be kept there and retired from
there, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from factory.plan.model import Action
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.situation import Original, Situation
from factory.plan.verdicts.departure import NOT_TAKEN, Cause, hindrance, unstarted_grace
from factory.plan.verdicts.verdict import ImageVerdict, OriginalVerdict


def judge_originals(
    situation: Situation, images: Sequence[ImageVerdict]
) -> Iterator[OriginalVerdict]:
    """Judge all of them, lab by lab; ``images`` says which of our versions stay there."""
    judged = {each.image.identity: each for each in images}
    for lab in situation.labs:
        groups: dict[str, list[Original]] = {}
        for each in situation.originals:
            if each.lab is not lab:
                continue
            if each.deleted:
                yield OriginalVerdict(each, Action.FORGET, "adopted, and deleted in the lab since")
            elif each.fault:
                yield OriginalVerdict(each, Action.REFUSE, each.fault)
            else:
                groups.setdefault(each.identity, []).append(each)
        for identity, group in sorted(groups.items()):
            yield from _judged(situation, lab, judged.get(identity), group)


def _judged(
    situation: Situation, lab: LabSituation, image: ImageVerdict | None, group: list[Original]
) -> Iterator[OriginalVerdict]:
    """Judge the images of one definition in one lab, the newest first."""
    never = datetime.min.replace(tzinfo=UTC)
    rank = _newer_of_ours(lab, image) if image else 0
    for old in sorted(group, key=lambda each: (each.created or never, each.name), reverse=True):
        whole = not old.thing.broken and old.created is not None
        rank += whole
        goes = _going(situation, lab, image.image, old, rank) if whole and image else None
        if not old.held:
            later = f"; in a later run it goes: {goes}" if goes else ""
            reason = f"made by the original image factory{later}"
            yield OriginalVerdict(old, Action.ADOPT, reason)
        elif goes and image:
            unreplaced = lab not in image.image.takers
            yield OriginalVerdict(old, Action.RETIRE, goes, unreplaced=unreplaced)
        else:
            yield OriginalVerdict(old, Action.KEEP, f"adopted; {_stays(lab, image, old, rank)}")


def _stays(lab: LabSituation, image: ImageVerdict | None, old: Original, rank: int) -> str:
    if image is None:
        return "no definition has its imagePath any more"
    if old.thing.broken:
        return "Azure never finished it"
    if old.created is None:
        return "when it was made cannot be read"
    return f"number {rank} of the {lab.spec.keep or image.image.rules.keep}"


def _newer_of_ours(lab: LabSituation, image: ImageVerdict) -> int:
    """Count our versions that are really in the lab now and stay there."""
    return sum(lab in verdict.labs and lab.has(verdict.version) for verdict in image.versions)


def _going(
    situation: Situation, lab: LabSituation, image: ImageSituation, old: Original, rank: int
) -> str | None:
    """Say why an old image is to go, or None; the newest of a lab never makes room for nothing."""
    if image.on_hold or old.created is None or not lab.reachable:
        return None
    rule = lab.spec.keep or image.rules.keep
    cause = Cause(f"beyond the {rule}")
    if lab not in image.takers:
        if situation.keeps_removed:
            return None
        cause = NOT_TAKEN
    elif rank == 1 or rule.allows(rank, situation.now - old.created):
        return None
    # Nothing is written down of it, so that nothing tells when the grace of a VM began.
    stays = hindrance(situation, lab, old.name, cause, good=True)
    return None if stays or unstarted_grace(situation, lab, old.name, cause) else cause.reason
