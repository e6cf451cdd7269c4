"""A factory per test, its local Azure stopped afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import FactoryUnderTest


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryUnderTest]:
    under_test = FactoryUnderTest(tmp_path)
    monkeypatch.setenv("REHEARSAL_HOME", str(under_test.home.root))
    under_test.start()
    try:
        yield under_test
    finally:
        under_test.rehearsal("stop")
