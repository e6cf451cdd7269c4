"""The page of a run: how each stack came out, what it did, and what somebody should look at."""

from __future__ import annotations

from collections.abc import Sequence

from factory.pipelines.comment import overview, rows
from factory.pipelines.outcome import Outcome, Result
from factory.plan.reports.markdown import cell

# GitHub takes a MiB for one step.
_ROOM = 200_000


def summary(outcomes: Sequence[Outcome]) -> str:
    """Write the page as Markdown."""
    results = ", ".join(f"{cell(each.stack)} {each.result.value}" for each in outcomes)
    lines = [f"## Image factory: {results}", ""]
    if any(each.plan or each.result is Result.NOT_YET for each in outcomes):
        lines += overview(outcomes)
    body, left = rows(outcomes, _ROOM)
    if left:
        body.append(f"\n**{left} more lines did not fit here**")
    if not body:
        body = ["", "Nothing to look at."]
    return "\n".join([*lines, *body])
