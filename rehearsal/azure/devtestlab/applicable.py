"""Which schedules apply to a machine."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

# The two that the lab service knows, by name; and the property under which each is shown.
SHUTDOWN, STARTUP = "LabVmsShutdown", "LabVmAutoStart"
_SHOWN = {SHUTDOWN: "labVmsShutdown", STARTUP: "labVmsStartup"}


def applicable(azure: Azure, vm: Resource) -> Json:
    """Write the schedules that apply to a machine: its own go before those of its lab."""
    found: Json = {}
    for name, shown in _SHOWN.items():
        for holder in (vm.key, ids.parent_of(vm.key)):
            schedule = azure.resources.find(f"{holder}/schedules/{name}")
            if schedule is not None:
                found[shown] = schedule.body
                break
    return {
        "id": f"{vm.id}/applicableschedules/applicableschedule",
        "name": "applicableSchedule",
        "type": f"{vm.kind}/applicableSchedules",
        "location": vm.location,
        "properties": found,
    }
