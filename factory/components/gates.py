"""Judges before something is created: before_create hooks that only judge, and clear leftovers.

A gate that raises stops that one resource; with PULUMI_CONTINUE_ON_ERROR the others go on. Waiting
belongs in factory/azure/waiter.py: a waiting hook would hold one of the engine's slots.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pulumi

from factory.azure.client import ArmError
from factory.azure.waiter import GaveUpError, Waiter
from factory.common import names
from factory.common.durations import spell_duration
from factory.common.ownership import BuildKey, Owner
from factory.ledger.foundations import LAB, REMADE, in_the_making
from factory.observed.model import Thing, under_way
from factory.plan.travel import NOT_SHARED, whose

Check = Callable[[], Awaitable[None]]
_CLEARED_WITHIN = timedelta(minutes=30)


class RefusedError(Exception):
    """A gate's verdict; its text is the one line that the user reads."""


@dataclass(frozen=True)
class Mark:
    """Whose a resource is: what a leftover of ours must carry to be cleared."""

    owner: Owner
    build: BuildKey
    attempt: str = ""


def gate(
    name: str, *checks: Check, on_error: Callable[[str], Awaitable[bool]] | None = None
) -> pulumi.ResourceHookBinding:
    """Make a before_create gate of some checks, run in order; ``name`` is unique in the stack.

    ``on_error`` is told the newest error of a create that failed, and says whether to try again.
    It has to clear what was made first. The engine then creates it once more, and would leave the
    first behind; from 3.274 on it updates what was half made
    (https://github.com/pulumi/pulumi/issues/24683), with a PUT that makes what is not there.
    """

    async def judge(_: pulumi.ResourceHookArgs) -> None:
        for check in checks:
            await check()

    binding = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(name, judge)])
    if on_error is not None:
        again = on_error

        async def failed(args: pulumi.ErrorHookArgs) -> bool:
            return args.failed_operation == "create" and await again(
                args.errors[0] if args.errors else "no reason given"
            )

        binding.on_error = [pulumi.ErrorHook(f"{name}: once more", failed)]
    return binding


def still_there_gate() -> pulumi.ResourceHookBinding:
    """Make the before_create gate of what the plan took for being there, in the state and in Azure.

    Such a thing is created only if the engine's own refresh (`up --refresh`, options.refresh) took
    it out of the state after the program had read that: what it was made from is long gone, or not
    waited for. The next run plans without it. One gate for all, which tells them by their names.
    """

    async def refuse(args: pulumi.ResourceHookArgs) -> None:
        msg = (
            f"{args.name} is gone from Azure, which --refresh found after this run was planned "
            "(or it was to be replaced); "
            "nothing was made in its place -> run `pulumi up` again, without --refresh: it plans "
            "by what is there"
        )
        raise RefusedError(msg)

    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("still there", refuse)])


def unfinished_gate(
    waiter: Waiter, owner: Owner, limit: timedelta, known: Collection[str]
) -> pulumi.ResourceHook:
    """Make a before_update hook for what the state has no outputs of: its create came to no end.

    Nobody waited for it to the end (a run was interrupted), or Azure never ends it: the state is
    the same. So it is waited for once more, for ``limit`` since Azure began; what is still at work
    then never ends, and is cleared, so that the PUT makes it again. ``known`` are the logical names
    that the state had when the run began.
    """

    async def look(args: pulumi.ResourceHookArgs) -> None:
        if not args.old_outputs:
            await settle(waiter, owner, args, limit, known)

    return pulumi.ResourceHook(f"what was not finished within {spell_duration(limit)}", look)


async def settle(
    waiter: Waiter,
    owner: Owner,
    args: pulumi.ResourceHookArgs,
    limit: timedelta,
    known: Collection[str] = (),
) -> None:
    """See what came of something that nobody waited for to the end; see :func:`unfinished_gate`.

    Raises :class:`RefusedError`.
    """
    if _made_once(args, known):
        return
    found: Thing | None = None

    async def ended() -> bool:
        nonlocal found
        found = await waiter.call(waiter.arm.thing, args.id)
        return found is None or not under_way(found.provisioning_state)

    try:
        with suppress(GaveUpError):
            if not await ended() and found is not None:
                left = limit - _age(waiter, found)
                await waiter.until(ended, left, f"{args.name} to be made")
        if found is None or not found.made_under(owner):
            return
        never = under_way(found.provisioning_state)
        if names.VERSION in found.tags:
            if found.broken or never:
                await waiter.gone(found.id, _CLEARED_WITHIN)
        elif never and args.name in REMADE:  # others may have something in all else
            await clear_unfinished(waiter, args.name, owner, found.id)
    except ArmError as error:
        raise RefusedError(str(error)) from None


