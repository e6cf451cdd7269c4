"""A factory per test, which has to leave nothing in no state; its local Azure is stopped then."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import FactoryUnderTest
from tests.e2e.leftovers import check_nothing_is_left

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test failed by itself: what it left then is no news."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture
def factory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[FactoryUnderTest]:
    plain = request.node.get_closest_marker("plain") is not None
    under_test = FactoryUnderTest(tmp_path, previewed=plain)
    monkeypatch.setenv("REHEARSAL_HOME", str(under_test.home.root))
    under_test.start()
    try:
        yield under_test
        if not request.node.stash.get(_FAILED, True):
            check_nothing_is_left(under_test)
    finally:
        under_test.rehearsal("stop")
