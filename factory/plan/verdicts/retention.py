"""Which released versions stay, where, and which are marked or retire.

Only what was good when the run began counts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import VersionSituation
from factory.plan.verdicts.verdict import WHOLE, Fate, VersionVerdict

LEAVES_LAB = "the lab no longer takes it, or keeps fewer"


def judge_released(situation: Situation, image: ImageSituation) -> tuple[VersionVerdict, ...]:
    """Keep, mark or retire every good version, oldest first; the state may have lost some."""
    return _Retention(situation, image).verdicts()


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
        labs = situation.holders(version)
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


@dataclass(frozen=True)
class _Retention:
    """The rules for the released versions of one definition."""

    situation: Situation
    image: ImageSituation

    def verdicts(self) -> tuple[VersionVerdict, ...]:
        """Judge every version, oldest first."""
        judged = [(version, *self._stays(version)) for version in self.image.released]
        staying = [version for version, stays, _ in judged if stays or version.held.returning]
        current = self._current(staying)
        verdicts = []
        for version, stays, reason in judged:
            if version.held.returning:
                verdicts.append(readoption(self.situation, version))
            elif stays:
                newest = version is current and not self.image.on_hold
                newer = staying[staying.index(version) + 1 :]
                verdicts.append(self._keep(version, newer, newest=newest, reason=reason))
            elif until := self._marked_until(version):
                verdicts.append(self._mark(version, reason, until))
            else:
                verdicts.append(retirement(self.situation, self.image, version, reason))
        return tuple(verdicts)

    def _current(self, staying: Sequence[VersionSituation]) -> VersionSituation | None:
        """Give the version that every lab that takes the definition is to have."""
        pin = self.image.rules.pin
        if pin is not None:
            return next((version for version in staying if version.version == pin), None)
        return staying[-1] if staying else None

    def _stays(self, version: VersionSituation) -> tuple[bool, str]:
        """Decide for a version, and say why.

        What :class:`Keep` allows stays, counted by build date among what is released; so does what
        is pinned. An older one stays as long as it is the newest that some lab holds: the good one
        never goes before a newer one is there. In a receiving stack a version that its source
        retired goes sooner, and one above a pin at once, under the same condition.
        """
        image, child, pin = self.image, version.child, self.image.rules.pin
        if image.elsewhere:
            # Nobody here can tell whether the other stack has a good one by now, or who has it yet.
            if not image.rules.let_go:
                todo = "kept until image-factory:letGo takes it"
                return True, f"another stack builds it now; {todo}"
            let_go = "another stack builds it now, and image-factory:letGo takes it"
            return bool(child), f"{child} is built on it" if child else let_go
        if image.on_hold:
            return True, "on hold"
        if image.image is None:
            return self.situation.keeps_removed, "its definition was removed from git"
        if version.version == pin:
            return True, "pinned"
        if child:
            return True, f"{child} is built on it"
        newer = image.released[image.released.index(version) + 1 :]
        goes = self._going(version, rank=len(newer) + 1)
        if goes is None:
            return True, f"number {len(newer) + 1} of the {image.rules.keep}"
        if use := self._used(version, newer):
            return True, use
        above = image.above_pin(version)
        others = [other for other in image.released if other.version == pin] if above else newer
        stays = self._kept_for(version, others)
        return stays is not None, stays or goes

    def _going(self, version: VersionSituation, rank: int) -> str | None:
        """Say why a version is to go, or None."""
        rules, now = self.image.rules, self.situation.now
        if self.image.above_pin(version) and not self.situation.builds:
            return f"rolled back to {rules.pin}"
        if version.retired_at_source:
            return "retired by its source"
        return (
            None
            if rules.keep.allows(rank, now - (version.built or now))
            else (f"beyond the {rules.keep}")
        )

    def _used(self, version: VersionSituation, newer: Sequence[VersionSituation]) -> str | None:
        """Say which formula, or VM within its grace, is made from a version; None if none is."""
        grace, since = self.situation.grace_for_vms, self._due_since(version, newer)
        for name in sorted(version.labs):
            lab = self.situation.lab(name)
            if lab is not None and lab.unread is not None:
                return f"whether lab {name} still uses it cannot be read"
            for use in lab.uses.get(version.image_name, ()) if lab is not None else ():
                if use.kind == "formula":
                    return f"formula {use.name} in lab {name} is made from it"
                if grace is not None and since and self.situation.now < since + grace:
                    until = (since + grace).date()
                    return f"VM {use.name} in lab {name} is made from it; it stays until {until}"
        return None

    def _due_since(
        self, version: VersionSituation, newer: Sequence[VersionSituation]
    ) -> datetime | None:
        """Give the moment from which a version was to go: pushed out by a newer one, or old."""
        keep, moments = self.image.rules.keep, []
        if len(newer) >= keep.newest and (pushed_out := newer[keep.newest - 1].built):
            moments.append(pushed_out)
        if keep.for_ is not None and version.built:
            moments.append(version.built + keep.for_)
        return min(moments, default=None)

    def _kept_for(
        self, version: VersionSituation, others: Sequence[VersionSituation]
    ) -> str | None:
        """Say why a version that is to go stays all the same, or None."""
        if not others:
            return "the last good version"
        for name in sorted(version.labs):
            lab = self.situation.lab(name)
            if lab is None:  # it left the settings: of it the ledger is believed
                has_another = any(name in other.labs for other in others)
            else:
                has_another = lab.gone or any(lab.has(other) for other in others)
            if not has_another:
                return f"the newest that lab {name} holds"
        return None

    def _marked_until(self, version: VersionSituation, lab: str = WHOLE) -> datetime | None:
        """Give until when what is to go stays marked; None if it goes in this run.

        A version above a pin goes at once: a rollback that takes a week is none.
        """
        rule, now = self.image.rules.retire_after, self.situation.now
        if rule is None or (self.image.above_pin(version) and not self.situation.builds):
            return None
        until = version.held.retiring.get(lab, now) + rule
        return until if now < until else None

    def _mark(self, version: VersionSituation, reason: str, until: datetime) -> VersionVerdict:
        """Mark a version that is to go in every lab that holds it; nothing is deleted yet.

        It is delivered nowhere, and what somebody deletes meanwhile is not made again.
        """
        labs, marked = self.situation.holders(version), {WHOLE: until}
        leaving = tuple(sorted(version.labs - {lab.name for lab in labs}))
        goes = self._goes_for_nothing(leaving)
        return VersionVerdict(
            version, Fate.MARK, reason, labs, leaving, marked=marked, unreplaced=goes
        )

    def _keep(
        self,
        version: VersionSituation,
        newer: Sequence[VersionSituation],
        *,
        newest: bool,
        reason: str,
    ) -> VersionVerdict:
        """Keep a version where it is, deliver it where it is missing; ``newer`` ones stay too."""
        labs = self._wanting(version, newer, newest=newest)
        wanting = set(labs)
        others = [lab for lab in self.situation.holders(version) if lab not in wanting]
        labs += [lab for lab in others if self._awaits_move(lab, version, newer)]
        others = [lab for lab in others if lab not in labs]
        ends = {lab: self._marked_until(version, lab.name) for lab in others}
        going = {lab.name: until for lab, until in ends.items() if until}
        labs += [lab for lab in others if lab.name in going]
        leaving = tuple(sorted(version.labs - {lab.name for lab in labs}))
        if version.held.protected:
            labs += [lab for lab in others if lab.name not in going]
        unprotected = (leaving or going) and version.held.protected
        return VersionVerdict(
            version,
            Fate.KEEP,
            reason,
            tuple(labs),
            leaving,
            marked=going,
            protected=self.situation.protects and not unprotected,
            unreplaced=self._goes_for_nothing(version.labs - {lab.name for lab in labs}),
        )

    def _awaits_move(
        self, lab: LabSituation, version: VersionSituation, newer: Sequence[VersionSituation]
    ) -> bool:
        """Tell whether it stays where a lab was until it, or a newer one, is where that is now."""
        now = self.situation.lab(lab.spec.azure_name) if lab.old_place and not lab.gone else None
        return now in self.image.takers and not any(
            now.has(each) for each in (version, *newer) if now is not None
        )

    def _goes_for_nothing(self, leaving: Collection[str]) -> bool:
        """Tell whether a lab loses a version and takes the definition no more."""
        return not {lab.name for lab in self.image.takers}.issuperset(leaving)

    def _wanting(
        self, version: VersionSituation, newer: Sequence[VersionSituation], *, newest: bool
    ) -> list[LabSituation]:
        """Give the labs that are to hold a version.

        The newest goes to every taker; an older one stays where it is and goes nowhere new, so that
        a lab that subscribes late gets the newest alone. A lab with a ``keep`` of its own holds
        what that says, a late one too; never less than the newest that it has.
        """
        if self.situation.builds and self.image.above_pin(version) and not self.image.on_hold:
            return []
        wanted = list(self.image.takers)
        if self.situation.keeps_removed:
            taken = set(wanted)
            wanted += [lab for lab in self.situation.holders(version) if lab not in taken]
        if newest:
            return wanted
        return [lab for lab in wanted if self._stays_in(lab, version, newer)]

    def _stays_in(
        self, lab: LabSituation, version: VersionSituation, newer: Sequence[VersionSituation]
    ) -> bool:
        there = lab.name in version.labs or lab.had(version.identity, version.number)
        if lab.spec.keep is None or version.built is None:
            return there
        if lab.spec.keep.allows(len(newer) + 1, self.situation.now - version.built):
            return True
        return there and not any(lab.has(other) for other in newer)
