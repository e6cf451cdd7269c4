"""Lengths of time as people write them: ``90m``, ``4h``, ``1d12h``, ``0.5s``."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([dhms])")


def parse_duration(text: str) -> timedelta:
    """Read a duration such as ``4h`` or ``1d12h``.

    Raises :class:`ValueError` for anything else, a bare number included: a number without a unit is
    a guess, and 4 may be hours to one reader and seconds to the next.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        msg = f"expected a duration such as 90m, 4h or 1d12h, got {text[:60]!r}"
        raise ValueError(msg)
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        msg = f"expected a duration of this world, got {text[:60]!r}"
        raise ValueError(msg) from None


def spell_duration(length: timedelta) -> str:
    """Write a duration the way :func:`parse_duration` reads it, largest unit first."""
    rest = round(length.total_seconds())
    spelled = ""
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, int(_UNITS[unit]))
        spelled += f"{count}{unit}" if count else ""
    return spelled or "0s"
