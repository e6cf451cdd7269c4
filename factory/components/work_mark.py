"""The mark of work in the state: made by an update that does the work, and by nothing else.

Applies run in every operation that runs the program: also in `refresh --run-program`, in
`destroy --run-program` and for what `up --target` leaves out. Only an update creates something, so
work that goes on with what the state has already waits for a mark that is created in this very run.
The next run drops it. What is new in the state is such a mark by itself.
"""

from __future__ import annotations

from typing import Any

import pulumi

from factory.components.proof import proven
from factory.components.run_context import Run


def work_mark(run: Run, work: str, parent: pulumi.Resource | None = None) -> pulumi.Output[Any]:
    """Declare this run's mark of a work, by its name; known once that may begin."""
    opts = pulumi.ResourceOptions(parent=parent)
    return proven(pulumi.Stash(f"{work}/{run.began}", input=run.began, opts=opts))
