"""The rehearsal's clock: real time times a scale, frozen, or moved by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from email.utils import formatdate

from rehearsal.azure.store import Shelf

_SAVED_EVERY = 0.2  # real seconds between two savings of a clock that merely runs


def present(first_day: date | None) -> float:
    """Give the moment that a rehearsal begins at: 08:00 UTC of its first day, or the machine's now.

    The machine's own clock stays that of TLS and of tokens, which clients judge by theirs.
    """
    if first_day is None:
        return time.time()
    return datetime.combine(first_day, time_of_day(8), UTC).timestamp()


class Clock:
    """Seconds since the epoch, as the local Azure sees them; runs only while the server does."""

    def __init__(
        self,
        shelf: Shelf,
        *,
        scale: float | None = None,
        start: float | None = None,
        real: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on from the shelf, or begin at `start` (default: real now), at `scale` (default 1)."""
        self._shelf = shelf
        self._real = real
        saved = shelf.get("clock")
        if saved is None:
            at = time.time() if start is None else start
            self._scale, self._frozen = scale or 1.0, False
        else:
            self._scale = scale or float(saved["scale"])
            self._frozen = bool(saved["frozen"])
            # A killed server may have answered with a later Date than it last saved: never go back.
            at = float(saved["at"]) + (0.0 if self._frozen else _SAVED_EVERY * saved["scale"])
        self._set(at)

    @property
    def scale(self) -> float:
        """How many seconds pass here in one real second; kept while frozen."""
        return self._scale

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen

    def real(self) -> float:
        """Give real time in seconds, from no particular moment on."""
        return self._real()

    def now(self) -> float:
        """Give the present moment in seconds since the epoch."""
        if self._frozen:
            return self._at
        return self._at + (self._real() - self._anchor) * self._scale

    def advance(self, seconds: float) -> None:
        """Move forward; ValueError if that would be backward."""
        if seconds < 0:
            message = f"a clock moves forward only, got {seconds} s"
            raise ValueError(message)
        self._set(self.now() + seconds)

    def set(self, moment: float) -> None:
        """Start over at a moment: for a reset, when nothing is under way."""
        self._set(moment)

    def run(self, *, scale: float | None = None, frozen: bool | None = None) -> None:
        """Change the scale (ValueError unless above 0), or freeze and thaw."""
        if scale is not None and scale <= 0:
            message = f"a scale is above 0, got {scale}"
            raise ValueError(message)
        moment = self.now()
        self._scale = scale or self._scale
        self._frozen = self._frozen if frozen is None else frozen
        self._set(moment)

    def save(self) -> None:
        """Put the present moment on the shelf, if the last saving is not fresh."""
        if not self._frozen and self._real() - self._saved > _SAVED_EVERY:
            self._write()

    def _set(self, moment: float) -> None:
        self._at, self._anchor = moment, self._real()
        self._write()

    def _write(self) -> None:
        self._saved = self._real()
        doc = {"at": self.now(), "scale": self._scale, "frozen": self._frozen}
        self._shelf.put("clock", doc)


def http_date(moment: float) -> str:
    """Write a moment as the Date header has it."""
    return formatdate(moment, usegmt=True)


def iso(moment: float) -> str:
    """Write a moment as ARM bodies have it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
