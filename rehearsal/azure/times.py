"""Service times, read from one table (rehearsal/times.yaml)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).parents[1] / "times.yaml"

_SHORTEST_POLL = 0.1  # real seconds; polling more often keeps a machine busy and tells nothing new

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_ENTRY = re.compile(r"(?P<number>\d+(?:\.\d+)?) ?(?P<unit>s|min|h|d)(?: per (?P<size>\d+) GiB)?")


def seconds(text: str) -> float:
    """Read a length of time such as `90 s`, `4 min` or `7d`; ValueError for anything else."""
    found = _ENTRY.fullmatch(text.strip())
    if found is None or found["size"]:
        message = f"not a length of time: '{text}' (expected a number and s, min, h or d)"
        raise ValueError(message)
    return float(found["number"]) * _UNITS[found["unit"]]


class Times:
    """The table. Every length is in seconds of the rehearsal's clock."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table

    @classmethod
    def read(cls, path: Path = TABLE) -> Times:
        """Read the table from a YAML file."""
        return cls(yaml.safe_load(path.read_text(encoding="utf-8")))

    def of(self, what: str, step: str, *, gib: float = 0) -> float:
        """Give how long a step takes, such as ("lab", "create"); KeyError if it is not there."""
        return self._length(self._table[what][step], gib)

    def artifact(self, name: str) -> float:
        """Give how long an artifact takes, by its name; one that is not named takes the default."""
        table = self._table["artifacts"]
        return self._length(table.get(name.lower(), table["default"]), 0)

    def retry_after(self, scale: float) -> float:
        """Give the wait between two polls in real seconds, at least a tenth of one."""
        return max(_SHORTEST_POLL, self._length(self._table["retryAfter"], 0) / scale)

    def _length(self, entry: str, gib: float) -> float:
        found = _ENTRY.fullmatch(entry)
        if found is None:
            message = f"times.yaml: not a length of time: '{entry}'"
            raise ValueError(message)
        length = float(found["number"]) * _UNITS[found["unit"]]
        return length * gib / float(found["size"]) if found["size"] else length
