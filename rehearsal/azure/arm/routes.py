"""The routes that every resource type has: GET, list, PUT, PATCH, DELETE, HEAD."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from rehearsal.azure import ids
from rehearsal.azure.arm import odata, polling, service
from rehearsal.azure.arm.types import ResourceType, Style, types_of
from rehearsal.azure.errors import NO_REGISTERED_PROVIDER, RESOURCE_NOT_FOUND
from rehearsal.azure.http.messages import Answer, Call, Handler
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.model import Resource

Json = dict[str, Any]
_T = TypeVar("_T")

GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/"
_PAGE = 1000  # what a list gives before it says nextLink
_PARAMETER = re.compile(r"{(\w+)}")
_ME = re.compile(r"/users/@me(?=/|$)", re.IGNORECASE)
_EVERYBODY = "/users/@all/"

# The lab service knows these alone; the other providers here take any version (contract 1.4, 1.6).
LAB_VERSIONS = ("2015-05-21-preview", "2016-05-15", "2018-09-15", "2018-10-15-preview")


def install(router: Router, types: Iterable[ResourceType]) -> None:
    """Add the routes of a table of types."""
    for kind in types:
        item = GROUP + kind.path
        read = f"{kind.kind}/read"
        write = f"{kind.kind}/write"
        found = [Route("GET", item, _get(kind), read), Route("HEAD", item, _head(kind), read)]
        if kind.listed:
            found.append(Route("GET", item.rpartition("/")[0], _list(kind), read))
        if kind.path.count("{") == 1:
            whole = "/subscriptions/{subscription}/providers/" + kind.path.rpartition("/")[0]
            found.append(Route("GET", whole, _list_whole(kind), read))
        if kind.writable:
            found.append(Route("PUT", item, _put(kind), write))
        if kind.writable and kind.patchable:
            found.append(Route("PATCH", item, _patch(kind), write))
        if kind.writable and kind.deletable:
            found.append(Route("DELETE", item, _delete(kind), f"{kind.kind}/delete"))
        for route in found:
            router.add(replace(route, handler=_checked(kind, route.handler)))


def resource_id(call: Call, kind: ResourceType) -> str:
    """Write the id of a call as Azure does: its own literals, the caller's names."""
    path = _PARAMETER.sub(lambda found: call.parts[found.group(1)], kind.path)
    path = as_caller(call, path)
    subscription = call.parts["subscription"].lower()
    return f"/subscriptions/{subscription}/resourceGroups/{call.parts['group']}/providers/{path}"


def as_caller(call: Call, path: str) -> str:
    """Put the caller's object id where a path says `@me`, as the lab service does for users."""
    return _ME.sub(f"/users/{call.caller.object_id}", path)


def shown(call: Call, resource: Resource) -> Json:
    """Give what a GET answers for a resource."""
    kind = types_of(call.azure).get(resource.kind.lower())
    if kind is None:  # a resource group: not one of the table
        return resource.body
    expand, names = call.query.get("$expand", ""), call.query.get("$select", "")
    if call.query.get("statusonly", "").lower() == "true":  # how lists of machines ask for it
        expand = f"{expand},instanceView"
    body = kind.behaviour.show(call.azure, resource, expand.lower())
    body = kind.behaviour.addressed(body, call.base)
    return odata.select(body, expand, names) if "$select" in expand or names else body


def listing(call: Call, found: Sequence[Resource]) -> Answer:
    """Answer a list of resources: filtered, ordered, cut to $top, in pages."""
    return paged(call, found, lambda resource: resource.body, lambda each: shown(call, each))


def paged(
    call: Call,
    found: Sequence[_T],
    body: Callable[[_T], Json],
    show: Callable[[_T], Json],
    own: Collection[str] = (),
) -> Answer:
    """Answer a list of anything: `body` is what is filtered and ordered by, `show` the answer.

    ``own`` are functions of $filter that only these bodies have, as in odata.condition.
    """
    passes = odata.condition(call.query.get("$filter", ""), own)
    kept = [each for each in found if passes(body(each))]
    for path, descending in reversed(odata.order(call.query.get("$orderby", ""))):
        by = odata.key(path)
        kept.sort(key=lambda each: by(body(each)), reverse=descending)
    if call.query.get("$top", "").isdigit():
        kept = kept[: int(call.query["$top"])]
    skip = call.query.get("$skiptoken", "0")
    start = int(skip) if skip.isdigit() else 0
    answer: Json = {"value": [show(each) for each in kept[start : start + _PAGE]]}
    if len(kept) > start + _PAGE:
        query = urlencode({**call.query, "$skiptoken": start + _PAGE})
        answer["nextLink"] = f"{call.base}{quote(call.path)}?{query}"
    return Answer(200, answer)


