"""Versions: the UTC date of the build and a number, ``20261122.1``; compared as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_FORM = re.compile(r"([0-9]{8})\.([1-9][0-9]{0,5})")


@dataclass(frozen=True, order=True)
class Version:
    """One version of a definition; ordered by day, then by number (``.10`` comes after ``.9``)."""

    day: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``YYYYMMDD.N``; raises :class:`ValueError` for anything else."""
        match = _FORM.fullmatch(text)
        if match is None:
            msg = f"expected a version such as 20261122.1, got {text[:60]!r}"
            raise ValueError(msg)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        """Write it as it stands in tags, records and catalogues."""
        return f"{self.day:08d}.{self.number}"

    @property
    def dashed(self) -> str:
        """The form for Azure names, where a dot is not welcome everywhere."""
        return f"{self.day:08d}-{self.number}"


def base_order(version: str) -> tuple[int, ...]:
    """Give the order of marketplace versions: as numbers, since as text .2966 is after .10."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def next_version(now: datetime, used: Iterable[Version]) -> Version:
    """Give the first free version of the day of ``now`` (UTC) after every version used before.

    A clock that went back must not make a version that sorts before an older one, so the newest
    used day wins over today.
    """
    newest = max(used, default=Version(0, 0))
    today = int(now.strftime("%Y%m%d"))
    if today > newest.day:
        return Version(today, 1)
    return Version(newest.day, newest.number + 1)
