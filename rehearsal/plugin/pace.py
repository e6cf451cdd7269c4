"""Time as the plugin sees it: its own waits shortened by the rehearsal's scale, and cancellable."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

REAL_SECONDS_OF_WORK = 30.0
"""Added to every scaled time-out: requests and a busy machine take real time at any scale."""

_SHORTEST_WAIT = 0.05


class OperationTimedOutError(Exception):
    """The time of an operation is up, while Azure may still be at it."""

    def __str__(self) -> str:
        """Say it as Go's context does."""
        return "context deadline exceeded"


class OperationCancelledError(Exception):
    """The engine asked for everything to stop."""

    def __str__(self) -> str:
        """Say it as Go's context does."""
        return "context canceled"


@dataclass
class Pace:
    """Waiting for one provider: all its threads share the cancellation."""

    scale: float = 1.0
    """How many seconds of the plugin's own waits pass in one real second."""
    cancelled: threading.Event = field(default_factory=threading.Event)

    def deadline(self, seconds: float) -> float:
        """Turn a time-out in Azure's seconds into a moment of the monotonic clock."""
        extra = REAL_SECONDS_OF_WORK if self.scale > 1 else 0.0
        return time.monotonic() + seconds / self.scale + extra

    def check(self, deadline: float) -> None:
        """Raise what ends an operation: OperationCancelledError or OperationTimedOutError."""
        self.real(0.0, deadline)

    def scaled(self, seconds: float, deadline: float) -> None:
        """Wait a time of the plugin's own choosing: divided by the scale."""
        self.real(max(seconds / self.scale, _SHORTEST_WAIT), deadline)

    def real(self, seconds: float, deadline: float) -> None:
        """Wait as long as the service asked, in real seconds.

        Raises OperationTimedOutError at the deadline, OperationCancelledError on cancellation.
        """
        left = deadline - time.monotonic()
        if self.cancelled.wait(max(0.0, min(seconds, left))):
            raise OperationCancelledError
        if seconds >= left:
            raise OperationTimedOutError
