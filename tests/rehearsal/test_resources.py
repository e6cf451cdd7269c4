"""Microsoft.Resources: subscriptions, groups, providers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pulumi_azure_native
import pytest

from rehearsal.azure.resources.providers import VERSIONS
from tests.rehearsal.cloud import DEV, FOREIGN, PROD, TENANT, Cloud


def test_subscriptions_are_those_one_has_a_role_in(cloud: Cloud) -> None:
    found = cloud.arm("GET", "/subscriptions").body["value"]
    assert [each["displayName"] for each in found] == ["Dev", "Prod"]
    assert found[0]["tenantId"] == TENANT
    assert cloud.arm("GET", "/tenants").body["value"][0]["tenantId"] == TENANT


def test_an_unknown_subscription_is_not_found(cloud: Cloud) -> None:
    reply = cloud.arm("GET", f"/subscriptions/{'0' * 8}-0000-0000-0000-000000000000")
    assert (reply.status, reply.code) == (404, "SubscriptionNotFound")
    assert FOREIGN not in str(cloud.arm("GET", "/subscriptions").body)


def test_a_group_is_made_changed_and_found(cloud: Cloud) -> None:
    path = f"/subscriptions/{DEV}/resourceGroups/rg-a"
    assert cloud.arm("HEAD", path).status == 404
    body = {"location": "West Europe", "tags": {"a": "1"}}
    made = cloud.arm("PUT", path, body, version="2024-03-01")
    assert made.status == 201
    assert made.body["type"] == "Microsoft.Resources/resourceGroups"
    assert made.body["location"] == "westeurope"
    assert made.body["properties"] == {"provisioningState": "Succeeded"}
    assert cloud.arm("PUT", path, {"location": "westeurope"}).status == 200
    assert cloud.arm("HEAD", path).status == 204
    patched = cloud.arm("PATCH", path, {"tags": {"b": "2"}})
    assert patched.body["tags"] == {"b": "2"}
    listed = cloud.arm("GET", f"/subscriptions/{DEV}/resourcegroups").body["value"]
    assert [each["name"] for each in listed] == ["rg-a"]


def test_a_group_cannot_move(cloud: Cloud) -> None:
    path = cloud.group("rg-a")
    reply = cloud.arm("PUT", path, {"location": "eastus2"})
    assert (reply.status, reply.code) == (409, "InvalidResourceGroupLocation")


def test_a_group_needs_a_region_that_is_there(cloud: Cloud) -> None:
    path = f"/subscriptions/{DEV}/resourceGroups/rg-a"
    assert cloud.arm("PUT", path, {}).code == "LocationRequired"
    reply = cloud.arm("PUT", path, {"location": "atlantis"})
    assert reply.code == "LocationNotAvailableForResourceGroup"


def test_a_missing_group_is_named(cloud: Cloud) -> None:
    for path in (
        f"/subscriptions/{DEV}/resourceGroups/nowhere",
        f"/subscriptions/{DEV}/resourceGroups/nowhere/providers/Microsoft.Compute/snapshots/s",
    ):
        reply = cloud.arm("GET", path)
        assert (reply.status, reply.code) == (404, "ResourceGroupNotFound")
        assert reply.message == "Resource group 'nowhere' could not be found."


def test_a_group_is_deleted_in_its_time_with_all_that_is_in_it(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab, "a")
    machine_group = cloud.expanded(vm)["properties"]["computeId"].partition("/providers/")[0]
    group = lab.partition("/providers/")[0]
    reply = cloud.arm("DELETE", group, version="2024-03-01")
    assert reply.status == 202
    assert "/operationresults/" in reply.headers["Location"]
    assert int(reply.headers["Retry-After"]) >= 1
    assert "Azure-AsyncOperation" not in reply.headers
    assert cloud.follow(reply).status == 202
    assert cloud.arm("GET", group).body["properties"]["provisioningState"] == "Deleting"
    assert cloud.arm("PUT", group, {"location": "westeurope"}).code == "ResourceGroupBeingDeleted"
    cloud.advance("1h")
    assert cloud.follow(reply).status == 200
    assert cloud.arm("GET", group).status == 404
    assert cloud.arm("GET", machine_group).status == 404
    assert cloud.arm("DELETE", group).code == "ResourceGroupNotFound"
    cloud.group("rg-web")
    assert cloud.arm("GET", lab).code == "ResourceNotFound"


def test_resources_can_be_filtered_by_type_and_tag(cloud: Cloud) -> None:
    lab = cloud.lab()
    cloud.arm("PATCH", lab, {"tags": {"owner": "web"}})
    path = f"/subscriptions/{DEV}/resources"
    tagged = "tagName eq 'owner' and tagValue eq 'web'"
    found = cloud.arm("GET", path, query={"$filter": tagged}).body["value"]
    assert [each["name"] for each in found] == ["web"]
    kind = "resourceType eq 'Microsoft.Network/virtualNetworks'"
    found = cloud.arm("GET", path, query={"$filter": kind}).body["value"]
    assert [each["name"] for each in found] == ["Dtlweb"]
    assert cloud.arm("GET", path, query={"$filter": "sideways"}).status == 400
    assert cloud.arm("GET", f"/subscriptions/{PROD}/resources").body["value"] == []


def test_a_nested_resource_is_listed_with_its_parents_if_arm_tracks_it(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab(), "Build-01")
    path = f"/subscriptions/{DEV}/resources"

    def listed(text: str, **more: str) -> list[dict[str, Any]]:
        query = {"$filter": text, **more}
        return list(cloud.arm("GET", path, query=query).body["value"])

    kind = "resourceType eq 'Microsoft.DevTestLab/labs/virtualMachines'"
    (found,) = listed(f"{kind} and name eq 'web/Build-01'")
    assert found["id"] == cloud.arm("GET", vm).body["id"]
    assert found["tags"] == {"made": "by a test"}
    assert "properties" not in found
    expand = {"$expand": "createdTime,changedTime,provisioningState"}
    assert listed(kind, **expand)[0]["provisioningState"] == "Succeeded"
    # Azure lists neither networks, images nor sources of a lab here: they take no tags of ARM's.
    everything = cloud.arm("GET", path).body["value"]
    assert {each["type"] for each in everything if "DevTestLab" in each["type"]} == {
        "Microsoft.DevTestLab/labs",
        "Microsoft.DevTestLab/labs/virtualMachines",
    }


def test_providers_are_registered(cloud: Cloud) -> None:
    path = f"/subscriptions/{DEV}/providers/microsoft.devtestlab"
    found = cloud.arm("POST", f"{path}/register").body
    assert found["registrationState"] == "Registered"
    kinds = [each["resourceType"] for each in found["resourceTypes"]]
    assert "labs/virtualMachines" in kinds
    assert cloud.arm("GET", f"/subscriptions/{DEV}/providers/Microsoft.Nothing").status == 404
    places = cloud.arm("GET", f"/subscriptions/{DEV}/locations").body["value"]
    assert "westeurope" in [each["name"] for each in places]


def test_a_provider_says_which_versions_its_types_take(cloud: Cloud) -> None:
    """Clients that were given none ask here: `az resource`, Get-AzResource."""
    paths = ("", f"/subscriptions/{DEV}")
    for found in (cloud.arm("GET", f"{path}/providers").body["value"] for path in paths):
        types = {
            f"{each['namespace']}/{kind['resourceType']}": kind["apiVersions"]
            for each in found
            for kind in each["resourceTypes"]
        }
        assert all(types.values())
        assert types["Microsoft.DevTestLab/labs"][:2] == ["2018-10-15-preview", "2018-09-15"]
        lab = f"{cloud.lab()}?api-version={types['Microsoft.DevTestLab/labs'][0]}"
        assert cloud.arm("GET", lab.partition("?")[0], version=lab.rpartition("=")[2]).status == 200
        assert "2024-03-02" in types["Microsoft.Compute/disks"]
        assert "Microsoft.Resources/resourceGroups" in types


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("Microsoft.Compute/disks", "compute/disk"),
        ("Microsoft.Compute/images", "compute/image"),
        ("Microsoft.KeyVault/vaults", "keyvault/vault"),
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "managedidentity/user_assigned_identity",
        ),
        ("Microsoft.Network/virtualNetworks", "network/virtual_network"),
        ("Microsoft.Resources/resourceGroups", "resources/resource_group"),
        ("Microsoft.Storage/storageAccounts", "storage/storage_account"),
        ("Microsoft.Authorization/roleDefinitions", "authorization/role_definition"),
    ],
)
def test_the_versions_are_those_that_the_sdk_knows(kind: str, file: str) -> None:
    package = Path(pulumi_azure_native.__file__).parent
    text = (package / f"{file}.py").read_text(encoding="utf-8")
    used = re.search(r"Uses Azure REST API version ([\w-]+)\.", text)
    others = re.search(r"Other available API versions: ([\w, -]+)\.", text)
    assert used
    assert others
    known = {used[1], *others[1].split(", ")}
    ours = VERSIONS.get(kind, VERSIONS[kind.partition("/")[0]])
    assert known <= set(ours)
    assert list(ours) == sorted(ours, reverse=True)
