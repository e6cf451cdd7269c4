"""Waiting for Azure without holding an engine slot: copies, deletions, the work on VMs.

These coroutines run in async applies. They never raise for what Azure did: they return an outcome,
and a gate of the components judges it. Every wait can begin in the middle, since a run may have
been cut off there. https://github.com/pulumi/pulumi/issues/21899 is why no after_create does this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from factory.azure.resources import Arm, ArmError

_POOL = ThreadPoolExecutor(32, thread_name_prefix="arm")
_T = TypeVar("_T")
Say = Callable[[str], None]


class GaveUpError(Exception):
    """What was waited for cannot succeed any more; the text says why."""


@dataclass(frozen=True)
class Waiter:
    """Polls Azure at ``interval``; deadlines are by Azure's clock."""

    arm: Arm
    interval: timedelta

    async def call(self, function: Callable[..., _T], *args: Any) -> _T:
        """Run one blocking ARM call beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(_POOL, lambda: function(*args))

    async def pause(self) -> None:
        """Wait one polling interval."""
        await asyncio.sleep(self.interval.total_seconds())

    async def until(
        self, done: Callable[[], Awaitable[bool]], limit: timedelta, waiting_for: str
    ) -> None:
        """Poll until ``done``; gives up after ``limit`` of Azure's time."""
        start = None
        while not await done():
            now = self.arm.client.now
            start = start or now
            if now - start > limit:
                msg = f"timed out waiting for {waiting_for}"
                raise GaveUpError(msg)
            await self.pause()

    async def gone(self, resource_id: str, limit: timedelta) -> None:
        """Delete a resource and wait until it is gone. Raises :class:`ArmError`."""
        await self.call(self.arm.delete, resource_id)

        async def absent() -> bool:
            return await self.call(self.arm.thing, resource_id) is None

        await self._within(limit, absent, "DELETE", f"the deletion of {resource_id}")

    async def user_known(self, user_id: str, limit: timedelta) -> None:
        """See to it that a lab knows a user; one that it knows is left alone.

        Raises :class:`ArmError`.
        """
        if await self.call(self.arm.thing, user_id) is None:
            await self.call(self.arm.make_user, user_id)

        async def ready() -> bool:
            found = await self.call(self.arm.thing, user_id)
            return found is not None and found.provisioning_state.lower() == "succeeded"

        await self._within(limit, ready, "PUT", f"the lab to know the user {user_id}")

    async def _within(
        self, limit: timedelta, done: Callable[[], Awaitable[bool]], action: str, what: str
    ) -> None:
        try:
            await self.until(done, limit, what)
        except GaveUpError as error:
            raise ArmError(action, 0, "Timeout", str(error)) from None

    async def copied(
        self, snapshot_id: str, limit: timedelta, may_wait: Callable[[], Awaitable[bool]]
    ) -> str:
        """Wait until a snapshot's copy is complete; "" or what went wrong.

        The PUT of a CopyStart ends long before the copy does; its progress is completionPercent.
        ``may_wait`` is asked once, if there is something to wait for.
        """
        problem, asked = "", False

        async def complete() -> bool:
            nonlocal problem, asked
            found = await self.call(self.arm.thing, snapshot_id)
            if found is None or found.broken:
                problem = f"the copy failed: {found.copy_error}" if found else "the copy is gone"
                return True
            if found.copy_percent is None or found.copy_percent >= 100:
                return True
            if not asked and not await may_wait():
                problem = "it is still being copied, and this run is not to wait for it"
            asked = True
            return bool(problem)

        try:
            await self.until(complete, limit, "the copy of the snapshot")
        except (GaveUpError, ArmError) as error:
            return str(error)
        return problem
