"""The build: a lab VM that gets the artifacts, with a fresh one for every retry."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pulumi
from pulumi_azure_native import devtestlab

from factory import names
from factory.arm import ArmError
from factory.components.factory_lab import FactoryLabComponent
from factory.context import Run, unknown
from factory.delivering import capture_fault
from factory.durations import spell_duration
from factory.gates import Mark, RefusedError, clear_leftover, gate
from factory.models import ParentBase, SecretRef
from factory.parameters import Parameters
from factory.record import Spec, tags_for
from factory.waits import BuildOutcome, VmWork

_USER = "imagefactory"


@dataclass(frozen=True)
class Parent:
    """The released version a layered image is built on: its custom image and its record."""

    image_id: pulumi.Input[str]
    record: pulumi.Resource


@dataclass(frozen=True)
class BuildArgs:
    """One build: what it is made from, where, and the attempt it begins or goes on with."""

    run: Run
    lab: FactoryLabComponent
    spec: Spec
    attempt: int
    parent: Parent | None = None


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
        first = self._vm(args.attempt)
        ended: pulumi.Output[dict[str, str]] = pulumi.Output.all(
            self._began.output, *self._secrets().values()
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

    def _vm(self, attempt: int) -> devtestlab.VirtualMachine:
        spec, definition, lab = self._args.spec, self._definition, self._args.lab
        waiter, vm_id, mark = self._args.run.waiter, self.vm_id(attempt), self._mark(attempt)
        limit = definition.time_limit
        # A child is built on nothing that was not released.
        parent = [self._args.parent.record] if self._args.parent else []
        # Azure itself deletes a VM that everything else forgot.
        expires = datetime.fromisoformat(spec.built) + (definition.retries + 2) * limit
        return devtestlab.VirtualMachine(
            self._part("vm", str(attempt)),
            name=self._vm_name(attempt),
            lab_name=lab.name,
            resource_group_name=lab.group,
            location=self._args.run.settings.region,
            lab_virtual_network_id=lab.network_id,
            lab_subnet_name=lab.subnet,
            gallery_image_reference=self._marketplace_image(),
            custom_image_id=self._args.parent.image_id if self._args.parent else None,
            plan_id=spec.purchase_plan().get("name"),
            size=definition.size,
            storage_type=definition.disk_type.value,
            user_name=_USER,
            # Nobody ever signs in: a password that is made here, kept as a secret, and shown never.
            password=pulumi.Output.secret(f"{secrets.token_urlsafe(24)}-aA1"),
            disallow_public_ip_address=True,
            allow_claim=False,
            expiration_date=(expires + timedelta(days=1)).isoformat(timespec="seconds"),
            notes=f"image factory: builds {spec.definition} {spec.version}",
            tags=tags_for(spec, stack=self._args.run.stack, attempt=str(attempt)),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*lab.ready, self._began, *parent],
                # A VM that is resumed keeps the password it was made with.
                ignore_changes=["password"],
                custom_timeouts=pulumi.CustomTimeouts(create=spell_duration(limit)),
                hooks=gate(
                    f"{self._part('vm', str(attempt))} has room",
                    lambda: clear_leftover(waiter, vm_id, mark),
                    on_error=lambda fault: self._vm_failed(attempt, fault),
                ),
            ),
        )

    def _marketplace_image(self) -> devtestlab.GalleryImageReferenceArgs | None:
        base = self._definition.base
        if isinstance(base, ParentBase):
            return None
        return devtestlab.GalleryImageReferenceArgs(
            publisher=base.publisher,
            offer=base.offer,
            sku=base.sku,
            os_type=self._definition.os.azure,
            version=self._args.spec.base_version,
        )

    async def _vm_failed(self, attempt: int, fault: str) -> bool:
        """Decide after Azure could not make a VM: clear what there is of it, and once more?"""
        self._vm_fault = fault
        if self._tries_left == 0:
            return False
        self._tries_left -= 1
        self._say(f"its VM could not be created: {fault}; once more, a fresh VM")
        await self.release(attempt)
        return True

    async def _attempts(self, first: devtestlab.VirtualMachine, known: list[Any]) -> Any:
        if self._args.run.dry:
            return unknown()
        values = dict(zip(self._secrets(), known, strict=True))
        attempt, vm = self._args.attempt, first
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
            vm = self._vm(attempt)

    async def _attempt(
        self, vm: devtestlab.VirtualMachine, attempt: int, values: dict[str, str]
    ) -> BuildOutcome:
        if not await vm.id.is_known():
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
