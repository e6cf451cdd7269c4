"""What the plan refuses fails the run, without stopping what can be done."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from factory.common.names import refused_name
from factory.common.refusal_line import refusal_line
from factory.components.gates import RefusedError, gate
from factory.plan.model import Step


def refuse(steps: Sequence[Step], *, dry: bool) -> None:
    """Make an ``up`` end as failed for every refusal; a preview warns of it.

    An error that is only logged leaves the exit code at 0, and a program that raises keeps the
    engine from retiring what is due. So each refusal is a record that is never made: its gate says
    why. A preview must not fail: `pulumi up` begins with one, and would do nothing at all for one
    refusal (https://github.com/pulumi/pulumi/pull/24719). Pipelines judge the plan's file.
    """
    for step in steps:
        line = refusal_line(step.identity, step.version, step.lab, step.reason)
        if dry:
            pulumi.warn(line)
            continue
        name = refused_name(step.identity, step.lab)

        async def never(line: str = line) -> None:
            raise RefusedError(line)

        pulumi.Stash(name, input=line, opts=pulumi.ResourceOptions(hooks=gate(name, never)))
