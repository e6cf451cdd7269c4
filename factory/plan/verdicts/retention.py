"""Which released versions stay, where, and which are marked or retire.

Only what was good when the run began counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from factory.plan.situation.image import ImageSituation
from factory.plan.situation.lab import LabSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version import VersionSituation
from factory.plan.verdicts.verdict import WHOLE, Fate, VersionVerdict

LEAVES_LAB = "the lab no longer takes it, or keeps fewer"


def judge_released(situation: Situation, image: ImageSituation) -> tuple[VersionVerdict, ...]:
    """Keep, mark or retire every good version, oldest first; the state may have lost some."""
    judged = [(version, *_stays(situation, image, version)) for version in image.released]
    staying = [version for version, stays, _ in judged if stays or version.held.returning]
    current = _current(image, staying)
    verdicts = []
    for version, stays, reason in judged:
        if version.held.returning:
            verdicts.append(readoption(situation, version))
        elif stays:
            newest = version is current and not image.on_hold
            newer = staying[staying.index(version) + 1 :]
            verdicts.append(_keep(situation, image, version, newer, newest=newest, reason=reason))
        elif until := _marked_until(situation, image, version):
            verdicts.append(_mark(situation, image, version, reason, until))
        else:
            verdicts.append(retirement(situation, image, version, reason))
    return tuple(verdicts)


def _current(image: ImageSituation, staying: list[VersionSituation]) -> VersionSituation | None:
    """Give the version that every lab that takes the definition is to have."""
    pin = image.rules.pin
    if pin is not None:
        return next((version for version in staying if version.version == pin), None)
    return staying[-1] if staying else None


def _stays(
    situation: Situation, image: ImageSituation, version: VersionSituation
) -> tuple[bool, str]:
    """Decide for a released version that is not retired yet, and say why.

    What :class:`Keep` allows stays, counted by build date among what is released; so does what is
    pinned. An older one stays as long as it is the newest that some lab holds: the good one never
    goes before a newer one is there. In a receiving stack a version that its source retired goes
    sooner, and one above a pin at once, under the same condition.
    """
    released, keep, pin = image.released, image.rules.keep, image.rules.pin
    newer = released[released.index(version) + 1 :]
    built_on = f"{version.child} is built on it" if version.child else ""
    if image.elsewhere:
        # Nobody here can tell whether the other stack has a good one by now, or who has it yet.
        if not image.rules.let_go:
            todo = "kept until image-factory:letGo takes it"
            return True, f"another stack builds it now; {todo}"
        return bool(built_on), (
            built_on or "another stack builds it now, and image-factory:letGo takes it"
        )
    if image.on_hold:
        return True, "on hold"
    if image.image is None:
        return situation.keeps_removed, "its definition was removed from git"
    if version.version == pin:
        return True, "pinned"
    if built_on:
        return True, built_on
    goes = _going(situation, image, version, rank=len(newer) + 1)
    if goes is None:
        return True, f"number {len(newer) + 1} of the {keep}"
    if use := _used(situation, image, version, newer):
        return True, use
    others = [o for o in released if o.version == pin] if image.above_pin(version) else newer
    stays = _kept_for(situation, version, others)
    return stays is not None, stays or goes


def _going(
    situation: Situation, image: ImageSituation, version: VersionSituation, rank: int
) -> str | None:
    """Say why a version is to go, or None."""
    if image.above_pin(version) and not situation.builds:
        return f"rolled back to {image.rules.pin}"
    if version.retired_at_source:
        return "retired by its source"
    age = situation.now - (version.built or situation.now)
    return None if image.rules.keep.allows(rank, age) else f"beyond the {image.rules.keep}"


def _used(
    situation: Situation,
    image: ImageSituation,
    version: VersionSituation,
    newer: Sequence[VersionSituation],
) -> str | None:
    """Say which formula, or which VM within its grace, is made from a version; None if none is."""
    grace = situation.grace_for_vms
    since = _due_since(image, version, newer)
    for name in sorted(version.labs):
        lab = situation.lab(name)
        if lab is not None and lab.unread is not None:
            return f"whether lab {name} still uses it cannot be read"
        for use in lab.uses.get(version.image_name, ()) if lab is not None else ():
            if use.kind == "formula":
                return f"formula {use.name} in lab {name} is made from it"
            if grace is not None and since is not None and situation.now < since + grace:
                until = (since + grace).date()
                return f"VM {use.name} in lab {name} is made from it; it stays until {until}"
    return None


def _due_since(
    image: ImageSituation, version: VersionSituation, newer: Sequence[VersionSituation]
) -> datetime | None:
    """Give the moment from which a version was to go: pushed out by a newer one, or too old."""
    keep, moments = image.rules.keep, []
    if len(newer) >= keep.newest and (pushed_out := newer[keep.newest - 1].built):
        moments.append(pushed_out)
    if keep.for_ is not None and version.built:
        moments.append(version.built + keep.for_)
    return min(moments, default=None)


def _kept_for(
    situation: Situation, version: VersionSituation, others: Sequence[VersionSituation]
) -> str | None:
    """Say why a version that is to go stays all the same, or None."""
    if not others:
        return "the last good version"
    for name in sorted(version.labs):
        if not _has_one_of(situation, name, others):
            return f"the newest that lab {name} holds"
    return None


def _has_one_of(situation: Situation, name: str, others: Sequence[VersionSituation]) -> bool:
    """Tell whether a lab has one of these; one that is gone has nothing to lose.

    Of one that left the settings the ledger is believed.
    """
    lab = situation.lab(name)
    if lab is None:
        return any(name in other.labs for other in others)
    return lab.gone or any(lab.has(other) for other in others)


def retirement(
    situation: Situation, image: ImageSituation, version: VersionSituation, reason: str
) -> VersionVerdict:
    """Let a version go from every lab; if it is protected, that comes off first.

    The engine refuses to delete what is protected, also when a program drops it. So whatever is to
    go is declared once more without protection, and dropped by the next run. The ledger shows which
    run it is: the part ``protected`` is made before anything is protected and goes after all of it
    was unprotected, wherever a run is cut off.
    """
    unreplaced = image.image is None or image.elsewhere
    if version.held.protected:
        labs = holders(situation, version)
        return VersionVerdict(version, Fate.UNPROTECT, reason, labs, unreplaced=unreplaced)
    leaving = tuple(sorted(version.labs))
    return VersionVerdict(version, Fate.RETIRE, reason, leaving=leaving, unreplaced=unreplaced)


def readoption(situation: Situation, version: VersionSituation) -> VersionVerdict:
    """Take in a version that the state lost as it stands, and nothing else.

    No retention, no new lab, no mending in the run that takes it in: the next one has all of it in
    its state and goes on as if nothing had happened.
    """
    back = version.held.returning
    lost = {path[1] for path in back.parts if path[0] == "lab"} if back is not None else set()
    labs = tuple(lab for lab in situation.labs if lab.name in version.labs | lost)
    shown = situation.file.shown if situation.file else "recovered"
    what = "as a retired version " if version.held.retired else ""
    return VersionVerdict(version, Fate.READOPT, f"taken in {what}from {shown}", labs)


def holders(situation: Situation, version: VersionSituation) -> tuple[LabSituation, ...]:
    """Give the labs of this stack that hold a version; one that left the settings is not named."""
    return tuple(lab for lab in situation.labs if lab.name in version.labs)


def marked_since(situation: Situation, version: VersionSituation, lab: str = WHOLE) -> datetime:
    """Give since when a version, or its image in one lab, is marked: from now on, if it is not."""
    return version.held.retiring.get(lab, situation.now)


def _marked_until(
    situation: Situation, image: ImageSituation, version: VersionSituation, lab: str = WHOLE
) -> datetime | None:
    """Give until when what is to go stays marked; None if it goes in this run.

    A version above a pin goes at once: a rollback that takes a week is none.
    """
    rule: timedelta | None = image.rules.retire_after
    if rule is None or (image.above_pin(version) and not situation.builds):
        return None
    until = marked_since(situation, version, lab) + rule
    return until if situation.now < until else None


def _mark(
    situation: Situation,
    image: ImageSituation,
    version: VersionSituation,
    reason: str,
    until: datetime,
) -> VersionVerdict:
    """Mark a version that is to go in every lab that holds it; nothing is deleted yet.

    It is delivered nowhere, and what somebody deletes meanwhile is not made again.
    """
    labs = holders(situation, version)
    leaving = tuple(sorted(version.labs - {lab.name for lab in labs}))
    return VersionVerdict(
        version,
        Fate.MARK,
        reason,
        labs,
        leaving,
        marked={WHOLE: until},
        unreplaced=_goes_for_nothing(image, leaving),
    )


def _keep(
    situation: Situation,
    image: ImageSituation,
    version: VersionSituation,
    newer: Sequence[VersionSituation],
    *,
    newest: bool,
    reason: str,
) -> VersionVerdict:
    """Keep a version where it is, deliver it where it is missing; ``newer`` are those that stay."""
    labs = _wanting(situation, image, version, newer, newest=newest)
    wanting = set(labs)
    going: dict[str, datetime] = {}
    protected_yet = []
    for lab in holders(situation, version):
        if lab in wanting:
            continue
        if until := _marked_until(situation, image, version, lab.name):
            going[lab.name] = until
            labs.append(lab)
        else:
            protected_yet.append(lab)
    leaving = tuple(sorted(version.labs - {lab.name for lab in labs}))
    if version.held.protected:
        labs += protected_yet
    dropped = version.labs - {lab.name for lab in labs}
    return VersionVerdict(
        version,
        Fate.KEEP,
        reason,
        tuple(labs),
        leaving,
        marked=going,
        protected=situation.protects and not ((leaving or going) and version.held.protected),
        unreplaced=_goes_for_nothing(image, dropped),
    )


def _goes_for_nothing(image: ImageSituation, leaving: Sequence[str] | frozenset[str]) -> bool:
    """Tell whether a lab loses a version and takes the definition no more: it gets no newer one."""
    return not {lab.name for lab in image.takers}.issuperset(leaving)


def _wanting(
    situation: Situation,
    image: ImageSituation,
    version: VersionSituation,
    newer: Sequence[VersionSituation],
    *,
    newest: bool,
) -> list[LabSituation]:
    """Give the labs that are to hold a version.

    The newest goes to every taker; an older one stays where it is and goes nowhere new, so that a
    lab that subscribes late gets the newest alone. A lab with a ``keep`` of its own holds what that
    says, a late one too; never less than the newest that it has.
    """
    if situation.builds and image.above_pin(version) and not image.on_hold:
        return []
    wanted = list(image.takers)
    if situation.keeps_removed:
        taken = set(wanted)
        wanted += [lab for lab in holders(situation, version) if lab not in taken]
    if newest:
        return wanted
    return [lab for lab in wanted if _stays_in(situation, lab, version, newer)]


def _stays_in(
    situation: Situation,
    lab: LabSituation,
    version: VersionSituation,
    newer: Sequence[VersionSituation],
) -> bool:
    there = lab.name in version.labs or lab.had(version.identity, version.number)
    if lab.spec.keep is None or version.built is None:
        return there
    if lab.spec.keep.allows(len(newer) + 1, situation.now - version.built):
        return True
    return there and not any(lab.has(other) for other in newer)
