"""The bootstrap with the real engine: made once, unchanged after, not destroyed; roles in place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from bootstrap.program import MADE_HERE
from factory.azure.roles import Role, actions_of
from factory.components.roles import role_id
from tests.e2e.harness import CHECKOUT, DEV, PROD, FactoryUnderTest, Ran, lab_path

STACK = "pipelines"
GROUP = f"/subscriptions/{PROD}/resourceGroups/rg-image-factory-pipelines"
SOURCE = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory"
FINANCE = lab_path(PROD, "finance")
OWNER = "4e1b9a70-2c83-4d7e-8f15-9a0c6b2d9102"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"


class Bootstrap:
    """Its own work folder, beside that of the factory under test."""

    def __init__(self, factory: FactoryUnderTest, folder: Path) -> None:
        self.factory, self.work = factory, folder / "bootstrap"
        self.work.mkdir()
        project = yaml.safe_load((CHECKOUT / "bootstrap/Pulumi.yaml").read_text())
        project |= {"main": str(CHECKOUT / "bootstrap"), "runtime": "python"}
        (self.work / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        own = (CHECKOUT / f"bootstrap/Pulumi.{STACK}.yaml").read_text()
        (self.work / f"Pulumi.{STACK}.yaml").write_text(own)

    def __call__(self, *args: str) -> Ran:
        return self.factory.engine("-C", str(self.work), *args)

    def up(self) -> Ran:
        ran = self("up", "--yes", "--skip-preview", "-s", STACK)
        assert ran.ok, ran.output
        return ran

    def outputs(self) -> dict[str, Any]:
        ran = self("stack", "output", "--json", "-s", STACK)
        found: dict[str, Any] = json.loads(ran.output)
        return found

    def at(self, scope: str) -> list[dict[str, Any]]:
        """Give what is assigned at a scope itself; what is above and below is listed with it."""
        listed = self.factory.arm("GET", f"{scope}/{ASSIGNMENTS}", "2022-04-01")["value"]
        found = [each["properties"] for each in listed]
        return [each for each in found if each["scope"].lower() == scope.lower()]


def sign_in_as_owner(factory: FactoryUnderTest) -> None:
    secret = factory.home.client_secret("estate-owner")
    factory.env |= {"ARM_CLIENT_ID": OWNER, "ARM_CLIENT_SECRET": secret}


def written(state: Path) -> dict[Path, int]:
    """When each file and folder of the state was last changed: a lock would show in its folder."""
    return {path: path.stat().st_mtime_ns for path in (state, *state.rglob("*"))}


def test_made_once_completed_later_and_never_destroyed(
    factory: FactoryUnderTest, tmp_path: Path
) -> None:
    bootstrap = Bootstrap(factory, tmp_path)
    assert bootstrap("stack", "init", STACK).ok
    refused = bootstrap("up", "--yes", "--skip-preview", "-s", STACK)
    assert not refused.ok, "who runs the factory must not be able to give itself rights"
    assert "does not have authorization to perform action" in refused.output
    sign_in_as_owner(factory)
    factory.arm("DELETE", FINANCE)
    first = bootstrap.up()
    waits = set(re.findall(r"(\S+) is not there yet, so (.+?) is not", first.output))
    assert waits == {(FINANCE, Role.RECEIVE.value)}
    # Nobody needs a right to make groups: they are made here, in the subscription of their stack.
    assert set(factory.arm("GET", SOURCE, "2021-04-01")["tags"]) == {MADE_HERE}
    for role in Role:
        made = factory.arm("GET", role_id(role, [DEV, PROD]), "2022-05-01-preview")["properties"]
        assert (made["roleName"], made["type"]) == (role.value, "CustomRole")
        assert made["permissions"][0]["actions"] == actions_of(role)
    told = bootstrap.outputs()
    identity = (
        f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-image-factory"
    )
    prod = factory.arm("GET", f"{identity}-prod", "2023-01-31")["properties"]
    assert told["clientIds"]["prod"] == prod["clientId"]
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/contosoimagefactory"
    found = factory.arm("GET", account, "2024-01-01")["properties"]
    assert (found["allowSharedKeyAccess"], found["supportsHttpsTrafficOnly"]) == (False, True)
    service = factory.arm("GET", f"{account}/blobServices/default", "2024-01-01")["properties"]
    assert service["isVersioningEnabled"] is True
    assert told["secretsProvider"].startswith("azurekeyvault://contoso-image-factory.vault")

    factory.arm("PUT", FINANCE, body={"location": "westeurope"})
    factory.until(lambda: factory.arm("GET", FINANCE)["properties"].get("vaultName"))
    second = bootstrap.up()
    assert (second.step_count("created"), "not there yet" in second.output) == (1, False)
    (delivery,) = bootstrap.at(FINANCE)
    assert delivery["principalId"] == prod["principalId"]
    assert delivery["roleDefinitionId"] == role_id(Role.RECEIVE, [DEV, PROD])
    (copies,) = [
        each for each in bootstrap.at(SOURCE) if each["principalId"] == prod["principalId"]
    ]
    assert copies["roleDefinitionId"] == role_id(Role.SOURCE, [DEV, PROD])
    # What is assigned below it, on the states, is listed too.
    home = f"/subscriptions/{PROD}"
    (reader,) = [each for each in bootstrap.at(home) if each["scope"].lower() == home]
    assert reader["roleDefinitionId"] == role_id(Role.LOOK, [DEV, PROD])
    assert bootstrap("refresh", "--yes", "-s", STACK).ok
    before = written(factory.home.state)
    assert bootstrap("preview", "--expect-no-changes", "-s", STACK).ok
    assert written(factory.home.state) == before, "who previews may only read the state"
    refused = bootstrap("destroy", "--yes", "-s", STACK)
    assert not refused.ok
    assert "because it is protected" in refused.output
    assert copies in bootstrap.at(SOURCE), "refused before anything was touched"
    assert factory.arm("GET", account, "2024-01-01")["name"] == "contosoimagefactory"
