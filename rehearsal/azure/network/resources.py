"""Public addresses, NAT gateways, security groups and networks, as far as a lab needs them."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

import hashlib
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.errors import SCOPE_LOCKED, ArmError, bad_request
from rehearsal.azure.model import Resource
from rehearsal.azure.network import errors
from rehearsal.azure.world import Azure

Json = dict[str, Any]

VNETS = "Microsoft.Network/virtualNetworks"
ADDRESSES = "Microsoft.Network/publicIPAddresses"
CARDS = "Microsoft.Network/networkInterfaces"
# Networks made from this version on have no outbound way of their own (contract 4.2).
_PRIVATE_SINCE = "2025-07-01"


class NetworkResource(Behaviour):
    """What all have in common: references that must be there."""

    def check(self, azure: Azure, draft: Draft) -> None:
        """Refuse a reference to a resource that is missing or elsewhere."""
        for reference in _references(draft.properties):
            if ids.key_of(reference).startswith(f"{ids.key_of(draft.id)}/"):
                continue  # a part of its own, as a GET gives it
            found = azure.resources.find(reference)
            if found is None or found.location != draft.location:
                raise errors.INVALID_REFERENCE.of(resource=draft.id, reference=reference)

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, with a resourceGuid."""
        self.check(azure, draft)
        resource = draft.resource(self.given(draft), version=draft.api_version)
        return self._filled(resource.setting(resourceGuid=resource.uid))

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Replace what was given before."""
        self.check(azure, draft)
        changed = super().update(azure, old, draft)
        return self._filled(changed.setting(provisioningState="Succeeded", resourceGuid=old.uid))

    def _filled(self, resource: Resource) -> Resource:
        return resource


class PublicAddress(NetworkResource):
    """A public address: has an address, knows who uses it."""

    def _filled(self, resource: Resource) -> Resource:
        sku = {"tier": "Regional", **(resource.body.get("sku") or {"name": "Standard"})}
        return resource.topped(sku=sku).setting(ipAddress=address_of(resource.uid))

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse while a NAT gateway or a network card uses it."""
        card = resource.properties.get("ipConfiguration")
        if card is not None:
            raise errors.PUBLIC_IP_IN_USE.of(resource=resource.id, user=card["id"])
        for gateway in azure.resources.of_kind(
            resource.subscription, "Microsoft.Network/natGateways"
        ):
            if any(
                ids.same(reference, resource.id) for reference in _references(gateway.properties)
            ):
                raise errors.PUBLIC_IP_IN_USE.of(resource=resource.id, user=gateway.id)


class UsedBySubnets(NetworkResource):
    """What subnets name: it knows them, and goes after them."""

    part: str

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Add the subnets."""
        users = [{"id": subnet["id"]} for subnet in self._users(azure, resource)]
        return resource.setting(subnets=users).body if users else resource.body

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse while a subnet uses it."""
        for subnet in self._users(azure, resource):
            raise self.in_use(resource.id, subnet["id"])

    def in_use(self, resource: str, user: str) -> ArmError:
        """Say that a subnet uses it."""
        raise NotImplementedError

    def _users(self, azure: Azure, resource: Resource) -> list[Json]:
        return [
            subnet
            for vnet in azure.resources.of_kind(resource.subscription, VNETS)
            for subnet in vnet.properties.get("subnets", ())
            if ids.same(subnet["properties"].get(self.part, {}).get("id", "/"), resource.id)
        ]


class NatGateway(UsedBySubnets):
    """A NAT gateway."""

    part = "natGateway"

    def in_use(self, resource: str, user: str) -> ArmError:
        """Say that a subnet uses it."""
        return errors.NAT_GATEWAY_IN_USE.of(resource=resource, user=user)


class SecurityGroup(UsedBySubnets):
    """A security group: its rules, and those that Azure puts behind them."""

    part = "networkSecurityGroup"

    def in_use(self, resource: str, user: str) -> ArmError:
        """Say that a subnet uses it."""
        return errors.SECURITY_GROUP_IN_USE.of(resource=resource, user=user)

    def check(self, azure: Azure, draft: Draft) -> None:
        """Refuse rules that Azure does not take."""
        super().check(azure, draft)
        taken: set[tuple[Any, Any]] = set()
        for rule in draft.properties.get("securityRules") or ():
            given = rule.get("properties") or {}
            place = given.get("direction"), given.get("priority")
            if not isinstance(place[1], int) or not _HIGHEST <= place[1] <= _LOWEST:
                message = f"Security rule has invalid priority '{place[1]}' for {rule.get('name')}."
                raise bad_request(message, "SecurityRuleInvalidPriority")
            if place in taken:
                message = f"Security rule {rule.get('name')} conflicts with another: {place}."
                raise bad_request(message, "SecurityRuleConflict")
            taken.add(place)

    def _filled(self, resource: Resource) -> Resource:
        def whole(rules: Any, part: str) -> list[Json]:
            return [
                {
                    "id": f"{resource.id}/{part}/{rule['name']}",
                    "name": rule["name"],
                    "type": f"{resource.kind}/{part}",
                    "properties": {
                        **(rule.get("properties") or {}),
                        "provisioningState": "Succeeded",
                    },
                }
                for rule in rules
            ]

        return resource.setting(
            securityRules=whole(resource.properties.get("securityRules") or (), "securityRules"),
            defaultSecurityRules=whole(_OWN_RULES, "defaultSecurityRules"),
        )


