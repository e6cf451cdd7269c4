"""Subscriptions, groups, providers, tags and generic resources, by azure-mgmt-resource."""

from __future__ import annotations

from typing import Any

from tests.sdk.cloud import DEV, PROD, TENANT, Cloud, refused

NETWORK = "2024-05-01"


def test_what_one_can_see(cloud: Cloud) -> None:
    client = cloud.subscriptions
    assert {each.subscription_id for each in client.subscriptions.list()} == {DEV, PROD}
    assert client.subscriptions.get(DEV).display_name == "Contoso Dev"
    places = [each.name for each in client.subscriptions.list_locations(DEV)]
    assert "westeurope" in places
    assert [each.tenant_id for each in client.tenants.list()] == [TENANT]
    with refused(404, "SubscriptionNotFound"):
        client.subscriptions.get("00000000-0000-4000-8000-000000000000")


def test_groups(cloud: Cloud) -> None:
    client = cloud.resources.resource_groups
    assert not client.check_existence("rg-here")
    made = client.create_or_update("rg-here", {"location": "West Europe", "tags": {"a": "b"}})
    assert (made.location, made.properties.provisioning_state) == ("westeurope", "Succeeded")
    assert client.check_existence("rg-here")
    assert client.update("rg-here", {"tags": {"c": "d"}}).tags == {"c": "d"}
    assert client.get("RG-HERE").name == "rg-here"
    found = client.list(filter="tagName eq 'c' and tagValue eq 'd'")
    assert [each.name for each in found] == ["rg-here"]
    with refused(409, "InvalidResourceGroupLocation"):
        client.create_or_update("rg-here", {"location": "northeurope"})
    client.begin_delete("rg-here").result()
    assert not client.check_existence("rg-here")
    with refused(404, "ResourceGroupNotFound"):
        client.begin_delete("rg-here")


def test_providers(cloud: Cloud) -> None:
    client = cloud.resources.providers
    names = {each.namespace for each in client.list()}
    assert {"Microsoft.DevTestLab", "Microsoft.Compute", "Microsoft.Network"} <= names
    found = client.get("Microsoft.DevTestLab")
    assert found.registration_state == "Registered"
    assert "labs/customImages" in [each.resource_type for each in found.resource_types]
    assert client.register("Microsoft.DevTestLab").registration_state == "Registered"
    assert names == {each.namespace for each in client.list_at_tenant_scope()}
    assert client.get_at_tenant_scope("Microsoft.Compute").namespace == "Microsoft.Compute"
    with refused(404, "InvalidResourceNamespace"):
        client.get("Contoso.Nothing")
    rights = [each.name for each in cloud.resources.operations.list()]
    assert "Microsoft.Resources/tags/write" in rights


def test_tags(cloud: Cloud) -> None:
    client, group = cloud.resources.tags, cloud.group("rg-tags")
    scope = f"/subscriptions/{DEV}/resourceGroups/{group}"

    def change(operation: str, tags: dict[str, str]) -> Any:
        body = {"operation": operation, "properties": {"tags": tags}}
        return client.begin_update_at_scope(scope, body).result().properties.tags

    body = {"properties": {"tags": {"a": "1", "b": "2"}}}
    client.begin_create_or_update_at_scope(scope, body).result()
    assert change("Merge", {"b": "3", "c": "4"}) == {"a": "1", "b": "3", "c": "4"}
    assert change("Delete", {"a": "1", "b": "other"}) == {"b": "3", "c": "4"}
    assert change("Replace", {"z": "9"}) == {"z": "9"}
    assert client.get_at_scope(scope).properties.tags == {"z": "9"}
    assert cloud.resources.resource_groups.get(group).tags == {"z": "9"}
    used = {each.tag_name: each for each in client.list()}
    assert [each["tagValue"] for each in used["z"]["values"]] == ["9"]
    client.begin_delete_at_scope(scope).result()
    assert not cloud.resources.resource_groups.get(group).tags
    whole = f"/subscriptions/{DEV}"
    client.begin_create_or_update_at_scope(whole, body).result()
    assert client.get_at_scope(whole).properties.tags == {"a": "1", "b": "2"}
    with refused(400, "TooManyTags"):
        many = {"properties": {"tags": {f"t{at}": "x" for at in range(51)}}}
        client.begin_create_or_update_at_scope(scope, many)


def test_generic_resources_by_parts(cloud: Cloud, lab: tuple[str, str]) -> None:
    client = cloud.resources.resources
    place = (lab[0], "Microsoft.DevTestLab", f"labs/{lab[1]}", "schedules", "generic")
    versioned = {"api_version": "2018-09-15"}
    assert not client.check_existence(*place, **versioned)
    body = {"properties": {"timeZoneId": "UTC"}}
    made = client.begin_create_or_update(*place, body, **versioned).result()
    assert made.properties["timeZoneId"] == "UTC"
    assert client.check_existence(*place, **versioned)
    assert client.get(*place, **versioned).name == "generic"
    assert client.begin_update(*place, {"tags": {"a": "b"}}, **versioned).result().tags
    kind = "resourceType eq 'Microsoft.DevTestLab/labs'"
    assert lab[1] in [each.name for each in client.list(filter=kind)]
    within = client.list_by_resource_group(lab[0], filter=kind)
    assert [each.name for each in within] == [lab[1]]
    client.begin_delete(*place, **versioned).result()
    assert not client.check_existence(*place, **versioned)


def test_a_network_with_a_way_out_by_ids(cloud: Cloud) -> None:
    """Public address, NAT gateway, network with subnet, security group: what a lab needs."""
    client, group = cloud.resources.resources, cloud.group("rg-net")
    base = f"/subscriptions/{DEV}/resourceGroups/{group}/providers/Microsoft.Network"
    place, version = {"location": "westeurope"}, {"api_version": NETWORK}

    def make(path: str, body: dict[str, Any]) -> str:
        whole = f"{base}/{path}"
        made = client.begin_create_or_update_by_id(whole, {**place, **body}, **version).result()
        assert made.properties["provisioningState"] == "Succeeded"
        return str(made.id)

    address = make("publicIPAddresses/out", {"sku": {"name": "Standard"}})
    nat = {"sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": address}]}}
    gateway = make("natGateways/nat", nat)
    make("networkSecurityGroups/rules", {})
    subnet = {"addressPrefix": "10.0.0.0/24", "natGateway": {"id": gateway}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    network = make(
        "virtualNetworks/net",
        {"properties": {**space, "subnets": [{"name": "vms", "properties": subnet}]}},
    )
    assert client.check_existence_by_id(network, **version)
    found = client.get_by_id(f"{network}/subnets/vms", **version)
    assert found.properties["natGateway"]["id"] == gateway
    with refused(400, "InUseNatGatewayCannotBeDeleted"):
        client.begin_delete_by_id(gateway, **version)
    client.begin_update_by_id(network, {"tags": {"a": "b"}}, **version).result()
    for path in (network, gateway, address):
        client.begin_delete_by_id(path, **version).result()
    assert not client.check_existence_by_id(network, **version)
