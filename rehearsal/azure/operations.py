"""Long-running operations: what clients poll, apart from the resources they change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from rehearsal.azure.agenda import Agenda
from rehearsal.azure.clock import iso
from rehearsal.azure.errors import ArmError
from rehearsal.azure.store import Shelf

Json = dict[str, Any]

_KEPT = 5000  # finished operations that can still be asked for; bounds memory


class Operations:
    """Operations by name. Each is Running until `finish`; its answer then never changes."""

    def __init__(self, shelf: Shelf, agenda: Agenda) -> None:
        self._shelf = shelf
        self._agenda = agenda
        self.begun: list[str] = []  # since the list was last cleared: by one request

    def begin(self, resource: str, verb: str) -> str:
        """Begin an operation on a resource; gives its name.

        That is a GUID for compute, and yyyymmdd-GUID for all others.
        """
        moment = self._agenda.now()
        name = str(uuid4())
        if "/microsoft.compute/" not in resource:
            name = f"{datetime.fromtimestamp(moment, UTC):%Y%m%d}-{name}"
        doc = {"resource": resource, "verb": verb, "status": "Running", "startTime": iso(moment)}
        self._shelf.put(name, doc)
        self.begun.append(name)
        if len(self._shelf) > _KEPT:
            self._forget()
        return name

    def find(self, name: str) -> Json | None:
        """Give an operation's record, or None."""
        return self._shelf.get(name)

    def finish(self, name: str, error: ArmError | None = None, output: Json | None = None) -> None:
        """End an operation, well or with an error; one that is ended stays as it is."""
        doc = self._shelf.get(name)
        if doc is None or doc["status"] != "Running":
            return
        late = (doc.get("fault") or {}).get("failLater")
        if error is None and late:
            error = ArmError(409, late["code"], late["message"])
        doc = {**doc, "endTime": iso(self._agenda.now())}
        doc["status"] = "Succeeded" if error is None else "Failed"
        if error is not None:
            doc["error"], doc["errorStatus"] = error.error(), error.status
        if output is not None:
            doc["output"] = output
        self._shelf.put(name, doc)

    def spoil(self, name: str, fault: Json) -> None:
        """Let an operation that was begun never end ({hang}), or fail at its end ({failLater})."""
        doc = self._shelf.get(name)
        if doc is not None and doc["status"] == "Running":
            self._shelf.put(name, {**doc, "fault": fault})

    def fault(self, name: str) -> Json:
        """Give what is to befall an operation, {} if nothing is."""
        doc = self._shelf.get(name)
        return dict(doc.get("fault") or {}) if doc else {}

    def count(self, name: str, rule: str) -> bool:
        """Count an operation for a fault rule; False if it was counted for it before."""
        doc = self._shelf.get(name)
        if doc is None or rule in doc.get("counted", ()):
            return False
        self._shelf.put(name, {**doc, "counted": [*doc.get("counted", ()), rule]})
        return True

    def preempt(self, resource: str) -> None:
        """Fail what is under way on a resource that is being deleted."""
        for name, doc in self._shelf.items():
            if doc["status"] == "Running" and doc["resource"] == resource:
                message = "The operation has been preempted by a more recent operation."
                self.finish(name, ArmError(409, "OperationPreempted", message))

    def running(self) -> list[tuple[str, Json]]:
        """Give all that is under way, with names."""
        return [(name, doc) for name, doc in self._shelf.items() if doc["status"] == "Running"]

    def _forget(self) -> None:
        ended = [name for name, doc in self._shelf.items() if doc["status"] != "Running"]
        for name in ended[: _KEPT // 10]:
            self._shelf.drop(name)
