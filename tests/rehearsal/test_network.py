"""Microsoft.Network: the outbound way of a lab, and what holds what in place."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.cloud import DEV, LINUX, Cloud

Json = dict[str, Any]
API = "2024-05-01"


def way_out(cloud: Cloud) -> tuple[str, str, str]:
    """Make a public address, a NAT gateway and a network that uses it."""
    base = f"{cloud.group('rg-net')}/providers/Microsoft.Network"
    address, gateway, network = (
        f"{base}/publicIPAddresses/out",
        f"{base}/natGateways/nat",
        f"{base}/virtualNetworks/net",
    )
    place = {"location": "westeurope", "sku": {"name": "Standard"}}
    cloud.make(address, {**place, "properties": {}}, version=API)
    cloud.make(
        gateway, {**place, "properties": {"publicIpAddresses": [{"id": address}]}}, version=API
    )
    cloud.make(network, network_body(gateway), version=API)
    return address, gateway, network


def network_body(gateway: str | None = None, **subnet: Any) -> Json:
    properties = {"addressPrefix": "10.1.0.0/24", **subnet}
    properties |= {"natGateway": {"id": gateway}} if gateway else {}
    return {
        "location": "westeurope",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "subnets": [{"name": "build", "properties": properties}],
        },
    }


def test_a_put_is_followed_by_its_operation(cloud: Cloud) -> None:
    path = f"{cloud.group('rg-net')}/providers/Microsoft.Network/publicIPAddresses/out"
    reply = cloud.arm("PUT", path, {"location": "westeurope"}, version=API)
    assert reply.status == 201
    assert reply.body["properties"]["provisioningState"] == "Creating"
    assert cloud.follow(reply).body["status"] == "Running"
    assert cloud.finish(reply)["status"] == "Succeeded"
    found = cloud.arm("GET", path, version=API).body
    assert found["id"] == path
    assert found["properties"]["ipAddress"].startswith("20.")
    again = cloud.arm("PUT", path, {"location": "westeurope", "tags": {"a": "1"}}, version=API)
    assert again.status == 200
    assert again.body["properties"]["ipAddress"] == found["properties"]["ipAddress"]


def test_the_parts_know_each_other(cloud: Cloud) -> None:
    _, gateway, network = way_out(cloud)
    subnet = cloud.arm("GET", f"{network}/subnets/build", version=API).body
    assert subnet["id"] == f"{network}/subnets/build"
    assert subnet["properties"]["natGateway"] == {"id": gateway}
    assert cloud.arm("GET", f"{network}/subnets", version=API).body["value"] == [subnet]
    assert cloud.arm("GET", f"{network}/subnets/other", version=API).status == 404
    users = cloud.arm("GET", gateway, version=API).body["properties"]["subnets"]
    assert users == [{"id": subnet["id"]}]


def test_a_reference_must_be_there(cloud: Cloud) -> None:
    base = f"{cloud.group('rg-net')}/providers/Microsoft.Network"
    body = network_body(f"{base}/natGateways/missing")
    reply = cloud.arm("PUT", f"{base}/virtualNetworks/net", body, version=API)
    assert (reply.status, reply.code) == (400, "InvalidResourceReference")


def test_what_is_used_cannot_be_deleted(cloud: Cloud) -> None:
    address, gateway, network = way_out(cloud)
    assert cloud.arm("DELETE", address, version=API).code == "PublicIPAddressCannotBeDeleted"
    assert cloud.arm("DELETE", gateway, version=API).code == "InUseNatGatewayCannotBeDeleted"
    for path in (network, gateway, address):
        reply = cloud.arm("DELETE", path, version=API)
        assert reply.status == 202
        assert cloud.finish(reply)["status"] == "Succeeded"
        assert cloud.arm("GET", path, version=API).status == 404
    assert cloud.arm("DELETE", address, version=API).status == 204


def test_a_lab_locks_the_network_it_was_given(cloud: Cloud) -> None:
    _, _, network = way_out(cloud)
    lab = cloud.lab()
    given = {"properties": {"externalProviderResourceId": network}}
    used = f"{lab}/virtualnetworks/given"
    cloud.make(used, given)
    reply = cloud.arm("DELETE", network, version=API)
    assert (reply.status, reply.code) == (409, "ScopeLocked")
    cloud.finish(cloud.arm("DELETE", used))
    assert cloud.arm("DELETE", network, version=API).status == 202


def test_without_a_way_out_artifacts_cannot_download(cloud: Cloud) -> None:
    base = f"{cloud.group('rg-net')}/providers/Microsoft.Network"
    lab = cloud.lab()
    for name, body, works in (
        ("private", network_body(defaultOutboundAccess=False), False),
        ("old", network_body(), True),
    ):
        network = f"{base}/virtualNetworks/{name}"
        cloud.make(network, body, version=API)
        used = f"{lab}/virtualnetworks/{name}"
        cloud.make(used, {"properties": {"externalProviderResourceId": network}})
        vm = cloud.vm(lab, name, labVirtualNetworkId=used, disallowPublicIpAddress=True)
        done = cloud.apply(vm, "windows-git")["properties"]["artifacts"][0]
        assert done["status"] == ("Succeeded" if works else "Failed")
        assert works or "Failed to download" in done["deploymentStatusMessage"]
        public = cloud.vm(lab, f"{name}-public", labVirtualNetworkId=used)
        assert (
            cloud.apply(public, "windows-git")["properties"]["artifacts"][0]["status"]
            == "Succeeded"
        )


def test_networks_of_the_newest_api_are_private(cloud: Cloud) -> None:
    lab = cloud.lab()
    network = f"{cloud.group('rg-net')}/providers/Microsoft.Network/virtualNetworks/new"
    cloud.make(network, network_body(), version="2025-07-01")
    used = f"{lab}/virtualnetworks/new"
    cloud.make(used, {"properties": {"externalProviderResourceId": network}})
    vm = cloud.vm(lab, labVirtualNetworkId=used, disallowPublicIpAddress=True)
    assert cloud.apply(vm, "windows-git")["properties"]["artifacts"][0]["status"] == "Failed"


def test_subnets_and_rules_are_written_one_by_one(cloud: Cloud) -> None:
    base = f"{cloud.group('rg-net')}/providers/Microsoft.Network"
    network, rules = f"{base}/virtualNetworks/net", f"{base}/networkSecurityGroups/nsg"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    cloud.make(network, {"location": "westeurope", "properties": space}, version=API)
    cloud.make(rules, {"location": "westeurope"}, version=API)
    rule = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    for path, body, changed in (
        (f"{network}/subnets/one", {"addressPrefix": "10.0.1.0/24"}, "10.0.2.0/24"),
        (f"{rules}/securityRules/ssh", rule, None),
    ):
        made = cloud.arm("PUT", path, {"properties": body}, version=API)
        assert (made.status, made.body.get("id")) == (201, path), made.body
        assert cloud.arm("GET", path, version=API).body == made.body
        again = {**body, "addressPrefix": changed} if changed else {**body, "priority": 200}
        reply = cloud.arm("PUT", path, {"properties": again}, version=API)
        assert reply.status == 200
        assert reply.body["properties"].items() >= again.items()
        kind = path.rpartition("/")[0]
        assert cloud.arm("GET", kind, version=API).body["value"] == [reply.body]
        # The whole has it too, and it goes by itself.
        whole = cloud.arm("GET", kind.rpartition("/")[0], version=API).body["properties"]
        assert whole[kind.rpartition("/")[2]] == [reply.body]
        statuses = [cloud.arm("DELETE", path, version=API).status for _ in range(2)]
        assert statuses == [200, 204]
        assert cloud.arm("GET", path, version=API).status == 404
    wrong = {"natGateway": {"id": f"{base}/natGateways/none"}, "addressPrefix": "10.0.3.0/24"}
    refused = cloud.arm("PUT", f"{network}/subnets/two", {"properties": wrong}, version=API)
    assert refused.code == "InvalidResourceReference"


def test_a_subnet_stays_while_a_machine_is_in_it(cloud: Cloud) -> None:
    lab = cloud.lab()
    subnet = cloud.expanded(cloud.vm(lab))["properties"]["networkInterface"]["subnetId"]
    assert cloud.arm("DELETE", subnet, version=API).code == "InUseSubnetCannotBeDeleted"
    cloud.finish(cloud.arm("DELETE", f"{lab}/virtualmachines/build"))
    assert cloud.arm("DELETE", subnet, version=API).status == 200


def test_a_network_card_knows_its_machine_and_its_address(cloud: Cloud) -> None:
    lab = cloud.lab()
    found = cloud.expanded(cloud.vm(lab, "open", LINUX))["properties"]
    card = cloud.arm("GET", found["computeVm"]["networkInterfaceId"], version=API).body
    assert card["properties"]["virtualMachine"]["id"] == found["computeId"]
    (place,) = (each["properties"] for each in card["properties"]["ipConfigurations"])
    address = cloud.arm("GET", place["publicIPAddress"]["id"], version=API).body
    seen = found["networkInterface"]
    assert seen["publicIpAddressId"] == address["id"]
    assert seen["publicIpAddress"] == address["properties"]["ipAddress"]
    assert seen["privateIpAddress"] == place["privateIPAddress"]
    assert seen["dnsName"] == found["fqdn"] == address["properties"]["dnsSettings"]["fqdn"]
    assert seen["sshAuthority"] == f"{found['fqdn']}:22"
    held = cloud.arm("DELETE", address["id"], version=API)
    assert held.code == "PublicIPAddressCannotBeDeleted"
    # It goes with the machine.
    cloud.finish(cloud.arm("DELETE", f"{lab}/virtualmachines/open"))
    assert cloud.arm("GET", address["id"], version=API).status == 404
    shut = cloud.expanded(cloud.vm(lab, "shut", disallowPublicIpAddress=True))["properties"]
    assert "publicIpAddress" not in shut["networkInterface"]
    assert shut["networkInterface"]["privateIpAddress"].startswith("10.")


def test_a_whole_subscription_can_be_listed(cloud: Cloud) -> None:
    way_out(cloud)
    path = f"/subscriptions/{DEV}/providers/Microsoft.Network/natGateways"
    assert [each["name"] for each in cloud.arm("GET", path, version=API).body["value"]] == ["nat"]


def test_a_security_group_has_azures_rules_behind_its_own(cloud: Cloud) -> None:
    path = f"{cloud.group('rg-net')}/providers/Microsoft.Network/networkSecurityGroups/rules"

    def rule(name: str, priority: int) -> Json:
        ends = ("sourceAddressPrefix", "sourcePortRange", "destinationAddressPrefix")
        facts = dict.fromkeys((*ends, "destinationPortRange", "protocol"), "*")
        properties = {**facts, "priority": priority, "direction": "Inbound", "access": "Deny"}
        return {"name": name, "properties": properties}

    def body(*rules: Json) -> Json:
        return {"location": "westeurope", "properties": {"securityRules": list(rules)}}

    low = cloud.arm("PUT", path, body(rule("a", 4097)), version=API)
    assert low.code == "SecurityRuleInvalidPriority"
    twice = cloud.arm("PUT", path, body(rule("a", 100), rule("b", 100)), version=API)
    assert twice.code == "SecurityRuleConflict"
    found = cloud.make(path, body(rule("nothing-in", 4096)), version=API)["properties"]
    assert found["securityRules"][0]["id"] == f"{path}/securityRules/nothing-in"
    names = {each["name"] for each in found["defaultSecurityRules"]}
    assert {"AllowVnetInBound", "DenyAllInBound"} < names
    network = f"{path.partition('/networkSecurityGroups')[0]}/virtualNetworks/net"
    guarded = network_body(networkSecurityGroup={"id": path})
    subnet = cloud.make(network, guarded, version=API)["properties"]["subnets"][0]
    assert cloud.arm("GET", path, version=API).body["properties"]["subnets"] == [
        {"id": subnet["id"]}
    ]
    used = cloud.arm("DELETE", path, version=API)
    assert used.code == "InUseNetworkSecurityGroupCannotBeDeleted"
