"""A repository with a small factory, a local Azure, and a stand-in for the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import FINANCE, TEAM_WEB, FactoryUnderTest
from tests.pipelines.agent import Repository
from tests.pipelines.standin import standin


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    factory = FactoryUnderTest(tmp_path)
    monkeypatch.setenv("REHEARSAL_HOME", str(factory.home.root))
    factory.start()
    try:
        with standin(factory.home.certificate, factory.home.key) as service:
            factory.define("linux/base", artifacts=["linux-java"])
            factory.configure_dev([TEAM_WEB])
            factory.configure_prod([FINANCE])
            found = Repository(tmp_path, factory, service)
            found.make()
            yield found
    finally:
        factory.rehearsal("stop")
