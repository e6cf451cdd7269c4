"""docs/engines.md: which versions of the Pulumi CLI were tried, and how each part ended on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.matrix.rows import Ended, rows

_HEAD = """# Pulumi CLIs that were tried

Written by `make matrix`; do not edit by hand. The **oldest** is what `requiredPulumiVersion` in
Pulumi.yaml accepts: an older one ends in one line that says so. The **pinned** one is in
`.pulumi.version`: it is what pipelines install, what `make setup` builds and what every test runs
on. The **newest** is what Go's module proxy had on that day; `make matrix ENGINES="3.260.0"` tries
others. Each was built from its Go modules, and ran the tests whose mark names the row
(`@pytest.mark.matrix`), with the rehearsal's stand-in for azure-native.
"""
_GOOD, _BAD, _NOT_RUN = "passed", "**failed**", "not run"


def table(results: Mapping[str, Sequence[Ended]], names: Mapping[str, str]) -> str:
    """Write a line per row and a column per version; ``names`` says what each version is."""
    heads = ["what", *(f"{version}, {names[version]}" for version in results)]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    every = rows(each for ended in results.values() for each in ended)
    for row in every:
        lines.append(f"| {' | '.join([row, *(_cell(row, of) for of in results.values())])} |")
    return "\n".join(lines)


def _cell(row: str, ended: Sequence[Ended]) -> str:
    found = [each for each in ended if each.row == row]
    if not found:
        return _NOT_RUN
    return _GOOD if all(each.passed for each in found) else _BAD


def failures(results: Mapping[str, Sequence[Ended]]) -> list[str]:
    """Name what failed, a line each."""
    return [
        f"{version}: {each.row} ({each.test}): {each.reason}"
        for version, ended in results.items()
        for each in ended
        if not each.passed
    ]


def is_good(results: Mapping[str, Sequence[Ended]]) -> bool:
    """Tell whether every row was run on every version, and passed."""
    every = rows(each for ended in results.values() for each in ended)
    cells = [_cell(row, ended) for row in every for ended in results.values()]
    return bool(cells) and set(cells) == {_GOOD}


def write(
    path: Path, results: Mapping[str, Sequence[Ended]], names: Mapping[str, str], commit: str
) -> None:
    """Write the page."""
    parts = [_HEAD, f"The program was of commit {commit}.\n", table(results, names)]
    if failed := failures(results):
        parts += ["\n## What failed\n", *(f"- {line}" for line in failed)]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
