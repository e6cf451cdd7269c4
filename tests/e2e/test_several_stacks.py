"""Two stacks build at once, one on what the other built; one stack receives from both."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.harness import (
    DEV,
    FINANCE,
    PROD,
    TEAM_DATA,
    TEAM_WEB,
    FactoryUnderTest,
    Ran,
    lab_path,
)
from tests.e2e.test_cli import cli

ALL = ("windows", "linux", "prod")


def group_of(stack: str) -> str:
    """Name a group in letters of every script, as Azure takes them."""
    return f"rg-{stack}-på-øen"


def configure(factory: FactoryUnderTest) -> None:
    shares: dict[str, dict[str, Any]] = {
        "windows": {"builds": ["base/**"], "labs": [TEAM_WEB]},
        "linux": {"builds": ["linux/**"], "parentsFrom": ["windows"]},
    }
    for stack, share in shares.items():
        group = group_of(stack)
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
    another_company_takes_nothing(factory)


def standing(factory: FactoryUnderTest) -> dict[str, Any]:
    """What any stack called `windows` made of versions in one group and a lab of everybody."""
    group = f"/subscriptions/{DEV}/resourceGroups/{group_of('windows')}"
    found = factory.arm("GET", f"{group}/providers/Microsoft.Compute/snapshots", "2024-03-02")
    labs = [f"{group}/providers/Microsoft.DevTestLab/labs/factory-windows"]
    images = [
        each
        for place in (*labs, lab_path(DEV, "team-web"))
        for each in factory.arm("GET", f"{place}/customimages")["value"]
    ]
    found = {each["id"].lower(): each for each in [*found["value"], *images]}
    return {key: each for key, each in found.items() if owner_of(each).endswith("/windows")}


def owner_of(thing: dict[str, Any]) -> str:
    return str((thing.get("tags") or {}).get("image-factory-stack", ""))


def another_company_takes_nothing(factory: FactoryUnderTest) -> None:
    """Another state, with the same stack, definition and settings in the same subscription."""
    before, ours = standing(factory), factory.env["PULUMI_BACKEND_URL"]
    assert len(before) == 3
    backend = factory.root / "contoso"
    backend.mkdir()
    factory.env["PULUMI_BACKEND_URL"] = f"file://{backend}"
    assert factory.engine("stack", "init", "windows").ok
    refused = factory.up("windows")
    assert not refused.ok
    assert "if another factory has a stack of that name, call this one otherwise" in refused.output

    # With a group and a lab of its own it builds; the lab of both has the other's image. On one day
    # both would give the same number, and the lab has room for one image of a name.
    factory.rehearsal("clock", "--advance", "1d")
    own = {"name": "contoso", "resourceGroup": "rg-contoso", "create": True}
    place: dict[str, Any] = {"resourceGroup": "rg-contoso", "factoryLab": own}
    place["builds"] = ["base/**"]
    factory.configure("windows", DEV, **place, labs=[TEAM_WEB])
    factory.must_up("windows")
    factory.must_up("windows")
    both = standing(factory)
    assert len(both.keys() - before.keys()) == 1
    assert {key: each for key, each in both.items() if key in before} == before
    # It retires its own, and the other's stays in the lab of both; nobody's is an orphan.
    factory.configure("windows", DEV, **place, labs=[TEAM_DATA], maxRetirements=9)
    for _ in range(2):
        factory.must_up("windows")
    left = cli(factory, "orphans", "--stack", "windows", "--delete", "--yes")
    assert left.output.startswith("Orphans: none")
    assert standing(factory) == before
    factory.env["PULUMI_BACKEND_URL"] = ours
    configure(factory)
    factory.must_up("windows", "--expect-no-changes")
    left = cli(factory, "orphans", "--stack", "windows", "--delete", "--yes")
    assert left.output.startswith("Orphans: none")
    assert standing(factory) == before
