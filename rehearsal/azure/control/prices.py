"""What the usage costs, from one table (rehearsal/prices.yaml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rehearsal.azure.compute.sizes import cores

Json = dict[str, Any]

TABLE = Path(__file__).parents[2] / "prices.yaml"
_HOURS_A_MONTH = 730.0


class Prices:
    """The table, which gives each row of usage its unit and its cost."""

    def __init__(self, table: Json) -> None:
        self._table = table

    @classmethod
    def read(cls, path: Path = TABLE) -> Prices:
        """Read the table from a YAML file."""
        return cls(yaml.safe_load(path.read_text(encoding="utf-8")))

    @property
    def currency(self) -> str:
        """The currency of every price."""
        return str(self._table["currency"])

    def priced(self, usage: Json) -> Json:
        """Give a row of usage with its quantity in the unit of its price, and its cost."""
        meter, what, amount = usage["meter"], usage["what"], usage["amount"]
        if meter == "virtualMachine":
            quantity, unit, price = amount, "h", self._machine(what, usage["region"])
        elif meter == "copied":
            quantity, unit, price = amount, "GiB", self._table["perGiBCopied"]
        elif meter in self._table["perHour"]:
            quantity, unit, price = amount, "h", self._table["perHour"][meter]
        else:
            skus = self._table["perGiBMonth"][meter]
            # A kind of storage that is not in the table costs what the first of its row does.
            price = skus.get(what, next(iter(skus.values())))
            quantity, unit = amount / _HOURS_A_MONTH, "GiB months"
        return {
            **{name: usage[name] for name in ("subscription", "region", "meter", "what")},
            "quantity": round(quantity, 4),
            "unit": unit,
            "cost": round(quantity * price, 4),
        }

    def _machine(self, what: str, region: str) -> float:
        size, os = what.split(" ")
        table = self._table["virtualMachine"]
        letter = size.removeprefix("Standard_")[:1].upper()
        per_core = table["families"].get(letter, table["perCore"])
        if os == "Windows":
            per_core += table["windowsPerCore"]
        return float(per_core) * cores(size, region)
