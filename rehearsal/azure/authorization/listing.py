"""Which roles there are at a scope, and who has them: as clients look both up.

A list of role definitions has the built-in roles and those that may be assigned at the scope. One
of role assignments has what was given at the scope, above it and below it; atScope() leaves out
the last.
"""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.routes import paged
from rehearsal.azure.authorization.built_in import DEFINITIONS, built_in
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

# Of $filter, which names the properties of roles without their path.
_FUNCTIONS = ("atscope", "atscopeandbelow", "assignedto")


def definitions(call: Call, scope: str) -> Answer:
    """List the role definitions of a scope, "" for the tenant."""
    found = [role.body(scope) for role in built_in().values()]
    for role in of_all(call.azure, DEFINITIONS):
        places = [str(each) for each in role.properties["assignableScopes"]]
        asked_below = "atscopeandbelow()" in call.query.get("$filter", "").lower()
        if any(within(scope, each) or (asked_below and within(each, scope)) for each in places):
            found.append(role.body)

    def facts(body: Json) -> Json:
        here = {"atScope": lambda: True, "atScopeAndBelow": lambda: True}
        return {**body["properties"], **here, "name": body["name"]}

    return paged(call, found, facts, lambda body: body, _FUNCTIONS[:2])


def assignments(call: Call, scope: str, kind: str) -> Answer:
    """List the role assignments that concern a scope."""
    found = [
        each
        for each in of_all(call.azure, kind)
        if within(scope, place_of(each)) or within(place_of(each), scope)
    ]

    def facts(each: Resource) -> Json:
        here = within(scope, place_of(each))
        functions = {
            "atScope": lambda: here,
            "assignedTo": lambda who: who.lower() == str(each.properties["principalId"]).lower(),
        }
        return {**each.properties, **functions, "name": each.name}

    return paged(call, found, facts, lambda each: each.body, _FUNCTIONS)


def definition(azure: Azure, reference: str) -> Json | None:
    """Give a role definition by its id, whatever scope that names; None if there is none."""
    name = ids.name_of(reference).lower()
    if name in built_in():
        return built_in()[name].body(reference.rpartition("/providers/")[0])
    own = (each.body for each in of_all(azure, DEFINITIONS) if each.name.lower() == name)
    return next(own, None)


def place_of(assignment: Resource) -> str:
    """Give the scope at which a role was assigned."""
    return str(assignment.properties["scope"])


def of_all(azure: Azure, kind: str) -> list[Resource]:
    """Give what there is of one type in all subscriptions."""
    return [
        found
        for subscription in azure.directory.subscriptions
        for found in azure.resources.of_kind(subscription, kind)
    ]


def within(scope: str, holder: str) -> bool:
    """Tell whether a scope is another, or lies in it."""
    return f"{ids.key_of(scope)}/".startswith(f"{ids.key_of(holder).rstrip('/')}/")
