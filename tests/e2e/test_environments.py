"""A lab environment through its life: made, made anew when changed, deleted when dropped."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.harness import DEV, TEAM_WEB, FactoryUnderTest, lab_path

CANARY = "canaryaccount4711"
KIND = "azure-native:devtestlab:Environment"
SHOP = {
    "name": "shop",
    "lab": "team-web",
    "template": "storage-account",
    "parameters": {"accountName": {"secret": "accountName"}},
}


def in_state(factory: FactoryUnderTest) -> list[dict[str, Any]]:
    return [each for each in factory.resources("dev") if each["type"] == KIND]


def repository_is_on(factory: FactoryUnderTest) -> bool:
    """The public environments are off in a new lab; its owner turns them on."""
    source = f"{lab_path(DEV, 'team-web')}/artifactsources/public environment repo"
    found = factory.arm("GET", source)
    if found["properties"]["status"] != "Enabled":
        found["properties"]["status"] = "Enabled"
        factory.arm("PUT", source, body=found)
    return bool(factory.arm("GET", f"{source}/armtemplates")["value"])


def test_an_environment_is_made_replaced_and_deleted(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB], environments=[SHOP])
    factory.until(lambda: repository_is_on(factory))
    secret = ("config", "set", "--secret", "image-factory:accountName", CANARY, "-s", "dev")
    assert factory.engine(*secret).ok
    assert "create  environment shop" in " ".join(factory.preview("dev").output.split("  "))
    factory.must_up("dev")
    (first,) = in_state(factory)
    found = factory.arm("GET", first["id"])
    assert found["properties"]["armTemplateDisplayName"] == "Storage account"
    group = found["properties"]["resourceGroupId"]
    assert factory.arm("GET", group, "2024-03-01")["name"].startswith("team-web-shop-")
    assert CANARY not in factory.export("dev")
    again = factory.must_up("dev")
    assert "environment shop" not in again.output

    # A template that does not exist: the new one is refused, and the old one stays.
    factory.configure_dev([TEAM_WEB], environments=[{**SHOP, "template": "nothing"}])
    failed = factory.up("dev")
    assert not failed.ok
    assert factory.arm("GET", first["id"])["name"] == first["outputs"]["name"]

    parameters = {**SHOP["parameters"], "sku": "Standard_ZRS"}  # type: ignore[dict-item]
    factory.configure_dev([TEAM_WEB], environments=[{**SHOP, "parameters": parameters}])
    # The old one may not go yet: the state keeps it apart, and each plan says that it is tried.
    refused = {"id": "kept", "path": "*/environments/*", "method": "DELETE", "status": 409}
    factory.control().control("POST", "faults", refused)
    ran = factory.up("dev")
    assert not ran.ok, ran.output
    assert "replace" in ran.output
    assert "goes once the new one is there" in ran.output
    assert sorted(each.get("delete", False) for each in in_state(factory)) == [False, True]
    (held,) = (each["id"] for each in in_state(factory) if not each.get("delete"))
    # Nor may one that has to go first: the run ends, no new one is made, and nothing is lost.
    parameters = {**SHOP["parameters"], "sku": "Standard_GRS"}  # type: ignore[dict-item]
    first_out = {**SHOP, "parameters": parameters, "replace": "delete-first"}
    factory.configure_dev([TEAM_WEB], environments=[first_out])
    ran = factory.up("dev")
    assert not ran.ok, ran.output
    assert "goes before the new one is made" in ran.output
    assert [each["id"] for each in in_state(factory) if not each.get("delete")] == [held]
    assert factory.arm("GET", held)["name"] in shown(factory)
    factory.control().control("DELETE", "faults")
    again = factory.must_up("dev")
    assert "a deletion that failed before is tried again" in again.output
    assert "nothing is due" not in again.output
    (second,) = in_state(factory)
    assert second["outputs"]["name"] != first["outputs"]["name"]
    assert shown(factory) == [second["outputs"]["name"]]

    # As an engine left it that deleted first and could not make the next: it is not held, whatever
    # the state's list says, and one line tells of the step that makes it.
    deleted_to_be_replaced(factory, second)
    again = factory.must_up("dev")
    assert "could not be made: it is not there" in again.output
    (third,) = in_state(factory)
    assert shown(factory) == [third["outputs"]["name"]]
    assert not third.get("pendingReplacement")
    assert "environment shop" not in factory.must_up("dev").output

    factory.configure_dev([TEAM_WEB])
    assert "no longer declared" in factory.preview("dev").output
    factory.must_up("dev")
    assert shown(factory) == []


def deleted_to_be_replaced(factory: FactoryUnderTest, environment: dict[str, Any]) -> None:
    """Delete an environment, and leave its entry as the engine does between the two halves."""
    factory.arm("DELETE", environment["id"])
    factory.until(lambda: not shown(factory))
    state = json.loads(factory.export("dev"))
    for each in state["deployment"]["resources"]:
        if each["urn"] == environment["urn"]:
            each["pendingReplacement"] = True
    file = factory.root / "half-replaced.json"
    file.write_text(json.dumps(state))
    assert factory.engine("stack", "import", "-s", "dev", "--file", str(file)).ok


def shown(factory: FactoryUnderTest) -> list[str]:
    """Names of the environments in the lab, whoever has them."""
    found = factory.arm("GET", f"{lab_path(DEV, 'team-web')}/users/@all/environments")
    return [each["name"] for each in found["value"]]
