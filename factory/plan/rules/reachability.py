"""Labs that this stack serves and cannot reach now: each is told of, and the others are served.

Nothing is deleted or given up because of that: what the ledger has there is declared as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from factory.plan.inputs import Inputs
from factory.plan.model import Action, Step
from factory.settings.stack import NAMESPACE

EVERY_IMAGE = "every image"


def unreached(inputs: Inputs) -> Mapping[str, tuple[str, str]]:
    """Say of each lab out of reach what is wrong and what to do.

    A lab that never held anything and is not there is a mistake in the settings, which stops the
    run (factory/plan/rules/guards.py); one that is gone meanwhile is somebody else's deed.
    """
    settings = inputs.settings
    found = {
        lab.name: (
            f"there is no lab {lab.name} in resource group {lab.resource_group} any more",
            f"ask its owner; if it is gone for good, take it out of {NAMESPACE}:labs",
        )
        for lab in settings.labs
        if lab.name in inputs.gone
    }
    denied = {
        lab: (f"it cannot be read: {reason}", "give the identity its role there (permissions.md)")
        for lab, reason in inputs.observed.unread.items()
    }
    return {**found, **denied}


def refusals(inputs: Inputs) -> list[Step]:
    """Give the lines of the plan that refuse what these labs should get."""
    return [
        Step(Action.REFUSE, EVERY_IMAGE, "", f"{what} -> {todo}; the other labs are served", lab)
        for lab, (what, todo) in unreached(inputs).items()
    ]
