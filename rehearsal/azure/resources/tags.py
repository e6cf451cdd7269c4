"""Tags of any resource as a resource of their own, and the tag names of a subscription."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rehearsal.azure.arm import service
from rehearsal.azure.arm.routes import GROUP
from rehearsal.azure.errors import GROUP_NOT_FOUND, bad_request
from rehearsal.azure.http.messages import Answer, Call, Handler
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

_TAIL = "/providers/Microsoft.Resources/tags/default"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_MOST = 50  # tags of a resource (contract 4.3)


def install(router: Router, types: Any) -> None:
    """Add the routes: under a subscription, under a group, and under every type of the table."""
    scopes = [_SUBSCRIPTION, f"{_SUBSCRIPTION}/resourcegroups/{{group}}"]
    scopes += [GROUP + kind.path for kind in types]
    for scope in scopes:
        for method, handler, right in (
            ("GET", _get, "read"),
            ("PUT", _change("Replace"), "write"),
            ("PATCH", _change(""), "write"),
            ("DELETE", _change("Replace"), "delete"),
        ):
            action = f"Microsoft.Resources/tags/{right}"
            router.add(Route(method, scope + _TAIL, handler, action))
    router.add(
        Route("GET", f"{_SUBSCRIPTION}/tagNames", _names, "Microsoft.Resources/subscriptions/read")
    )


def _get(call: Call) -> Answer:
    return Answer(200, _body(call, _read(call)))


def _change(operation: str) -> Handler:
    def change(call: Call) -> Answer:
        given = (call.body.get("properties") or {}).get("tags") or {}
        if not isinstance(given, dict):
            message = "The tags must be an object of strings."
            raise bad_request(message, "InvalidTags")
        asked = operation or str(call.body.get("operation") or "")
        tags = _joined(asked, _read(call), given)
        if len(tags) > _MOST:
            message = f"The number of tags cannot be larger than {_MOST}."
            raise bad_request(message, "TooManyTags")
        _write(call, tags)
        return Answer(200, None if call.method == "DELETE" else _body(call, tags))

    return change


def _joined(operation: str, before: Json, given: Json) -> Json:
    if operation.lower() == "merge":
        return {**before, **given}
    if operation.lower() == "replace":
        return dict(given)
    if operation.lower() == "delete":
        return {name: value for name, value in before.items() if given.get(name) != value}
    message = f"The tags patch operation '{operation}' is not valid: Merge, Replace or Delete."
    raise bad_request(message, "InvalidTagsPatchOperation")


def _read(call: Call) -> Json:
    scope = _scope(call)
    if scope is None:
        return dict(call.azure.meta.get(_shelf(call)) or {})
    return dict(scope.body.get("tags") or {})


def _write(call: Call, tags: Json) -> None:
    scope = _scope(call)
    if scope is None:
        call.azure.meta.put(_shelf(call), tags)
    else:
        call.azure.resources.keep(scope.topped(tags=tags))


def _scope(call: Call) -> Resource | None:
    """Give the resource whose tags these are; None for a subscription."""
    path = call.path[: -len(_TAIL)]
    if path.count("/") == 2:
        service.group_of(call.azure, f"{path}/resourceGroups/-") if _unknown(call) else None
        return None
    if "/providers/" in path.lower():
        return service.need(call.azure, path)
    found = call.azure.resources.find(path)
    if found is None:
        raise GROUP_NOT_FOUND.of(group=call.parts["group"])
    return found


def _unknown(call: Call) -> bool:
    return call.parts["subscription"].lower() not in call.azure.directory.subscriptions


def _shelf(call: Call) -> str:
    return f"tags {call.parts['subscription'].lower()}"


def _body(call: Call, tags: Json) -> Json:
    return {
        "id": call.path,
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": tags},
    }


def _names(call: Call) -> Answer:
    """List the tag names in use with their values, each with how often."""
    subscription = call.parts["subscription"]
    used: dict[str, Counter[str]] = {}
    for resource in _tagged(call.azure, subscription):
        for name, value in (resource.body.get("tags") or {}).items():
            used.setdefault(name, Counter())[str(value)] += 1
    value = [_name(subscription, name, values) for name, values in sorted(used.items())]
    return Answer(200, {"value": value})


def _name(subscription: str, name: str, values: Counter[str]) -> Json:
    path = f"/subscriptions/{subscription}/tagNames/{name}"
    return {
        "id": path,
        "tagName": name,
        "count": {"type": "Total", "value": values.total()},
        "values": [
            {
                "id": f"{path}/tagValues/{value}",
                "tagValue": value,
                "count": {"type": "Total", "value": count},
            }
            for value, count in sorted(values.items())
        ],
    }


def _tagged(azure: Azure, subscription: str) -> list[Resource]:
    groups = azure.resources.listed(f"/subscriptions/{subscription}/resourcegroups")
    return [*groups, *azure.resources.in_subscription(subscription)]
