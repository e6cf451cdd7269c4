"""Schedules on the clock: shutdown stops the VMs of a lab, startup starts those that asked for it.

A machine that has a schedule of its own of the same name follows that one (the lab's opt-out).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.compute import machines as compute
from rehearsal.azure.devtestlab import errors, power, schedules
from rehearsal.azure.devtestlab.machines import VMS, machine_of
from rehearsal.azure.errors import ArmError
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Azure names time zones as Windows does; these are the ones of the regions here.
_ZONES = {
    "": "UTC",
    "utc": "UTC",
    "gmt standard time": "Europe/London",
    "greenwich standard time": "Atlantic/Reykjavik",
    "w. europe standard time": "Europe/Berlin",
    "central europe standard time": "Europe/Budapest",
    "central european standard time": "Europe/Warsaw",
    "romance standard time": "Europe/Paris",
    "e. europe standard time": "Europe/Chisinau",
    "fle standard time": "Europe/Kyiv",
    "eastern standard time": "America/New_York",
    "central standard time": "America/Chicago",
    "mountain standard time": "America/Denver",
    "pacific standard time": "America/Los_Angeles",
    "e. south america standard time": "America/Sao_Paulo",
    "india standard time": "Asia/Kolkata",
    "singapore standard time": "Asia/Singapore",
    "china standard time": "Asia/Shanghai",
    "tokyo standard time": "Asia/Tokyo",
    "aus eastern standard time": "Australia/Sydney",
}


class Timed(Behaviour):
    """A schedule that happens at its times for as long as it is enabled."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it; ArmError if its times cannot be understood."""
        resource = super().create(azure, draft)
        _next(resource.properties, azure.now())
        return resource

    def made(self, azure: Azure, resource: Resource) -> None:
        """Wait for its first time."""
        arm(azure, resource)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change it, and wait for what is its next time now."""
        changed = super().update(azure, old, draft).setting(provisioningState="Succeeded")
        _next(changed.properties, azure.now())
        return arm(azure, changed)


def arm(azure: Azure, schedule: Resource) -> Resource:
    """Let a schedule happen at its next time; what was waited for before does not happen."""
    revision = new_uid()
    schedule = azure.resources.keep(schedule.knowing(revision=revision))
    due = _next(schedule.properties, azure.now())
    if due is not None and schedule.properties.get("status") == "Enabled":
        azure.agenda.at(due, "lab.scheduled", key=schedule.key, revision=revision)
    return schedule


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for schedules."""

    def scheduled(key: str, revision: str) -> None:
        schedule = azure.resources.find(key)
        if schedule is None or schedule.hidden.get("revision") != revision:
            return
        for vm in schedules.machines_of(azure, schedule):
            if schedules.action_of(schedule) == "stop":
                _stop(azure, vm)
            elif ids.parent_of(schedule.key) == vm.key:
                # Machines start by a schedule only if they have one of their own.
                _try(azure, vm, "start")
        arm(azure, schedule)

    return {"lab.scheduled": scheduled}


def _stop(azure: Azure, vm: Resource) -> None:
    """Stop a machine; one that is installing artifacts loses its power under them."""
    if vm.properties.get("lastKnownPowerState") != "Running":
        return
    if vm.state == "ApplyingArtifacts":
        compute.set_power(azure, machine_of(azure, vm), "deallocated")
        azure.resources.keep(vm.setting(lastKnownPowerState="Stopped"))
        return
    _try(azure, vm, "stop")


def _try(azure: Azure, vm: Resource, action: str) -> None:
    wanted = "Running" if action == "stop" else "Stopped"
    if vm.kind != VMS or vm.properties.get("lastKnownPowerState") != wanted:
        return
    try:
        power.change(azure, vm, action)
    except ArmError:
        return  # captured or used up: a schedule passes over it, and nobody is told


def _next(properties: Json, moment: float) -> float | None:
    """Give the next time after a moment; None if it has none. ArmError 400 if it makes no sense."""
    zone = _zone(str(properties.get("timeZoneId") or ""))
    local = datetime.fromtimestamp(moment, UTC).astimezone(zone)
    hourly = properties.get("hourlyRecurrence")
    if hourly:
        due = local.replace(minute=int(hourly.get("minute") or 0), second=0, microsecond=0)
        return (due if due > local else due + timedelta(hours=1)).timestamp()
    given: Json = properties.get("weeklyRecurrence") or properties.get("dailyRecurrence") or {}
    if not given:
        return None
    hour, minute = _time(str(given.get("time") or ""))
    names = [str(day).lower() for day in given.get("weekdays") or ()]
    days = {_DAYS.index(name) for name in names if name in _DAYS} or set(range(7))
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        due = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if due > local and due.weekday() in days:
            return due.timestamp()
    return None


def _time(text: str) -> tuple[int, int]:
    hour, minute = text[:-2].rstrip(":"), text[-2:]
    if not (hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60):
        raise errors.INVALID_VALUE.of(name="time", value=text)
    return int(hour), int(minute)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(_ZONES.get(name.lower(), name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise errors.UNKNOWN_TIME_ZONE.of(name=name) from error
