"""The types of Microsoft.Network that are rehearsed: a table, and the subnets within a network."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.routes import GROUP, paged
from rehearsal.azure.arm.types import ResourceType, Style, types_of
from rehearsal.azure.errors import RESOURCE_NOT_FOUND
from rehearsal.azure.http.messages import Answer, Call, Handler
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.model import Resource
from rehearsal.azure.network import errors
from rehearsal.azure.network.resources import (
    ADDRESSES,
    CARDS,
    VNETS,
    NatGateway,
    PublicAddress,
    SecurityGroup,
    VirtualNetwork,
)

Json = dict[str, Any]

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


# What stands within another resource, and can be read and written by itself all the same.
_PARTS = ((VNETS, "subnets"), ("Microsoft.Network/networkSecurityGroups", "securityRules"))


def install(router: Router) -> None:
    """Add what the table does not say: subnets and security rules, one by one."""
    for kind, part in _PARTS:
        template, right = f"{GROUP}{kind}/{{holder}}/{part}", f"{kind}/{part}"
        item = f"{template}/{{part}}"
        router.add(Route("GET", template, _list_parts(kind, part), f"{right}/read"))
        router.add(Route("GET", item, _get_part(kind, part), f"{right}/read"))
        router.add(Route("PUT", item, _put_part(kind, part), f"{right}/write"))
        router.add(Route("DELETE", item, _delete_part(kind, part), f"{right}/delete"))


def _holder(call: Call, kind: str) -> Resource:
    return service.need(call.azure, f"{GROUP}{kind}/{{holder}}".format(**call.parts))


def _parts(holder: Resource, part: str) -> dict[str, Json]:
    """Give the parts of a resource by name, in lower case."""
    found = holder.properties.get(part) or ()
    return {str(each["name"]).lower(): each for each in found}


def _list_parts(kind: str, part: str) -> Handler:
    def list_(call: Call) -> Answer:
        found = list(_parts(_holder(call, kind), part).values())
        return paged(call, found, lambda body: body, lambda body: body)

    return list_


def _get_part(kind: str, part: str) -> Handler:
    def get(call: Call) -> Answer:
        found = _parts(_holder(call, kind), part).get(call.parts["part"].lower())
        if found is None:
            group = call.parts["group"]
            raise RESOURCE_NOT_FOUND.of(resource=ids.described(call.path), group=group)
        return Answer(200, found)

    return get


def _put_part(kind: str, part: str) -> Handler:
    """Write one part: as the PUT of the whole that has it, which says what is wrong with it."""

    def put(call: Call) -> Answer:
        holder, name = _holder(call, kind), call.parts["part"]
        parts = _parts(holder, part)
        new = name.lower() not in parts
        parts[name.lower()] = {
            "id": f"{holder.id}/{part}/{name}",
            "name": name,
            "type": f"{kind}/{part}",
            "properties": {**(call.body.get("properties") or {}), "provisioningState": "Succeeded"},
        }
        changed = _written(call, holder, part, parts)
        return Answer(201 if new else 200, _parts(changed, part)[name.lower()])

    return put


def _delete_part(kind: str, part: str) -> Handler:
    def delete(call: Call) -> Answer:
        holder = _holder(call, kind)
        parts = _parts(holder, part)
        gone = parts.pop(call.parts["part"].lower(), None)
        if gone is None:
            return Answer(204)
        for card in call.azure.resources.of_kind(holder.subscription, CARDS):
            for place in card.properties["ipConfigurations"]:
                if ids.same(place["properties"]["subnet"]["id"], gone["id"]):
                    name = gone["name"]
                    raise errors.SUBNET_IN_USE.of(subnet=name, user=place["id"])
        _written(call, holder, part, parts)
        return Answer(200)

    return delete


def _written(call: Call, holder: Resource, part: str, parts: dict[str, Json]) -> Resource:
    body = {**holder.body, "properties": {**holder.properties, part: list(parts.values())}}
    kind = types_of(call.azure)[holder.kind.lower()]
    outcome = service.put(
        call.azure, kind, holder.id, body, caller=call.caller, version=call.api_version
    )
    return outcome.resource
