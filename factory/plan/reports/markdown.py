"""The plan as a comment on a pull request: what changes in sight, what merely stays folded away."""

from __future__ import annotations

from collections.abc import Sequence

from factory.common.errors import harmless, unlinked
from factory.plan.model import Plan, Step
from factory.plan.reports.table import HEADS, changing, headline, row, waiting, warned

# GitHub cuts a comment at 65536 characters, Azure DevOps at 150000.
_LONGEST = 60_000
# An HTML comment that tools look for, to replace their last comment instead of adding one.
MARK = "<!-- image-factory plan: {stack} -->"
# A character without width parts what the services make links and mentions of by themselves, of
# the text that they have read (https://github.github.com/gfm/#autolinks-extension-).
_APART = "&#8203;"
_SAFE = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\`|*_[]~"}
    | {mark: f"&#{ord(mark)};" for mark in "&<>"}
    | {mark: f"&#{ord(mark)};{_APART}" for mark in "@#!"}
)


def plan_markdown(stack: str, plan: Plan) -> str:
    """Write a plan as Markdown, at most as long as a comment may be."""
    listed = [*changing(plan), *waiting(plan), *warned(plan)]
    rest = [step for step in plan.steps if step not in listed]
    lines = [MARK.format(stack=stack), f"### Image factory: {cell(stack)}", "", headline(plan)]
    if listed:
        lines += ["", *_table(listed, _LONGEST)]
    if changing(plan):
        lines += ["", str(plan.cost)]
    lines += [f"\n> **Warning:** {cell(warning)}" for warning in plan.warnings]
    if rest:
        room = _LONGEST - sum(len(line) + 1 for line in lines)
        kept = _table(rest, room)
        lines += ["", f"<details><summary>What stays as it is ({len(rest)})</summary>", ""]
        lines += [*kept, "", "</details>"]
    return "\n".join(lines)


def _table(steps: Sequence[Step], room: int) -> list[str]:
    lines = [f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}"]
    for index, step in enumerate(steps):
        line = f"| {' | '.join(cell(each) for each in row(step))} |"
        room -= len(line) + 1
        if room < 0:
            return [*lines, "", f"... and {len(steps) - index} more lines; see `plan` itself."]
        lines.append(line)
    return lines


def cell(text: str) -> str:
    """Keep a text in its cell, and from being read as markup, as a link or as a mention."""
    return unlinked(" ".join(harmless(text).split()).translate(_SAFE), _APART)
