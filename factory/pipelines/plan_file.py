"""A run's own plan as a file, where the variable says so: what a pipeline makes its comment of.

It is the very plan of that run, not one made once more; and where a guard stopped the run, or it
could not begin, the file says that. ``stopped`` is null, or ``{kind, text}`` with ``guard``,
``waits`` (its source never ran) or ``error`` for its kind.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from factory.common.errors import FactoryError
from factory.common.text_file import replace_text
from factory.pipelines.approval import check
from factory.plan.inputs import Inputs
from factory.plan.model import Plan
from factory.plan.reports.json_report import PLAN_SCHEMA, plan_data

VARIABLE, APPROVED = "IMAGE_FACTORY_PLAN_FILE", "IMAGE_FACTORY_APPROVED"
GUARD, WAITS, ERROR = "guard", "waits", "error"


def note_plan(inputs: Inputs, plan: Plan) -> None:
    """Write a plan down, if it is wanted; and compare it with what was approved, if anything was.

    Raises :class:`FactoryError` if that cannot be done, and if it is another plan.
    """
    data = plan_data(inputs, plan)
    _write({**data, "stopped": None})
    if approval := os.environ.get(APPROVED):
        check(approval, data)


def note_stop(stack: str, kind: str, text: str) -> None:
    """Write down why there is no plan, if it is wanted. Raises :class:`FactoryError`."""
    stopped = {"kind": kind, "text": text}
    _write({"schema": PLAN_SCHEMA, "stack": stack, "steps": [], "stopped": stopped})


def read_plan(path: Path) -> dict[str, Any] | None:
    """Read what a run wrote; None if it came to no plan, or the file is none of ours."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == PLAN_SCHEMA else None


def _write(content: dict[str, Any]) -> None:
    name = os.environ.get(VARIABLE)
    if not name:
        return
    path = Path(name)
    try:
        replace_text(path, json.dumps(content, indent=2) + "\n")
    except OSError as error:
        msg = f"{VARIABLE}: {path} cannot be written: {error.strerror}"
        raise FactoryError(msg) from None
