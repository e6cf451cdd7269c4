"""Schedules by hand: what executing one does, and which ones it stands for."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.azure import ids
from rehearsal.azure.devtestlab import errors, power
from rehearsal.azure.devtestlab.labs import LABS
from rehearsal.azure.devtestlab.machines import VMS
from rehearsal.azure.errors import ArmError
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

_ACTIONS = {
    "labvmsshutdowntask": "stop",
    "computevmshutdowntask": "stop",
    "labvmsstartuptask": "start",
}


def applied(azure: Azure, schedule: Resource) -> list[Resource]:
    """Give the schedules that a lab's schedule stands for: itself, and the machines' own ones."""
    lab = ids.parent_of(schedule.key)
    own = [
        each
        for each in azure.resources.of_kind(schedule.subscription, f"{VMS}/schedules")
        if each.key.startswith(lab + "/") and each.name.lower() == schedule.name.lower()
    ]
    return [schedule, *own]


def action_of(schedule: Resource) -> str | None:
    """Give what is done to a machine by a schedule: stop, start, or None if that is unknown."""
    return _ACTIONS.get(str(schedule.properties.get("taskType") or "").lower())


def execute(azure: Azure, schedule: Resource) -> str:
    """Do at once what a schedule does at its time; gives the operation. ArmError says why not."""
    if schedule.properties.get("status") != "Enabled":
        raise errors.SCHEDULE_DISABLED.of(name=schedule.name)
    action = action_of(schedule)
    if action is None:
        raise errors.INVALID_VALUE.of(
            name="taskType", value=str(schedule.properties.get("taskType"))
        )
    for vm in machines_of(azure, schedule):
        wanted = "Running" if action == "stop" else "Stopped"
        if vm.properties.get("lastKnownPowerState") != wanted:
            continue
        try:
            power.change(azure, vm, action)
        except ArmError:
            # Busy, captured or used up: a schedule passes over it, and nobody is told.
            continue
    operation = azure.operations.begin(schedule.key, "POST")
    azure.agenda.after(
        azure.times.of("virtualMachine", action), "lab.scheduleDone", operation=operation
    )
    return operation


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for schedules by hand."""

    def done(operation: str) -> None:
        azure.operations.finish(operation)

    return {"lab.scheduleDone": done}


def machines_of(azure: Azure, schedule: Resource) -> list[Resource]:
    """Give the machines a schedule is for: one, all of a lab, or what targetResourceId names."""
    above = azure.resources.find(ids.parent_of(schedule.key))
    target = azure.resources.find(str(schedule.properties.get("targetResourceId") or "/"))
    for holder in (above, target):
        if holder is not None and holder.kind == VMS:
            return [holder]
        if holder is not None and holder.kind == LABS:
            return [
                vm
                for vm in azure.resources.listed(f"{holder.key}/virtualmachines")
                # A machine with a schedule of its own follows that one.
                if azure.resources.find(f"{vm.key}/schedules/{schedule.name}") is None
            ]
    return []
