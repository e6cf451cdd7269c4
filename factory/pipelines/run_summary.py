"""The page of a run: how each stack came out, what it did, and what somebody should look at."""

from __future__ import annotations

from collections.abc import Sequence

from factory.pipelines.approval import approval_of, decisions
from factory.pipelines.comment import overview, rows
from factory.pipelines.outcome import Outcome, Result
from factory.plan.reports.markdown import cell

# GitHub takes a MiB for one step.
_ROOM = 200_000
_HEADS = ("action", "image", "version", "lab", "in the state", "release", "source")


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


def proposal(outcome: Outcome) -> str:
    """Write the page of a plan that somebody is to approve: all of it, by its digest."""
    digest = approval_of(outcome.plan).partition(":")[0]
    lines = [f"## {cell(outcome.stack)}: to approve `{digest}`", ""]
    lines += [f"| {' | '.join(_HEADS)} |", f"|{' --- |' * len(_HEADS)}"]
    for decision in decisions(outcome.plan):
        lines.append(f"| {' | '.join(cell(each or '-') for each in decision)} |")
    body, _ = rows([outcome], _ROOM)
    return "\n".join([*lines, "", *overview([outcome]), *body])
