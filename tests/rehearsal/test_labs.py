"""Labs, their networks, artifact sources, and what comes from a table."""

from __future__ import annotations

import pytest

from rehearsal.azure.artifacts import SHIPPED
from tests.rehearsal.cloud import Cloud


def test_a_lab_is_made_in_its_time_and_filled_in(cloud: Cloud) -> None:
    path = f"{cloud.group('rg-Web')}/providers/Microsoft.DevTestLab/labs/Web"
    reply = cloud.arm("PUT", path, {"location": "westeurope"})
    assert reply.status == 201
    assert "Azure-AsyncOperation" in reply.headers
    assert "Location" not in reply.headers
    assert int(reply.headers["Retry-After"]) >= 1
    assert reply.body["properties"]["provisioningState"] == "Creating"
    assert "vaultName" not in reply.body["properties"]
    cloud.advance("119s")
    assert cloud.follow(reply).body["status"] == "Running"
    cloud.advance("2s")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    lab = cloud.arm("GET", path).body
    assert lab["id"] == path.lower()
    assert lab["name"] == "Web"
    assert lab["type"] == "Microsoft.DevTestLab/labs"
    found = lab["properties"]
    assert found["provisioningState"] == "Succeeded"
    assert found["labStorageType"] == "Premium"
    group = "/resourcegroups/rg-web/providers/microsoft.storage/storageaccounts/"
    assert group in found["defaultStorageAccount"]
    for name in (
        "vaultName",
        "createdDate",
        "uniqueIdentifier",
        "artifactsStorageAccount",
        "vmCreationResourceGroup",
        "defaultPremiumStorageAccount",
    ):
        assert found[name], name


def test_a_lab_needs_its_group(cloud: Cloud) -> None:
    path = f"{cloud.group('rg-a')}x/providers/Microsoft.DevTestLab/labs/a"
    assert cloud.arm("PUT", path, {"location": "westeurope"}).code == "ResourceGroupNotFound"


def test_a_child_needs_its_lab(cloud: Cloud) -> None:
    path = f"{cloud.group('rg-a')}/providers/Microsoft.DevTestLab/labs/a/formulas/f"
    reply = cloud.arm("PUT", path, {})
    assert (reply.status, reply.code) == (404, "ParentResourceNotFound")
    assert "Microsoft.DevTestLab/labs/a" in reply.message


def test_a_missing_lab_is_named(cloud: Cloud) -> None:
    reply = cloud.arm("GET", f"{cloud.group('rg-a')}/providers/Microsoft.DevTestLab/labs/a")
    assert (reply.status, reply.code) == (404, "ResourceNotFound")
    assert reply.message.startswith(
        "The Resource 'Microsoft.DevTestLab/labs/a' under resource group 'rg-a' was not found."
    )


def test_a_lab_being_made_takes_no_second_put_and_does_not_move(cloud: Cloud) -> None:
    path = f"{cloud.group('rg-a')}/providers/Microsoft.DevTestLab/labs/a"
    cloud.arm("PUT", path, {"location": "westeurope"})
    reply = cloud.arm("PUT", path, {"location": "westeurope"})
    assert (reply.status, reply.code) == (409, "ResourceIsNotInValidState")
    assert reply.message == "Resource 'a' is not in a valid state 'Creating' for operation 'PUT'."
    cloud.advance("1h")
    reply = cloud.arm("PUT", path, {"location": "northeurope"})
    assert (reply.status, reply.code) == (409, "InvalidResourceLocation")


def test_a_second_put_changes_a_lab_and_keeps_what_the_service_wrote(cloud: Cloud) -> None:
    lab = cloud.lab()
    before = cloud.arm("GET", lab).body["properties"]
    body = {
        "location": "westeurope",
        "properties": {"labStorageType": "Standard", "vaultName": "mine"},
    }
    reply = cloud.arm("PUT", lab, body)
    assert reply.status == 200
    after = reply.body["properties"]
    assert after["labStorageType"] == "Standard"
    for name in ("vaultName", "uniqueIdentifier", "defaultStorageAccount", "provisioningState"):
        assert after[name] == before[name]


def test_patch_changes_tags_alone(cloud: Cloud) -> None:
    lab = cloud.lab()
    body = {"tags": {"a": "1"}, "properties": {"labStorageType": "Standard"}}
    reply = cloud.arm("PATCH", lab, body)
    assert (reply.status, reply.body["tags"]) == (200, {"a": "1"})
    assert reply.body["properties"]["labStorageType"] == "Premium"


