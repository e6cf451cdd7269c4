"""One comment for a pull request: what merging it would do in every stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from factory.pipelines.outcome import Outcome, Result, changes_of
from factory.plan.model import Action, Cost
from factory.plan.reports.markdown import cell
from factory.plan.reports.table import HEADS

# By this the pipeline finds its comment of the run before, and replaces it.
MARK = "<!-- image-factory: plans of this pull request -->"
# GitHub takes 65,536 characters, Azure DevOps 150,000; what a service adds stays below the rest.
LIMITS = {"github": 60_000, "azure": 140_000, "text": 60_000}
_WORTH_TELLING = {Action.WAIT, Action.WARN, Action.REFUSE}
_TAIL = 300


def comment(outcomes: Sequence[Outcome], limit: int, run_url: str = "") -> str:
    """Write the comment, at most ``limit`` characters; what is left out is said and counted."""
    head = [MARK, f"## Image factory: {_sum(outcomes)}", "", *overview(outcomes)]
    foot = _foot(outcomes, run_url)
    body, left = rows(outcomes, limit - _length(head) - _length(foot) - _TAIL)
    if left:
        more = f"{left} more line{'s' if left != 1 else ''} did not fit here"
        body += ["", f"**{more}**: see the plans that this run keeps."]
    return "\n".join([*head, *body, *foot])


def rows(outcomes: Sequence[Outcome], room: int) -> tuple[list[str], int]:
    """Write stack by stack what there is to read, and count what there was no room for."""
    body: list[str] = []
    left = 0
    for outcome in outcomes:
        lines, cut = _stack(outcome, room)
        room -= _length(lines)
        body += lines
        left += cut
    return body, left


def _length(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _sum(outcomes: Sequence[Outcome]) -> str:
    counts: dict[str, int] = {}
    for step in (step for each in outcomes for step in changes_of(each.plan)):
        counts[step["action"]] = counts.get(step["action"], 0) + 1
    order = [action.value for action in Action]
    told = [f"{counts[name]} to {name}" for name in order if name in counts]
    bad = sum(each.result in (Result.STOPPED, Result.ERROR, Result.PARTLY) for each in outcomes)
    if bad:
        told.append(f"{bad} stack{'s' if bad != 1 else ''} would fail")
    unknown = sum(each.result is Result.NOT_YET for each in outcomes)
    if unknown:
        told.append(f"nothing can be said of {unknown} stack{'s' if unknown != 1 else ''} yet")
    return ", ".join(told) or "nothing is due"


def overview(outcomes: Sequence[Outcome]) -> list[str]:
    """Write one line per stack: what is due, and what it costs."""
    lines = ["| stack | plan | cost |", "| --- | --- | --- |"]
    for each in outcomes:
        if each.result in (Result.STOPPED, Result.ERROR):
            said = f"**{each.result.value}**"
        elif each.result is Result.NOT_YET:
            said = " ".join(cell(notice.text) for notice in each.notices)
        else:
            said = _sum([each])
        lines.append(f"| {cell(each.stack)} | {said} | {_cost(each.plan)} |")
    return lines


def _cost(plan: Mapping[str, Any]) -> str:
    found = plan.get("cost")
    if not found or not changes_of(plan):
        return ""
    cost = Cost(
        vm_minutes=found["vmMinutes"],
        builds=found["builds"],
        copied_gib=found["copiedGib"],
        stored_before_gib=found["storedGibBefore"],
        stored_after_gib=found["storedGibAfter"],
        guessed=tuple(found["guessedSizes"]),
    )
    return cell(str(cost).removeprefix("Cost: ").removesuffix("."))


def _stack(outcome: Outcome, room: int) -> tuple[list[str], int]:
    """Write what one stack would do, and count the lines that there was no room for."""
    if outcome.result is Result.NOT_YET:
        return [], 0  # its row says all there is to say
    told = [each for each in outcome.plan.get("steps", ()) if each["action"] in _WORTH_TELLING]
    steps = [*changes_of(outcome.plan), *(each for each in told if not each["changes"])]
    said = [f"> **{each.kind}:** {cell(each.text)}\n" for each in outcome.notices]
    said += [f"> **warning:** {cell(text)}\n" for text in outcome.plan.get("warnings", ())]
    if not steps and not said:
        return [], 0
    lines = ["", f"### {cell(outcome.stack)}", ""]
    rows = [_row(step) for step in steps]
    heads = [f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}"] if rows else []
    room -= _length(lines) + _length(heads) + 1
    kept: list[str] = []
    for line in [*said, *heads, *rows]:
        taken = 0 if line in heads else len(line) + 1
        if taken > room:
            break
        room -= taken
        kept.append(line)
    left = len(said) + len(heads) + len(rows) - len(kept)
    if left and not any(line in kept for line in [*said, *rows]):
        return [], len(said) + len(rows)
    return [*lines, *kept], min(left, len(said) + len(rows))


def _row(step: Mapping[str, Any]) -> str:
    keys = ("action", "image", "version", "lab", "why")
    return f"| {' | '.join(cell(str(step[key] or '-')) for key in keys)} |"


def _foot(outcomes: Sequence[Outcome], run_url: str) -> list[str]:
    stays = sum(
        step["action"] == "keep" and not step["lab"]
        for o in outcomes
        for step in o.plan.get("steps", ())
    )
    lines = ["", f"{stays} version{'s' if stays != 1 else ''} stay as they are."]
    if run_url:
        lines.append(f"[The run with its logs and plans]({run_url})")
    return lines
