"""What a test shows and which one failed, with workers and without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LONGEST, order

CHECKOUT = Path(__file__).parents[1]
ONE, OTHER = (
    "def test_shows(show):\n    show('two lines')\n    show('of a table')\n",
    "def test_breaks(show):\n    show('so far')\n    assert False\n",
)


@pytest.mark.parametrize("workers", [(), ("-n", "2", "--dist", "loadfile")])
def test_what_tests_show_is_printed_once_and_failures_at_once(
    workers: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "test_one.py").write_text(ONE)
    (tmp_path / "test_other.py").write_text(OTHER)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), *workers, str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    for text in ("  two lines\n  of a table\n", "test_breaks\n  so far\n"):
        assert done.stdout.count(text) == 1, done.stdout
    failed = done.stdout.index("FAILED test_other.py::test_breaks (call)")
    assert failed < done.stdout.index("= FAILURES =")


def test_the_longest_files_begin_first() -> None:
    for path in LONGEST:
        assert (CHECKOUT / path).is_file(), path
    paths = ["tests/plan/test_x.py", "tests/e2e/test_x.py", *reversed(LONGEST)]
    assert sorted(paths, key=order) == [*LONGEST, "tests/e2e/test_x.py", "tests/plan/test_x.py"]
