"""The plan as a short table that people read before they say yes."""

from __future__ import annotations

from collections.abc import Sequence

from factory.common.errors import harmless
from factory.plan.model import CHANGES, Action, Plan, Step

HEADS = ("action", "image", "version", "lab", "why")


def plan_table(plan: Plan) -> str:
    """Write what will happen, one line per step; what merely stays is counted, not listed.

    What it costs is the last line of a plan that changes something.
    Returns several lines without a trailing newline.
    """
    lines = [headline(plan)]
    if listed := [*changing(plan), *waiting(plan), *warned(plan)]:
        lines += table(HEADS, [row(step) for step in listed])
    if changing(plan):
        lines.append(str(plan.cost))
    return "\n".join(lines)


def headline(plan: Plan) -> str:
    """Sum a plan up in one sentence that begins with ``Plan:``."""
    changes = changing(plan)
    kept = sum(step.action is Action.KEEP and not step.lab for step in plan.steps)
    stays = (
        f"{kept} version{'s' if kept != 1 else ''} kept as {'they are' if kept != 1 else 'it is'}"
    )
    waits = f"; {len(waiting(plan))} waiting" if waiting(plan) else ""
    return f"Plan: {_summary(changes) if changes else 'nothing is due'}{waits}; {stays}."


def changing(plan: Plan) -> list[Step]:
    """Give the steps that change something, in the order of the plan."""
    return [step for step in plan.steps if step.action in CHANGES]


def waiting(plan: Plan) -> list[Step]:
    """Give the steps that a later run will take: they change nothing now, but a reader asks."""
    return [step for step in plan.steps if step.action is Action.WAIT]


def warned(plan: Plan) -> list[Step]:
    """Give the steps that only say what somebody has to know."""
    return [step for step in plan.steps if step.action is Action.WARN]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay out rows in columns as wide as their widest cell; the last column runs free.

    A name or a reason of somebody else is no command to the terminal that shows it.
    """
    rows = [[harmless(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in (heads, *rows)) for index in range(len(heads) - 1)]
    return [
        "  "
        + "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]
        )
        for row in (heads, *rows)
    ]


def row(step: Step) -> tuple[str, str, str, str, str]:
    """Give the cells of one step under :data:`HEADS`."""
    return (step.action.value, step.identity, step.version or "-", step.lab or "-", step.reason)


def _summary(changes: Sequence[Step]) -> str:
    counts: dict[Action, int] = {}
    for step in changes:
        counts[step.action] = counts.get(step.action, 0) + 1
    return ", ".join(f"{count} to {action.value}" for action, count in counts.items())
