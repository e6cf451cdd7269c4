"""`make matrix`: builds each engine below .pulumi/engines, runs the matrix's tests on it, and
writes docs/engines.md. A first build of one takes minutes; what is built is kept.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rehearsal.engine.build import build_version, newest
from rehearsal.engine.official import version_of
from rehearsal.engine.steps import SetupError, say
from rehearsal.engine.versions import CHECKOUT, least, numbers, pinned
from rehearsal.workspace import ENGINE_VARIABLE
from tests.matrix import report
from tests.matrix.rows import MARK, Ended, read

_FOLDERS = ("tests/e2e", "tests/plugin")


def main(argv: Sequence[str] | None = None) -> int:
    """Run all of it; 0 if every row passed on every version, 1 otherwise."""
    options = _options(argv)
    try:
        names = _named(options.engines)
        folders = {version: build_version(version) for version in names}
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    results = {
        version: run(version, folder, options.torture) for version, folder in folders.items()
    }
    print(report.table(results, names), *report.failures(results), sep="\n")
    if not options.no_page:
        report.write(CHECKOUT / "docs" / "engines.md", results, names, _commit())
    return 0 if report.is_good(results) else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.matrix", description=__doc__)
    parser.add_argument(
        "--engines",
        nargs="+",
        metavar="VERSION",
        default=os.environ.get("ENGINES", "").split(),
        help="these versions instead of the oldest, the pinned and the newest",
    )
    torture = int(os.environ.get("TORTURE", "0"))
    parser.add_argument("--torture", type=int, default=torture, help="try so many accidents too")
    parser.add_argument("--no-page", action="store_true", help="leave docs/engines.md alone")
    return parser.parse_args(argv)


def _named(engines: Sequence[str]) -> dict[str, str]:
    """Give the versions to try, in their order, and what each of them is."""
    what = {"oldest": least(), "pinned": pinned(), "newest": newest()}
    wanted = {version.removeprefix("v") for version in engines} or set(what.values())
    return {
        version: " and ".join(name for name, own in what.items() if own == version) or "by wish"
        for version in sorted(wanted, key=lambda version: numbers(version) or (0, 0, 0))
    }


def run(version: str, folder: Path, accidents: int = 0) -> list[Ended]:
    """Run the matrix's tests with the CLI in ``folder``; SetupError if it is of another version."""
    found = version_of(folder / "pulumi")
    if found is None or found != numbers(version):
        message = f"{folder} should have pulumi {version}, and has {found}"
        raise SetupError(message)
    say(f"pulumi {version}")
    with tempfile.TemporaryDirectory(prefix="matrix-") as temporary:
        file = Path(temporary) / "rows"
        words = ["-m", "pytest", "-q", "-p", "tests.matrix.rows", "-m", MARK, "--rows", str(file)]
        environment = {**os.environ, ENGINE_VARIABLE: str(folder)}
        subprocess.run(
            [sys.executable, *words, *_FOLDERS], cwd=CHECKOUT, env=environment, check=False
        )
        ended = read(file)
    return ended + _torture(accidents, environment)


def _torture(accidents: int, environment: dict[str, str]) -> list[Ended]:
    if not accidents:
        return []
    words = ["-m", "tests.torture", "--no-page", "--limit", str(accidents)]
    done = subprocess.run([sys.executable, *words], cwd=CHECKOUT, env=environment, check=False)
    good = done.returncode == 0
    reason = "" if good else "an accident did not end well"
    return [Ended(f"{accidents} accidents of `make torture`", "tests.torture", good, 0, reason)]


def _commit() -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