def test_what_users_have_is_listed_without_profiles_and_of_all_of_them(cloud: Cloud) -> None:
    lab = cloud.lab()
    assert cloud.arm("GET", f"{lab}/users/@me/disks").body["value"] == []
    vm = cloud.vm(lab)
    new = {"attachNewDataDiskOptions": {"diskName": "data", "diskSizeGiB": 8}}
    cloud.finish(cloud.arm("POST", f"{vm}/addDataDisk", new))
    (disk,) = cloud.arm("GET", f"{lab}/users/@ME/disks").body["value"]
    assert cloud.arm("GET", f"{lab}/users/@me/disks/data").body == disk
    template = {"armTemplateId": "/artifactsources/own/armtemplates/virtual-network"}
    source = {"uri": "https://x/y.git", "armTemplateFolderPath": "/Environments"}
    cloud.arm("PUT", f"{lab}/artifactsources/own", {"properties": source})
    cloud.advance("10 min")
    for user in ("one", "two"):
        cloud.make(f"{lab}/users/{user}")
        body = {"properties": {"deploymentProperties": template}}
        cloud.make(f"{lab}/users/{user}/environments/shop-{user}", body)
    found = cloud.arm("GET", f"{lab}/users/@all/environments").body["value"]
    assert [each["name"] for each in found] == ["shop-one", "shop-two"]
    assert cloud.arm("GET", f"{lab}/users/@all/disks").body["value"] == [disk]
    # What was made without a profile goes without one.
    detach = {"existingLabDiskId": disk["id"]}
    cloud.finish(cloud.arm("POST", f"{vm}/detachDataDisk", detach))
    cloud.finish(cloud.arm("DELETE", f"{lab}/users/@me/disks/data"))
    assert cloud.arm("GET", f"{lab}/users/@me/disks").body["value"] == []


def test_the_default_sources_come_with_the_lab_and_sync_later(cloud: Cloud) -> None:
    group = cloud.group("rg-a")
    lab = f"{group}/providers/Microsoft.DevTestLab/labs/a"
    reply = cloud.arm("PUT", lab, {"location": "westeurope"})
    cloud.advance("121s")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    sources = cloud.arm("GET", f"{lab}/artifactsources").body["value"]
    assert [(each["name"], each["properties"]["status"]) for each in sources] == [
        ("Public Repo", "Enabled"),
        ("Public Environment Repo", "Disabled"),
    ]
    assert sources[0]["id"].endswith("/artifactsources/public repo")
    artifacts = f"{lab}/artifactsources/public%20repo/artifacts"
    assert cloud.arm("GET", artifacts).body["value"] == []
    assert cloud.arm("GET", f"{artifacts}/windows-git").status == 404
    cloud.advance("90s")
    found = cloud.arm("GET", artifacts).body["value"]
    assert len(found) == len(list(SHIPPED.glob("*/Artifactfile.json")))
    one = cloud.arm("GET", f"{artifacts}/windows-chocolatey").body
    assert one["id"].endswith("/artifactsources/public repo/artifacts/windows-chocolatey")
    assert one["properties"]["targetOsType"] == "Windows"
    assert one["properties"]["parameters"]["allowEmptyChecksums"]["defaultValue"] is True


def test_a_source_keeps_its_token_to_itself(cloud: Cloud) -> None:
    source = f"{cloud.lab()}/artifactsources/ours"
    body = {"properties": {"uri": "https://git.example/ours", "securityToken": "t0ken"}}
    made = cloud.arm("PUT", source, body)
    assert made.status == 201
    assert cloud.arm("PUT", source, body).status == 200
    found = cloud.arm("GET", source).body
    assert found["properties"]["branchRef"] == "master"
    assert "t0ken" not in str(found) + str(made.body)
    assert cloud.arm("DELETE", source).status == 200
    assert cloud.arm("DELETE", source).status == 204
    assert cloud.arm("PUT", source, {"properties": {}}).status == 400


def test_another_uri_means_another_sync(cloud: Cloud) -> None:
    source = f"{cloud.lab()}/artifactsources/ours"
    cloud.arm("PUT", source, {"properties": {"uri": "https://git.example/a", "folderPath": "/A"}})
    cloud.advance("2h")
    assert cloud.arm("GET", f"{source}/artifacts").body["value"]
    cloud.arm("PUT", source, {"properties": {"uri": "https://git.example/b", "folderPath": "/A"}})
    assert cloud.arm("GET", f"{source}/artifacts").body["value"] == []


