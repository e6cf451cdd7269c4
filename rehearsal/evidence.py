"""Where the answers of the local Azure are from, and which of them are guesses."""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml

from rehearsal.azure.errors import Refusal
from rehearsal.azure.http.routing import Route
from rehearsal.azure.switches import read as read_switches

TABLE = Path(__file__).parent / "evidence.yaml"
KINDS = ("recording", "sdk", "document", "guess", "own")
_AZURE = Path(__file__).parent / "azure"
# Of a Refusal, and of a switch: what nobody has shown.
_UNPROVEN = {"mem": "from memory", "inf": "guessed"}
_OWN = ("control", "server", "faults")  # what the rehearsal itself refuses
_MARKS = {"W": "inferred", "0": "nothing found"}


@dataclass(frozen=True)
class Evidence:
    """A row: the routes it is of, the kind of evidence, and what of them is guessed."""

    routes: str
    kind: str
    about: str


@cache
def rows() -> tuple[Evidence, ...]:
    """Read the table."""
    found = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return tuple(Evidence(row["routes"], row["evidence"], row.get("about", "")) for row in found)


def of(route: Route) -> Evidence | None:
    """Give the row of a route; None if the table has none for it."""
    name = f"{route.method} {route.template}".lower()
    return next((row for row in rows() if fnmatchcase(name, row.routes.lower())), None)


def text() -> str:
    """List the guesses as Markdown."""
    answers = [f"| `{row.routes}` | {row.about} |" for row in rows() if row.kind == "guess"]
    switches = [
        f"| `{name}` | {_word(switch.values[0])} | {_MARKS[switch.mark]}"
        f" | {_first_sentence(switch.about)} |"
        for name, switch in read_switches().items()
        if switch.mark in _MARKS
    ]
    refusals = [
        f"| {place} | {how} | {', '.join(f'`{code}`' for code in codes)} |"
        for (place, how), codes in sorted(_refusals().items())
    ]
    parts = [
        "\n".join(["| Answers to | What is guessed |", "|---|---|", *answers]),
        "\n".join(
            ["| Switch | Default | Evidence | What it says |", "|---|---|---|---|", *switches]
        ),
        "\n".join(["| Refusals of | Words | Codes |", "|---|---|---|", *refusals]),
    ]
    return "\n\n".join(parts) + "\n"


def _refusals() -> dict[tuple[str, str], list[str]]:
    """Collect the codes whose words nobody has quoted, by namespace and how they were come by."""
    found: dict[tuple[str, str], set[str]] = {}
    for file in sorted(_AZURE.rglob("*.py")):
        place = file.parent.name if file.parent != _AZURE else "all"
        if place in _OWN:
            continue
        name = ".".join(file.relative_to(_AZURE.parents[1]).with_suffix("").parts)
        if file.name == "errors.py":
            for row in vars(importlib.import_module(name)).values():
                if isinstance(row, Refusal) and row.evidence in _UNPROVEN:
                    found.setdefault((place, _UNPROVEN[row.evidence]), set()).add(row.code)
            continue
        for code in _written_in_place(file):
            found.setdefault((place, "no evidence kept"), set()).add(code)
    return {key: sorted(codes) for key, codes in found.items()}


def _written_in_place(file: Path) -> list[str]:
    """Give the codes of refusals that are no rows of a table: ArmError(...), bad_request(...)."""
    return [
        str(call.args[1].value)
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("ArmError", "bad_request")
        and len(call.args) > 1
        and isinstance(call.args[1], ast.Constant)
    ]


def _word(value: bool | str) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value


def _first_sentence(about: str) -> str:
    return about.partition(". ")[0].rstrip(".")
