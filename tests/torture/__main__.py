"""`make torture`: tries accidents on a small factory of its own and writes docs/reliability.md.

Two at a time, each job with a factory of its own: most of an accident is waiting.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.harness import CHECKOUT
from tests.torture import report
from tests.torture.accidents import Accident, product
from tests.torture.choosing import append, choose, read_log, write_down
from tests.torture.phases import PHASES, Life
from tests.torture.trying import Undisturbed, attempt, undisturbed

_USUAL = 120
_JOBS = 2
# Whatever the machine, an accident begun after so many minutes would not end within the hour.
_MINUTES = 50.0


def main(argv: Sequence[str] | None = None) -> int:
    """Try them; 0 if nothing was lost, leaked or stuck."""
    options = _options(argv)
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as folder:
        options.log = options.log or Path(folder) / "log"
        if not options.page_only:
            _try_all(options, Path(folder))
        if options.list or options.part:
            return 0
        known, of, notes = read_log(options.log)
    tried = list(known.values())
    print(report.table(tried))
    if not options.no_page:
        page = CHECKOUT / "docs" / "reliability.md"
        report.write(page, tried, of, _chosen_by(options), notes)
    return 0 if all(each.verdict.good and not each.wrong for each in tried) else 1


def _try_all(options: argparse.Namespace, folder: Path) -> None:
    """Try this job's part, and have the others try theirs beside it."""
    life = Life(folder / "life")
    others = [] if options.list else _others(options)
    try:
        _try(life, options)
    finally:
        life.end()
        for other in others:
            other.wait()


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "1")))
    parser.add_argument("--limit", type=int, default=int(os.environ.get("LIMIT", str(_USUAL))))
    parser.add_argument("--all", action="store_true", default=bool(os.environ.get("ALL")))
    parser.add_argument("--only", metavar="TEXT", action="append", help="only what contains TEXT")
    parser.add_argument("--minutes", type=float, help="begin no more after so many minutes")
    parser.add_argument("--list", action="store_true", help="say what would be tried")
    parser.add_argument(
        "--log",
        type=Path,
        default=os.environ.get("LOG") and Path(os.environ["LOG"]),
        help="a file of what was said and done; what it has already is not tried again",
    )
    parser.add_argument("--no-page", action="store_true", help="leave docs/reliability.md alone")
    parser.add_argument("--page-only", action="store_true", help="write it from the log alone")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("JOBS", str(_JOBS))))
    parser.add_argument("--part", type=int, default=0, help="the job that this is, from 0")
    options = parser.parse_args(argv)
    if options.minutes is None and not options.all:
        options.minutes = _MINUTES
    return options


def _others(options: argparse.Namespace) -> list[subprocess.Popen[bytes]]:
    """Start the other jobs of this run, which write to the same log."""
    if options.part:
        return []
    said = ["--seed", str(options.seed), "--limit", str(options.limit), "--log", str(options.log)]
    said += ["--jobs", str(options.jobs), *(["--all"] if options.all else [])]
    said += ["--minutes", str(options.minutes)] if options.minutes is not None else []
    for text in options.only or ():
        said += ["--only", text]
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.torture", *said, "--part", str(part)], cwd=CHECKOUT
        )
        for part in range(1, options.jobs)
    ]


def _chosen_by(options: argparse.Namespace) -> str:
    """Say what a selection rests on: what was named is no sample of the whole."""
    if options.only or options.page_only:
        return "hand, over several runs: no sample by chance"
    return f"seed {options.seed}, each kind and each phase in its turn, until the time was over"


def _try(life: Life, options: argparse.Namespace) -> None:
    began = time.monotonic()
    whole = undisturbed(life)
    print(f"undisturbed: {time.monotonic() - began:.0f} s", flush=True)
    every = list(product(whole.of(PHASES)))
    chosen = choose(every, options.seed, None if options.all else options.limit, options.only)
    if options.list:
        print(*chosen, sep="\n")
        return
    write_down(options.log, {"product": len(every)})
    known, _, _ = read_log(options.log)
    for accident in chosen[options.part :: options.jobs]:
        if str(accident) in known:
            continue
        late = options.minutes and time.monotonic() - began > options.minutes * 60
        if not late:
            _one(life, accident, whole, options)


def _one(life: Life, accident: Accident, whole: Undisturbed, options: argparse.Namespace) -> None:
    """Try one, and tell at once how it went."""
    began = time.monotonic()
    done = attempt(life, accident, whole, options.seed)
    done.engine = life.factory.engine("version").output.strip()
    took = time.monotonic() - began
    lines = [f"{accident}: {done.verdict.value}, {done.runs} runs, {took:.0f} s"]
    print("\n    ".join([*lines, *done.wrong]), flush=True)
    append(options.log, done)


if __name__ == "__main__":
    sys.exit(main())
