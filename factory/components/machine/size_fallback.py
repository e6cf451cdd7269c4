"""Orders a build VM in the first size that there is room for.

The engine sends a resource's inputs once, so it cannot try another size without a failed resource,
and with it a failed run. A definition that names fallback sizes has its VM ordered here, and the
component then takes it in by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from factory.azure.client import ArmError
from factory.azure.waiter import GaveUpError, Say, Waiter
from factory.components.gates import Check, Mark, RefusedError, clear_leftover, may_clear
from factory.components.machine.build_faults import lacks_capacity
from factory.observed.model import Thing

_BAD = frozenset({"failed", "canceled", "gone", "corrupted", "deleting"})


@dataclass(frozen=True)
class VmOrder:
    """One VM to be had: ``body`` gives ARM's body for a size, ``sizes`` are tried in order.

    ``before`` is seen to first.
    """

    waiter: Waiter
    vm_id: str
    mark: Mark
    before: Check
    sizes: Sequence[str]
    body: Callable[[str], Mapping[str, Any]]
    limit: timedelta
    say: Say

    async def place(self) -> str:
        """Order it and wait until it is made; gives "" or why there is none.

        One of this very attempt that is there and not failed (a run was cut off) is gone on with.
        Of a refused order nothing is left before the next size is tried.
        """
        try:
            await self.before()
            there = await self.waiter.call(self.waiter.arm.build_vm, self.vm_id)
            ours = there is not None and may_clear(Thing(self.vm_id, there.tags), self.mark)
            if there is not None and ours and not there.failed:
                return await self._made("")
            return await self._first_that_fits()
        except (ArmError, RefusedError, GaveUpError) as error:
            return str(error)

    async def _first_that_fits(self) -> str:
        fault = "no size is named"
        for index, size in enumerate(self.sizes):
            await clear_leftover(self.waiter, self.vm_id, self.mark)
            fault = await self._order(size)
            if not fault:
                if index:
                    self.say(f"its VM is a {size}, the first size that there was room for")
                return ""
            if not lacks_capacity(fault):
                return f"{size}: {fault}"
            more = "; the next size is tried" if index + 1 < len(self.sizes) else ""
            self.say(f"there is no room for a {size}: {fault}{more}")
        return f"no room for any of {', '.join(self.sizes)}: {fault}"

    async def _order(self, size: str) -> str:
        try:
            operation = await self.waiter.call(
                self.waiter.arm.order_vm, self.vm_id, self.body(size)
            )
        except ArmError as error:
            return error.reason
        return await self._made(operation)

    async def _made(self, operation: str) -> str:
        """Wait for an order that was accepted; gives "" or what became of it."""
        fault = ""

        async def ended() -> bool:
            nonlocal fault
            call, arm = self.waiter.call, self.waiter.arm
            state, fault = await call(arm.order_state, operation)
            if not state:  # no operation to ask, so the VM itself is asked
                there = await call(arm.build_vm, self.vm_id)
                state = there.provisioning_state.lower() if there else "gone"
            if state in _BAD:
                fault = fault or f"the order ended as {state}"
            return state == "succeeded" or state in _BAD

        await self.waiter.until(ended, self.limit, "the build VM to be made")
        return fault
