"""How a server is started, kept for the next start; and the estate file it is started with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from rehearsal.azure.artifacts import SHIPPED
from rehearsal.home import Home, read_json

ESTATE = Path(__file__).parent / "estate.yaml"
SCALE = 240.0


@dataclass(frozen=True)
class Settings:
    """How a server is started; what is not said is as it was at the last start.

    ``day`` is the day that its clock begins at, None the machine's.
    """

    scale: float
    port: int
    estate: Path
    artifacts: Path
    seed: bool
    day: date | None

    @classmethod
    def resolve(cls, home: Home, **asked: Any) -> Settings:
        """Join what is asked for now with what was kept; None means not said."""
        kept = read_json(home.settings)
        usual: dict[str, Any] = {
            "scale": SCALE,
            "port": 0,
            "estate": str(ESTATE),
            "artifacts": str(SHIPPED),
            "seed": True,
            "day": "",
        }
        said = {name: value for name, value in asked.items() if value is not None}
        chosen = {**usual, **{name: kept[name] for name in usual if name in kept}, **said}
        return cls(
            scale=float(chosen["scale"]),
            port=int(chosen["port"]),
            estate=Path(chosen["estate"]),
            artifacts=Path(chosen["artifacts"]),
            seed=bool(chosen["seed"]),
            day=date.fromisoformat(str(chosen["day"])) if chosen["day"] else None,
        )

    def keep(self, home: Home) -> None:
        """Write them for the next start."""
        write_json(
            home.settings,
            {
                "scale": self.scale,
                "port": self.port,
                "estate": str(self.estate),
                "artifacts": str(self.artifacts),
                "seed": self.seed,
                "day": self.day.isoformat() if self.day else "",
            },
        )


def read_estate(path: Path) -> dict[str, Any]:
    """Read an estate file; ValueError in one line if it is none."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        message = f"cannot read the estate {path}: {error}"
        raise ValueError(message) from error
    wanted = ("tenants", "subscriptions", "principals")
    if not isinstance(found, dict) or any(name not in found for name in wanted):
        message = f"{path} is not an estate: it needs {', '.join(wanted)}"
        raise ValueError(message)
    return found


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file whole: whoever reads it sees the old or the new one."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    part.replace(path)
