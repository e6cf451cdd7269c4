"""Start, stop, restart and hibernation of lab VMs."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.azure.compute import errors as compute_errors
from rehearsal.azure.compute import machines
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.devtestlab import errors, installing
from rehearsal.azure.devtestlab.machines import machine_of
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

# What each action is called while it runs, and what it ends in, for the lab and for compute.
_ACTIONS = {
    "start": ("Starting", "starting", "Running", "running"),
    "stop": ("Stopping", "deallocating", "Stopped", "deallocated"),
    "restart": ("Restarting", "running", "Running", "running"),
    # A start wakes it again. What the lab calls it then is not proven.
    "hibernate": ("Hibernating", "deallocating", "Hibernated", "deallocated"),
}


def change(azure: Azure, vm: Resource, action: str) -> str:
    """Begin an action; gives the operation. ArmError if it cannot be."""
    installing.check_free(vm, action.capitalize())
    machine = machine_of(azure, vm)
    used_up = (
        machine.hidden["generalized"] or Contents.of(machines.disk_of(azure, machine)).generalized
    )
    if action not in ("stop", "hibernate") and used_up:
        raise compute_errors.GENERALIZED_VM.of(operation=action, vm=vm.name)
    running = vm.properties["lastKnownPowerState"] == "Running"
    if action in ("restart", "hibernate") and not running:
        raise errors.NOT_RUNNING.of(name=vm.name, operation=action.capitalize())
    doing, power, _, _ = _ACTIONS[action]
    machines.set_power(azure, machine, power)
    azure.resources.keep(
        vm.setting(provisioningState=doing, lastKnownPowerState=doing).knowing(before=vm.state)
    )
    operation = azure.operations.begin(vm.key, "POST")
    azure.agenda.after(
        azure.times.of("virtualMachine", "stop" if action == "hibernate" else action),
        "lab.power",
        key=vm.key,
        uid=vm.uid,
        operation=operation,
        verb=action,
    )
    return operation


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for power."""

    def changed(key: str, uid: str, operation: str, verb: str) -> None:
        vm = azure.resources.find(key)
        doing, _, known, power = _ACTIONS[verb]
        if vm is None or vm.uid != uid or vm.state != doing:
            return
        machines.set_power(azure, machine_of(azure, vm), power)
        ended = str(vm.hidden.get("before", "Succeeded"))
        azure.resources.keep(vm.setting(provisioningState=ended, lastKnownPowerState=known))
        azure.operations.finish(operation)

    return {"lab.power": changed}
