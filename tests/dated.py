"""`make dated`: the tests that depend on days, begun on twelve first days of a year.

The first day of the suite is FIRST_DAY (rehearsal/first_day.py). A test with the mark `dated`
begins there; one that spells dates out has a day of its own, or writes them by :func:`on`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from datetime import time as time_of_day

from rehearsal.first_day import FIRST_DAY

DAYS = (
    date(2026, 11, 30),  # a late lab comes in the week in which what was revoked is replaced
    date(2026, 12, 31),  # the year's end
    date(2027, 1, 1),
    date(2027, 1, 31),  # the next month has no such day
    date(2027, 3, 28),  # in Europe, clocks go forward in this night
    date(2027, 4, 30),
    date(2027, 6, 30),
    date(2027, 7, 13),  # a second Tuesday: patches come out
    date(2027, 8, 31),
    date(2027, 10, 31),  # and back in this one
    date(2028, 2, 28),  # of a leap year
    date(2028, 2, 29),
)
EIGHT = time_of_day(8, tzinfo=UTC)
START = datetime.combine(FIRST_DAY, EIGHT)
"""When a dated test begins."""

# What dates in the text of a dated test are counted from.
_SPELLED = date(2026, 11, 22)
_DATE = re.compile(r"\b(20\d\d)(-?)([01]\d)\2([0-3]\d)(?!\d)")


def on(text: str) -> str:
    """Move every date in a text so that 2026-11-22 becomes the first day.

    So a test says `on("20261124.1")` of a version that is built two days after it began.
    """

    def moved(found: re.Match[str]) -> str:
        year, dash, month, day = found.groups()
        moment = FIRST_DAY + (date(int(year), int(month), int(day)) - _SPELLED)
        return f"{moment:%Y{dash}%m{dash}%d}"

    return _DATE.sub(moved, text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the dated tests once for each day; 0 if all went well on all of them."""
    parser = argparse.ArgumentParser(prog="tests.dated", description=__doc__)
    parser.add_argument(
        "--day", action="append", type=date.fromisoformat, metavar="YYYY-MM-DD", dest="days"
    )
    parser.add_argument(
        "--whole", action="store_true", help="those too that take minutes on each day (tests/e2e)"
    )
    options, more = parser.parse_known_args(argv)
    whole = options.whole or bool(os.environ.get("WHOLE"))
    command = [sys.executable, "-m", "pytest", "-q", "-m", "dated", *more]
    command += [] if whole else ["--ignore", "tests/e2e"]
    failed = []
    days = options.days or [*map(date.fromisoformat, os.environ.get("DAYS", "").split())] or DAYS
    for day in days:
        began = time.monotonic()
        env = {**os.environ, "FIRST_DAY": str(day)}
        code = subprocess.run(command, env=env, check=False).returncode
        print(f"{day}: {'FAILED' if code else 'ok'}, {time.monotonic() - began:.0f} s", flush=True)
        failed += [str(day)] * bool(code)
    print(f"{len(days)} first days, failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
