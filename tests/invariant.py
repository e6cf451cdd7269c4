"""What the whole suite keeps: the engine does nothing that the plan did not say.

The engine writes its events beside every run and preview, the program its plan; both are compared
at no further command. Counted per process: ``tests/conftest.py`` sums up and shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from factory.pipelines.event_log import OPTION, SHOWN, read_events
from factory.pipelines.plan_file import VARIABLE, read_plan
from factory.plan.explanation.engine_steps import engine_steps, unexplained

COMPARED = ("up", "preview")


@dataclass
class Count:
    """How many steps were compared, and which of them no line explained."""

    compared: int = 0
    unexplained: int = 0


COUNT = Count()


@dataclass(frozen=True)
class Watched:
    """One command of the engine; ``options`` and ``variables`` have it write what is compared."""

    plan: Path
    events: Path

    @classmethod
    def begin(cls, folder: Path) -> Watched:
        own = Path(mkdtemp(prefix="watched-", dir=folder))
        return cls(own / "plan.json", own / "events.json")

    @property
    def options(self) -> tuple[str, ...]:
        return (OPTION, str(self.events))

    @property
    def variables(self) -> dict[str, str]:
        return {**SHOWN, VARIABLE: str(self.plan)}

    def check(self, said: str) -> None:
        plan = read_plan(self.plan)
        # Another program (that of the roles, say) has no plan, one of an old release names nothing.
        if plan is None or not all("resource" in line for line in plan["steps"]):
            return
        steps = list(engine_steps(read_events(self.events) or ()))
        found = unexplained(steps, plan["steps"])
        COUNT.compared += len(steps)
        COUNT.unexplained += len(found)
        told = ", ".join(map(str, found))
        assert not found, f"the plan does not explain: {told}\n{said}"
