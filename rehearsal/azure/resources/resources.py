"""Resource groups and subscriptions, without HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rehearsal.azure import errors, ids
from rehearsal.azure.arm.service import erase
from rehearsal.azure.model import Resource
from rehearsal.azure.principals import Subscription
from rehearsal.azure.resources.errors import INVALID_GROUP_LOCATION, INVALID_GROUP_NAME
from rehearsal.azure.world import REGIONS, Azure, new_uid

Json = dict[str, Any]

KIND = "Microsoft.Resources/resourceGroups"
_NAME = re.compile(r"[\w.()-]{0,89}[\w()-]")


def group_id(subscription: str, group: str) -> str:
    """Write the id of a resource group."""
    return f"/subscriptions/{subscription.lower()}/resourceGroups/{group}"


def put_group(azure: Azure, subscription: str, name: str, body: Json) -> tuple[Resource, bool]:
    """Create or update a group; gives it, and whether it is new. ArmError says why not."""
    if subscription.lower() not in azure.directory.subscriptions:
        raise errors.SUBSCRIPTION_NOT_FOUND.of(subscription=subscription)
    if not _NAME.fullmatch(name):
        raise INVALID_GROUP_NAME.of(name=name)
    location = str(body.get("location") or "").replace(" ", "").lower()
    if not location:
        raise errors.LOCATION_REQUIRED.of()
    if location not in REGIONS:
        raise INVALID_GROUP_LOCATION.of(location=location, regions=",".join(REGIONS))
    found = azure.resources.find(group_id(subscription, name))
    tags = body.get("tags") or {}
    if found is not None:
        if found.state == "Deleting":
            raise errors.GROUP_BEING_DELETED.of(group=found.name)
        if found.location != location:
            message = (
                f"Invalid resource group location '{location}'. The Resource group already exists"
                f" in location '{found.location}'."
            )
            raise errors.ArmError(409, "InvalidResourceGroupLocation", message)
        return azure.resources.keep(found.topped(tags=tags)), False
    return azure.resources.keep(make_group(azure, subscription, name, location, tags=tags)), True


def make_group(
    azure: Azure, subscription: str, name: str, location: str, *, tags: Json, managed_by: str = ""
) -> Resource:
    """Make the group that a service or a client asks for."""
    path = group_id(subscription, name)
    body: Json = {"id": path, "name": name, "type": KIND, "location": location}
    body |= {"tags": tags} if tags else {}
    body |= {"managedBy": managed_by} if managed_by else {}
    body["properties"] = {"provisioningState": "Succeeded"}
    resource = Resource(ids.key_of(path), KIND, body, {"uid": new_uid()})
    return azure.resources.keep(resource)


def need_group(azure: Azure, subscription: str, name: str) -> Resource:
    """Give a group; ArmError 404 if it is missing."""
    if subscription.lower() not in azure.directory.subscriptions:
        raise errors.SUBSCRIPTION_NOT_FOUND.of(subscription=subscription)
    found = azure.resources.find(group_id(subscription, name))
    if found is None:
        raise errors.GROUP_NOT_FOUND.of(group=name)
    return found


def delete_group(azure: Azure, subscription: str, name: str) -> str:
    """Begin to delete a group with all that is in it; gives the operation."""
    group = need_group(azure, subscription, name)
    azure.resources.keep(group.setting(provisioningState="Deleting"))
    operation = azure.operations.begin(group.key, "DELETE")
    azure.agenda.after(
        azure.times.of("resourceGroup", "delete"),
        "resources.groupGone",
        key=group.key,
        uid=group.uid,
        operation=operation,
    )
    return operation


def empty_group(azure: Azure, group: Resource) -> None:
    """Remove a group at once, and all that is in it with what belongs to that."""
    for resource in sorted(azure.resources.in_group(group.key), key=lambda each: each.key):
        if azure.resources.find(resource.key) is not None:
            erase(azure, resource)
    azure.resources.remove(group)


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for this namespace."""

    def group_gone(key: str, uid: str, operation: str) -> None:
        group = azure.resources.find(key)
        if group is not None and group.uid == uid:
            empty_group(azure, group)
        azure.operations.finish(operation)

    return {"resources.groupGone": group_gone}


def subscription_body(subscription: Subscription) -> Json:
    """Write a subscription."""
    return {
        "id": f"/subscriptions/{subscription.id}",
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.name,
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "subscriptionPolicies": {
            "spendingLimit": "Off",
            "quotaId": "EnterpriseAgreement_2014-09-01",
        },
    }


def tracked_body(azure: Azure, resource: Resource, expand: str) -> Json:
    """Write a resource as lists over all types have it: named with its parents, no properties.

    ``expand`` is the lower-cased $expand, of which provisioningState is known here.
    """
    names, above = [resource.name], azure.resources.find(ids.parent_of(resource.key))
    while above is not None and above.kind != KIND:
        names.insert(0, above.name)
        above = azure.resources.find(ids.parent_of(above.key))
    body = {name: value for name, value in resource.body.items() if name != "properties"}
    if "provisioningstate" in expand:
        body["provisioningState"] = resource.state
    return {**body, "name": "/".join(names)}
