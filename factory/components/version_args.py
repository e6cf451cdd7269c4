"""What a version is declared with, and the room that its parts need before they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from factory.common import names
from factory.components.capture import Capture
from factory.components.delivery import Delivery
from factory.components.factory_lab import FactoryLabComponent
from factory.components.gates import Check, Mark, clear_leftover, gate
from factory.components.machine.lab_vm import Parent
from factory.components.run_context import Run
from factory.plan.model import VersionPlan


@dataclass(frozen=True)
class VersionArgs:
    """What a version is declared with; a receiving stack has neither lab nor capture."""

    run: Run
    plan: VersionPlan
    group: pulumi.Output[str]
    deliveries: Mapping[str, Delivery]
    lab: FactoryLabComponent | None = None
    capture: Capture | None = None
    parent: Parent | None = None


def room_for(
    args: VersionArgs, part: str, outcome: pulumi.Output[dict[str, str]], *checks: Check
) -> pulumi.ResourceHookBinding:
    """Judge what is being built by ``checks``, then make room for its part: source or capture.

    What an attempt of the very same version left there is in the way, and goes; nothing else does.
    """
    run, plan = args.run, args.plan
    name = names.image_name(plan.identity, plan.version)
    resource = run.compute_id("snapshots", name)
    if part == "capture":
        resource = f"{args.lab.id if args.lab else ''}/customimages/{name}"

    async def room() -> None:
        ended = await outcome.future()
        # Without an outcome nothing is known to be a leftover, so nothing is cleared.
        attempt = ended["attempt"] if ended else ""
        mark = Mark(run.owner, plan.build, attempt)
        await clear_leftover(run.waiter, resource, mark)

    made = names.part(plan.identity, plan.version, part)
    return gate(f"{made} may be made", *checks, room)
