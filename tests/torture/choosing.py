"""Which accidents are tried, in which order, and the log of those that were."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.e2e.harness import CHECKOUT
from tests.torture.accidents import KINDS, Accident
from tests.torture.phases import PHASES
from tests.torture.requests import Request
from tests.torture.trying import Tried, Verdict

_ACCIDENT = re.compile(
    r"(?P<phase>[^:]+): (?P<kind>[^:]+): "
    r"(?P<method>[A-Z]+) (?P<path>\S+)(?: \(number (?P<nth>\d+)\))?"
)


def choose(
    every: Sequence[Accident], seed: int, limit: int | None, only: Sequence[str] | None
) -> list[Accident]:
    """Choose by seed, each kind of accident in its turn, and for each its phases in their turn.

    Whatever ends the list early, by limit or by time, has then seen a bit of everything.
    """
    # What goes on side by side comes in another order in every job; all jobs have to share out one.
    inorder = sorted(every, key=str)
    wanted = [each for each in inorder if not only or any(it in str(each).lower() for it in only)]
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


def append(path: Path, done: Tried) -> None:
    """Put one into the log, with the commit it was tried with; several jobs may do so at once."""
    write_down(path, {**asdict(done), "accident": str(done.accident), "commit": commit()})


def write_down(path: Path, entry: Mapping[str, Any]) -> None:
    """Put a line into the log: an accident, the size of the whole ``product``, or a ``note``."""
    with path.open("a") as log:
        log.write(json.dumps(entry) + "\n")


def read_log(path: Path) -> tuple[dict[str, Tried], int, list[str]]:
    """Read what was tried, the last time of each, how many there are in all, and notes."""
    found: dict[str, Tried] = {}
    of, notes = 0, []
    for line in path.read_text().splitlines() if path.exists() else ():
        entry = json.loads(line)
        of = entry.get("product", of)
        if "note" in entry:
            notes.append(entry["note"])
        if accident := read_accident(entry.get("accident", "")):
            entry |= {"accident": accident, "verdict": Verdict(entry["verdict"])}
            found[str(accident)] = Tried(**entry)
    return found, of, notes


def read_accident(text: str) -> Accident | None:
    """Read what :class:`Accident` writes: enough to tell of it, not to try it; None if it is not.

    What the log has of an earlier program may be no accident of this one any more.
    """
    parts = _ACCIDENT.fullmatch(text)
    phase = next((each for each in PHASES if parts and each.name == parts["phase"]), None)
    if parts is None or phase is None or parts["kind"] not in KINDS:
        return None
    request = Request(parts["method"], parts["path"], int(parts["nth"] or 1), "")
    return Accident(KINDS[parts["kind"]], phase, request)


def commit() -> str:
    """Name the commit of this checkout; with a ``+`` if something differs from it."""
    said = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(said, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no commit"
