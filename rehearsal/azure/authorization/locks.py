"""Locks at any scope: they hold for all that is within, whoever asks (ScopeLocked)."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.routes import paged
from rehearsal.azure.arm.types import ResourceType
from rehearsal.azure.authorization.listing import of_all, within
from rehearsal.azure.errors import RESOURCE_NOT_FOUND, SCOPE_LOCKED, bad_request
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

LOCKS = "Microsoft.Authorization/locks"
TYPE = ResourceType(LOCKS, f"{LOCKS}/{{name}}", writable=False)
_MARK = f"/providers/{LOCKS}/".lower()
_LEVELS = ("CanNotDelete", "ReadOnly")


def install(router: Router, scopes: tuple[str, ...]) -> None:
    """Add the routes at these scopes."""
    for scope in scopes:
        item = f"{scope}/providers/{LOCKS}/{{id}}"
        router.add(Route("GET", item, _get, f"{LOCKS}/read"))
        router.add(Route("PUT", item, _put, f"{LOCKS}/write"))
        router.add(Route("DELETE", item, _delete, f"{LOCKS}/delete"))
        router.add(Route("GET", item.rpartition("/")[0], _list, f"{LOCKS}/read"))


def check(azure: Azure, method: str, path: str) -> None:
    """Refuse with 409 what a lock forbids: at its scope, within it, or, to delete, around it."""
    if method in ("GET", "HEAD") or _MARK in path.lower():
        return
    deletion = method == "DELETE"
    holding = [
        scope
        for each in of_all(azure, LOCKS)
        for scope in (_scope(each.id),)
        if (deletion or each.properties["level"] == "ReadOnly")
        and (within(path, scope) or (deletion and within(scope, path)))
    ]
    if holding:
        operation = "delete" if deletion else "write"
        locked = ", ".join(holding)
        raise SCOPE_LOCKED.of(scope=path, operation=operation, lock=locked)


def _scope(path: str) -> str:
    return path[: path.lower().rindex("/providers/microsoft.authorization/")]


def _get(call: Call) -> Answer:
    found = call.azure.resources.find(call.path)
    if found is None:
        group = ids.group_of(call.path)
        raise RESOURCE_NOT_FOUND.of(resource=ids.described(call.path), group=group)
    return Answer(200, found.body)


def _list(call: Call) -> Answer:
    """List the locks of a scope and of what is within."""
    scope = _scope(call.path)
    found = [each.body for each in of_all(call.azure, LOCKS) if within(_scope(each.id), scope)]

    def facts(body: Json) -> Json:
        here = ids.same(_scope(str(body["id"])), scope)
        return {**body["properties"], "name": body["name"], "atScope": lambda: here}

    return paged(call, found, facts, lambda body: body, ("atscope",))


def _put(call: Call) -> Answer:
    given = call.body.get("properties") or {}
    level = next((each for each in _LEVELS if each.lower() == str(given.get("level")).lower()), "")
    if not level:
        message = f"The lock level '{given.get('level')}' is none of {', '.join(_LEVELS)}."
        raise bad_request(message, "LockLevelInvalid")
    old = call.azure.resources.find(call.path)
    path = f"{_scope(call.path)}/providers/{LOCKS}/{call.parts['id']}"
    properties = {"level": level} | ({"notes": given["notes"]} if given.get("notes") else {})
    body = {"id": path, "name": call.parts["id"], "type": LOCKS, "properties": properties}
    call.azure.resources.keep(Resource(ids.key_of(path), LOCKS, body, {"uid": new_uid()}))
    return Answer(201 if old is None else 200, body)


def _delete(call: Call) -> Answer:
    found = call.azure.resources.find(call.path)
    if found is None:
        return Answer(204)
    call.azure.resources.remove(found)
    return Answer(200)
