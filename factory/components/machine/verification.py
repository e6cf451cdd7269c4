"""The verification: a lab VM made from the captured image, which has to boot and to pass."""

from __future__ import annotations

from typing import Any

import pulumi

from factory.common import names
from factory.components.machine.lab_vm import MachineArgs, Origin
from factory.components.machine.machine import Machine
from factory.components.machine.vm_work import BuildOutcome, VmWork
from factory.components.proof import is_there
from factory.definitions.definition import Artifact


class Verification(Machine):
    """Proves a captured image before its release; no VM of it outlives the proof."""

    kind = "verify"
    called = "verifying VM"
    does = "verifies"
    verdict = "verification failed: "

    def __init__(
        self,
        name: str,
        args: MachineArgs,
        capture: pulumi.CustomResource,
        may_work: pulumi.Output[Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("imagefactory:index:Verification", name, args, opts)
        self._capture = capture
        self.outcome = self.begin(may_work)
        self.register_outputs({})

    def artifacts(self) -> tuple[Artifact, ...]:
        """Give what the image has to pass; nothing means that it has to boot."""
        return self.definition.verification or ()

    def vm_name(self, attempt: int) -> str:
        """Give the name of the verifying VM of one attempt."""
        return names.verifying_vm_name(
            self.args.run.stack, self.args.spec.definition, self.number, attempt
        )

    def origin(self) -> Origin:
        """Give the captured custom image."""
        return Origin(None, self._capture.id, (self._capture,))

    async def hindrance(self) -> str:
        """Without a captured image there is nothing to verify, however often it is tried."""
        return "" if await is_there(self._capture) else "it could not be captured"

    async def work(self, work: VmWork) -> BuildOutcome:
        """Apply what it has to pass."""
        return await work.verify()

    async def done(self, attempt: int) -> None:
        """Delete the VM that passed: nobody needs it any more."""
        await self.release(attempt)