def deleted(call: Call, outcome: service.Outcome | None) -> Answer:
    """Answer a DELETE; None is that of what was not there."""
    if outcome is None:
        return Answer(204)
    if outcome.operation is None:
        return Answer(200)
    return polling.accepted(call, outcome.operation)


def check_version(call: Call, kind: str, only: Sequence[str] = ()) -> None:
    """Refuse an api-version that the provider does not know, for this type at least."""
    known = only or LAB_VERSIONS
    if kind.startswith("Microsoft.DevTestLab") and call.api_version not in known:
        raise NO_REGISTERED_PROVIDER.of(
            kind=kind, api_version=call.api_version, known=", ".join(known)
        )


def _checked(kind: ResourceType, handler: Handler) -> Handler:
    def checked(call: Call) -> Answer:
        other = kind.versions and call.api_version not in kind.versions
        if other and call.method == "GET" and call.azure.switches["previewTypesRefused"] is False:
            raise RESOURCE_NOT_FOUND.of(
                resource=ids.described(call.path), group=call.parts["group"]
            )
        check_version(call, kind.kind, kind.versions)
        return handler(call)

    return checked


def _get(kind: ResourceType) -> Handler:
    def get(call: Call) -> Answer:
        return Answer(200, shown(call, service.need(call.azure, resource_id(call, kind))))

    return get


def _head(kind: ResourceType) -> Handler:
    def head(call: Call) -> Answer:
        found = call.azure.resources.find(resource_id(call, kind))
        return Answer(204 if found else 404)

    return head


def _list(kind: ResourceType) -> Handler:
    def list_(call: Call) -> Answer:
        last = _PARAMETER.findall(kind.path)[-1]
        call.parts = {**call.parts, last: "-"}
        any_id = resource_id(call, kind)
        service.group_of(call.azure, any_id)
        lab, everybody, _ = any_id.lower().partition(_EVERYBODY)
        if everybody:  # what all users of a lab have of a type
            nested = call.azure.resources.below(service.need(call.azure, lab))
            return listing(call, [each for each in nested if each.kind == kind.kind])
        service.parent(call.azure, kind, any_id)
        return listing(call, call.azure.resources.listed(ids.collection_of(any_id)))

    return list_


def _list_whole(kind: ResourceType) -> Handler:
    def list_whole(call: Call) -> Answer:
        return listing(call, call.azure.resources.of_kind(call.parts["subscription"], kind.kind))

    return list_whole


def _put(kind: ResourceType) -> Handler:
    def put(call: Call) -> Answer:
        outcome = service.put(
            call.azure,
            kind,
            resource_id(call, kind),
            call.body,
            caller=call.caller,
            version=call.api_version,
        )
        body = shown(call, outcome.resource)
        if outcome.operation is None:
            # Compute clients take 200 and 202 alone for snapshots and disks (contract 1.5).
            created = outcome.created and kind.put is not Style.ACCEPTED
            return Answer(201 if created else 200, body)
        if kind.put is Style.ACCEPTED:
            return polling.accepted(call, outcome.operation, body)
        return polling.begun(call, outcome.operation, body, 201 if outcome.created else 200)

    return put


def _patch(kind: ResourceType) -> Handler:
    def patch(call: Call) -> Answer:
        outcome = service.patch(call.azure, kind, resource_id(call, kind), call.body)
        body = shown(call, outcome.resource)
        if outcome.operation is None:
            return Answer(200, body)
        return polling.begun(call, outcome.operation, body, 200)

    return patch


def _delete(kind: ResourceType) -> Handler:
    def delete(call: Call) -> Answer:
        return deleted(call, service.delete(call.azure, kind, resource_id(call, kind)))

    return delete
