"""`make torture`: tries accidents on a small factory of its own and writes docs/reliability.md."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path

from tests.e2e.harness import CHECKOUT
from tests.torture import report
from tests.torture.accidents import KINDS, Accident, product
from tests.torture.phases import PHASES, Life
from tests.torture.trying import Tried, Undisturbed, Verdict, attempt, undisturbed

_USUAL = 60


def main(argv: Sequence[str] | None = None) -> int:
    """Try them; 0 if nothing was lost, leaked or stuck."""
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
    options = parser.parse_args(argv)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as folder:
        life = Life(Path(folder) / "life")
        try:
            tried, of = _try(life, options, began)
        finally:
            life.end()
    if options.list:
        return 0
    print(report.table(tried))
    if not options.no_page:
        report.write(CHECKOUT / "docs" / "reliability.md", tried, of, _chosen_by(options))
    return 0 if all(each.verdict.good and not each.wrong for each in tried) else 1


def _chosen_by(options: argparse.Namespace) -> str:
    """Say what a selection rests on: what was named or cut off is no sample of the whole."""
    if options.only or options.minutes or options.all or options.log:
        return "hand, by the time there was, or by the log of an earlier run: no sample by chance"
    return f"seed {options.seed}"


def _try(life: Life, options: argparse.Namespace, began: float) -> tuple[list[Tried], int]:
    whole = undisturbed(life)
    print(f"undisturbed: {time.monotonic() - began:.0f} s", flush=True)
    every = list(product(whole.of(PHASES)))
    known = read_log(options.log, every) if options.log else {}
    tried: list[Tried] = []
    limit = None if options.all else options.limit
    for accident in choose(every, options.seed, limit, options.only):
        late = options.minutes and time.monotonic() - began > options.minutes * 60
        if options.list:
            print(accident)
        elif str(accident) in known:
            tried.append(known[str(accident)])
        elif not late:
            tried.append(_one(life, accident, whole, options))
    return tried, len(every)


def _one(life: Life, accident: Accident, whole: Undisturbed, options: argparse.Namespace) -> Tried:
    """Try one, and tell at once how it went."""
    began = time.monotonic()
    done = attempt(life, accident, whole, options.seed)
    took = time.monotonic() - began
    print(f"{accident}: {done.verdict.value}, {done.runs} runs, {took:.0f} s", flush=True)
    for line in done.wrong:
        print(f"    {line}", flush=True)
    if options.log:
        with options.log.open("a") as log:
            log.write(json.dumps({**asdict(done), "accident": str(accident)}) + "\n")
    return done


def read_log(path: Path, every: Sequence[Accident]) -> dict[str, Tried]:
    """Read what an earlier run tried, as far as there is such an accident still."""
    named = {str(accident): accident for accident in every}
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        entry = json.loads(line)
        if accident := named.get(entry["accident"]):
            entry |= {"accident": accident, "verdict": Verdict(entry["verdict"])}
            found[str(accident)] = Tried(**entry)
    return found


def choose(
    every: Sequence[Accident], seed: int, limit: int | None, only: Sequence[str] | None
) -> list[Accident]:
    """Choose by seed, each kind of accident in its turn, and for each its phases in their turn.

    Whatever ends the list early, by limit or by time, has then seen a bit of everything.
    """
    wanted = [each for each in every if not only or any(text in str(each).lower() for text in only)]
    chance = random.Random(seed)  # noqa: S311 - the same seed, the same choice
    chance.shuffle(wanted)
    by_kind: dict[str, dict[str, list[Accident]]] = {}
    for each in sorted(wanted, key=lambda it: list(KINDS).index(it.kind.name)):
        by_kind.setdefault(each.kind.name, {}).setdefault(each.phase.name, []).append(each)
    rows = [_in_turn(list(phases.values())) for phases in by_kind.values()]
    return _in_turn(rows)[:limit]


def _in_turn(groups: Sequence[Sequence[Accident]]) -> list[Accident]:
    """Give the first of every group, then the second of every group, and so on."""
    rounds = zip_longest(*groups)
    return [each for turn in rounds for each in turn if each is not None]


if __name__ == "__main__":
    sys.exit(main())
