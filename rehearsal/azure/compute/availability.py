"""Which VM sizes a region has, from one table (rehearsal/availability.yaml)."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml

from rehearsal.azure.faults.capacity import sku_not_available

TABLE = Path(__file__).parents[2] / "availability.yaml"


def check_available(location: str, size: str) -> None:
    """Refuse a size that its region has none of."""
    if is_missing(location, size):
        raise sku_not_available(size, location)


def is_missing(location: str, size: str) -> bool:
    """Tell whether a region has none of a size."""
    patterns = _missing().get(location, ())
    return any(fnmatchcase(size.lower(), pattern.lower()) for pattern in patterns)


@cache
def _missing() -> dict[str, list[str]]:
    return dict(yaml.safe_load(TABLE.read_text(encoding="utf-8")))
