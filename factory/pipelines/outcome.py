"""How a run of one stack ended, in the few words that a pipeline and its readers act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from factory.common.refusal_line import refusal_line
from factory.pipelines.plan_file import GUARD, WAITS
from factory.plan.explanation.engine_steps import EngineStep
from factory.plan.model import Action
from factory.plan.verdicts.offers import WAITS_FOR_APPROVAL

_FORGET = "forget"


class Result(StrEnum):
    """What became of a run."""

    NOTHING = "nothing-due"
    DONE = "done"
    NOT_YET = "not-yet"
    CUT_OFF = "cut-off"
    PARTLY = "partly-failed"
    STOPPED = "stopped"
    ERROR = "error"


# 2 means what it means for `plan`: there was something to do.
_CODES = {
    Result.NOTHING: 0,
    Result.DONE: 2,
    Result.NOT_YET: 6,
    Result.CUT_OFF: 5,
    Result.PARTLY: 3,
    Result.STOPPED: 4,
    Result.ERROR: 1,
}
# Services take everything but 0 as a failure; a run that was cut off is gone on with by the next,
# and a stack whose source never ran is brought up after it.
_GOOD = frozenset({Result.NOTHING, Result.DONE, Result.NOT_YET, Result.CUT_OFF})
_OF_STOPS = {GUARD: Result.STOPPED, WAITS: Result.NOT_YET}


@dataclass(frozen=True)
class Notice:
    """One thing that somebody should hear of. ``kind`` is error, warning or notice."""

    kind: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """How one stack came out."""

    stack: str
    result: Result
    notices: tuple[Notice, ...] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)

    def exit_code(self, *, distinct: bool) -> int:
        """Give the exit code; without ``distinct`` all that went well is 0."""
        return 0 if not distinct and self.result in _GOOD else _CODES[self.result]


def worst(outcomes: Sequence[Outcome]) -> Result:
    """Give the result of several stacks together: that of the one that came out worst."""
    order = list(Result)
    return max((each.result for each in outcomes), key=order.index, default=Result.NOTHING)


def judge(
    stack: str,
    plan: Mapping[str, Any] | None,
    *,
    succeeded: bool,
    cut_off: bool = False,
    troubles: Sequence[str] = (),
    unsaid: Sequence[EngineStep] = (),
) -> Outcome:
    """Judge a run by its exit and by what it wrote of its plan (see ``plan_file``).

    A preview succeeds though its plan refuses something, which the run then fails for. ``unsaid``
    is what the engine does and the plan does not say: nobody has agreed to lose anything by it.
    """
    refused = _refused(plan or {}) if succeeded else []
    notices = [Notice("error", text) for text in (*troubles, *refused)]
    stopped = (plan or {}).get("stopped")
    if stopped:
        lines = str(stopped["text"]).splitlines()
        told = [line.strip() for line in lines[1:]] or lines
        result = _OF_STOPS.get(stopped["kind"], Result.ERROR)
        kind = "warning" if result is Result.NOT_YET else "error"
        notices = [Notice(kind, line) for line in told]
    elif cut_off:
        text = "the time was up; what is under way in Azure goes on, and the next run with it"
        result, notices = Result.CUT_OFF, [Notice("warning", text)]
    elif not succeeded or refused or any(step.loses for step in unsaid):
        result = Result.PARTLY if plan else Result.ERROR
    elif plan and not changes_of(plan) and not unsaid:
        result = Result.NOTHING
    else:
        result = Result.DONE
    notices += [
        Notice("error" if step.loses else "warning", f"not in the plan: {step} -> report it")
        for step in unsaid
    ]
    if result is not Result.ERROR or not notices:
        notices += waiting(plan or {})
    return Outcome(stack, result, tuple(dict.fromkeys(notices)), plan or {})


def _refused(plan: Mapping[str, Any]) -> list[str]:
    return [
        refusal_line(step["image"], step["version"] or "", step["lab"] or "", step["why"])
        for step in plan.get("steps", ())
        if step["action"] == Action.REFUSE
    ]


def changes_of(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the steps of a plan that somebody cares for.

    That a build VM was released leaves an entry in the state, which the next run forgets.
    """
    steps = plan.get("steps", ())
    return [step for step in steps if step["changes"] and step["action"] != _FORGET]


def waiting(plan: Mapping[str, Any]) -> list[Notice]:
    """Name the versions that wait for somebody's word."""
    return [
        Notice("warning", f"{step['image']}: {step['why']}")
        for step in plan.get("steps", ())
        if WAITS_FOR_APPROVAL in step["why"]
    ]
