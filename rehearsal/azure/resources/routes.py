"""Microsoft.Resources on the wire (contract 1.4); any api-version is taken."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.arm.polling import retry_after
from rehearsal.azure.arm.routes import listing, paged
from rehearsal.azure.arm.types import types_of
from rehearsal.azure.errors import OPERATION_NOT_FOUND, SUBSCRIPTION_NOT_FOUND
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.model import Resource
from rehearsal.azure.resources import providers, registration
from rehearsal.azure.resources import resources as groups
from rehearsal.azure.resources.errors import PROVIDER_NOT_FOUND
from rehearsal.azure.world import REGIONS

Json = dict[str, Any]

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = "/subscriptions/{subscription}/resourcegroups/{group}"
_READ = "Microsoft.Resources/subscriptions/read"
_REGISTER = "Microsoft.Resources/subscriptions/providers/register/action"
_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"


def install(router: Router) -> None:
    """Add the routes of this namespace."""
    for route in (
        Route("GET", "/subscriptions", _subscriptions),
        Route("GET", "/tenants", _tenants),
        Route("GET", _SUBSCRIPTION, _subscription, _READ),
        Route("GET", f"{_SUBSCRIPTION}/locations", _locations, _READ),
        Route("GET", f"{_SUBSCRIPTION}/providers", _providers, _READ),
        Route("GET", f"{_SUBSCRIPTION}/providers/{{namespace}}", _provider, _READ),
        Route("POST", f"{_SUBSCRIPTION}/providers/{{namespace}}/register", _register, _REGISTER),
        Route("GET", f"{_SUBSCRIPTION}/resourcegroups", _list_groups, f"{_GROUPS}/read"),
        Route("GET", f"{_SUBSCRIPTION}/resources", _resources, f"{_GROUPS}/read"),
        Route("GET", f"{_SUBSCRIPTION}/operationresults/{{operation}}", _operation_result),
        Route("GET", _GROUP, _get_group, f"{_GROUPS}/read"),
        Route("HEAD", _GROUP, _head_group, f"{_GROUPS}/read"),
        Route("PUT", _GROUP, _put_group, f"{_GROUPS}/write"),
        Route("PATCH", _GROUP, _patch_group, f"{_GROUPS}/write"),
        Route("DELETE", _GROUP, _delete_group, f"{_GROUPS}/delete"),
        Route("GET", f"{_GROUP}/resources", _group_resources, f"{_GROUPS}/read"),
    ):
        router.add(route)


def _subscriptions(call: Call) -> Answer:
    found = [
        groups.subscription_body(each)
        for each in call.azure.directory.subscriptions.values()
        if each.tenant == call.caller.tenant and call.caller.reaches(each.id)
    ]
    return Answer(200, {"value": found, "count": {"type": "Total", "value": len(found)}})


def _tenants(call: Call) -> Answer:
    tenant = call.caller.tenant
    found = {"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Contoso"}
    return Answer(200, {"value": [found]})


def _subscription(call: Call) -> Answer:
    found = call.azure.directory.subscriptions.get(call.parts["subscription"].lower())
    if found is None:
        raise SUBSCRIPTION_NOT_FOUND.of(subscription=call.parts["subscription"])
    return Answer(200, groups.subscription_body(found))


def _locations(call: Call) -> Answer:
    base = f"/subscriptions/{call.parts['subscription']}/locations"
    value = [
        {
            "id": f"{base}/{name}",
            "name": name,
            "displayName": title,
            "regionalDisplayName": title,
            "type": "Region",
        }
        for name, title in REGIONS.items()
    ]
    return Answer(200, {"value": value})


def _providers(call: Call) -> Answer:
    subscription = call.parts["subscription"]
    value = [
        providers.provider_body(call.azure, subscription, name) for name in providers.NAMESPACES
    ]
    return Answer(200, {"value": value})


def _provider(call: Call) -> Answer:
    namespace = call.parts["namespace"]
    found = providers.provider_body(call.azure, call.parts["subscription"], namespace)
    if found is None:
        raise PROVIDER_NOT_FOUND.of(namespace=namespace)
    return Answer(200, found)


def _register(call: Call) -> Answer:
    """Begin to register a provider, and answer as a GET of it does."""
    _provider(call)
    registration.register(call.azure, call.parts["subscription"], call.parts["namespace"])
    return _provider(call)


def _list_groups(call: Call) -> Answer:
    collection = f"/subscriptions/{call.parts['subscription']}/resourcegroups"
    return listing(call, call.azure.resources.listed(collection))


def _resources(call: Call) -> Answer:
    return _tracked(call, call.azure.resources.in_subscription(call.parts["subscription"]))


def _group_resources(call: Call) -> Answer:
    group = groups.need_group(call.azure, call.parts["subscription"], call.parts["group"])
    return _tracked(call, call.azure.resources.in_group(group.key))


def _tracked(call: Call, found: list[Resource]) -> Answer:
    """List what ARM itself keeps track of; roles and most of what is nested are not of it."""
    expand = call.query.get("$expand", "").lower()
    types = types_of(call.azure)
    bodies = [
        groups.tracked_body(call.azure, each, expand)
        for each in found
        if each.kind.lower() in types and types[each.kind.lower()].tracked
    ]
    return paged(call, bodies, lambda body: body, lambda body: body)


def _get_group(call: Call) -> Answer:
    group = groups.need_group(call.azure, call.parts["subscription"], call.parts["group"])
    return Answer(200, group.body)


def _head_group(call: Call) -> Answer:
    path = groups.group_id(call.parts["subscription"], call.parts["group"])
    return Answer(204 if call.azure.resources.find(path) else 404)


def _put_group(call: Call) -> Answer:
    group, new = groups.put_group(
        call.azure, call.parts["subscription"], call.parts["group"], call.body
    )
    return Answer(201 if new else 200, group.body)


def _patch_group(call: Call) -> Answer:
    group = groups.need_group(call.azure, call.parts["subscription"], call.parts["group"])
    tags = call.body.get("tags")
    changed = group.topped(tags=tags) if isinstance(tags, dict) else group
    return Answer(200, call.azure.resources.keep(changed).body)


def _delete_group(call: Call) -> Answer:
    subscription = call.parts["subscription"]
    operation = groups.delete_group(call.azure, subscription, call.parts["group"])
    return _wait(call, operation)


def _operation_result(call: Call) -> Answer:
    operation = call.parts["operation"]
    doc = call.azure.operations.find(operation)
    if doc is None:
        raise OPERATION_NOT_FOUND.of(name=operation)
    return _wait(call, operation) if doc["status"] == "Running" else Answer(200)


def _wait(call: Call, operation: str) -> Answer:
    """202 with a Location alone: resource groups have no Azure-AsyncOperation."""
    location = (
        f"{call.base}/subscriptions/{call.parts['subscription']}/operationresults/{operation}"
        f"?api-version={call.api_version}"
    )
    return Answer(202, None, {"Location": location, **retry_after(call)})
