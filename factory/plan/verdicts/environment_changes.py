"""What happens to lab environments: made, made anew when changed, deleted when dropped."""

from __future__ import annotations

from collections.abc import Iterator

from factory.plan.model import Action
from factory.plan.situation.situation import EnvironmentSituation, Situation
from factory.plan.verdicts.verdict import EnvironmentVerdict
from factory.settings.environments import Replace


def judge_environments(situation: Situation) -> Iterator[EnvironmentVerdict]:
    """Judge every environment that is not as the settings say."""
    for each in situation.environments:
        if found := _fate(each):
            yield EnvironmentVerdict(each, *found)


def _fate(each: EnvironmentSituation) -> tuple[Action, str] | None:
    declared, held = each.declared, each.held
    if declared is None:
        return Action.DELETE, f"no longer declared; {held} goes with all that is in it"
    if held is None:
        return Action.CREATE, f"declared, from {declared.template}"
    if held.lower() == declared.azure_name.lower():
        return None
    first = declared.replace is Replace.CREATE_FIRST
    order = "once the new one is there" if first else "before the new one is made"
    return Action.REPLACE, f"what it is made from has changed; {held} goes {order}"
