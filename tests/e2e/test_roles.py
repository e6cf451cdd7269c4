"""The factory's roles where the bootstrap assigns them: all works with exactly these, no action
goes unused, and what belongs to others in the same subscription is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
import yaml

from bootstrap.access import Right, looking, read_stacks, rights
from factory.azure.roles import Role, actions_of
from factory.common.errors import Problems
from factory.components.roles import role_id
from rehearsal.azure.http.routing import Router
from rehearsal.client import Client, RehearsalError, running
from tests.e2e.harness import CHECKOUT, DEV, PROD, FactoryUnderTest, lab, lab_path
from tests.e2e.test_accidents import JAVA
from tests.e2e.test_cli import cli
from tests.e2e.test_environments import repository_is_on
from tests.rehearsal.cloud import Cloud

LABS = [lab("team-web")]
TARGETS = [lab("finance"), lab("engineering-us", region="eastus2")]
FACTORY = "8c0d5d1e-7a55-4f0b-b1c4-6f1f5c3e9101"
RECEIVER, LOOKER = "11c5d1e0-7a55-4f0b-b1c4-6f1f5c3e9111", "22c5d1e0-7a55-4f0b-b1c4-6f1f5c3e9222"
OWN_LAB = {"name": "image-factory", "resourceGroup": "rg-image-factory", "create": True}
OWN_LAB |= {"vmResourceGroup": "rg-image-factory-vms"}
SHOP = {"name": "shop", "lab": "team-web", "template": "storage-account"}
GROUPS = {
    DEV: ("rg-image-factory", "rg-image-factory-vms"),
    PROD: ("rg-copies",),
}
# Of others in the same subscription, by the name of a lab that no stack of the factory names.
OTHERS = {DEV: "team-data", PROD: "support"}
SNAPSHOTS = "providers/Microsoft.Compute/snapshots"


def estate_without_rights(folder: Path) -> Path:
    """The estate, in which nobody of the factory has any role."""
    estate = yaml.safe_load((CHECKOUT / "rehearsal/estate.yaml").read_text())
    for principal in estate["principals"]:
        if principal["name"] == "factory":
            principal["roles"] = {}
    estate["principals"] += [
        {"name": "receiver", "clientId": RECEIVER},
        {"name": "looker", "clientId": LOOKER},
    ]
    file = folder / "estate.yaml"
    file.write_text(yaml.safe_dump(estate))
    return file


def assign(factory: FactoryUnderTest, client: str, held: Iterable[Right]) -> None:
    """Assign roles as the bootstrap does, where it does."""
    definitions = "2022-05-01-preview"
    for right in held:
        scopes = [f"/subscriptions/{DEV}", f"/subscriptions/{PROD}"]
        permissions = [{"actions": actions_of(right.role)}]
        body: dict[str, Any] = {"roleName": right.role.value, "type": "CustomRole"}
        body |= {"assignableScopes": scopes, "permissions": permissions}
        role = role_id(right.role, [DEV, PROD])
        factory.arm("PUT", role, definitions, {"properties": body})
        name = uuid5(NAMESPACE_URL, f"{client}{right}")
        path = f"{right.scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
        # Azure compares scopes without letter case.
        given = {"roleDefinitionId": role, "principalId": str(uuid5(NAMESPACE_URL, client))}
        given["principalType"] = "ServicePrincipal"
        factory.arm("PUT", path.replace("rg-", "RG-"), "2022-04-01", {"properties": given})


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


def configured(factory: FactoryUnderTest, sku: str) -> None:
    source = {"name": "team repo", "uri": "https://git.test/r.git"}
    kept = {"keep": {"newest": 1}, "sourceGrace": "0s"}
    own = {**SHOP, "parameters": {"accountName": "canaryaccount4711", "sku": sku}}
    more = {"artifactSources": [source], "environments": [own], "factoryLab": OWN_LAB}
    factory.configure_dev(LABS, **more, **kept)
    factory.configure_prod(TARGETS, **kept)


def life_of_an_image(factory: FactoryUnderTest) -> None:
    """Everything that a factory ever does: build, fail, deliver, replace, refresh, retire."""
    factory.define("linux/base")
    factory.define("linux/twin", capture="specialized", fallbackSizes=["Standard_D2as_v5"])
    factory.until(lambda: repository_is_on(factory))
    factory.rehearsal("faults", "add", "--artifact", "linux-deprovision", "--times", "1")
    builder = FACTORY
    for content, sku in (([], "Standard_LRS"), ([JAVA], "Standard_ZRS")):
        factory.define("linux/base", artifacts=content)
        configured(factory, sku)
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


def test_every_role_is_enough_where_it_is_assigned_and_nothing_too_much(
    factory: FactoryUnderTest, tmp_path: Path
) -> None:
    factory.rehearsal("stop")
    factory.start("--estate", str(estate_without_rights(tmp_path)))
    for subscription, groups in GROUPS.items():
        for group in groups:  # as the bootstrap makes them
            path = f"/subscriptions/{subscription}/resourceGroups/{group}"
            factory.arm("PUT", path, "2021-04-01", {"location": "westeurope"})
    configured(factory, "Standard_LRS")
    problems = Problems()
    stacks = read_stacks(factory.home.work, ["dev", "prod"], problems)
    assert set(stacks) == {"dev", "prod"}
    assign(factory, FACTORY, rights("dev", stacks))
    assign(factory, RECEIVER, rights("prod", stacks))
    assign(factory, LOOKER, looking(stacks))
    backups = {at: backup(factory, at, name) for at, name in OTHERS.items()}
    life_of_an_image(factory)
    cloud = Cloud(tmp_path / "routes.db")
    used = asked(factory, cloud.gateway.router)
    cloud.close()
    held = {
        "factory": {right.role for right in rights("dev", stacks)},
        "receiver": {right.role for right in rights("prod", stacks)},
        "looker": {Role.LOOK},
    }
    for name, roles in held.items():
        granted = {
            each.lower() for role in roles for each in actions_of(role, linked=False, adopted=False)
        }
        # The tags of a group, which only a stack that made it changes: here others did.
        assert granted - used[name] <= {"microsoft.resources/subscriptions/resourcegroups/write"}
        assert used[name] <= granted, name
    builder_is_refused(factory, backups[DEV])
    receiver_is_refused(factory, backups[PROD])


def machine_and_disk(factory: FactoryUnderTest, vm: str) -> tuple[str, str]:
    """Give the ids of what is behind a lab VM."""
    compute = str(factory.arm("GET", vm)["properties"]["computeId"])
    profile = factory.arm("GET", compute, "2024-11-01")["properties"]["storageProfile"]
    return compute, str(profile["osDisk"]["managedDisk"]["id"])


def backup(factory: FactoryUnderTest, subscription: str, name: str) -> str:
    """Make the snapshot of somebody else; gives its id."""
    path = f"/subscriptions/{subscription}/resourceGroups/rg-{name}/{SNAPSHOTS}/backup"
    _, disk = machine_and_disk(factory, f"{lab_path(DEV, 'team-web')}/virtualmachines/web-build-01")
    properties = {"creationData": {"createOption": "Copy", "sourceResourceId": disk}}
    body = {"location": "westeurope", "properties": properties}
    factory.arm("PUT", path, "2024-03-02", body)
    return path


REFUSAL = re.compile("does not have (authorization|permission)")


def refused(
    factory: FactoryUnderTest, who: tuple[str, str], *calls: tuple[str, str, str, Any]
) -> None:
    """Try calls as somebody, each in Azure's letters and in others; all have to be refused."""
    name, client = who
    caller = Client(factory.home, running(factory.home))
    caller.sign_in(factory.env["ARM_TENANT_ID"], client, factory.home.client_secret(name))
    for method, path, version, body in calls:
        for spelled in (path, path.replace("rg-", "RG-")):
            with pytest.raises(RehearsalError, match=REFUSAL):
                caller.arm(method, spelled, version, body)


