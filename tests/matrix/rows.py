"""A plugin for pytest: notes how each test of the matrix ended, under the row that its mark names.

A mark stands at the test itself (``@pytest.mark.matrix("the main job")``), so that it moves along
with it. Several tests may have one row: it is good if all of them are.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

MARK = "matrix"
_OPTION = "--rows"


@dataclass(frozen=True)
class Ended:
    """How one test ended on one engine: its row, its name, and what it failed of ("" if not)."""

    row: str
    test: str
    passed: bool
    seconds: float
    reason: str = ""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_OPTION, type=Path, help="file for how each test ended, a line of JSON each")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note the test's own outcome, and a set-up or an end that failed."""
    report = yield
    mark, file = item.get_closest_marker(MARK), item.config.getoption(_OPTION)
    if mark and file and (report.when == "call" or not report.passed):
        ended = Ended(mark.args[0], item.nodeid, report.passed, report.duration, _reason(report))
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(ended)) + "\n")
    return report


def _reason(report: pytest.TestReport) -> str:
    if report.passed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = crash.message if crash else str(report.longrepr)
    return next(iter(said.splitlines()), "")[:200]


def read(file: Path) -> list[Ended]:
    """Read what was noted; nothing if no test came so far."""
    if not file.exists():
        return []
    return [Ended(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def rows(ended: Iterable[Ended]) -> list[str]:
    """Give the rows in the order of their first test."""
    return list(dict.fromkeys(each.row for each in ended))
