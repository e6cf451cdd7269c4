"""The matrix of engines: every row on every engine is told, and nothing passes for another's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import workspace
from rehearsal.engine.steps import SetupError
from rehearsal.engine.versions import CHECKOUT, least, pinned
from tests.matrix import __main__ as matrix
from tests.matrix.report import failures, is_good, table, write
from tests.matrix.rows import Ended, read

NAMES = {"3.252.0": "oldest", "3.276.0": "pinned and newest"}
MAIN, KILL = Ended("the main job", "a", True, 1.0), Ended("a kill", "b", True, 1.0)
FAILED = Ended("a kill", "c", False, 1.0, "AssertionError: no image")


def test_a_row_is_good_if_each_of_its_tests_is() -> None:
    results = {"3.252.0": [MAIN, KILL], "3.276.0": [MAIN, KILL, FAILED]}
    assert table(results, NAMES).splitlines() == [
        "| what | 3.252.0, oldest | 3.276.0, pinned and newest |",
        "| --- | --- | --- |",
        "| the main job | passed | passed |",
        "| a kill | passed | **failed** |",
    ]
    assert failures(results) == ["3.276.0: a kill (c): AssertionError: no image"]
    assert not is_good(results)


def test_what_did_not_run_is_not_good() -> None:
    results = {"3.252.0": [MAIN, KILL], "3.276.0": [MAIN]}
    assert table(results, NAMES).splitlines()[-1] == "| a kill | passed | not run |"
    assert not is_good(results)
    assert not is_good({"3.252.0": []})
    assert is_good({"3.252.0": [MAIN, KILL], "3.276.0": [KILL, MAIN]})


def test_the_page_says_what_failed_and_of_which_commit(tmp_path: Path) -> None:
    write(tmp_path / "page.md", {"3.276.0": [MAIN, FAILED]}, NAMES, "abc1234")
    text = (tmp_path / "page.md").read_text()
    assert "of commit abc1234." in text
    assert text.endswith("- 3.276.0: a kill (c): AssertionError: no image\n")


TESTS = """\
import pytest

@pytest.mark.matrix("good")
def test_good(): pass

@pytest.mark.matrix("bad")
def test_bad(): assert 1 == 2, "not so"

@pytest.mark.matrix("broken")
def test_broken(nothing_of_this_name): pass

def test_of_no_row(): pass
"""


def test_each_marked_test_is_noted_with_its_outcome(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    file = tmp_path / "rows"
    words = ["-p", "tests.matrix.rows", "--rows", str(file), "-o", "markers=matrix(row)"]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", tmp_path, *words, tmp_path],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    noted = {each.row: each for each in read(file)}
    assert {row: each.passed for row, each in noted.items()} == {
        "good": True,
        "bad": False,
        "broken": False,
    }
    assert "not so" in noted["bad"].reason
    assert read(tmp_path / "none") == []


def test_the_matrix_has_the_main_job_faults_a_kill_and_a_refusal() -> None:
    folders = [str(CHECKOUT / folder) for folder in ("tests/e2e", "tests/plugin")]
    texts = [path.read_text() for folder in folders for path in Path(folder).glob("test_*.py")]
    marked = set(re.findall(r'@pytest\.mark\.matrix\("([^"]+)"\)', "\n".join(texts)))
    assert marked >= {
        "the main job",
        "faults that are absorbed",
        "faults that refuse their image alone",
        "a run that is killed goes on",
        "a refused capture is no version",
    }


def test_the_engine_of_a_run_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(workspace.ENGINE_VARIABLE, str(tmp_path))
    own = f"{CHECKOUT / '.venv' / 'bin'}:{tmp_path}:"
    assert workspace.search_path().startswith(own)


def test_each_version_is_named_by_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "newest", lambda: "3.999.0")
    assert matrix._named([]) == {least(): "oldest", pinned(): "pinned", "3.999.0": "newest"}
    assert matrix._named(["v3.260.0", least()]) == {least(): "oldest", "3.260.0": "by wish"}
    monkeypatch.setattr(matrix, "newest", pinned)
    assert matrix._named([])[pinned()] == "pinned and newest"


def test_an_engine_of_another_version_is_not_taken(tmp_path: Path) -> None:
    program = tmp_path / "pulumi"
    program.write_text("#!/bin/sh\necho v3.300.0\n")
    program.chmod(0o755)
    with pytest.raises(SetupError, match=r"should have pulumi 3\.301\.0, and has \(3, 300, 0\)"):
        matrix.run("3.301.0", tmp_path)
