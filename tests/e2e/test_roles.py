"""The factory's roles: all works with exactly these, and none of their actions goes unused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from factory.azure.roles import Role, actions_of
from rehearsal.azure.http.routing import Router
from rehearsal.client import Client, RehearsalError, running
from tests.e2e.harness import CHECKOUT, DEV, FactoryUnderTest, lab, lab_path
from tests.e2e.test_accidents import JAVA
from tests.e2e.test_cli import cli
from tests.e2e.test_environments import repository_is_on
from tests.rehearsal.cloud import Cloud

LABS = [lab("team-web"), lab("team-data", region="northeurope")]
TARGETS = [lab("finance"), lab("engineering-us", region="eastus2")]
FACTORY = "8c0d5d1e-7a55-4f0b-b1c4-6f1f5c3e9101"
RECEIVER, LOOKER = "11c5d1e0-7a55-4f0b-b1c4-6f1f5c3e9111", "22c5d1e0-7a55-4f0b-b1c4-6f1f5c3e9222"
STORE = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory"


def estate_with_roles(folder: Path) -> Path:
    """The estate, in which nobody of the factory is Contributor any more."""
    estate = yaml.safe_load((CHECKOUT / "rehearsal/estate.yaml").read_text())
    estate["roles"] = {role.value: {"actions": actions_of(role)} for role in Role}
    for principal in estate["principals"]:
        if principal["name"] == "factory":
            principal["roles"] = {
                "Contoso Dev": Role.BUILD.value,
                lab_path(DEV, "team-web"): Role.ENVIRONMENTS.value,
            }
    looks = dict.fromkeys(("Contoso Dev", "Contoso Prod"), Role.LOOK.value)
    receives = {"Contoso Prod": Role.RECEIVE.value, STORE: Role.SOURCE.value}
    estate["principals"] += [
        {"name": "receiver", "clientId": RECEIVER, "roles": receives},
        {"name": "looker", "clientId": LOOKER, "roles": looks},
    ]
    file = folder / "estate.yaml"
    file.write_text(yaml.safe_dump(estate))
    return file


def become(factory: FactoryUnderTest, name: str, client: str) -> None:
    secret = factory.home.client_secret(name)
    factory.env |= {"ARM_CLIENT_ID": client, "ARM_CLIENT_SECRET": secret}
    factory.env |= {"AZURE_CLIENT_ID": client, "AZURE_CLIENT_SECRET": secret}


def asked(factory: FactoryUnderTest, router: Router) -> dict[str, set[str]]:
    """The actions that the record of requests shows, by principal; none was refused."""
    found: dict[str, set[str]] = {}
    for request in json.loads(factory.rehearsal("requests", "--last", "100000", "--json")):
        match = router.find(request["method"], request["path"])
        if match is None or not match[0].action:
            continue
        found.setdefault(request["who"], set()).add(match[0].action.lower())
        assert request["status"] != 403, request
    return found


def life_of_an_image(factory: FactoryUnderTest) -> None:
    """Everything that a factory ever does: build, fail, deliver, replace, refresh, retire."""
    factory.define("linux/base")
    factory.define("linux/twin", capture="specialized", fallbackSizes=["Standard_D2as_v5"])
    source = {"name": "team repo", "uri": "https://git.test/r.git"}
    kept = {"keep": {"newest": 1}, "sourceGrace": "0s"}
    parameters = {"accountName": "canaryaccount4711"}
    shop = {"name": "shop", "lab": "team-web", "template": "storage-account"}
    factory.until(lambda: repository_is_on(factory))
    factory.configure_prod(TARGETS, **kept)
    factory.rehearsal("faults", "add", "--artifact", "linux-deprovision", "--times", "1")
    builder = FACTORY
    for content, sku in (([], "Standard_LRS"), ([JAVA], "Standard_ZRS")):
        factory.define("linux/base", artifacts=content)
        own = {**shop, "parameters": {**parameters, "sku": sku}}
        factory.configure_dev(LABS, artifactSources=[source], environments=[own], **kept)
        become(factory, "factory", builder)
        factory.must_up("dev")
        become(factory, "receiver", RECEIVER)
        factory.must_up("prod")
    for stack, name, client in (("dev", "factory", builder), ("prod", "receiver", RECEIVER)):
        become(factory, name, client)
        assert factory.engine("refresh", "--yes", "-s", stack).ok
        factory.must_up(stack)
    become(factory, "factory", builder)
    factory.must_up("dev")
    become(factory, "looker", LOOKER)
    for stack in ("dev", "prod"):
        assert cli(factory, "plan", "--stack", stack).code in {0, 2}
        assert cli(factory, "orphans", "--stack", stack).ok
        # What pull requests and the nightly watch do, as who may change nothing; and a look for
        # what a lost state could be made again from.
        assert factory.engine("preview", "-s", stack).ok
        assert factory.engine("refresh", "--preview-only", "-s", stack).ok
        assert cli(factory, "recover", "--stack", stack).ok


def test_every_role_is_enough_and_nothing_too_much(
    factory: FactoryUnderTest, tmp_path: Path
) -> None:
    factory.rehearsal("stop")
    factory.start("--estate", str(estate_with_roles(tmp_path)))
    life_of_an_image(factory)
    cloud = Cloud(tmp_path / "routes.db")
    used = asked(factory, cloud.gateway.router)
    cloud.close()
    # The roles do bite: what no role has is refused.
    builder = Client(factory.home, running(factory.home))
    tenant, client = factory.env["ARM_TENANT_ID"], FACTORY
    builder.sign_in(tenant, client, factory.home.client_secret("factory"))
    with pytest.raises(RehearsalError, match="does not have authorization"):
        builder.arm("DELETE", f"{lab_path(DEV, 'image-factory')}", "2018-09-15")
    had = {
        "factory": (Role.BUILD, Role.ENVIRONMENTS),
        "receiver": (Role.RECEIVE,),
        "looker": (Role.LOOK,),
    }
    for name, roles in had.items():
        granted = {
            each.lower() for role in roles for each in actions_of(role, linked=False, adopted=False)
        }
        assert used[name] == granted, name
