"""Receivers that would starve: what has to soak longer than its source keeps it never arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from factory.common.durations import spell_duration
from factory.common.errors import Problems
from factory.common.patterns import takes_any
from factory.definitions.lineage import Image
from factory.definitions.policies import Keep, Refresh
from factory.settings.stack import NAMESPACE, Settings

# So many builds of a schedule are looked at: cron expressions are not evenly spaced.
_LOOKED_AT = 60
_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_MOST = 1000


@dataclass(frozen=True)
class Upstream:
    """A stack that versions come from: its name and what its stack file says."""

    stack: str
    settings: Settings


def check_soaking(
    images: Mapping[str, Image],
    settings: Settings,
    upstream: Sequence[Upstream],
    place: str,
    problems: Problems,
) -> None:
    """Warn of every definition that this stack would never receive.

    ``upstream`` are the stacks before this one, the nearest first. Only for what is built by a
    schedule: how often a base image moves nobody knows. It is a warning, no fault, because a source
    whose `up` runs seldom keeps its versions for longer; and a receiver that stopped would not hear
    of a revocation either.
    """
    if settings.after is None:
        return
    for image in images.values():
        refresh = image.definition.refresh
        if refresh is None or not any(takes_any(lab.images, image.names) for lab in settings.labs):
            continue
        for place_in_chain, stack in enumerate(upstream):
            arrives = _arrives(upstream[place_in_chain:])
            life = _life(image, refresh, stack.settings, arrives)
            if life >= settings.after:
                continue
            problems.warn(
                place,
                f"{NAMESPACE}:after {spell_duration(settings.after)}: {image.identity} is built "
                f"{_spell(refresh)} and {stack.stack} keeps the {_keep(image, stack.settings)}, so "
                f"a version is gone after {spell_duration(life)} and none ever arrives here",
                f"{_remedy(image, refresh, stack, arrives=arrives, after=settings.after)}, or let "
                f"it soak for {spell_duration(life)} at most",
            )
            break


def _keep(image: Image, settings: Settings) -> Keep:
    return settings.keep or image.definition.keep or Keep()


def _spell(refresh: Refresh) -> str:
    return f"{refresh}" if refresh.every is not None else f"by {refresh}"


def _arrives(upstream: Sequence[Upstream]) -> timedelta:
    """Give the age at which a version comes to the first of these stacks; 0 where it is built."""
    return max((each.settings.after or timedelta() for each in upstream), default=timedelta())


def _life(image: Image, refresh: Refresh, settings: Settings, arrives: timedelta) -> timedelta:
    """Give the age at which a stack lets a version go, at the latest, if it builds by schedule."""
    keep = _keep(image, settings)
    pushed_out = arrives + _longest(refresh, keep.newest)
    if keep.for_ is not None:
        pushed_out = min(pushed_out, max(keep.for_, arrives + _longest(refresh, keep.at_least)))
    marked = settings.retire_after or image.definition.retire_after or timedelta()
    return pushed_out + marked


def _longest(refresh: Refresh, builds: int) -> timedelta:
    """Give the longest time that so many builds after a version take."""
    if refresh.every is not None:
        return refresh.every * builds
    moments = [_ANY_DAY]
    for _ in range(_LOOKED_AT):
        moments.append(refresh.due_at(moments[-1]))
    steps = [after - before for before, after in pairwise(moments[1:])]
    windows = range(max(1, len(steps) - builds + 1))
    longest = max(sum(steps[at : at + builds], timedelta()) for at in windows)
    return longest * max(1.0, builds / len(steps))


def _remedy(
    image: Image, refresh: Refresh, stack: Upstream, *, arrives: timedelta, after: timedelta
) -> str:
    """Give the rule that would keep a version until it has soaked, and where it would stand."""
    marked = stack.settings.retire_after or image.definition.retire_after or timedelta()
    wanted = next(
        (n for n in range(1, _MOST) if arrives + _longest(refresh, n) + marked >= after), _MOST
    )
    rule = f"{{newest: {wanted}}}"
    if _keep(image, stack.settings).for_ is not None:
        rule = f"{{newest: {wanted}, for: {spell_duration(after)}}}"
    where = f"in Pulumi.{stack.stack}.yaml" if stack.settings.keep else f"in {image.file}"
    return f"keep at least {rule} {where}"
