"""docs/soak.md: one section for each seed, with a line for every week; and what may not grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from tests.soak.weeks import Week

_HEAD = """# Half a year with accidents

Written by `make soak` (`SEED=1 WEEKS=26`); do not edit by hand. A company of its own on a local
Azure: twelve definitions (layered, specialised, verified and plain ones; bases that move by the
month), three stacks (dev -> staging -> prod, the last after three days), ten labs in three regions
of two subscriptions, two versions kept. Every week people change two definitions, a short-lived one
comes and goes, and accidents are drawn by the seed: every kind of answer that
[reliability.md](reliability.md) has, at random requests, one read of a hundred answered by 503, a
run that is killed, an artifact that fails all week, a lab that may not be read for a week. A stack
that failed or was cut off is run once more the next night, and those that receive from it after it.

After every week: no orphan; every lab that ever had a good version of a definition that it takes
has one; what failed is good by a later run, or the plan still tells of it; no more versions than
are kept, and those that the next run retires. In the end the stacks are run without accidents
until nothing is due: then each lab holds what is kept and nothing else.

**What does not grow**: state, resources in it, what a plan of all stacks asks of Azure, and
changing requests. For each the median of the last quarter of the weeks is at most 1.15 times that
of the second quarter; the first is warming up. The seconds of the runs and all their requests
(which are mostly polls) depend on the machine and what else it does: they are told, not judged.
"""
_ALLOWED = 1.15
_FEWEST = 8
MEASURES: dict[str, Callable[[Week], float]] = {
    "state, bytes": lambda week: week.state_bytes,
    "resources": lambda week: week.resources,
    "reads of a plan": lambda week: week.reads,
    "changes": lambda week: week.changes,
}
_TOLD: dict[str, Callable[[Week], float]] = {
    "requests": lambda week: week.requests,
    "seconds a run": lambda week: week.seconds / max(week.runs, 1),
}
_COLUMNS = (
    "week",
    "runs (failed)",
    "images failed",
    "struck",
    "s",
    "changes",
    "requests",
    "reads",
    "resources",
    "state KiB",
    "what happened",
)


def ratio(weeks: Sequence[Week], measure: Callable[[Week], float]) -> float | None:
    """Compare the last quarter with the second; None for fewer weeks than eight."""
    if len(weeks) < _FEWEST:
        return None
    quarter = len(weeks) // 4
    second = median(measure(week) for week in weeks[quarter : 2 * quarter])
    last = median(measure(week) for week in weeks[-quarter:])
    return last / second if second else None


def growing(weeks: Sequence[Week]) -> list[str]:
    """Name what grows with the weeks."""
    found = []
    for name, measure in MEASURES.items():
        grown = ratio(weeks, measure)
        if grown is not None and grown > _ALLOWED:
            found.append(f"{name} of the last quarter are {grown:.2f} times those of the second")
    return found


def section(seed: int, wanted: int, weeks: Sequence[Week], settled: Week | None) -> str:
    """Write what came of one seed, as Markdown."""
    wrong = [(week, each) for week in (*weeks, *filter(None, [settled])) for each in week.wrong]
    lines = [f"## Seed {seed}, {len(weeks)} of {wanted} weeks", ""]
    total = sum(week.runs for week in weeks)
    failed, struck = sum(week.failed_runs for week in weeks), sum(week.struck for week in weeks)
    lines.append(
        f"{total} runs, {failed} of them failed or were killed; {struck} accidents struck; "
        f"{len(wrong)} things were wrong. "
        + ("In the end nothing was due." if settled and not settled.wrong else "")
    )
    lines += ["", *_growth(weeks), ""]
    lines += [f"- week {week.number}: {' '.join(each.split())[:400]}" for week, each in wrong]
    lines += ["", f"| {' | '.join(_COLUMNS)} |", f"|{' --- |' * len(_COLUMNS)}"]
    lines += [_row(week) for week in weeks]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _growth(weeks: Sequence[Week]) -> list[str]:
    if len(weeks) < _FEWEST:
        return ["Too few weeks to tell what grows."]
    told = []
    for name, measure in {**MEASURES, **_TOLD}.items():
        grown = ratio(weeks, measure)
        judged = "" if name in MEASURES else " (not judged)"
        told.append(f"{name} {grown:.2f}{judged}" if grown is not None else f"{name} none")
    return [f"Last quarter by second quarter: {', '.join(told)}."]


def _row(week: Week) -> str:
    cells = [
        str(week.number),
        f"{week.runs} ({week.failed_runs})",
        str(week.failed_images),
        str(week.struck),
        f"{week.seconds:.0f}",
        str(week.changes),
        str(week.requests),
        str(week.reads),
        str(week.resources),
        f"{week.state_bytes / 1024:.0f}",
        "; ".join(week.told) or "-",
    ]
    return f"| {' | '.join(cells)} |"


def write(path: Path, seed: int, text: str) -> None:
    """Put the section of a seed into the page, in place of an older one of the same seed."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    sections = [f"## {each}" for each in f"\n{old}".split("\n## ")[1:]]
    kept = [each.strip() for each in sections if not each.startswith(f"## Seed {seed},")]
    parts = sorted([*kept, text.strip()], key=lambda each: int(each.split()[2].rstrip(",")))
    path.write_text("\n".join([_HEAD, "\n\n".join(parts), ""]), encoding="utf-8")
