"""Writes the coverage table of docs/rehearsal.md: `python -m rehearsal.coverage [--check]`.

Every operation that Microsoft's SDKs have is asked of the router: what has a route is done, or
partly done where rehearsal/coverage.yaml says what is missing; the rest answers 501. The list of
guesses (evidence.py) is written with it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

import yaml

from rehearsal import evidence
from rehearsal.azure import build
from rehearsal.azure.http.routing import Router
from rehearsal.azure.identity.tokens import Secrets
from rehearsal.azure.tables import table
from rehearsal.azure.world import Azure, Knowledge

Json = dict[str, Any]

DOCUMENT = Path(__file__).parents[1] / "docs" / "rehearsal.md"
NOTES = Path(__file__).parent / "coverage.yaml"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
GUESSES, GUESSES_END = "<!-- guesses: begin -->", "<!-- guesses: end -->"
TITLES = {
    "devtestlab": "Microsoft.DevTestLab 2018-09-15 (azure-mgmt-devtestlabs)",
    "compute": "Microsoft.Compute (azure-mgmt-compute; the groups a lab touches)",
    "resources": "Microsoft.Resources (azure-mgmt-resource, azure-mgmt-resource-subscriptions)",
}
# What stands for the parameters of the SDK's generic paths.
_GENERIC = {
    "{resourceId}": "subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/snapshots/n",
    "{scope}": "subscriptions/s/resourceGroups/g",
    "{resourceProviderNamespace}/{parentResourcePath}/{resourceType}/{resourceName}": (
        "Microsoft.DevTestLab/labs/l/schedules/n"
    ),
}


@dataclass(frozen=True)
class Row:
    """An operation and how far it is rehearsed: done, partly (and what is missing), or not."""

    table: str
    group: str
    name: str
    verb: str
    path: str
    state: str
    note: str = ""


def rows(router: Router | None = None) -> list[Row]:
    """Ask the router of a local Azure for every operation of the tables."""
    found = router or _router()
    partly = notes()["partly"]
    return [
        _row(found, name, operation, partly.get(name, {}))
        for name in TITLES
        for operation in _unique(table(name)["operations"])
    ]


def notes() -> Json:
    """Read what is said of operations beyond done and not."""
    return cast("Json", yaml.safe_load(NOTES.read_text(encoding="utf-8")))


def text() -> str:
    """Write the tables as Markdown."""
    found, remarks = rows(), notes()
    parts = [_summary(found)]
    for name, title in TITLES.items():
        parts += [f"### {title}", *_groups([row for row in found if row.table == name])]
        if name == "compute":
            parts.append(f"Not rehearsed at all: {remarks['elsewhere'].strip()}.")
    for title, lines in remarks["by_hand"].items():
        body = [f"| {each['verbs']} | `{each['path']}` | {each['state']} |" for each in lines]
        parts += [f"### {title}", "\n".join(["| Verb | Path | State |", "|---|---|---|", *body])]
    return "\n\n".join(parts) + "\n"


def main(argv: list[str]) -> int:
    """Write the table, or with --check say whether the one in the document is current."""
    document = DOCUMENT.read_text(encoding="utf-8")
    fresh = renewed(document)
    if "--check" in argv:
        if fresh != document:
            print("docs/rehearsal.md is not current: run python -m rehearsal.coverage")
        return int(fresh != document)
    DOCUMENT.write_text(fresh, encoding="utf-8")
    counts = Counter(row.state for row in rows())
    print(", ".join(f"{counts[state]} {state}" for state in ("done", "partly", "not")))
    return 0


def renewed(document: str) -> str:
    """Put the current tables into a document; ValueError if it has no marks for one."""
    document = between(document, BEGIN, END, text())
    return between(document, GUESSES, GUESSES_END, evidence.text())


def between(document: str, begin: str, end: str, table: str) -> str:
    """Put a table between two marks of a document; ValueError if it lacks them."""
    before, first, rest = document.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        message = f"{DOCUMENT.name} lacks the marks {begin} and {end}"
        raise ValueError(message)
    return f"{before}{begin}\n\n{table}\n{end}{after}"


def _row(router: Router, name: str, operation: Json, partly: dict[str, str]) -> Row:
    path = str(operation["path"])
    asked = path
    for parameter, sample in _GENERIC.items():
        asked = asked.replace(parameter, sample)
    routed = router.find(operation["verb"], asked) is not None
    full = f"{operation['group']}.{operation['name']}"
    note = next((text for pattern, text in partly.items() if fnmatchcase(full, pattern)), "")
    state = "not" if not routed else "partly" if note else "done"
    return Row(
        name,
        operation["group"],
        operation["name"],
        operation["verb"],
        path,
        state,
        note if routed else "",
    )


def _unique(operations: list[Json]) -> Iterator[Json]:
    """Leave out what a second client of the same service has too."""
    seen = set()
    for operation in operations:
        key = (operation["verb"], operation["path"])
        if key not in seen:
            seen.add(key)
            yield operation


def _summary(found: list[Row]) -> str:
    lines = ["| SDK | done | partly | not |", "|---|---|---|---|"]
    for name, title in TITLES.items():
        counts = Counter(row.state for row in found if row.table == name)
        lines.append(f"| {title} | {counts['done']} | {counts['partly']} | {counts['not']} |")
    counts = Counter(row.state for row in found)
    lines.append(f"| together | {counts['done']} | {counts['partly']} | {counts['not']} |")
    return "\n".join(lines)


def _groups(found: list[Row]) -> list[str]:
    """Write one row for each operation."""
    lines = ["| Operation | Verb | State |", "|---|---|---|"]
    for row in sorted(found, key=lambda row: row.group):
        state = f"{row.state}: {row.note}" if row.note else row.state
        lines.append(f"| `{row.group}.{row.name}` | {row.verb} | {state} |")
    return ["\n".join(lines)]


def _router() -> Router:
    estate: Json = {"tenants": [], "subscriptions": [], "principals": []}
    azure = Azure(Knowledge(estate))
    try:
        return build.application(azure, Secrets({}, "", "")).router
    finally:
        azure.store.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
