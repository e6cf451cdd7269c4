"""What happens to lab environments: made, made anew when changed, deleted when dropped. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Step
from factory.settings.environments import Replace


def plan_environments(inputs: Inputs, draft: Draft) -> None:
    """Note a step for every environment that is not as the settings say.

    Deletions count with what retires for nothing: a misspelt setting must not read as a wish.
    """
    steps = list(_steps(inputs))
    draft.steps += steps
    gone = [step for step in steps if step.action is Action.DELETE]
    draft.unreplaced += [f"{step.identity} in {step.lab}" for step in gone]


def _steps(inputs: Inputs) -> Iterator[Step]:
    held = inputs.ledger.environments
    declared = {each.logical_name: each for each in inputs.settings.environments}
    for name, each in sorted(declared.items()):
        shown = f"environment {each.name}"
        if name not in held:
            yield Step(Action.CREATE, shown, "", f"declared, from {each.template}", each.lab)
        elif held[name].lower() != each.azure_name.lower():
            first = each.replace is Replace.CREATE_FIRST
            order = "once the new one is there" if first else "before the new one is made"
            reason = f"what it is made from has changed; {held[name]} goes {order}"
            yield Step(Action.REPLACE, shown, "", reason, each.lab)
    for name in sorted(held.keys() - declared.keys()):
        _, lab, own = name.split("/", 2)
        reason = f"no longer declared; {held[name]} goes with all that is in it"
        yield Step(Action.DELETE, f"environment {own}", "", reason, lab)
