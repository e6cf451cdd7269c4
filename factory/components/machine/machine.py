"""A lab VM that has work to do, with a fresh one for every retry: it builds, or it verifies."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import datetime
from typing import Any

import pulumi
from pulumi_azure_native import devtestlab

from factory.azure.advice import advised, interrupted
from factory.azure.resources import ArmError
from factory.common import names
from factory.components.gates import Mark, RefusedError, clear_leftover, gate
from factory.components.machine.artifact_parameters import Parameters
from factory.components.machine.build_faults import unmade
from factory.components.machine.lab_vm import MachineArgs, Origin, new_password
from factory.components.machine.size_fallback import VmOrder
from factory.components.machine.vm_work import BuildOutcome, VmWork
from factory.components.proof import is_there
from factory.components.run_context import timeouts, unknown
from factory.definitions.definition import Artifact


class Machine(pulumi.ComponentResource):
    """Attempts until one goes well or the retries are used up; exists until the release.

    ``outcome`` (a :class:`BuildOutcome` as plain data) resolves when the last attempt ended, well
    or not; it never fails, so that a gate can judge it and name the cause.
    """

    # The part that its VMs are in the state, what messages call one, what its notes say that it
    # does, and how a failure begins.
    kind: str
    called: str
    does: str
    verdict: str = ""

    def __init__(
        self, type_: str, name: str, args: MachineArgs, opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__(type_, name, {}, opts)
        self.args = args
        self.number = args.spec.parsed()
        self.definition = args.spec.content
        # One budget for both kinds of failure: a VM that Azure cannot make, and what runs on it.
        self._tries_left = max(0, self.definition.retries + 1 - args.attempt)
        self._vm_fault = ""
        self._interrupted = False

    @abstractmethod
    def artifacts(self) -> tuple[Artifact, ...]:
        """Give what is applied to the VM."""

    @abstractmethod
    def origin(self) -> Origin:
        """Give what the VM is made from."""

    @abstractmethod
    def vm_name(self, attempt: int) -> str:
        """Give the name of the VM of one attempt."""

    @abstractmethod
    async def work(self, work: VmWork) -> BuildOutcome:
        """Do on a VM what there is to do."""

    async def done(self, attempt: int) -> None:
        """See to the VM of the attempt that went well."""

    async def hindrance(self) -> str:
        """Say why there is nothing to make a VM from; "" if there is."""
        return ""

    def begin(self, *after: pulumi.Output[Any]) -> pulumi.Output[dict[str, str]]:
        """Declare the first VM; gives the outcome. Attempts wait for the outputs ``after``."""
        # One that may be of several sizes is ordered when all that it needs is there.
        at_once = self.args.held or self.args.run.dry or not self.definition.fallback_sizes
        first = self._vm(self.args.attempt) if at_once else None
        ended: pulumi.Output[dict[str, str]] = pulumi.Output.all(*after).apply(
            lambda _: unknown() if self.args.run.dry else self._attempts(first)
        )
        return ended

    def part(self, *path: str) -> str:
        """Give the logical name of a part of the version."""
        return names.part(self.args.spec.definition, self.number, *path)

    async def _work(self, attempt: int) -> VmWork:
        args, run = self.args, self.args.run
        # All of the stack's: an image has what any build before its own left in it.
        values = await pulumi.Output.all(**run.secrets).future()
        began = datetime.fromisoformat(args.spec.built)
        given = Parameters(values or {}, run.read_vault, run.given, began)
        vm, definition, say = self.vm_id(attempt), self.definition, self.say
        applied, called = self.artifacts(), self.called
        return VmWork(run.waiter, vm, args.lab.id, definition, given, say, applied, called)

    async def _told(self, attempt: int, fault: str) -> str:
        """Give why Azure could not make a VM; a captured image may say what its build was given."""
        return await (await self._work(attempt)).told(fault, unmade=not self.verdict)

    def vm_id(self, attempt: int) -> str:
        """Give the ARM id of the VM of one attempt."""
        return f"{self.args.lab.id}/virtualmachines/{self.vm_name(attempt)}"

    def _mark(self, attempt: int) -> Mark:
        return Mark(self.args.run.owner, self.args.spec.build, str(attempt))

    def _vm(self, attempt: int, *, ordered: bool = False) -> devtestlab.VirtualMachine:
        """Declare the VM of an attempt; one that was ordered already is taken in as it is."""
        args, definition, lab = self.args, self.definition, self.args.lab
        waiter, vm_id, mark = args.run.waiter, self.vm_id(attempt), self._mark(attempt)
        origin, logical = self.origin(), self.part(self.kind, str(attempt))
        return devtestlab.VirtualMachine(
            logical,
            name=self.vm_name(attempt),
            # By its name: should the lab fail, an output of it would fail here too, unclearly.
            lab_name=lab.spec.name,
            resource_group_name=lab.group,
            location=args.run.settings.region,
            size=definition.size,
            # Nobody ever signs in: a password that is made here, kept as a secret, and shown never.
            password=pulumi.Output.secret(new_password()),
            tags=args.tags(attempt),
            **args.properties(origin, self.does),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*lab.ready, *origin.after],
                import_=vm_id if ordered else None,
                # A VM that is resumed keeps the password, one in a fallback size all of it.
                ignore_changes=["*"] if definition.fallback_sizes else ["password"],
                custom_timeouts=timeouts(definition.time_limit),
                # One kept for a look leaves the state before it leaves Azure: declared again, a VM
                # that Azure could not make would be written anew by every run.
                retain_on_delete=definition.keep_failed is not None,
                hooks=gate(
                    f"{logical} has room",
                    lab.gather_vms,
                    lambda: clear_leftover(waiter, vm_id, mark),
                    on_error=lambda fault: self._vm_failed(attempt, fault),
                ),
            ),
        )

    async def _next_vm(self, attempt: int) -> devtestlab.VirtualMachine | None:
        """Have the VM of an attempt: by the engine, or ordered if it may be of several sizes."""
        args, definition = self.args, self.definition
        if not definition.fallback_sizes:
            return self._vm(attempt)
        origin = self.origin()
        for needed in (*args.lab.ready, *origin.after):
            if not await is_there(needed):
                self._vm_fault = "what it is made from is not there"
                return None
        image = await pulumi.Output.from_input(origin.custom_image_id).future()
        properties = args.properties(origin, self.does)
        order = VmOrder(
            args.run.waiter,
            self.vm_id(attempt),
            self._mark(attempt),
            args.lab.gather_vms,
            definition.sizes,
            lambda size: args.body(attempt, size, properties, image),
            definition.time_limit,
            self.say,
        )
        if fault := await order.place():
            self._tries_left = 0 if unmade(fault).final else self._tries_left
            self._vm_fault = advised(await self._told(attempt, fault))
        return None if self._vm_fault else self._vm(attempt, ordered=True)

    async def _vm_failed(self, attempt: int, fault: str) -> bool:
        """Decide after Azure could not make a VM: clear what there is of it, and once more?

        One that is being made when the run is interrupted is in the state, and made to its end.
        """
        if interrupted(fault):
            self._interrupted = True
            return False
        final = unmade(fault).final
        fault = await self._told(attempt, fault)
        if self._tries_left == 0 or final:
            self._tries_left = 0
            self._vm_fault = advised(fault)
            return False
        self._tries_left -= 1
        self.say(f"its {self.called} could not be created: {fault}; once more, a fresh VM")
        await self.release(attempt)
        return True

    async def _attempts(self, first: devtestlab.VirtualMachine | None) -> dict[str, str]:
        attempt = self.args.attempt
        vm = first or (None if await self.hindrance() else await self._next_vm(attempt))
        while True:
            outcome = await self._attempt(vm, attempt)
            if not outcome.error:
                await self.done(attempt)
                return outcome.dump()
            if outcome.cut_off:  # the VM is as good as it was: it stays, and is no failed attempt
                return outcome.dump()
            hindered = await self.hindrance()
            if self._tries_left == 0 or hindered or outcome.final:
                await self._over(attempt, worth_a_look=not hindered)
                return outcome.dump()
            # A failed attempt leaves no VM behind.
            await self.release(attempt)
            self._tries_left -= 1
            self.say(f"attempt {attempt} failed: {outcome.error}; once more, a fresh VM")
            attempt += 1
            vm = await self._next_vm(attempt)

    async def _attempt(self, vm: devtestlab.VirtualMachine | None, attempt: int) -> BuildOutcome:
        if hindered := await self.hindrance():
            return BuildOutcome(error=hindered, attempt=str(attempt))
        if self._interrupted:
            told = "the run was interrupted; the next `up` goes on from here"
            return BuildOutcome(error=told, attempt=str(attempt), cut_off="yes")
        # One that Azure failed late has an id all the same.
        if vm is None or self._vm_fault or not await vm.id.is_known():
            # The engine says nothing to those who wait for what failed.
            cause = self._vm_fault or "what it needs failed -> see to that, then run it again"
            error = f"{self.verdict}its {self.called} could not be created: {cause}"
            return BuildOutcome(error=error, attempt=str(attempt))
        vm_id = str(await vm.id.future())
        outcome = await self.work(replace(await self._work(attempt), vm_id=vm_id))
        error = f"{self.verdict}{outcome.error}" if outcome.error else ""
        return replace(outcome, error=error, attempt=str(attempt), vm_id=vm_id)

    async def _over(self, attempt: int, *, worth_a_look: bool) -> None:
        """Leave no VM behind, or with ``keepFailed`` one that costs nothing but its disk."""
        if self.definition.keep_failed is None or not worth_a_look:
            await self.release(attempt)
            return
        waiter = self.args.run.waiter
        try:
            if await waiter.call(waiter.arm.thing, self.vm_id(attempt)) is None:
                return
            await waiter.call(waiter.arm.stop_vm, self.vm_id(attempt))
        except ArmError as error:
            self.say(f"its {self.called} could not be stopped: {error}")
        self.say(f"its {self.called} {self.vm_name(attempt)} is kept for a look")

    async def release(self, attempt: int) -> str:
        """Delete the VM of an attempt; a failure is said, and left to the next run.

        Returns the VM's id, whether or not it is gone.
        """
        try:
            await clear_leftover(self.args.run.waiter, self.vm_id(attempt), self._mark(attempt))
        except (RefusedError, ArmError) as error:
            pulumi.warn(f"the {self.called} stays until the next run: {error}", self)
        return self.vm_id(attempt)

    def say(self, text: str) -> None:
        """Tell the user about this version."""
        pulumi.info(f"{self.args.spec.definition} {self.args.spec.version}: {text}", self)
