"""Two stacks build at once, one on what the other built; one stack receives from both."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.harness import DEV, FINANCE, PROD, TEAM_WEB, FactoryUnderTest, Ran
from tests.e2e.test_cli import cli

ALL = ("windows", "linux", "prod")


def configure(factory: FactoryUnderTest) -> None:
    shares: dict[str, dict[str, Any]] = {
        "windows": {"builds": ["base/**"], "labs": [TEAM_WEB]},
        "linux": {"builds": ["linux/**"], "parentsFrom": ["windows"]},
    }
    for stack, share in shares.items():
        group = f"rg-{stack}-på-øen"  # letters of every script, as Azure takes them
        lab = {"name": f"factory-{stack}", "resourceGroup": group, "create": True}
        factory.configure(stack, DEV, resourceGroup=group, factoryLab=lab, **share)
    receives = ["windows", "linux"]
    factory.configure(
        "prod", PROD, resourceGroup="rg-copies", receivesFrom=receives, labs=[FINANCE]
    )


def at_once(factory: FactoryUnderTest, *stacks: str) -> list[Ran]:
    with ThreadPoolExecutor() as pool:
        ran = list(pool.map(factory.up, stacks))
    for each in ran:
        assert each.ok, each.output
    return ran


def names(factory: FactoryUnderTest, lab: str) -> list[str]:
    return [re.sub(r"-20\d{6}-\d+$", "", name) for name in factory.holding(lab)]


def test_stacks_that_build_at_once_and_one_that_receives_from_both(
    factory: FactoryUnderTest,
) -> None:
    factory.define("base/ubuntu")
    factory.define("linux/tools", base={"image": "base/ubuntu"})
    configure(factory)

    # The first runs: there is nothing yet that the child could be built on.
    _, second = at_once(factory, "windows", "linux")
    assert "windows offers no good version of it yet" in second.output
    _, second = at_once(factory, "windows", "linux")
    assert "1 to build, 1 to receive" in second.output
    assert names(factory, "factory-linux") == ["base-ubuntu", "linux-tools"]
    assert names(factory, "factory-windows") == names(factory, "team-web") == ["base-ubuntu"]

    at_once(factory, "linux", "prod")
    assert names(factory, "finance") == ["base-ubuntu", "linux-tools"]
    for ran in at_once(factory, *ALL):
        assert "unchanged" in ran.output
        for what in ("created", "updated", "replaced", "deleted"):
            assert not ran.step_count(what), ran.output
    asked: list[tuple[str, ...]] = [("orphans", "--stack", stack) for stack in ALL]
    asked.append(("forecast", "--stack", "prod", "--weeks", "1"))
    *left, ahead = [cli(factory, *words) for words in asked]
    for ran in left:
        assert ran.output.startswith("Orphans: none"), ran.output
    assert ahead.ok, ahead.output
    assert "finance" in ahead.output
