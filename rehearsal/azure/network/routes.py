"""The types of Microsoft.Network that are rehearsed: a table, and the subnets within a network."""

from __future__ import annotations

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.routes import GROUP, listing
from rehearsal.azure.arm.types import ResourceType, Style
from rehearsal.azure.errors import RESOURCE_NOT_FOUND
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.model import Resource
from rehearsal.azure.network.resources import (
    ADDRESSES,
    VNETS,
    NatGateway,
    PublicAddress,
    SecurityGroup,
    VirtualNetwork,
    subnet_of,
)

_VNET = VirtualNetwork("network")

TYPES = (
    ResourceType(
        ADDRESSES,
        f"{ADDRESSES}/{{name}}",
        Style.CREATED,
        Style.ACCEPTED,
        PublicAddress("network", publicIPAllocationMethod="Static"),
        ("sku", "zones"),
        tracked=True,
    ),
    ResourceType(
        "Microsoft.Network/natGateways",
        "Microsoft.Network/natGateways/{name}",
        Style.CREATED,
        Style.ACCEPTED,
        NatGateway("network", idleTimeoutInMinutes=4),
        ("sku", "zones"),
        tracked=True,
    ),
    ResourceType(
        VNETS,
        "Microsoft.Network/virtualNetworks/{name}",
        Style.CREATED,
        Style.ACCEPTED,
        _VNET,
        (),
        tracked=True,
    ),
    ResourceType(
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/networkSecurityGroups/{name}",
        Style.CREATED,
        Style.ACCEPTED,
        SecurityGroup("network"),
        (),
        tracked=True,
    ),
)


def install(router: Router) -> None:
    """Add what the table does not say: subnets can be read one by one."""
    template = f"{GROUP}{VNETS}/{{vnet}}/subnets"
    router.add(Route("GET", template, _subnets, f"{VNETS}/subnets/read"))
    router.add(Route("GET", f"{template}/{{subnet}}", _subnet, f"{VNETS}/subnets/read"))


def _vnet(call: Call) -> Resource:
    path = f"{GROUP}{VNETS}/{{vnet}}".format(**call.parts)
    return service.need(call.azure, path)


def _subnet(call: Call) -> Answer:
    found = subnet_of(_vnet(call), call.parts["subnet"])
    if found is None:
        raise RESOURCE_NOT_FOUND.of(resource=ids.described(call.path), group=call.parts["group"])
    return Answer(200, found)


def _subnets(call: Call) -> Answer:
    empty = listing(call, [])
    empty.body["value"] = list(_vnet(call).properties.get("subnets", ()))
    return empty
