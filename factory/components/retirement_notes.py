"""Notes in the state since when a version, or its image in one lab, is going or gone."""

from __future__ import annotations

import pulumi

from factory.common import names
from factory.plan.model import VersionPlan


def note_going(plan: VersionPlan, opts: pulumi.ResourceOptions) -> None:
    """Declare a note of when it retired, and one for each mark that it is to retire."""
    moments = {("retiring", lab) if lab else ("retiring",): t for lab, t in plan.retiring.items()}
    if plan.retired is not None:
        moments["retired",] = plan.retired
    for path, since in moments.items():
        pulumi.Stash(
            names.part(plan.identity, plan.version, *path),
            input=since.isoformat(timespec="seconds"),
            opts=opts,
        )
