"""The work on one VM: its artifacts one by one, its shutdown, its disk; or what it has to pass.

Coroutines as those of the waiter: they return an outcome, and every wait can begin in the middle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from factory.azure.advice import advised
from factory.azure.key_vault import VaultError
from factory.azure.resources import ArmError, artifact_id
from factory.azure.waiter import GaveUpError, Say, Waiter
from factory.components.machine.artifact_parameters import Parameters
from factory.components.machine.build_faults import BuildFaultError, Kind
from factory.definitions.definition import Artifact, Capture, Definition
from factory.observed.model import ArtifactStatus, BuildVm
from factory.observed.responses import mandatory_artifacts, shown_failure
from factory.plan.travel import capture_fault

# DevTest Labs lists an artifact some time after it accepted it; longer than this, it was lost.
_SHOWN_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class BuildOutcome:
    """How a build ended: ``error`` is "" if its disk is fit to be captured. Strings only.

    ``cut_off`` is not "" if nobody knows how it ended, since Azure could not be asked any more,
    ``final`` if a fresh VM would end in the same way.
    """

    error: str = ""
    attempt: str = "1"
    vm_id: str = ""
    os_disk_id: str = ""
    generation: str = "V1"
    security_type: str = ""
    encryption: str = ""
    disk_size_gb: str = "0"
    plan: str = "{}"
    cut_off: str = ""
    final: str = ""

    def dump(self) -> dict[str, str]:
        """Give it as plain data for an Output."""
        return asdict(self)


@dataclass(frozen=True)
class VmWork:
    """What is to be done on one VM, and how to speak of it: ``called`` is what messages call it.

    ``artifacts`` are applied in order; without them, those that build the definition's image.
    """

    waiter: Waiter
    vm_id: str
    lab: str
    definition: Definition
    parameters: Parameters
    say: Say
    artifacts: Sequence[Artifact] | None = None
    called: str = "build VM"

    async def run(self) -> BuildOutcome:
        """Apply every artifact, wait for the VM to be deallocated, read its disk.

        That must be of a kind that can be captured, which it is from the start or never.
        """
        try:
            disk = await self.waiter.call(self.waiter.arm.os_disk, self.vm_id)
            if disk and (fault := capture_fault(disk.security_type, self.definition.capture)):
                raise BuildFaultError(Kind.DISK_UNFIT, fault)
            await self._artifacts()
            await self._deallocated()
            return await self._disk()
        except (GaveUpError, ArmError) as error:
            return _ended(error)

    async def verify(self) -> BuildOutcome:
        """Apply every artifact to a VM that is there, and so has booted; what it has to pass."""
        try:
            await self._vm()
            await self._artifacts()
        except (GaveUpError, ArmError) as error:
            return _ended(error)
        return BuildOutcome()

    async def _artifacts(self) -> None:
        artifacts = self.definition.all_artifacts if self.artifacts is None else self.artifacts
        lab = await self.waiter.call(self.waiter.arm.lab, self.lab) or {}
        if mandatory := mandatory_artifacts(lab, self.definition.os):
            await self._of_lab(mandatory)
        for index, artifact in enumerate(artifacts):
            which = f"artifact {artifact.name} ({index + 1} of {len(artifacts)})"
            nth = sum(other.name == artifact.name for other in artifacts[:index])
            await self._one(artifact, nth, which, mandatory)

    async def _of_lab(self, mandatory: Sequence[str]) -> None:
        """See through what the lab applies to every VM by itself, before anything else."""

        async def done() -> bool:
            vm = await self._vm()
            theirs, _ = _parted(vm, mandatory)
            for each in theirs:
                if each.failed:
                    name = each.artifact.rpartition("/")[2]
                    said = (
                        f"the lab's mandatory artifact {name} failed: {each.message or each.status}"
                    )
                    msg = f"{said} -> ask the lab's owner"
                    raise BuildFaultError(Kind.MANDATORY_FAILED, msg)
            ready = vm.provisioning_state.lower() == "succeeded"
            return all(each.succeeded for each in theirs) if theirs else ready

        await self.waiter.until(
            done, self.definition.time_limit, "the lab's mandatory artifacts to be applied"
        )

    async def _one(
        self, artifact: Artifact, nth: int, which: str, mandatory: Sequence[str]
    ) -> None:
        """Apply one artifact unless it is there already, and see it through."""
        wanted = artifact_id(self.lab, artifact)
        asked_at = None
        started = None
        while True:
            vm = await self._vm()
            now = self.waiter.arm.client.now
            started = started or now
            status = _find(_parted(vm, mandatory)[1], wanted, nth)
            if status is not None and status.succeeded:
                self.say(f"{which} is applied")
                return
            if status is not None and status.failed:
                said = shown_failure(await self.told(status.message or status.status))
                msg = f"{which} failed: {said}"
                raise BuildFaultError(Kind.ARTIFACT_FAILED, msg)
            if now - started > self.definition.time_limit:
                msg = f"{which} did not finish within timeLimit"
                raise BuildFaultError(Kind.ARTIFACT_FAILED, msg)
            overdue = asked_at is None or now - asked_at > _SHOWN_WITHIN
            if status is None and overdue and vm.provisioning_state.lower() == "succeeded":
                asked_at = now if await self._ask(artifact, which) else None
            await self.waiter.pause()

    async def told(self, text: str, *, unmade: bool = False) -> str:
        """Give what Azure or the VM said as it may be told: whole texts only, nothing cut.

        A VM that is ``unmade`` was given nothing: what its version is to be given is not read.
        """
        refs = () if unmade else self.definition.vault_refs
        return await self.waiter.call(self.parameters.masked, text, refs)

    async def _vm(self) -> BuildVm:
        vm = await self.waiter.call(self.waiter.arm.build_vm, self.vm_id)
        if vm is None:
            msg = f"its {self.called} was deleted by somebody"
            raise BuildFaultError(Kind.VM_GONE, msg)
        if vm.provisioning_state.lower() in {"failed", "corrupted", "deleting"}:
            fault = await self.waiter.call(self.waiter.arm.vm_fault, self.vm_id)
            cause = f": {await self.told(fault)}" if fault else ""
            msg = f"its {self.called} is in state {vm.provisioning_state}{cause}"
            raise BuildFaultError(Kind.VM_GONE, msg)
        return vm

    async def _ask(self, artifact: Artifact, which: str) -> bool:
        """Ask the lab for one artifact; False if the VM is busy and has to be asked again."""
        call = self.waiter.call
        try:
            values = await call(self.parameters.of, artifact)
            await call(self.waiter.arm.apply_artifact, self.vm_id, self.lab, artifact, values)
        except VaultError as error:
            msg = f"{which} was not asked for: {error}"
            raise BuildFaultError(Kind.SECRET_UNREAD, msg) from None
        except ArmError as error:
            if error.status in {0, 409}:  # no answer (it may have been accepted), or busy
                return error.status == 0
            said = await self.told(f"{error.code or 'no answer'}: {error.message}")
            msg = advised(f"{which} was refused: {said}")
            refused = error.status in {400, 403}
            kind = Kind.ARTIFACT_REFUSED if refused else Kind.ARTIFACT_NOT_ASKED
            raise BuildFaultError(kind, msg) from None
        self.say(f"{which} is being applied")
        return True

    async def _deallocated(self) -> None:
        """Wait for the deallocation: sysprep and deprovision end with it, else it is asked for."""
        if self.definition.capture is Capture.SPECIALIZED:
            state = await self.waiter.call(self.waiter.arm.power_state, self.vm_id)
            if state != "deallocated":
                await self.waiter.call(self.waiter.arm.stop_vm, self.vm_id)

        async def deallocated() -> bool:
            state = await self.waiter.call(self.waiter.arm.power_state, self.vm_id)
            return state == "deallocated"

        limit = self.definition.time_limit
        try:
            await self.waiter.until(deallocated, limit, "the build VM to be deallocated")
        except GaveUpError as error:
            raise BuildFaultError(Kind.NOT_SHUT_DOWN, str(error)) from None

    async def _disk(self) -> BuildOutcome:
        disk = await self.waiter.call(self.waiter.arm.os_disk, self.vm_id)
        if disk is None:
            msg = "its build VM has no managed OS disk"
            raise BuildFaultError(Kind.NO_DISK, msg)
        return BuildOutcome(
            os_disk_id=disk.id,
            generation=disk.generation,
            security_type=disk.security_type,
            encryption=disk.encryption,
            disk_size_gb=str(disk.size_gb),
            plan=_json(disk.plan),
        )


def _ended(error: GaveUpError | ArmError) -> BuildOutcome:
    if not (isinstance(error, ArmError) and error.unheard):
        final = isinstance(error, BuildFaultError) and error.kind.final
        return BuildOutcome(error=str(error), final="yes" * final)
    told = f"Azure cannot be asked any more, {error.reason}; the next `up` goes on from here"
    return BuildOutcome(error=told, cut_off="yes")


def _parted(
    vm: BuildVm, mandatory: Sequence[str]
) -> tuple[Sequence[ArtifactStatus], Sequence[ArtifactStatus]]:
    """Part what the lab applied by itself, which stands first, from what was asked for here.

    The definition may name the same artifact, with parameters of its own.
    """
    first = vm.artifacts[: len(mandatory)]
    if [_tail(each.artifact) for each in first] == [_tail(each) for each in mandatory]:
        return first, vm.artifacts[len(mandatory) :]
    return (), vm.artifacts


def _find(statuses: Sequence[ArtifactStatus], wanted: str, nth: int) -> ArtifactStatus | None:
    """Find the nth application of an artifact."""
    found = [status for status in statuses if _tail(status.artifact) == _tail(wanted)]
    return found[nth] if nth < len(found) else None


def _tail(artifact: str) -> list[str]:
    """Give what tells an artifact's id from others: source, `artifacts`, name, in any case."""
    return artifact.lower().rsplit("/", 3)[1:]


def _json(value: Mapping[str, str]) -> str:
    return json.dumps(dict(value), sort_keys=True)