def _own_rule(name: str, direction: str, priority: int, access: str, *ends: str) -> Json:
    properties = {
        "direction": direction,
        "priority": priority,
        "access": access,
        "protocol": "*",
        "sourceAddressPrefix": ends[0],
        "sourcePortRange": "*",
        "destinationAddressPrefix": ends[1],
        "destinationPortRange": "*",
    }
    return {"name": name, "properties": properties}


_HIGHEST, _LOWEST = 100, 4096
_NETWORK, _INTERNET, _BALANCER = "VirtualNetwork", "Internet", "AzureLoadBalancer"
# https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
_OWN_RULES = (
    _own_rule("AllowVnetInBound", "Inbound", 65000, "Allow", _NETWORK, _NETWORK),
    _own_rule("AllowAzureLoadBalancerInBound", "Inbound", 65001, "Allow", _BALANCER, "*"),
    _own_rule("DenyAllInBound", "Inbound", 65500, "Deny", "*", "*"),
    _own_rule("AllowVnetOutBound", "Outbound", 65000, "Allow", _NETWORK, _NETWORK),
    _own_rule("AllowInternetOutBound", "Outbound", 65001, "Allow", "*", _INTERNET),
    _own_rule("DenyAllOutBound", "Outbound", 65500, "Deny", "*", "*"),
)


class VirtualNetwork(NetworkResource):
    """A virtual network with its subnets inline."""

    def check(self, azure: Azure, draft: Draft) -> None:
        """Refuse one without an address space, or with a subnet that is none."""
        super().check(azure, draft)
        if not draft.properties.get("addressSpace", {}).get("addressPrefixes"):
            message = f"Virtual network {draft.id} has no address prefixes."
            raise bad_request(message, "VnetAddressSpaceNotSpecified")
        for subnet in draft.properties.get("subnets") or ():
            if not subnet.get("name"):
                message = f"Subnet of virtual network {draft.id} has no name."
                raise bad_request(message, "InvalidResourceName")

    def _filled(self, resource: Resource) -> Resource:
        subnets = []
        for subnet in resource.properties.get("subnets") or ():
            given = {
                "privateEndpointNetworkPolicies": "Disabled",
                "privateLinkServiceNetworkPolicies": "Enabled",
                **(subnet.get("properties") or {}),
                "provisioningState": "Succeeded",
            }
            subnets.append(
                {
                    "id": f"{resource.id}/subnets/{subnet['name']}",
                    "name": subnet["name"],
                    "type": f"{VNETS}/subnets",
                    "properties": given,
                }
            )
        return resource.setting(subnets=subnets)

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse while a lab uses it: the lab service locks the network it was given."""
        kind = "Microsoft.DevTestLab/labs/virtualNetworks"
        for used in azure.resources.of_kind(resource.subscription, kind):
            given = str(used.properties.get("externalProviderResourceId", "/"))
            if ids.same(given, resource.id) and not used.hidden.get("own"):
                raise SCOPE_LOCKED.of(scope=resource.id, operation="delete", lock=resource.id)


def address_of(uid: str) -> str:
    """Give the public address that Azure draws for a resource."""
    number = hashlib.sha256(uid.encode()).digest()
    return f"20.{number[0]}.{number[1]}.{number[2] % 254 + 1}"


def subnet_of(vnet: Resource, name: str) -> Json | None:
    """Give a subnet by name."""
    for subnet in vnet.properties.get("subnets", ()):
        if subnet["name"].lower() == name.lower():
            return dict(subnet)
    return None


def reaches_internet(vnet: Resource, subnet: Json) -> bool:
    """Tell whether a machine without a public address can download through this subnet."""
    properties = subnet["properties"]
    if properties.get("natGateway", {}).get("id"):
        return True
    default = str(vnet.hidden.get("version", "")) < _PRIVATE_SINCE
    return bool(properties.get("defaultOutboundAccess", default))


def _references(part: Any) -> list[str]:
    """Give every resource id that stands as {"id": ...} in what was given."""
    if isinstance(part, list):
        return [found for each in part for found in _references(each)]
    if not isinstance(part, dict):
        return []
    found = [found for name, each in part.items() if name != "id" for found in _references(each)]
    own = part.get("id")
    # A subnet's own id names no other resource.
    if isinstance(own, str) and "/subnets/" not in own:
        found.append(own)
    return found
