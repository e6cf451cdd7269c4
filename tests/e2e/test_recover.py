"""A stack's state is lost: it is made again from what stands in Azure, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.harness import DEV, PROD, FactoryUnderTest, lab, lab_path
from tests.e2e.test_accidents import JAVA
from tests.e2e.test_cli import cli
from tests.e2e.test_safety import GROUP

LABS = {DEV: ("image-factory", "team-web"), PROD: ("engineering-us",)}
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


def changing(factory: FactoryUnderTest) -> list[str]:
    """List what was asked of ARM besides reading."""
    found = factory.control().control("GET", "requests", None, last="20000")["value"]
    return [
        f"{each['method']} {each['path']}"
        for each in found
        if each["method"] in {"PUT", "PATCH", "POST", "DELETE"}
        and each["path"].lower().startswith("/subscriptions/")
    ]


def lose(factory: FactoryUnderTest, stack: str) -> None:
    assert factory.engine("stack", "rm", stack, "--force", "--yes", "--preserve-config").ok
    assert factory.engine("stack", "init", stack).ok


def recovered(factory: FactoryUnderTest, stack: str, count: int) -> None:
    """Lose a stack's state and take all in again: nothing in Azure is changed by it."""
    before, asked = standing(factory), changing(factory)
    lose(factory, stack)
    written = cli(factory, "recover", "--stack", stack, "--write")
    assert f"{count} to take in, 0 left" in written.output, written.output
    # With the versions what the stack stands on: group, lab, network, its guard, or a group alone.
    made = 7 if stack == "dev" else 1
    assert f"{count + made} to adopt" in factory.must_up(stack).output
    assert json.loads(cli(factory, "orphans", "--stack", stack, "--json").output)["orphans"] == []
    # The file may stay: it says that it is not needed, and changes nothing.
    again = factory.up(stack, "--expect-no-changes")
    assert again.ok, again.output
    assert f"recovered.{stack}.yaml is not needed any more" in again.output
    assert standing(factory) == before
    assert changing(factory) == asked
    nothing = cli(factory, "recover", "--stack", stack)
    assert "Recover: nothing" in nothing.output, nothing.output


def test_a_lost_state_is_made_again_from_what_stands(factory: FactoryUnderTest) -> None:
    about = {"description": "The base", "tags": {"team": "web"}}
    factory.define("linux/base", **about)
    factory.configure_dev([lab("team-web")], keep={"newest": 2})
    factory.configure_prod([lab("engineering-us", region="eastus2")], keep={"newest": 1})
    factory.must_up("dev")
    factory.define("linux/base", **about, artifacts=[JAVA])
    factory.must_up("dev")
    factory.must_up("prod")
    _, second = factory.holding("team-web")
    recovered(factory, "dev", 2)
    recovered(factory, "prod", 1)
    factory.define("linux/base", **about, artifacts=[JAVA, JAVA])
    factory.must_up("dev")
    factory.must_up("prod")
    assert second in factory.holding("engineering-us")
    assert len(factory.holding("engineering-us")) == 2


def forget(factory: FactoryUnderTest, stack: str, *logical: str) -> None:
    """Take resources out of the state whose logical names begin so, whatever depends on them."""
    state = json.loads(factory.export(stack))
    kept, gone = [], set()
    for each in state["deployment"]["resources"]:
        name = each["urn"].rpartition("::")[2]
        if each["custom"] and name.startswith(logical):
            gone.add(each["urn"])
        else:
            kept.append(each)
    assert gone
    for each in kept:
        each["dependencies"] = [urn for urn in each.get("dependencies", ()) if urn not in gone]
        each["propertyDependencies"] = {
            name: [urn for urn in urns or () if urn not in gone]
            for name, urns in each.get("propertyDependencies", {}).items()
        }
    state["deployment"]["resources"] = kept
    file = factory.root / "forgotten.json"
    file.write_text(json.dumps(state))
    assert factory.engine("stack", "import", "--file", str(file), "-s", stack).ok


def test_lab_and_network_outside_the_state_are_taken_in_and_not_written_again(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base")
    factory.configure_dev([lab("team-web")])
    factory.must_up("dev")
    factory.must_up("dev")  # forgets the build VM
    asked = changing(factory)
    forget(factory, "dev", "factory/")
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")
    assert changing(factory) == asked


def test_what_a_lab_holds_is_taken_in_in_the_letters_in_which_it_is_declared(
    factory: FactoryUnderTest,
) -> None:
    """DevTest Labs gives ids in lower case; another letter case of a lab's name replaces."""
    factory.define("linux/base")
    factory.configure_dev([lab("Team-Web")])
    factory.must_up("dev")
    factory.must_up("dev")
    asked = changing(factory)
    forget(factory, "dev", f"linux/base@{version_of(factory)}/lab/")
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")
    assert changing(factory) == asked


def version_of(factory: FactoryUnderTest) -> str:
    (name,) = factory.holding("team-web")
    return ".".join(name.rsplit("-", 2)[1:])
