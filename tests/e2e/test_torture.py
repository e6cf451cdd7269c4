"""A short selection of `make torture`: a build that is struck where the most is at stake."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from tests.torture.accidents import KINDS, Accident
from tests.torture.phases import PHASES, Life
from tests.torture.requests import Request
from tests.torture.trying import Undisturbed, Verdict, attempt, undisturbed

BUILD = PHASES[0]
# By this seed prod is brought up after none of these, which would take a minute more.
SEED = 11
SHORT = [
    ("killed after", "PUT", "*/virtualmachines/b*"),
    ("killed before", "PUT", "*/snapshots/linux-base-*"),
    ("killed after, recovery killed too", "PUT", "*/image-factory/customimages/*"),
    ("killed before", "DELETE", "*/virtualmachines/b*"),
    # The other lab is served, and a line says what to do.
    ("403 all along", "PUT", "*/team-data/customimages/*"),
]
Whole = tuple[Life, Undisturbed]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with pytest.MonkeyPatch.context() as patch:
        life = Life(tmp_path_factory.mktemp("torture") / "life")
        patch.setenv("REHEARSAL_HOME", str(life.factory.home.root))
        yield life, undisturbed(life, [BUILD])
        life.end()


def asked(requests: Undisturbed, method: str, path: str) -> Request:
    return next(
        each
        for each in requests.requests[BUILD.name]
        if each.method == method and fnmatchcase(each.path, path)
    )


@pytest.mark.parametrize(("kind", "method", "path"), SHORT)
def test_a_build_that_is_struck_ends_as_an_undisturbed_one(
    whole: Whole, kind: str, method: str, path: str
) -> None:
    life, once = whole
    accident = Accident(KINDS[kind], BUILD, asked(once, method, path))
    tried = attempt(life, accident, once, seed=SEED)
    assert tried.verdict in {Verdict.SURVIVED, Verdict.MENDED}, tried
    assert not tried.wrong, tried
