"""How an image leaves a lab: the one rule, whatever asks for it.

Retention, a lab's own ``keep``, a pin, a revocation, a pattern or a lab that left the settings, a
definition that left git or went to another stack: each names a :class:`Cause`, and what becomes of
it is said here alone. An image leaves no lab before a good one of the same definition is really
there (where the lab is to have one), not while it is used, not before its mark is over, and not
without being told and counted for that lab. A verdict drops from labs what its departures name, and
nothing else, so that no way out can be forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import VersionSituation

# The key of a mark that is for all labs.
WHOLE = ""


@dataclass(frozen=True)
class Cause:
    """Why an image is to leave labs.

    A lab has to have one of the ``successors`` first, only those of ``owed`` if that is not None.
    Where they are None it gets nothing in its place, which ``maxRetirements`` counts if it is
    ``counted``. ``since`` is when its time was over: a VM keeps it for ``graceForVms`` from then
    on; None if nothing tells, then from its mark on. ``announced``: ``retireAfter`` marks it first.
    ``heeds_use``: not while something is made from it; only what is revoked is taken away from that
    too.
    """

    reason: str
    successors: tuple[VersionSituation, ...] | None = None
    counted: bool = False
    since: datetime | None = None
    announced: bool = True
    heeds_use: bool = True
    owed: frozenset[str] | None = None


MOVED = "the lab is in another group now"
NOT_TAKEN = Cause("the lab no longer takes it", counted=True)
NOT_NAMED = Cause("the lab is no longer in the settings", counted=True, announced=False)


@dataclass(frozen=True)
class Departure:
    """A version on its way out of ``labs``; ``stays`` says why it does not go yet.

    ``until`` is the day until which it is marked. With neither it leaves in this run.
    """

    cause: Cause
    labs: tuple[str, ...]
    stays: str = ""
    until: datetime | None = None

    @property
    def leaves(self) -> bool:
        """Tell whether it goes now."""
        return not self.stays and self.until is None

    @property
    def unreplaced(self) -> bool:
        """Tell whether labs get nothing in its place, and that is to be counted."""
        return self.cause.counted and self.cause.successors is None


def departures(
    situation: Situation,
    image: ImageSituation,
    version: VersionSituation,
    labs: Collection[str],
    cause: Cause,
) -> tuple[Departure, ...]:
    """Judge a version that is to leave labs; without any there is still one departure."""
    groups: dict[Cause, list[str]] = {} if labs else {cause: []}
    for name in sorted(labs):
        groups.setdefault(_true_cause(situation, image, name, cause), []).append(name)
    return tuple(departure(situation, image, version, each, why) for why, each in groups.items())


def _true_cause(situation: Situation, image: ImageSituation, lab: str, cause: Cause) -> Cause:
    """Give the cause for one lab: out of one that does not take it, it goes for that alone."""
    found = situation.lab(lab)
    if found is None:
        return NOT_NAMED
    if found.old_place:
        return cause
    if cause.owed is not None:
        return cause if lab in cause.owed else replace(cause, successors=None, owed=None)
    stays = cause.counted or image.on_hold or situation.keeps_removed
    return cause if stays or lab in image.taken_by else NOT_TAKEN


def departure(
    situation: Situation,
    image: ImageSituation,
    version: VersionSituation,
    labs: Collection[str],
    cause: Cause,
    *,
    mark: str = WHOLE,
) -> Departure:
    """Judge a version that is to leave some labs together; ``mark`` is the key of its mark."""
    found = [situation.lab(name) for name in sorted(labs)]
    stays = ""
    if cause.successors == ():
        stays = "the last good version" if cause.heeds_use else "no good one is there yet"
    delay = (image.rules.retire_after if cause.announced else None) or timedelta()
    for lab in found:
        if lab is None or lab.gone:
            continue
        now = situation.lab(lab.spec.azure_name) if lab.old_place else lab
        good = not cause.successors or any(now and now.has(each) for each in cause.successors)
        stays = hindrance(situation, lab, version.image_name, cause, good=good) or stays
        if stays:
            break
        delay = max(delay, unstarted_grace(situation, lab, version.image_name, cause))
    until = version.held.retiring.get(mark, situation.now) + delay
    ends = until if situation.now < until and not stays else None
    return Departure(cause, tuple(sorted(labs)), stays, ends)


def hindrance(
    situation: Situation, lab: LabSituation, name: str, cause: Cause, *, good: bool
) -> str:
    """Say why an image stays in a lab for the time being, "" if nothing keeps it there.

    ``good``: the lab has one that takes its place, or is to have none.
    """
    if lab.unread is not None:
        return f"whether lab {lab.name} still uses it cannot be read"
    grace, since = situation.grace_for_vms, cause.since
    for use in lab.uses.get(name.lower(), ()) if cause.heeds_use else ():
        if use.kind == "formula":
            return f"formula {use.name} in lab {lab.name} is made from it"
        if grace is not None and since is not None and situation.now < since + grace:
            until = (since + grace).date()
            return f"VM {use.name} in lab {lab.name} is made from it; it stays until {until}"
    if good:
        return ""
    newest = f"the newest that lab {lab.name} holds"
    return newest if cause.heeds_use else f"lab {lab.name} has no good one yet"


def unstarted_grace(situation: Situation, lab: LabSituation, name: str, cause: Cause) -> timedelta:
    """Give how long VMs keep an image whose time nothing else says to be over."""
    grace, uses = situation.grace_for_vms, lab.uses.get(name.lower(), ())
    waits = cause.heeds_use and cause.since is None and any(use.kind == "vm" for use in uses)
    return grace if grace is not None and waits else timedelta()
