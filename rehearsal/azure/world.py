"""The whole local Azure without HTTP: its state, its clock, and what it knows beforehand."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from rehearsal.azure.agenda import Agenda, Event
from rehearsal.azure.artifacts import ArtifactFolder
from rehearsal.azure.clock import Clock
from rehearsal.azure.errors import ArmError
from rehearsal.azure.faults.book import Faults
from rehearsal.azure.marketplace import Marketplace
from rehearsal.azure.metering import Metering
from rehearsal.azure.model import Resources
from rehearsal.azure.operations import Operations
from rehearsal.azure.principals import Directory
from rehearsal.azure.store import Shelf, Store, Tally
from rehearsal.azure.switches import Switches
from rehearsal.azure.times import Times

Json = dict[str, Any]

REGIONS = {
    "westeurope": "West Europe",
    "northeurope": "North Europe",
    "germanywestcentral": "Germany West Central",
    "francecentral": "France Central",
    "swedencentral": "Sweden Central",
    "uksouth": "UK South",
    "switzerlandnorth": "Switzerland North",
    "eastus": "East US",
    "eastus2": "East US 2",
    "centralus": "Central US",
    "southcentralus": "South Central US",
    "westus2": "West US 2",
    "westus3": "West US 3",
    "canadacentral": "Canada Central",
    "brazilsouth": "Brazil South",
    "japaneast": "Japan East",
    "southeastasia": "Southeast Asia",
    "australiaeast": "Australia East",
}


@dataclass(frozen=True)
class Knowledge:
    """What Azure knows beforehand: who there is, how long things take, what can be had.

    ``first_day`` is the day that its clock begins at (and again with a reset), None the machine's.
    """

    estate: Json
    times: Times = field(default_factory=Times.read)
    marketplace: Marketplace = field(default_factory=Marketplace.read)
    artifacts: ArtifactFolder = field(default_factory=ArtifactFolder.read)
    repositories: dict[str, ArtifactFolder] = field(default_factory=dict)
    first_day: date | None = None


class Azure:
    """State and behaviour together. Hold `lock` around a request; commit before answering it."""

    def __init__(
        self,
        knowledge: Knowledge,
        *,
        path: Path | None = None,
        scale: float | None = None,
        start: float | None = None,
        real: Callable[[], float] | None = None,
    ) -> None:
        """Open the state at `path` (None: in memory); `start`, `scale`, `real` as for the Clock."""
        self.lock = threading.RLock()
        self.knowledge = knowledge
        self.times = knowledge.times
        self.marketplace = knowledge.marketplace
        self.directory = Directory(knowledge.estate)
        self.store = Store(path)
        self.meta, events = Shelf("meta"), Shelf("events")
        operations, faults = Shelf("operations"), Tally("faults")
        usage, running = Shelf("usage"), Shelf("running")
        self.resources = Resources()
        self._wiped = (self.meta, events, operations, faults, usage, running, self.resources)
        for shelf in self._wiped:
            self.store.add(shelf)
        # How Azure answers is no part of what stands in it: a reset leaves it as it is.
        switches = Shelf("switches")
        self.store.add(switches)
        self.switches = Switches(switches)
        timing = {} if real is None else {"real": real}
        self.clock = Clock(self.meta, scale=scale, start=start, **timing)
        self.agenda = Agenda(events, self.clock)
        self.operations = Operations(operations, self.agenda)
        self.faults = Faults(faults)
        self.metering = Metering(usage, running)
        # By kind in lower case. What stands in them is arm.types' matter: see types_of there.
        self.types: dict[str, Any] = {}
        self.store.commit()

    def now(self) -> float:
        """Give the moment in seconds since the epoch."""
        return self.agenda.now()

    def artifacts_of(self, uri: str) -> ArtifactFolder:
        """Give what a repository holds: the folder the estate names for it, or the default one."""
        return self.knowledge.repositories.get(uri.lower(), self.knowledge.artifacts)

    def commit(self) -> None:
        """Make durable what was changed, and meter what it uses from now on."""
        for key, _ in list(self.resources.changed()):
            self.metering.observe(key, self.resources.find(key), self.now())
        self.store.commit()

    def run_due(self) -> None:
        """Let all happen that has fallen due, each event at its moment and durable by itself."""
        self.commit()
        try:
            while event := self.agenda.next():
                try:
                    self._happen(event)
                except Exception as error:  # noqa: BLE001 - one bad event must not stop the clock
                    self._spoil(event, error)
                self.commit()
        finally:
            self.agenda.return_to_present()

    def _happen(self, event: Event) -> None:
        """Let an event happen, unless a fault rule let its operation hang, or fail at its end."""
        own, part_of = event.arguments.get("operation"), event.arguments.get("run")
        fault = self.operations.fault(str(own or part_of or ""))
        if fault.get("hang"):
            return
        if own and fault.get("failLater"):
            raise ArmError(409, **fault["failLater"])
        self.agenda.happen(event)

    def _spoil(self, event: Event, error: Exception) -> None:
        """Give up an event whose handler failed: its operation fails, and its resource with it."""
        self.rollback()
        self.agenda.drop(event)
        if not isinstance(error, ArmError):
            traceback.print_exception(error)
            error = ArmError(500, "InternalServerError", "An internal error occurred.")
        resource = self.resources.find(str(event.arguments.get("key", "/")))
        if resource is not None and not resource.settled:
            deleting = resource.state == "Deleting"
            resource = resource.setting(provisioningState="Failed")
            resource = resource.knowing(stands=True) if deleting else resource
            self.resources.keep(resource)
            if resource.kind.lower() in self.types:
                self.types[resource.kind.lower()].behaviour.failed(self, resource)
        if "operation" in event.arguments:
            self.operations.finish(event.arguments["operation"], error)

    def rollback(self) -> None:
        """Undo what the last request changed."""
        self.store.rollback()
        self.agenda.reload()

    def reset(self, start: float) -> None:
        """Forget everything, and begin again at a moment, at the same scale."""
        for shelf in self._wiped:
            shelf.wipe()
        self.agenda.reload()
        self.clock.run(frozen=False)
        self.clock.set(start)


def new_uid() -> str:
    """Give a new unique identifier, as Azure draws them."""
    return str(uuid4())