def builder_is_refused(factory: FactoryUnderTest, snapshot: str) -> None:
    """Nothing of another team in the builder's subscription is within its reach."""
    web, data = lab_path(DEV, "team-web"), lab_path(DEV, "team-data")
    theirs = f"{web}/virtualmachines/web-build-01"
    compute, disk = machine_and_disk(factory, theirs)
    copy = {"creationData": {"createOption": "Copy", "sourceResourceId": disk}}
    taken = {"location": "westeurope", "properties": {**copy, "incremental": True}}
    artifact = {"artifactId": f"{web}/artifactsources/public repo/artifacts/linux-java"}
    size = {"location": "westeurope", "properties": {"size": "Standard_D2s_v5"}}
    group = {"location": "westeurope"}
    own = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory"
    refused(
        factory,
        ("factory", FACTORY),
        ("POST", f"{theirs}/applyArtifacts", "2018-09-15", {"artifacts": [artifact]}),
        ("POST", f"{theirs}/stop", "2018-09-15", None),
        ("DELETE", theirs, "2018-09-15", None),
        ("PUT", f"{web}/virtualmachines/mine", "2018-09-15", size),
        ("GET", compute, "2024-11-01", None),
        ("GET", disk, "2024-03-02", None),
        ("PUT", f"{own}/{SNAPSHOTS}/stolen", "2024-03-02", taken),
        ("GET", snapshot, "2024-03-02", None),
        ("DELETE", snapshot, "2024-03-02", None),
        ("GET", f"{data}/customimages", "2018-09-15", None),
        ("PUT", web, "2018-09-15", group),
        ("DELETE", lab_path(DEV, "image-factory"), "2018-09-15", None),
        ("PUT", f"/subscriptions/{DEV}/resourceGroups/rg-new", "2021-04-01", group),
        ("PUT", f"/subscriptions/{DEV}/resourceGroups/rg-team-data", "2021-04-01", group),
    )


def receiver_is_refused(factory: FactoryUnderTest, snapshot: str) -> None:
    """Backups, labs and groups of others are beyond a receiver; of its source it only copies."""
    source = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory/{SNAPSHOTS}"
    released = factory.arm("GET", source, "2024-03-02")["value"][0]["id"]
    finance, support = lab_path(PROD, "finance"), lab_path(PROD, "support")
    group = {"location": "westeurope"}
    refused(
        factory,
        ("receiver", RECEIVER),
        ("GET", snapshot, "2024-03-02", None),
        ("DELETE", snapshot, "2024-03-02", None),
        ("PUT", snapshot, "2024-03-02", group),
        ("DELETE", released, "2024-03-02", None),
        ("GET", f"{support}/customimages", "2018-09-15", None),
        ("DELETE", f"{support}/customimages/theirs", "2018-09-15", None),
        ("PUT", f"{finance}/virtualmachines/mine", "2018-09-15", group),
        ("PUT", f"/subscriptions/{PROD}/resourceGroups/rg-new", "2021-04-01", group),
    )
