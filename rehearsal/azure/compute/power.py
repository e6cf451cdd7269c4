"""Start, stop and restart of the machines themselves; the lab sees what became of them."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.azure.compute import errors, machines
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

# By action: the power while it runs and after it, and the time it takes, as a lab's own take it.
ACTIONS = {
    "start": ("starting", "running", "start"),
    "restart": ("running", "running", "restart"),
    "powerOff": ("stopping", "stopped", "stop"),
    "deallocate": ("deallocating", "deallocated", "stop"),
}
_LAB_VMS = "Microsoft.DevTestLab/labs/virtualMachines"


def change(azure: Azure, machine: Resource, action: str) -> str:
    """Begin an action; gives the operation. ArmError if the machine is busy, or used up."""
    if not machine.settled:
        raise errors.MACHINE_BUSY.of(operation=action, vm=machine.name)
    contents = Contents.of(machines.disk_of(azure, machine))
    used_up = machine.hidden["generalized"] or contents.generalized
    if action in ("start", "restart") and used_up:
        raise errors.GENERALIZED_VM.of(operation=action, vm=machine.name)
    power, _, step = ACTIONS[action]
    machines.set_power(azure, machine.setting(provisioningState="Updating"), power)
    operation = azure.operations.begin(machine.key, "POST")
    azure.agenda.after(
        azure.times.of("virtualMachine", step),
        "compute.power",
        key=machine.key,
        uid=machine.uid,
        operation=operation,
        verb=action,
    )
    return operation


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for machines."""

    def changed(key: str, uid: str, operation: str, verb: str) -> None:
        machine = azure.resources.find(key)
        if machine is None or machine.uid != uid:
            return
        power = ACTIONS[verb][1]
        machines.set_power(azure, machine.setting(provisioningState="Succeeded"), power)
        known = "Running" if power == "running" else "Stopped"
        for vm in azure.resources.of_kind(machine.subscription, _LAB_VMS):
            if vm.hidden.get("machine") == key:
                azure.resources.keep(vm.setting(lastKnownPowerState=known))
        azure.operations.finish(operation)

    return {"compute.power": changed}
