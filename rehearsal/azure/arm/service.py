"""PUT, PATCH and DELETE of any resource type, without HTTP."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from rehearsal.azure import errors, ids
from rehearsal.azure.arm.types import PREVIEW, Draft, ResourceType, Style, types_of
from rehearsal.azure.errors import ArmError
from rehearsal.azure.model import Resource
from rehearsal.azure.principals import Principal
from rehearsal.azure.world import REGIONS, Azure

Json = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a write did: the resource as it stands, whether it is new, and what to poll."""

    resource: Resource
    created: bool = False
    operation: str | None = None


def group_of(azure: Azure, resource_id: str) -> Resource:
    """Give the resource group of an id; ArmError if the subscription or the group is missing."""
    subscription = ids.subscription_of(resource_id)
    if subscription.lower() not in azure.directory.subscriptions:
        raise errors.SUBSCRIPTION_NOT_FOUND.of(subscription=subscription)
    group = azure.resources.find(ids.group_id(resource_id))
    if group is None:
        raise errors.GROUP_NOT_FOUND.of(group=ids.group_of(resource_id))
    return group


def parent(
    azure: Azure, kind: ResourceType, resource_id: str, *, making: bool = False
) -> Resource | None:
    """Give the resource that holds a nested one; ArmError if it is missing.

    A lab knows its users without their profiles: what one has is listed and deleted without. The
    switch usersNeedProfile says whether it is made without.
    """
    levels = kind.path.count("{")
    if levels == 1:
        return None
    above = ids.parent_of(resource_id)
    if kind.path.count("/policysets/"):
        # The only policy set of a lab is `default`; it is no resource that could be missing.
        above = ids.parent_of(above)
    found = azure.resources.find(above)
    of_user = ids.collection_of(above).lower().endswith("/users")
    if found is None and of_user and not (making and azure.switches["usersNeedProfile"]):
        found = azure.resources.find(ids.parent_of(above))
    if found is None:
        raise errors.PARENT_NOT_FOUND.of(parent=ids.described(above))
    return found


def put(
    azure: Azure,
    kind: ResourceType,
    resource_id: str,
    body: Json,
    *,
    caller: Principal,
    version: str,
) -> Outcome:
    """Create or update a resource; ArmError says why not."""
    group = group_of(azure, resource_id)
    if group.state == "Deleting":
        raise errors.GROUP_BEING_DELETED.of(group=group.name)
    holder = parent(azure, kind, resource_id, making=True)
    checked = previewed(kind, body, kind.read(body), version)
    draft = _draft(kind, resource_id, checked, caller, version, group=group, holder=holder)
    existing = azure.resources.find(resource_id) or kind.behaviour.revived(azure, draft)
    if existing is not None:
        _check_update(kind, existing, draft)
        if not _never_made(kind, existing):
            changed = kind.behaviour.update(azure, existing, draft)
            if existing.state == "Failed":
                changed = changed.setting(provisioningState="Succeeded")
            return _changed(azure, kind, existing, changed)
        # What could not be made is made anew by the next PUT, as most of ARM's providers do.
        kind.behaviour.remade(azure, existing)
        erase(azure, existing)
    made = kind.behaviour.create(azure, draft)
    if kind.put is Style.SYNC:
        done = kind.behaviour.finish(azure, made.setting(provisioningState="Succeeded"))
        azure.resources.keep(done)
        kind.behaviour.made(azure, done)
        return Outcome(done, created=True)
    azure.resources.keep(made.setting(provisioningState="Creating"))
    operation = azure.operations.begin(made.key, "PUT")
    kind.behaviour.begin(azure, azure.resources.find(made.key) or made, operation)
    return Outcome(azure.resources.find(made.key) or made, created=True, operation=operation)


def patch(azure: Azure, kind: ResourceType, resource_id: str, body: Json) -> Outcome:
    """Change what a PATCH of this type may, which for most is the tags alone."""
    existing = need(azure, resource_id)
    _object(body, "tags")
    return _changed(azure, kind, existing, kind.behaviour.patch(azure, existing, body))


def delete(azure: Azure, kind: ResourceType, resource_id: str) -> Outcome | None:
    """Delete a resource; None if there is none. ArmError if it must stay."""
    if azure.switches["deletionInMissingGroup"] == "done" and _group_missing(azure, resource_id):
        return None
    group_of(azure, resource_id)
    parent(azure, kind, resource_id)
    existing = azure.resources.find(resource_id)
    if existing is None:
        return None
    kind.behaviour.releasing(azure, existing)
    if kind.delete is Style.SYNC:
        erase(azure, existing)
        return Outcome(existing)
    azure.operations.preempt(existing.key)
    going = azure.resources.keep(existing.setting(provisioningState="Deleting"))
    operation = azure.operations.begin(existing.key, "DELETE")
    azure.agenda.after(
        kind.behaviour.deletion(azure, existing),
        "arm.gone",
        key=existing.key,
        uid=existing.uid,
        operation=operation,
    )
    return Outcome(going, operation=operation)


