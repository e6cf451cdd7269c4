"""What a stack may say of the stacks that it takes from: receivesFrom, parentsFrom, builds."""

from __future__ import annotations

from factory.common.errors import Problems
from factory.settings.stack import NAMESPACE, Settings
from factory.settings.stack_file import StackFile


def check_sources(settings: Settings, stack: StackFile, problems: Problems) -> None:
    """Note sources that are named twice or are this very stack, and patterns that take nothing."""
    named = {"receivesFrom": settings.receives_from, "parentsFrom": settings.parents_from}
    for setting, stacks in named.items():
        written = isinstance(stack.raw.get(setting), list)
        for index, name in enumerate(stacks):
            place = stack.place(setting, index) if written else stack.place(setting)
            if name in stacks[:index]:
                problems.error(
                    place, f"{NAMESPACE}:{setting} names {name!r} twice", "keep one of the two"
                )
            elif name == stack.stack:
                problems.error(
                    place,
                    f"{NAMESPACE}:{setting} names {name!r}, which is this stack itself",
                    "name the stack that builds what is wanted",
                )
    for setting, patterns in {"builds": settings.built_here, "letGo": settings.let_go}.items():
        if patterns and all(pattern.startswith("!") for pattern in patterns):
            problems.error(
                stack.place(setting),
                f"{NAMESPACE}:{setting}: only excludes, so it takes nothing",
                "say first what it takes, such as '**'",
            )
    if settings.let_go and settings.builds and not settings.built_here:
        problems.error(
            stack.place("letGo"),
            f"{NAMESPACE}:letGo is set, but this stack builds everything",
            f"say by {NAMESPACE}:builds what it still builds",
        )
