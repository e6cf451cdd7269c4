"""Role definitions and assignments on the wire.

They are kept and checked as ARM does. Who may do what: callers.py.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rehearsal.azure import ids
from rehearsal.azure.arm.types import ResourceType
from rehearsal.azure.authorization import listing, locks
from rehearsal.azure.authorization.built_in import DEFINITIONS, built_in
from rehearsal.azure.clock import iso
from rehearsal.azure.errors import RESOURCE_NOT_FOUND, SUBSCRIPTION_NOT_FOUND, ArmError, bad_request
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.managedidentity.routes import IDENTITIES
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
# Not through arm.routes, since they are at any scope; what is erased with a scope asks for them.
TYPES = (
    *(
        ResourceType(kind, f"{kind}/{{name}}", writable=False)
        for kind in (DEFINITIONS, ASSIGNMENTS)
    ),
    locks.TYPE,
)
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourcegroups/{{group}}"
_PAIR = "/{{type{0}}}/{{name{0}}}"
# A resource, and what is nested in it two levels deep: a container is the third.
_SCOPES = (
    _SUBSCRIPTION,
    _GROUP,
    *(
        f"{_GROUP}/providers/{{namespace}}" + "".join(_PAIR.format(i) for i in range(depth))
        for depth in (1, 2, 3)
    ),
)


def install(router: Router) -> None:
    """Add the routes at every scope."""
    for scope in _SCOPES:
        for kind, read, list_, put in (
            (DEFINITIONS, _get_definition, _list_definitions, _put_definition),
            (ASSIGNMENTS, _get, _list_assignments, _put_assignment),
        ):
            item = f"{scope}/providers/{kind}/{{id}}"
            router.add(Route("GET", item, read, f"{kind}/read"))
            router.add(Route("PUT", item, put, f"{kind}/write"))
            router.add(Route("DELETE", item, _delete, f"{kind}/delete"))
            router.add(Route("GET", item.rpartition("/")[0], list_, f"{kind}/read"))
    locks.install(router, _SCOPES)
    # Whoever is of the tenant may look up its roles [mem].
    router.add(Route("GET", f"/providers/{DEFINITIONS}", _list_definitions))
    router.add(Route("GET", f"/providers/{DEFINITIONS}/{{id}}", _get_definition))


def _get_definition(call: Call) -> Answer:
    found = listing.definition(call.azure, call.path)
    if found is None:
        raise _unknown_role(call.path, 404)
    return Answer(200, found)


def _unknown_role(reference: str, status: int) -> ArmError:
    message = f"The specified role definition with ID '{ids.name_of(reference)}' does not exist."
    return ArmError(status, "RoleDefinitionDoesNotExist", message)


def _get(call: Call) -> Answer:
    found = call.azure.resources.find(call.path)
    if found is None:
        raise RESOURCE_NOT_FOUND.of(
            resource=ids.described(call.path), group=ids.group_of(call.path)
        )
    return Answer(200, found.body)


def _list_definitions(call: Call) -> Answer:
    return listing.definitions(call, _scope(call))


def _list_assignments(call: Call) -> Answer:
    return listing.assignments(call, _scope(call), ASSIGNMENTS)


def _delete(call: Call) -> Answer:
    found = call.azure.resources.find(call.path)
    if found is None:
        return Answer(204)
    if found.kind == DEFINITIONS and (user := _assigned(call.azure, found)):
        message = f"There are existing role assignments referencing role '{found.name}': '{user}'."
        raise bad_request(message, "RoleDefinitionHasAssignments")
    call.azure.resources.remove(found)
    return Answer(200, found.body)


def _put_definition(call: Call) -> Answer:
    given = _properties(call)
    name = str(given.get("roleName") or "")
    scopes = given.get("assignableScopes")
    if not name or not isinstance(scopes, list) or not scopes:
        msg = "A role needs a name and assignable scopes."
        raise bad_request(msg, "InvalidRoleDefinition")
    others = {role.id: role.name for role in built_in().values()}
    for role in listing.of_all(call.azure, DEFINITIONS):
        others[role.name.lower()] = str(role.properties["roleName"])
    for other, known in others.items():
        if known.lower() == name.lower() and other != call.parts["id"].lower():
            message = f"The role definition name '{name}' is already in use."
            raise ArmError(409, "RoleDefinitionWithSameNameExists", message)
    return _keep(call, DEFINITIONS, {**given, "type": "CustomRole"})


def _put_assignment(call: Call) -> Answer:
    azure, given = call.azure, _properties(call)
    scope = _scope(call)
    role, principal = str(given.get("roleDefinitionId")), str(given.get("principalId"))
    if listing.definition(azure, role) is None:
        raise _unknown_role(role, 400)
    if principal not in _principals(azure) and given.get("principalType") == "ServicePrincipal":
        message = f"Principal {principal} does not exist in the directory."
        raise bad_request(message, "PrincipalNotFound")
    for other in azure.resources.listed(ids.collection_of(call.path)):
        facts = other.properties
        if (facts["principalId"], ids.name_of(facts["roleDefinitionId"])) != (
            principal,
            ids.name_of(role),
        ):
            continue
        if not ids.same(other.id, call.path):
            raise ArmError(409, "RoleAssignmentExists", "The role assignment already exists.")
    existing = azure.resources.find(call.path)
    if existing is not None and existing.properties["principalId"] != principal:
        message = (
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
        )
        raise bad_request(message, "RoleAssignmentUpdateNotPermitted")
    return _keep(call, ASSIGNMENTS, {**given, "scope": scope})


def _keep(call: Call, kind: str, properties: Json) -> Answer:
    scope = _scope(call)
    _need(call.azure, scope)
    _guid(call.parts["id"])
    now = iso(call.azure.now())
    old = call.azure.resources.find(call.path)
    created = old.properties["createdOn"] if old else now
    path = f"{scope}/providers/{kind}/{call.parts['id']}"
    body: Json = {"id": path, "name": call.parts["id"], "type": kind}
    body["properties"] = {**properties, "createdOn": created, "updatedOn": now}
    made = Resource(ids.key_of(path), kind, body, {"uid": new_uid()})
    return Answer(201, call.azure.resources.keep(made).body)


def _scope(call: Call) -> str:
    return call.path[: call.path.lower().rindex("/providers/microsoft.authorization/")]


def _need(azure: Azure, scope: str) -> None:
    subscription = ids.subscription_of(scope)
    if subscription.lower() not in azure.directory.subscriptions:
        raise SUBSCRIPTION_NOT_FOUND.of(subscription=subscription)
    if scope.count("/") > 2 and azure.resources.find(scope) is None:
        raise RESOURCE_NOT_FOUND.of(resource=ids.described(scope), group=ids.group_of(scope))


def _properties(call: Call) -> Json:
    given = call.body.get("properties")
    if not isinstance(given, dict):
        msg = "The request has no properties."
        raise bad_request(msg, "InvalidRequestContent")
    return given


def _guid(name: str) -> None:
    try:
        UUID(name)
    except ValueError:
        message = f"The name '{name}' is not valid. It must be a GUID."
        raise bad_request(message, "InvalidName") from None


def _assigned(azure: Azure, role: Resource) -> str:
    found = (
        each.name
        for each in listing.of_all(azure, ASSIGNMENTS)
        if ids.name_of(each.properties["roleDefinitionId"]).lower() == role.name.lower()
    )
    return next(found, "")


def _principals(azure: Azure) -> set[str]:
    known = {each.object_id for each in azure.directory.principals()}
    identities = listing.of_all(azure, IDENTITIES)
    return known | {str(each.properties["principalId"]) for each in identities}