def need(azure: Azure, resource_id: str) -> Resource:
    """Give a resource; ArmError 404 if it, or its group, is missing."""
    found = azure.resources.find(resource_id)
    if found is None:
        group_of(azure, resource_id)
        raise errors.RESOURCE_NOT_FOUND.of(
            resource=ids.described(resource_id), group=ids.group_of(resource_id)
        )
    return found


def erase(azure: Azure, resource: Resource) -> None:
    """Remove a resource at once, with all that is nested in it or belongs to it."""
    for nested in reversed(azure.resources.below(resource)):
        _take_away(azure, nested)
    _take_away(azure, resource)


def previewed(kind: ResourceType, body: Json, checked: Json, version: str) -> Json:
    """Put back what the models do not have, for callers of the api-version that knows it."""
    if version != PREVIEW:
        return checked
    whole = deepcopy(checked)
    for path in kind.behaviour.preview:
        *above, last = ("properties", *path.split("."))
        given: Any = body
        for part in above:
            given = given.get(part) if isinstance(given, dict) else None
        if not isinstance(given, dict) or last not in given:
            continue
        place = whole
        for part in above:
            place = place.setdefault(part, {})
        place[last] = given[last]
    return whole


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for every type."""

    def made(key: str, uid: str, operation: str) -> None:
        resource = azure.resources.find(key)
        if resource is None or resource.uid != uid or resource.state == "Deleting":
            return
        behaviour = types_of(azure)[resource.kind.lower()].behaviour
        try:
            done = behaviour.finish(azure, resource)
        except ArmError as error:
            failed = azure.resources.keep(resource.setting(provisioningState="Failed"))
            behaviour.failed(azure, failed)
            azure.operations.finish(operation, error)
            return
        azure.resources.keep(done.setting(provisioningState="Succeeded"))
        behaviour.made(azure, done)
        azure.operations.finish(operation)

    def gone(key: str, uid: str, operation: str) -> None:
        resource = azure.resources.find(key)
        if resource is not None and resource.uid == uid:
            erase(azure, resource)
        azure.operations.finish(operation)

    return {"arm.made": made, "arm.gone": gone}


def _group_missing(azure: Azure, resource_id: str) -> bool:
    known = ids.subscription_of(resource_id).lower() in azure.directory.subscriptions
    return known and azure.resources.find(ids.group_id(resource_id)) is None


def _take_away(azure: Azure, resource: Resource) -> None:
    azure.operations.preempt(resource.key) if resource.state != "Deleting" else None
    azure.resources.remove(resource)
    types_of(azure)[resource.kind.lower()].behaviour.removed(azure, resource)


def _changed(azure: Azure, kind: ResourceType, existing: Resource, changed: Resource) -> Outcome:
    """Store a change: at once, or with an operation that ends when it is through."""
    length = kind.behaviour.updating(azure, existing, changed)
    if length is None:
        return Outcome(azure.resources.keep(changed))
    going = changed.setting(provisioningState="Updating").knowing(stands=True)
    azure.resources.keep(going)
    operation = azure.operations.begin(going.key, "PUT")
    azure.agenda.after(length, "arm.made", key=going.key, uid=going.uid, operation=operation)
    return Outcome(going, operation=operation)


def _never_made(kind: ResourceType, existing: Resource) -> bool:
    """Tell whether the creation failed; what failed to change or to go is there all the same."""
    failed = existing.state == "Failed" and kind.put is not Style.SYNC
    return failed and not existing.hidden.get("stands")


def _draft(
    kind: ResourceType,
    resource_id: str,
    body: Json,
    caller: Principal,
    version: str,
    *,
    group: Resource,
    holder: Resource | None,
) -> Draft:
    location = body.get("location")
    if location is None:
        if kind.located or (kind.tracked and kind.namespace != "Microsoft.DevTestLab"):
            raise errors.LOCATION_REQUIRED.of()
        location = group.location if holder is None else holder.location
    location = str(location).replace(" ", "").lower()
    if location not in REGIONS:
        regions = ", ".join(REGIONS)
        message = (
            f"The provided location '{location}' is not available for resource type"
            f" '{kind.kind}'. List of available regions for the resource type is '{regions}'."
        )
        raise errors.bad_request(message, "LocationNotAvailableForResourceType")
    return Draft(
        id=resource_id,
        type=kind,
        location=location,
        tags=_object(body, "tags"),
        properties=_object(body, "properties"),
        top={name: body[name] for name in kind.top if body.get(name) is not None},
        caller=caller,
        api_version=version,
    )


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.INVALID_CONTENT.of(what=f"'{name}' must be an object")
    return value


def _check_update(kind: ResourceType, existing: Resource, draft: Draft) -> None:
    if existing.location and existing.location != draft.location:
        raise errors.LOCATION_DIFFERS.of(
            name=existing.name,
            group=ids.group_of(existing.id),
            existing=existing.location,
            asked=draft.location,
        )
    if not existing.settled:
        code = "ResourceIsNotInValidState" if kind.lower_ids else "OperationNotAllowed"
        raise kind.behaviour.busy(existing, code)
