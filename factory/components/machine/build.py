"""The build: a lab VM that gets the artifacts."""

from __future__ import annotations

import pulumi

from factory.common import names
from factory.components.machine.lab_vm import MachineArgs, Origin, Parent
from factory.components.machine.machine import Machine
from factory.components.machine.vm_work import BuildOutcome, VmWork
from factory.components.proof import proven
from factory.components.work_mark import work_mark
from factory.definitions.definition import Artifact, ParentBase


class Build(Machine):
    """Makes one OS disk fit to be captured; exists only until its version is released."""

    kind = "vm"
    called = "build VM"
    does = "builds"

    def __init__(
        self,
        name: str,
        args: MachineArgs,
        parent: Parent | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("imagefactory:index:Build", name, args, opts)
        self._parent = parent
        # First of all: a run that is cut off goes on with what this one began with.
        self._began = pulumi.Stash(
            self.part("spec"),
            input=args.spec.dump(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # One that goes on waits for a mark of this run too; what it began with is the first mark.
        goes_on = self.part("spec") in args.run.known
        mark = work_mark(args.run, self.part("run"), self) if goes_on else None
        self.may_work = pulumi.Output.all(proven(self._began), mark)
        self.outcome = self.begin(self.may_work)
        self.register_outputs({})

    def artifacts(self) -> tuple[Artifact, ...]:
        """Give the definition's artifacts, sysprep or deprovision last."""
        return self.definition.all_artifacts

    def vm_name(self, attempt: int) -> str:
        """Give the name of the build VM of one attempt."""
        return names.vm_name(self.args.run.stack, self.args.spec.definition, self.number, attempt)

    def origin(self) -> Origin:
        """Give the marketplace image, or the parent's: nothing is built on what is not released."""
        base = self.definition.base
        if self._parent is not None:
            record = self._parent.record
            after = (self._began, record) if record is not None else (self._began,)
            return Origin(None, self._parent.image_id, after)
        if isinstance(base, ParentBase):
            return Origin(after=(self._began,))
        gallery = {
            "publisher": base.publisher,
            "offer": base.offer,
            "sku": base.sku,
            "os_type": self.definition.os.azure,
            "version": self.args.spec.base_version,
        }
        return Origin(gallery, after=(self._began,))

    async def work(self, work: VmWork) -> BuildOutcome:
        """Apply the artifacts and read the disk."""
        return await work.run()
