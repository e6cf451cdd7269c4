"""Microsoft.Authorization and Microsoft.MarketplaceOrdering, as far as a caller asks about itself.

What a caller may do comes from the same table that every call is judged by; whether terms were
accepted from the estate. Both are read only here.
"""

from __future__ import annotations

from typing import Any

from rehearsal.azure.errors import SUBSCRIPTION_NOT_FOUND
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router

Json = dict[str, Any]

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourcegroups/{{group}}"
_RESOURCE = f"{_GROUP}/providers/{{namespace}}/{{type}}/{{name}}"
_PERMISSIONS = "providers/Microsoft.Authorization/permissions"
_READ = "Microsoft.Authorization/permissions/read"
_AGREEMENT = (
    f"{_SUBSCRIPTION}/providers/Microsoft.MarketplaceOrdering/offertypes/virtualmachine"
    "/publishers/{publisher}/offers/{offer}/plans/{plan}/agreements/current"
)


def install(router: Router) -> None:
    """Add the routes."""
    ordering = "Microsoft.MarketplaceOrdering/offertypes/publishers/offers/plans/agreements/read"
    for route in (
        Route("GET", f"{_SUBSCRIPTION}/{_PERMISSIONS}", _permissions, _READ),
        Route("GET", f"{_GROUP}/{_PERMISSIONS}", _permissions, _READ),
        Route("GET", f"{_RESOURCE}/{_PERMISSIONS}", _permissions, _READ),
        Route("GET", _AGREEMENT, _agreement, ordering),
    ):
        router.add(route)


def _permissions(call: Call) -> Answer:
    scope = call.path.lower().rpartition("/providers/")[0]
    value: list[Json] = [
        {
            "actions": list(call.caller.known[role][0]),
            "notActions": list(call.caller.known[role][1]),
            "dataActions": [],
            "notDataActions": [],
        }
        for held, role in call.caller.roles
        if scope == held or scope.startswith(f"{held}/")
    ]
    return Answer(200, {"value": value})


def _agreement(call: Call) -> Answer:
    parts = call.parts
    known = call.azure.directory.subscriptions.get(parts["subscription"].lower())
    if known is None:
        raise SUBSCRIPTION_NOT_FOUND.of(subscription=parts["subscription"])
    plan = f"{parts['publisher']}/{parts['offer']}/{parts['plan']}"
    accepted = plan.lower() in {term.lower() for term in known.terms}
    properties = {
        "publisher": parts["publisher"],
        "product": parts["offer"],
        "plan": parts["plan"],
        "accepted": accepted,
    }
    return Answer(200, {"id": call.path, "name": parts["plan"], "properties": properties})
