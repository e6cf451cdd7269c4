"""How the whole suite runs: what tests show, failures named at once, long files first in workers.

`make test` runs several workers of pytest-xdist, each with whole files, so that fixtures of a
module are made once. What a worker prints is lost; what a test shows travels with its reports, and
the process that controls the workers prints it. Without workers the same hooks do the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from tests.invariant import COUNT

# Tests start Python some thousand times: each would compile the program anew where an environment
# forbids to keep what was compiled, as those of many container images do.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_SHOWN = "shown"
_STEPS = "engine steps"

# Files of minutes, the longest first: one that began last would run alone in the end, the other
# workers idle. A new file needs no entry unless it takes longer than the last of these.
LONGEST = (
    "tests/e2e/test_twelve_weeks.py",
    "tests/e2e/test_world.py",
    "tests/e2e/test_accidents.py",
    "tests/e2e/test_main_job.py",
    "tests/e2e/test_soak.py",
    "tests/e2e/test_verify.py",
    "tests/e2e/test_faults.py",
    "tests/e2e/test_operations.py",
    "tests/e2e/test_releases.py",
    "tests/e2e/test_torture.py",
    "tests/e2e/test_reach.py",
    "tests/pipelines/test_github.py",
    "tests/pipelines/test_azure.py",
    "tests/pipelines/test_github_by_hand.py",
)
# Then folders whose files wait for an engine and a local Azure; the rest fills the gaps.
# One worker gets all of it: its last test looks back on what the others called.
_LOOKS_BACK = "tests/sdk/"
_SLOW = ("tests/e2e/", "tests/plugin/", "tests/rehearsal/test_process.py", _LOOKS_BACK)


@pytest.fixture
def show(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Give a function that puts a line of text, or several, under the results of the whole run."""

    def say(text: str) -> None:
        record_property(_SHOWN, text)

    return say


def order(path: str) -> int:
    """Tell when a test file begins among the others: the lower, the sooner."""
    if path in LONGEST:
        return LONGEST.index(path)
    return len(LONGEST) + (not path.startswith(_SLOW))


# What runs the real engine: its tests, and those that work in a repository of their own.
_ENGINE = ("tests/e2e/", "tests/plugin/")
_REPOSITORY = "repository"


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs an engine, and let long files begin first.

    That in workers alone: by itself, the quick tests' word comes first. Workers take files in the
    order of the collection, told `--no-loadscope-reorder`.
    """
    for item in items:
        needed = _REPOSITORY in getattr(item, "fixturenames", ())
        if needed or item.nodeid.startswith(_ENGINE):
            item.add_marker("engine")
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: order(item.nodeid.partition("::")[0]))


class _Whole(LoadFileScheduling):  # type: ignore[misc]
    """Gives a worker whole files, and the whole of a folder whose tests look back on each other."""

    def _split_scope(self, nodeid: str) -> str:
        return _LOOKS_BACK if nodeid.startswith(_LOOKS_BACK) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return _Whole(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Begin to count the engine's steps of a test, the making of its fixtures among them."""
    COUNT.compared = COUNT.unexplained = 0
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send the count with the last report of a test."""
    report = yield
    if call.when == "teardown" and COUNT.compared:
        report.user_properties.append((_STEPS, f"{COUNT.compared} {COUNT.unexplained}"))
    return report


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Telling(config), "image-factory-telling")


class _Telling:
    """Where the reports of all workers come together."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.texts: dict[str, list[str]] = {}
        self.steps = [0, 0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and isinstance(terminal, pytest.TerminalReporter):
            terminal.ensure_newline()
            terminal.write_line(f"FAILED {report.nodeid} ({report.when})", red=True)
        # The last report of a test has all that it showed.
        if report.when == "teardown":
            said = [str(value) for name, value in report.user_properties if name == _SHOWN]
            if said:
                self.texts[report.nodeid] = said
            for name, value in report.user_properties:
                if name == _STEPS:
                    self.steps = [
                        a + int(b) for a, b in zip(self.steps, str(value).split(), strict=True)
                    ]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.steps[0]:
            compared, left = self.steps
            terminalreporter.write_line(
                f"{compared} steps of the engine compared with plans, {left} not explained"
            )
        if not self.texts:
            return
        terminalreporter.section("what tests show")
        for test, said in sorted(self.texts.items()):
            terminalreporter.write_line(test)
            for line in "\n".join(said).splitlines():
                terminalreporter.write_line(f"  {line}")
