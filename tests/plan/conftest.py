"""Where the worlds of a test begin."""

from __future__ import annotations

import pytest

from tests.dated import START
from tests.plan.world import World


@pytest.fixture(autouse=True)
def _first_day(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is marked `dated` begin at the suite's first day."""
    if request.node.get_closest_marker("dated"):
        monkeypatch.setattr(World, "begins", START)
