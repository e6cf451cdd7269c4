"""What the plan refuses fails the run, without stopping what can be done."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from factory.components.gates import RefusedError, gate
from factory.plan.model import Step


def spell(step: Step) -> str:
    """Write a refusal as the one line that the user reads."""
    version = f" {step.version}" if step.version else ""
    lab = f" for lab {step.lab}" if step.lab else ""
    return f"{step.identity}{version}{lab} refused: {step.reason}"


def refuse(steps: Sequence[Step], *, dry: bool) -> None:
    """Make an ``up`` end as failed for every refusal, and a preview too.

    An error that is only logged leaves the exit code at 0, and a program that raises keeps the
    engine from retiring what is due. So each refusal is a record that is never made: its gate says
    why. Gates do not run in a preview, which therefore ends with the error itself.
    """
    if dry and steps:
        raise pulumi.RunError("\n".join(spell(step) for step in steps))
    for step in steps:
        name = "/".join(("refused", step.identity, *((step.lab,) if step.lab else ())))
        line = spell(step)

        async def never(line: str = line) -> None:
            raise RefusedError(line)

        pulumi.Stash(name, input=line, opts=pulumi.ResourceOptions(hooks=gate(name, never)))
