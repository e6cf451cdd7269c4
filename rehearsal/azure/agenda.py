"""What is to happen later: events on the clock, kept on disk, run in the order they fall due.

No thread sleeps for Azure. Each request first runs what has fallen due since the last one, each
event at its own moment; so moving the clock by a week finishes, in order, all that a week would.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from rehearsal.azure.clock import Clock
from rehearsal.azure.store import Shelf

Handler = Callable[..., None]


@dataclass(frozen=True)
class Event:
    """Something that falls due: its key, the handler's name, and what the handler is given."""

    key: str
    action: str
    arguments: dict[str, Any]


class Agenda:
    """Events to come. A handler is called with the arguments the event was made with."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock
        self._handlers: dict[str, Handler] = {}
        self._moment: float | None = None
        self._seq = max((int(doc["seq"]) for _, doc in shelf.items()), default=0)
        self._heap = self._sorted()

    def handle(self, handlers: Mapping[str, Handler]) -> None:
        """Name what can happen; names are stored, so they must not change."""
        self._handlers.update(handlers)

    def now(self) -> float:
        """Give the moment: that of the event being run, or else the clock's."""
        return self._clock.now() if self._moment is None else self._moment

    def after(self, seconds: float, action: str, **arguments: Any) -> None:
        """Let something happen so many seconds from now."""
        self.at(self.now() + seconds, action, **arguments)

    def at(self, due: float, action: str, **arguments: Any) -> None:
        """Let something happen at a moment."""
        self._seq += 1
        key = uuid4().hex
        self._shelf.put(key, {"due": due, "seq": self._seq, "do": action, "with": arguments})
        heapq.heappush(self._heap, (due, self._seq, key))

    def next(self) -> Event | None:
        """Take the first event that has fallen due, and stand at its moment; None if none has."""
        while self._heap and self._heap[0][0] <= self._clock.now():
            due, _, key = heapq.heappop(self._heap)
            event = self._shelf.get(key)
            if event is not None:
                self._shelf.drop(key)
                self._moment = due
                return Event(key, str(event["do"]), dict(event["with"]))
        return None

    def happen(self, event: Event) -> None:
        """Let an event happen, by its handler."""
        self._handlers[event.action](**event.arguments)

    def drop(self, event: Event) -> None:
        """Forget an event that a rollback has brought back."""
        self._shelf.drop(event.key)

    def return_to_present(self) -> None:
        """Leave the moment of the last event."""
        self._moment = None

    def reload(self) -> None:
        """Look at the shelf again, after a rollback or a reset."""
        self._heap = self._sorted()

    def _sorted(self) -> list[tuple[float, int, str]]:
        return sorted((float(doc["due"]), int(doc["seq"]), key) for key, doc in self._shelf.items())
