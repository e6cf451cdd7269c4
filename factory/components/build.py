"""The build: a lab VM that gets the artifacts, with a fresh one for every retry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
from pulumi_azure_native import devtestlab

from factory import names
from factory.arm import ArmError
from factory.components.build_vm import BuildArgs, new_password
from factory.components.ordering import VmOrder
from factory.context import unknown
from factory.delivering import capture_fault
from factory.durations import spell_duration
from factory.gates import Mark, RefusedError, clear_leftover, gate
from factory.models import SecretRef
from factory.parameters import Parameters
from factory.vm_work import BuildOutcome, VmWork


class Build(pulumi.ComponentResource):
    """Makes one OS disk fit to be captured; exists only until its version is released.

    ``outcome`` (a :class:`BuildOutcome` as plain data) resolves when the last attempt ended, well
    or not; it never fails, so that a gate can judge it and name the cause.
    """

    def __init__(
        self, name: str, args: BuildArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("imagefactory:index:Build", name, {}, opts)
        self._args = args
        self._number = args.spec.parsed()
        self._definition = args.spec.content
        # One budget for both kinds of failure: a VM that Azure cannot make, and what runs on it.
        self._tries_left = max(0, self._definition.retries + 1 - args.attempt)
        self._vm_fault = ""
        # First of all: a run that is cut off goes on with what this one began with.
        self._began = pulumi.Stash(
            self._part("spec"),
            input=args.spec.dump(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # One that may be of several sizes is ordered when all that it needs is there.
        at_once = args.vm_held or not self._definition.fallback_sizes or args.run.dry
        first = self._vm(args.attempt) if at_once else None
        parent = [args.parent.record] if args.parent else []
        needed = [] if at_once else [*args.lab.ready, *parent]
        ready = pulumi.Output.all(self._began.output, *(each.urn for each in needed))
        ended: pulumi.Output[dict[str, str]] = pulumi.Output.all(
            ready, *self._secrets().values()
        ).apply(lambda known: self._attempts(first, known[1:]))
        # No secret is in an outcome (what artifacts said is masked), and records have to be read
        # outside the engine too, where nothing is decrypted.
        self.outcome: pulumi.Output[dict[str, str]] = pulumi.Output.unsecret(ended)
        self.register_outputs({})

    def _part(self, *path: str) -> str:
        return names.part(self._args.spec.definition, self._number, *path)

    def _secrets(self) -> dict[str, pulumi.Output[str]]:
        wanted = sorted(
            {
                value.secret
                for artifact in self._definition.all_artifacts
                for value in artifact.parameters.values()
                if isinstance(value, SecretRef)
            }
        )
        return {name: self._args.run.secrets[name] for name in wanted}

    def _vm_name(self, attempt: int) -> str:
        spec, run = self._args.spec, self._args.run
        return names.vm_name(run.stack, spec.definition, self._number, attempt)

    def vm_id(self, attempt: int) -> str:
        """Give the ARM id of the VM of one attempt."""
        return f"{self._args.lab.id}/virtualmachines/{self._vm_name(attempt)}"

    def _mark(self, attempt: int) -> Mark:
        spec = self._args.spec
        return Mark(self._args.run.stack, spec.definition, spec.version, str(attempt))

    def _vm(self, attempt: int, *, ordered: bool = False) -> devtestlab.VirtualMachine:
        """Declare the VM of an attempt; one that was ordered already is taken in as it is."""
        args, definition, lab = self._args, self._definition, self._args.lab
        waiter, vm_id, mark = args.run.waiter, self.vm_id(attempt), self._mark(attempt)
        # A child is built on nothing that was not released.
        parent = [args.parent.record] if args.parent else []
        # A VM that is resumed keeps the password, one in a fallback size all it was made with.
        ignored = ["*"] if definition.fallback_sizes else ["password"]
        return devtestlab.VirtualMachine(
            self._part("vm", str(attempt)),
            name=self._vm_name(attempt),
            lab_name=lab.name,
            resource_group_name=lab.group,
            location=args.run.settings.region,
            size=definition.size,
            password=pulumi.Output.secret(new_password()),
            tags=args.tags(attempt),
            **args.properties(),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*lab.ready, self._began, *parent],
                import_=vm_id if ordered else None,
                ignore_changes=ignored,
                custom_timeouts=pulumi.CustomTimeouts(create=spell_duration(definition.time_limit)),
                hooks=gate(
                    f"{self._part('vm', str(attempt))} has room",
                    lambda: clear_leftover(waiter, vm_id, mark),
                    on_error=lambda fault: self._vm_failed(attempt, fault),
                ),
            ),
        )

    async def _next_vm(self, attempt: int) -> devtestlab.VirtualMachine | None:
        """Have the VM of an attempt: by the engine, or ordered if it may be of several sizes."""
        args, definition = self._args, self._definition
        if not definition.fallback_sizes:
            return self._vm(attempt)
        parent = args.parent.image_id if args.parent else None
        image = await pulumi.Output.from_input(parent).future()
        order = VmOrder(
            args.run.waiter,
            self.vm_id(attempt),
            self._mark(attempt),
            definition.sizes,
            lambda size: args.body(attempt, size, image),
            definition.time_limit,
            self._say,
        )
        self._vm_fault = await order.place()
        return None if self._vm_fault else self._vm(attempt, ordered=True)

    async def _vm_failed(self, attempt: int, fault: str) -> bool:
        """Decide after Azure could not make a VM: clear what there is of it, and once more?"""
        self._vm_fault = fault
        if self._tries_left == 0:
            return False
        self._tries_left -= 1
        self._say(f"its VM could not be created: {fault}; once more, a fresh VM")
        await self.release(attempt)
        return True

    async def _attempts(self, first: devtestlab.VirtualMachine | None, known: list[Any]) -> Any:
        if self._args.run.dry:
            return unknown()
        values = dict(zip(self._secrets(), known, strict=True))
        attempt = self._args.attempt
        vm = first or await self._next_vm(attempt)
        while True:
            outcome = await self._attempt(vm, attempt, values)
            if not outcome.error:
                return outcome.dump()
            # A failed attempt leaves no VM behind, whatever comes next.
            await self.release(attempt)
            if self._tries_left == 0:
                return outcome.dump()
            self._tries_left -= 1
            self._say(f"attempt {attempt} failed: {outcome.error}; once more, a fresh VM")
            attempt += 1
            vm = await self._next_vm(attempt)

    async def _attempt(
        self, vm: devtestlab.VirtualMachine | None, attempt: int, values: dict[str, str]
    ) -> BuildOutcome:
        if vm is None or not await vm.id.is_known():
            cause = f": {self._vm_fault}" if self._vm_fault else ""
            return BuildOutcome(error=f"its VM could not be created{cause}", attempt=str(attempt))
        vm_id = str(await vm.id.future())
        lab = self._args.lab.id
        given = Parameters(values, self._args.run.read_vault)
        work = VmWork(self._args.run.waiter, vm_id, lab, self._definition, given, self._say)
        outcome = await work.run()
        fault = capture_fault(outcome.security_type, self._definition.capture)
        return replace(
            outcome, error=outcome.error or fault or "", attempt=str(attempt), vm_id=vm_id
        )

    async def release(self, attempt: int) -> str:
        """Delete the VM of an attempt; a failure is said, and left to the next run's engine.

        Returns the VM's id, whether or not it is gone.
        """
        try:
            await clear_leftover(self._args.run.waiter, self.vm_id(attempt), self._mark(attempt))
        except (RefusedError, ArmError) as error:
            pulumi.warn(f"the build VM stays until the next run: {error}", self)
        return self.vm_id(attempt)

    def _say(self, text: str) -> None:
        pulumi.info(f"{self._args.spec.definition} {self._args.spec.version}: {text}", self)
