"""Switches: answers of Azure that nobody has proven, each to be had in every way it could be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rehearsal.azure.store import Shelf

Json = dict[str, Any]

TABLE = Path(__file__).parents[1] / "switches.yaml"


@dataclass(frozen=True)
class Switch:
    """A row of the table. `values` begins with the default; `mark` is the kind of evidence."""

    name: str
    mark: str
    about: str
    values: tuple[Any, ...]


def read(path: Path = TABLE) -> dict[str, Switch]:
    """Read the table, by name."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        name: Switch(name, str(row["mark"]), " ".join(row["about"].split()), tuple(row["values"]))
        for name, row in rows.items()
    }


class Switches:
    """How the switches stand. Only what differs from the default is stored."""

    def __init__(self, shelf: Shelf, table: dict[str, Switch] | None = None) -> None:
        self._shelf = shelf
        self._table = read() if table is None else table

    def __getitem__(self, name: str) -> Any:
        """Give the value of a switch; KeyError if there is none of this name."""
        stored = self._shelf.get(name)
        return self._table[name].values[0] if stored is None else stored["value"]

    def set(self, name: str, value: Any) -> Any:
        """Set a switch, `default` for its default; gives the value. ValueError says why not."""
        switch = self._table.get(name)
        if switch is None:
            message = f"there is no switch '{name}' (there are {', '.join(sorted(self._table))})"
            raise ValueError(message)
        chosen = _chosen(switch, value)
        if chosen == switch.values[0]:
            self._shelf.drop(name)
        else:
            self._shelf.put(name, {"value": chosen})
        return chosen

    def listed(self) -> list[Json]:
        """Give every switch with its value, its default and what it stands for."""
        return [
            {
                "name": name,
                "value": self[name],
                "values": list(switch.values),
                "default": switch.values[0],
                "mark": switch.mark,
                "about": switch.about,
            }
            for name, switch in self._table.items()
        ]


def _chosen(switch: Switch, value: Any) -> Any:
    """Read a value as a person writes it: on, off, true, false, or one of the words."""
    words: dict[str, Any] = {"default": switch.values[0]}
    for known in switch.values:
        words[str(known).lower()] = known
        if isinstance(known, bool):
            words["on" if known else "off"] = known
    found = words.get(str(value).lower())
    if found is None:
        allowed = ", ".join(str(known).lower() for known in switch.values)
        message = f"{switch.name} is one of {allowed}, got {value!r}"
        raise ValueError(message)
    return found
