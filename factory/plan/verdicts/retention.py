"""Which released versions stay, where, and which are marked or retire.

Only what was good when the run began counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from factory.definitions.policies import Keep
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import Standing, VersionSituation
from factory.plan.verdicts.departure import (
    MOVED,
    NOT_NAMED,
    NOT_TAKEN,
    WHOLE,
    Cause,
    Departure,
    departure,
    departures,
)
from factory.plan.verdicts.verdict import Fate, VersionVerdict

_REMOVED = "its definition was removed from git"


def judge_released(situation: Situation, image: ImageSituation) -> tuple[VersionVerdict, ...]:
    """Keep, mark or retire every good version, oldest first; the state may have lost some."""
    return _Retention(situation, image).verdicts()


def retirement(
    situation: Situation,
    version: VersionSituation,
    cause: Cause,
    leaving: tuple[Departure, ...],
) -> VersionVerdict:
    """Let a version go from every lab; if it is protected, that comes off first.

    The engine refuses to delete what is protected, also when a program drops it. So whatever is to
    go is declared once more without protection, and dropped by the next run. The ledger shows which
    run it is: the part ``protected`` is made before anything is protected and goes after all of it
    was unprotected, wherever a run is cut off.
    """
    protected = version.held.protected
    fate = Fate.UNPROTECT if protected else Fate.RETIRE
    labs = situation.holders(version) if protected else ()
    return VersionVerdict(version, fate, cause.reason, labs, leaving)


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


@dataclass(frozen=True)
class _Retention:
    """The rules for the released versions of one definition."""

    situation: Situation
    image: ImageSituation

    def verdicts(self) -> tuple[VersionVerdict, ...]:
        """Judge every version, oldest first."""
        judged = [(version, *self._fate(version)) for version in self.image.released]
        staying = [each for each, fate, *_ in judged if fate in {Fate.KEEP, Fate.READOPT}]
        newest = self._newest(staying)
        verdicts = []
        for version, fate, cause, leaving in judged:
            if fate is Fate.READOPT:
                verdicts.append(readoption(self.situation, version))
            elif fate is Fate.KEEP:
                newer = staying[staying.index(version) + 1 :]
                verdicts.append(self._keep(version, newer, newest, reason=cause.reason))
            elif fate is Fate.MARK:
                ends = max(each.until for each in leaving if each.until)
                labs, marked = self.situation.holders(version), {WHOLE: ends}
                verdicts.append(
                    VersionVerdict(version, fate, cause.reason, labs, leaving, marked=marked)
                )
            else:
                verdicts.append(retirement(self.situation, version, cause, leaving))
        return tuple(verdicts)

    def _fate(self, version: VersionSituation) -> tuple[Fate, Cause, tuple[Departure, ...]]:
        """Decide for a version as a whole: it stays as long as one lab has to keep it.

        What is marked is delivered nowhere, and what somebody deletes meanwhile is not made again.
        """
        if version.held.returning:
            return Fate.READOPT, Cause(""), ()
        found = self._cause(version)
        if isinstance(found, str):
            return Fate.KEEP, Cause(found), ()
        leaving = departures(self.situation, self.image, version, version.labs, found)
        if stays := next((each.stays for each in leaving if each.stays), ""):
            return Fate.KEEP, Cause(stays), ()
        return Fate.MARK if any(each.until for each in leaving) else Fate.RETIRE, found, leaving

    def _newest(self, staying: Sequence[VersionSituation]) -> VersionSituation | None:
        """Give the version that labs are to have: the pinned one, where that is here."""
        pin = self.image.rules.pin
        pinned = [each for each in staying if each.version == pin]
        below = [each for each in staying if not self.image.above_pin(each)]
        return next(reversed(pinned or below or staying), None)

    def _cause(self, version: VersionSituation) -> Cause | str:
        """Say why a version is to go, or why it stays.

        What :class:`Keep` allows stays, counted by build date among what is released; so does what
        is pinned. In a receiving stack a version that its source retired goes sooner, and one above
        a pin at once.
        """
        image, child, rules = self.image, version.child, self.image.rules
        if image.elsewhere:
            # Nobody here can tell whether the other stack has a good one by now, or who has it yet.
            if not rules.let_go:
                return "another stack builds it now; kept until image-factory:letGo takes it"
            let_go = "another stack builds it now, and image-factory:letGo takes it"
            return f"{child} is built on it" if child else Cause(let_go, counted=True)
        if image.on_hold:
            return "on hold"
        if image.image is None:
            return self._removed()
        if version.version == rules.pin:
            return "pinned"
        if child:
            return f"{child} is built on it"
        newer, above = self._newer(version), image.above_pin(version)
        if above and not self.situation.builds:
            return Cause(f"rolled back to {rules.pin}", self._pinned, announced=False)
        good = self._pinned if above else newer
        since = self._due_since(version, newer, rules.keep)
        if version.retired_at_source:
            return Cause("retired by its source", good, since=since)
        age = self.situation.now - (version.built or self.situation.now)
        if rules.keep.allows(len(newer) + 1, age):
            return f"number {len(newer) + 1} of the {rules.keep}"
        return Cause(f"beyond the {rules.keep}", good, since=since)

    def _removed(self) -> Cause | str:
        """Judge what left git: it waits for the definition that it was probably renamed to."""
        heir = self.image.heir
        if self.situation.keeps_removed:
            return _REMOVED
        if heir is None:
            return Cause(_REMOVED, counted=True)
        after = self.situation.image(heir.identity)
        if not after.released and (self.situation.builds or after.takers):
            return f"{_REMOVED}; it waits for {heir.identity}, probably its new name"
        why = f"{_REMOVED}; {heir.identity} takes its place"
        return Cause(why, after.released, counted=True, owed=after.taken_by)

    def _newer(self, version: VersionSituation) -> tuple[VersionSituation, ...]:
        return self.image.released[self.image.released.index(version) + 1 :]

    @cached_property
    def _pinned(self) -> tuple[VersionSituation, ...]:
        pin = self.image.rules.pin
        return tuple(each for each in self.image.released if each.version == pin)

    @staticmethod
    def _due_since(
        version: VersionSituation, newer: Sequence[VersionSituation], keep: Keep
    ) -> datetime | None:
        """Give the moment from which a version was to go: pushed out by a newer one, or old."""
        moments = []
        if len(newer) >= keep.newest and (pushed_out := newer[keep.newest - 1].built):
            moments.append(pushed_out)
        if keep.for_ is not None and version.built:
            moments.append(version.built + keep.for_)
        return min(moments, default=None)

    def _keep(
        self,
        version: VersionSituation,
        newer: Sequence[VersionSituation],
        newest: VersionSituation | None,
        *,
        reason: str,
    ) -> VersionVerdict:
        """Keep a version where it is, deliver it where it is missing; ``newer`` ones stay too."""
        causes = {lab: self._lab_cause(lab, version, newer, newest) for lab in self._labs(version)}
        wanted = [lab for lab, cause in causes.items() if cause is None]
        going = [(frozenset({lab.name}), cause) for lab, cause in causes.items() if cause]
        going.append((version.labs.difference(lab.name for lab in causes), NOT_NAMED))
        leaving = [
            departure(self.situation, self.image, version, labs, cause, mark=min(labs))
            for labs, cause in ((labs & version.labs, cause) for labs, cause in going)
            if labs
        ]
        protected = version.held.protected
        there = {lab for each in leaving if not each.leaves or protected for lab in each.labs}
        labs = (*wanted, *(lab for lab in self.situation.holders(version) if lab.name in there))
        return VersionVerdict(
            version,
            Fate.KEEP,
            reason,
            labs,
            tuple(leaving),
            marked={each.labs[0]: each.until for each in leaving if each.until},
            protected=self.situation.protects
            and not (protected and any(not each.stays for each in leaving)),
        )

    def _labs(self, version: VersionSituation) -> Iterator[LabSituation]:
        """Give the labs of the settings that take it, then the others that hold it."""
        yield from self.image.takers
        holders, taken = self.situation.holders(version), self.image.taken_by
        yield from (lab for lab in holders if lab.name not in taken)

    def _lab_cause(
        self,
        lab: LabSituation,
        version: VersionSituation,
        newer: Sequence[VersionSituation],
        newest: VersionSituation | None,
    ) -> Cause | None:
        """Say why one lab is to have a version no longer, or is not to get it; None if it is.

        The newest goes to every taker; an older one stays where it is and goes nowhere new, so that
        a lab that subscribes late gets the newest alone. A lab with a ``keep`` of its own holds
        what that says, a late one too. What rests changes nowhere, but a lab whose only one is
        revoked gets the last good one.
        """
        image, rule, pin = self.image, lab.spec.keep, self.image.rules.pin
        if lab.old_place:
            return (
                None if image.on_hold or image.image is None else self._moved(lab, version, newer)
            )
        removed, taken = self.situation.keeps_removed, lab.name in image.taken_by
        there = lab.name in version.labs or lab.had(version.identity, version.number)
        if not (image.on_hold or taken or removed):
            return NOT_TAKEN
        rests = image.on_hold or not taken or (image.image is None and not removed)
        if image.above_pin(version) and not rests:
            if self.situation.builds:
                return Cause(f"rolled back to {pin}", self._pinned, announced=False)
        elif not rests and version is newest and pin in {None, version.version}:
            return None
        elif not rests and rule is not None and version.built is not None:
            if rule.allows(len(newer) + 1, self.situation.now - version.built):
                return None
            since = self._due_since(version, newer, rule)
            return Cause(f"the lab keeps the {rule}", tuple(newer), since=since)
        return None if there or (version is newest and lab.name in self._bare) else NOT_TAKEN

    def _moved(
        self, lab: LabSituation, version: VersionSituation, newer: Sequence[VersionSituation]
    ) -> Cause:
        """Let it go from where a lab was: it, or a newer one, is to be where that is now first."""
        now = self.situation.lab(lab.spec.azure_name)
        taken, wanted = now in self.image.takers, (version, *newer)
        waits = taken and not any(now.has(each) for each in wanted if now)
        return Cause(MOVED, wanted if waits else None, counted=True)

    @cached_property
    def _bare(self) -> frozenset[str]:
        """The labs that take it and have a revoked version of it, and no good one."""
        bad = [each.labs for each in self.image.alive if each.standing is Standing.REVOKED]
        return frozenset(
            lab.name
            for lab in self.image.takers
            if any(lab.name in labs for labs in bad)
            and not any(lab.has(each) for each in self.image.released)
        )
