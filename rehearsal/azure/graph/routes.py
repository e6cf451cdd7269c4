"""Microsoft Graph on the wire, on the same host as ARM; its paths begin with /v1.0/."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.azure.graph import errors
from rehearsal.azure.http.messages import Answer, Call, Handler
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.identity.bearer import bearer
from rehearsal.azure.identity.tokens import Tokens
from rehearsal.azure.principals import Principal

Json = dict[str, Any]

# As command-line clients ask: by appId, or by one of the names, of which the appId is one.
_FILTER = re.compile(
    r"(?:(?P<field>appId|displayName|id) eq|servicePrincipalNames/any\(\w+:\s*\w+ eq)"
    r" '(?P<value>[^']*)'\)?",
    re.IGNORECASE,
)


def install(router: Router, tokens: Tokens) -> None:
    """Add the routes. They have no api-version; their token is for this service."""
    for method, path, handler in (
        ("GET", "me", _me),
        ("GET", "servicePrincipals", _list),
        ("GET", "servicePrincipals/{id}", _get),
        ("GET", "directoryObjects/{id}", _get),
        ("POST", "directoryObjects/getByIds", _by_ids),
    ):
        router.add(Route(method, f"/v1.0/{path}", _signed_in(tokens, handler), open=True))


def _signed_in(tokens: Tokens, handler: Handler) -> Handler:
    def checked(call: Call) -> Answer:
        principal = bearer(tokens, call, call.base)
        if principal is None:
            raise errors.BAD_TOKEN.of()
        call.principal = principal
        return handler(call)

    return checked


def _me(call: Call) -> Answer:  # noqa: ARG001 - a handler
    raise errors.NOT_DELEGATED.of()


def _list(call: Call) -> Answer:
    known = _known(call)
    text = call.query.get("$filter", "")
    if text:
        found = _FILTER.fullmatch(text.strip())
        if found is None:
            raise errors.UNSUPPORTED_FILTER.of()
        field, value = (found["field"] or "appId").lower(), found["value"].lower()
        bodies = [{key.lower(): str(each) for key, each in _body(p).items()} for p in known]
        known = [
            principal
            for principal, body in zip(known, bodies, strict=True)
            if body[field].lower() == value
        ]
    return Answer(200, {**_context(call), "value": [_body(each) for each in known]})


def _get(call: Call) -> Answer:
    for principal in _known(call):
        if principal.object_id == call.parts["id"].lower():
            return Answer(200, {**_context(call), **_body(principal)})
    raise errors.NOT_FOUND.of(what=call.parts["id"])


def _by_ids(call: Call) -> Answer:
    wanted = {str(each).lower() for each in call.body.get("ids") or ()}
    found = [_body(each) for each in _known(call) if each.object_id in wanted]
    kind = "#microsoft.graph.servicePrincipal"
    value = [{"@odata.type": kind, **body} for body in found]
    return Answer(200, {**_context(call), "value": value})


def _known(call: Call) -> list[Principal]:
    """Give the principals of the caller's tenant."""
    tenant = call.caller.tenant
    return [each for each in call.azure.directory.principals() if each.tenant == tenant]


def _body(principal: Principal) -> Json:
    return {
        "id": principal.object_id,
        "appId": principal.client_id,
        "displayName": principal.name,
        "accountEnabled": True,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [principal.client_id],
        "appOwnerOrganizationId": principal.tenant,
    }


def _context(call: Call) -> Json:
    return {"@odata.context": f"{call.base}/v1.0/$metadata#servicePrincipals"}
