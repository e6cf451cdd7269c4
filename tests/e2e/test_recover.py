"""A stack's state is lost: it is made again from what stands in Azure, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.harness import DEV, PROD, FactoryUnderTest, lab, lab_path
from tests.e2e.test_accidents import JAVA
from tests.e2e.test_cli import cli
from tests.e2e.test_safety import GROUP

LABS = {DEV: ("image-factory", "team-web", "team-data"), PROD: ("finance",)}
COPIES = f"/subscriptions/{PROD}/resourceGroups/rg-copies/providers/Microsoft.Compute"


def standing(factory: FactoryUnderTest) -> dict[str, Any]:
    """Everything that was made of versions, by id, as Azure tells it."""
    places = [
        f"{lab_path(subscription, name)}/customimages"
        for subscription, names in LABS.items()
        for name in names
    ]
    found = [each for place in places for each in factory.arm("GET", place)["value"]]
    for group in (GROUP, COPIES):
        found += factory.arm("GET", f"{group}/snapshots", "2024-03-02")["value"]
        found += factory.arm("GET", f"{group}/images", "2024-11-01")["value"]
    return {each["id"].lower(): each for each in found if each.get("tags")}


def lose(factory: FactoryUnderTest, stack: str) -> None:
    assert factory.engine("stack", "rm", stack, "--force", "--yes", "--preserve-config").ok
    assert factory.engine("stack", "init", stack).ok


def changing(factory: FactoryUnderTest) -> list[str]:
    """What was asked of Azure, besides reading."""
    return [
        f"{each['method']} {each['path']}"
        for each in factory.control().call("GET", "/requests")["requests"]
        if each["method"] != "GET"
    ]


def recovered(factory: FactoryUnderTest, stack: str, count: int) -> None:
    """Lose a stack's state and take all in again: nothing in Azure is changed by it."""
    before = standing(factory)
    lose(factory, stack)
    assert not factory.up(stack).ok
    shown = cli(factory, "recover", "--stack", stack)
    assert shown.ok, shown.output
    assert f"{count} to take in, 0 left" in shown.output, shown.output
    file = factory.home.work / f"recovered.{stack}.yaml"
    assert not file.exists()
    written = cli(factory, "recover", "--stack", stack, "--write")
    assert written.ok, written.output
    ran = factory.must_up(stack)
    print(shown.output, ran.output)
    assert f"{count} to adopt" in ran.output
    assert standing(factory) == before
    assert json.loads(cli(factory, "orphans", "--stack", stack, "--json").output)["orphans"] == []
    again = factory.must_up(stack)
    print(again.output)
    assert f"recovered.{stack}.yaml is not needed any more" in again.output
    assert standing(factory) == before
    file.unlink()
    quiet = factory.up(stack, "--expect-no-changes")
    assert quiet.ok, quiet.output


def test_a_lost_state_is_made_again_from_what_stands(factory: FactoryUnderTest) -> None:
    factory.define("linux/base", description="The base", tags={"team": "web"})
    factory.define("linux/java", base={"image": "linux/base"}, artifacts=[JAVA])
    dev_labs = [lab("team-web"), lab("team-data", "linux/java", region="northeurope")]
    factory.configure_dev(dev_labs, keep={"newest": 2})
    factory.configure_prod([lab("finance", "linux/base")], keep={"newest": 1})
    factory.must_up("dev")
    factory.must_up("prod")
    factory.define("linux/base", description="The base", tags={"team": "web"}, artifacts=[JAVA])
    factory.must_up("dev")
    factory.must_up("dev")
    recovered(factory, "dev", 4)
    assert factory.preview("prod").ok
    factory.must_up("prod")
    factory.must_up("prod")
    recovered(factory, "prod", 1)
