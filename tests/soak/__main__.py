"""`make soak`: runs a company for weeks while accidents happen, and writes docs/soak.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.harness import CHECKOUT
from tests.soak import report
from tests.soak.accidents import misfortune
from tests.soak.company import DEFINITIONS
from tests.soak.weeks import Soak, Week

_PAGE = CHECKOUT / "docs" / "soak.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Soak; 0 if nothing was wrong and nothing grows."""
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "1")))
    parser.add_argument("--weeks", type=int, default=int(os.environ.get("WEEKS", "26")))
    parser.add_argument("--definitions", type=int, default=len(DEFINITIONS))
    parser.add_argument("--minutes", type=float, help="begin no week after so many minutes")
    parser.add_argument("--list", action="store_true", help="say what would go wrong")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="live there, and leave all of it")
    parser.add_argument("--no-page", action="store_true", help="leave docs/soak.md alone")
    options = parser.parse_args(argv)
    if options.list:
        for number in range(1, options.weeks + 1):
            print(f"week {number}: {'; '.join(misfortune(options.seed, number).told())}")
        return 0
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        soak = Soak((options.keep or Path(folder)) / "life", options.seed, options.definitions)
        try:
            soak.begin()
            weeks, settled = live(soak, options)
        finally:
            soak.end()
    wrong = [each for week in (*weeks, settled) for each in week.wrong]
    wrong += report.growing(weeks)
    print("\n".join(wrong) or "nothing was wrong", flush=True)
    return 1 if wrong else 0


def live(soak: Soak, options: argparse.Namespace) -> tuple[list[Week], Week]:
    """Live through the weeks, telling of each as it ends; the page is written as far as it is."""
    began = time.monotonic()
    weeks: list[Week] = []
    for number in range(1, options.weeks + 1):
        if options.minutes and time.monotonic() - began > options.minutes * 60:
            break
        weeks.append(soak.week(number))
        tell(weeks[-1])
        _write(options, weeks, None)
    settled = soak.settle(len(weeks) + 1)
    tell(settled)
    _write(options, weeks, settled)
    return weeks, settled


def tell(week: Week) -> None:
    """Say how a week went."""
    print(
        f"week {week.number}: {week.runs} runs, {week.failed_runs} failed, {week.seconds:.0f} s, "
        f"{week.changes} changes, {week.reads} reads, {week.resources} resources, "
        f"{week.state_bytes} bytes; {'; '.join(week.told)}",
        flush=True,
    )
    for each in week.wrong:
        print(f"    {each}", flush=True)


def _write(options: argparse.Namespace, weeks: Sequence[Week], settled: Week | None) -> None:
    if not options.no_page:
        text = report.section(options.seed, options.weeks, weeks, settled)
        report.write(_PAGE, options.seed, text)


if __name__ == "__main__":
    sys.exit(main())