def test_a_network_made_by_the_lab_goes_with_it(cloud: Cloud) -> None:
    lab = cloud.lab()
    expand = {"$expand": "properties($expand=externalSubnets)"}
    found = cloud.arm("GET", f"{lab}/virtualnetworks/Dtlweb", query=expand).body["properties"]
    vnet = found["externalProviderResourceId"]
    assert found["subnetOverrides"][0]["labSubnetName"] == "DtlwebSubnet"
    assert found["subnetOverrides"][0]["useInVmCreationPermission"] == "Allow"
    assert found["externalSubnets"][0]["name"] == "DtlwebSubnet"
    assert cloud.arm("GET", vnet, version="2024-05-01").status == 200
    assert cloud.finish(cloud.arm("DELETE", lab))["status"] == "Succeeded"
    assert cloud.arm("GET", vnet, version="2024-05-01").status == 404
    assert cloud.arm("GET", lab).status == 404
    assert cloud.arm("DELETE", lab).status == 204


def test_a_network_must_stand_in_the_labs_region(cloud: Cloud) -> None:
    lab = cloud.lab(location="eastus2")
    base = f"{cloud.group('rg-net')}/providers/Microsoft.Network/virtualNetworks"
    properties = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    body = {"location": "westeurope", "properties": properties}
    cloud.make(f"{base}/net", body, version="2024-05-01")
    for name in ("net", "missing"):
        given = {"properties": {"externalProviderResourceId": f"{base}/{name}"}}
        reply = cloud.arm("PUT", f"{lab}/virtualnetworks/net", given)
        assert (reply.status, reply.code) == (400, "VirtualNetworkNotFound")


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("policysets/default/policies/LabVmSize", "description"),
        ("schedules/LabVmsShutdown", "targetResourceId"),
        ("formulas/f", "description"),
        ("notificationchannels/n", "emailRecipient"),
    ],
)
def test_types_without_behaviour_keep_what_they_are_given(
    cloud: Cloud, path: str, given: str
) -> None:
    whole = f"{cloud.lab()}/{path}"
    reply = cloud.arm("PUT", whole, {"properties": {given: "as given", "unheardOf": 1}})
    assert reply.status == 201
    assert cloud.finish(reply)["status"] == "Succeeded"
    found = cloud.arm("GET", whole).body
    assert found["properties"][given] == "as given"
    assert "unheardOf" not in found["properties"]
    assert found["properties"]["provisioningState"] == "Succeeded"
    listed = cloud.arm("GET", whole.rpartition("/")[0]).body["value"]
    assert [each["name"] for each in listed] == [whole.rpartition("/")[2]]
    cloud.arm("DELETE", whole)
    assert cloud.arm("GET", whole).status == 404


def test_lists_are_filtered_ordered_and_cut(cloud: Cloud) -> None:
    lab = cloud.lab()
    for name in ("b", "c", "a"):
        cloud.arm("PUT", f"{lab}/schedules/{name}", {})
    names = f"{lab}/schedules"

    def listed(**query: str) -> list[str]:
        asked = {f"${name}": value for name, value in query.items()}
        return [each["name"] for each in cloud.arm("GET", names, query=asked).body["value"]]

    assert listed() == ["b", "c", "a"]
    assert listed(orderby="name") == ["a", "b", "c"]
    assert listed(orderby="name desc", top="2") == ["c", "b"]
    assert listed(filter="name eq 'C'") == ["c"]


def test_long_lists_come_in_pages(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.azure.arm.routes._PAGE", 2)
    lab = cloud.lab()
    for at in range(5):
        cloud.arm("PUT", f"{lab}/schedules/s{at}", {})
    found, url = [], f"https://localhost:1{lab}/schedules?api-version=2018-09-15"
    pages = 0
    while url:
        path, _, query = url.removeprefix("https://localhost:1").partition("?")
        body = cloud.call(
            "GET",
            f"{path}?{query}",
            headers={"Authorization": f"Bearer {cloud.token().body['access_token']}"},
        ).body
        found += [each["name"] for each in body["value"]]
        url, pages = body.get("nextLink"), pages + 1
    assert (found, pages) == ([f"s{at}" for at in range(5)], 3)