def _made_once(args: pulumi.ResourceHookArgs, known: Collection[str]) -> bool:
    """Tell whether a part is what all others of a released version are made from.

    It was whole when the version was released, so that only a change of it came to no end; and what
    it was made from, its VM, is gone. Not so one that was made again: from a copy, from an image.
    """
    place = names.parse_part(args.name)
    if place is None or place[2] not in {("source",), ("capture",)}:
        return False
    made = args.old_inputs or {}
    option = (made.get("creationData") or {}).get("createOption")
    again = "managedImageId" in made or option == "CopyStart"
    return names.part(place[0], place[1], "record") in known and not again


def _age(waiter: Waiter, found: Thing) -> timedelta:
    """Tell for how long something is being made, as far as Azure says; changing it began later."""
    creating = found.provisioning_state.lower() == "creating"
    if not (creating and found.created):
        return timedelta()
    try:
        return waiter.arm.client.now - datetime.fromisoformat(found.created)
    except (TypeError, ValueError):
        return timedelta()


def remake_gate(
    name: str, waiter: Waiter, resource_id: str, mark: Mark
) -> pulumi.ResourceHookBinding:
    """Make a before_update gate that clears what Azure never finished, so that the PUT makes it.

    The engine updates what it holds as half made; a PUT on a failed resource may not try again.
    """

    async def clear(_: pulumi.ResourceHookArgs) -> None:
        try:
            found = await waiter.call(waiter.arm.thing, resource_id)
        except ArmError as error:
            raise RefusedError(str(error)) from None
        # What is still at work was waited for once, in vain; what is whole by now may stay.
        if found is not None and (found.broken or under_way(found.provisioning_state)):
            await _clear(waiter, replace(found, given_up=True), mark)

    return pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook(name, clear)])


def renew_gate(
    part: str, waiter: Waiter, owner: Owner, resource_id: str
) -> pulumi.ResourceHookBinding:
    """Make a before_update gate that clears a foundation that Azure never ends making."""

    async def clear(_: pulumi.ResourceHookArgs) -> None:
        await clear_unfinished(waiter, part, owner, resource_id)

    hook = pulumi.ResourceHook(f"{part} is made again", clear)
    return pulumi.ResourceHookBinding(before_update=[hook])


async def clear_unfinished(waiter: Waiter, part: str, owner: Owner, resource_id: str) -> None:
    """Make room for a foundation (``part`` is its logical name) that is still in the making.

    A lab is cleared only if nobody has put anything into it. Raises :class:`RefusedError`.
    """
    try:
        found = await waiter.call(waiter.arm.thing, resource_id)
        if found and found.made_under(owner) and in_the_making(part, found):
            if part == LAB:
                await _empty(waiter, found.id)
            await waiter.gone(found.id, _CLEARED_WITHIN)
    except ArmError as error:
        raise RefusedError(str(error)) from None


async def _empty(waiter: Waiter, lab: str) -> None:
    """Raise :class:`RefusedError` if there is anything in a lab that somebody may want."""
    for kind in ("customimages", "virtualmachines", "formulas"):
        if await waiter.call(waiter.arm.items, f"{lab}/{kind}"):
            msg = f"{lab} was never finished and has {kind}; it was not touched -> ask Azure"
            raise RefusedError(msg)


async def clear_leftover(waiter: Waiter, resource_id: str, mark: Mark) -> None:
    """Make room for a resource that a run that was killed may have left behind.

    Deletes only what carries this state's id, this version and this attempt and no release mark (or
    what of ours Azure never finished); raises :class:`RefusedError` if anything else is in the way.
    """
    try:
        found = await waiter.call(waiter.arm.thing, resource_id)
    except ArmError as error:
        raise RefusedError(str(error)) from None
    if found is not None:
        await _clear(waiter, found, mark)


async def _clear(waiter: Waiter, found: Thing, mark: Mark) -> None:
    if not may_clear(found, mark):
        others = found.owner is not None and not found.belongs_to(mark.owner)
        told = f": it is of {whose(mark.owner, found).rstrip(',')}" if others else ""
        todo = NOT_SHARED if others else "delete it by hand, if nobody needs it"
        msg = (
            f"{found.id} is there already and is not a leftover of this build{told}; it was not "
            f"touched -> {todo}"
        )
        raise RefusedError(msg)
    try:
        await waiter.gone(found.id, _CLEARED_WITHIN)
    except ArmError as error:
        raise RefusedError(str(error)) from None


def may_clear(found: Thing, mark: Mark) -> bool:
    """Tell whether a resource in the way is an unreleased leftover of exactly this attempt."""
    tags = found.tags
    if not found.is_ours(mark.owner, mark.build):
        return False
    if found.broken:
        return True  # never finished, so never of use to anybody, whatever mark it carries
    return tags.get(names.ATTEMPT) == mark.attempt and names.RELEASED not in tags
