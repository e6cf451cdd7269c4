"""What can be had beyond one subscription: resource providers, and what roles can allow."""

from __future__ import annotations

from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.resources import providers
from rehearsal.azure.resources.errors import PROVIDER_NOT_FOUND


def install(router: Router) -> None:
    """Add the routes."""
    router.add(Route("GET", "/providers", _providers))
    router.add(Route("GET", "/providers/{namespace}", _provider))
    router.add(Route("GET", "/providers/Microsoft.Resources/operations", _operations))


def _providers(call: Call) -> Answer:
    found = [providers.provider_body(call.azure, "", name) for name in providers.NAMESPACES]
    return Answer(200, {"value": [_tenant(body) for body in found if body is not None]})


def _provider(call: Call) -> Answer:
    found = providers.provider_body(call.azure, "", call.parts["namespace"])
    if found is None:
        raise PROVIDER_NOT_FOUND.of(namespace=call.parts["namespace"])
    return Answer(200, _tenant(found))


def _tenant(body: providers.Json) -> providers.Json:
    """Drop what a provider is only within a subscription."""
    kept = {name: body[name] for name in ("namespace", "resourceTypes")}
    return {"id": f"/providers/{body['namespace']}", **kept}


def _operations(call: Call) -> Answer:  # noqa: ARG001 - a handler
    resources = {
        "subscriptions": ("read",),
        "subscriptions/resourceGroups": ("read", "write", "delete"),
        "tags": ("read", "write", "delete"),
    }
    value = [
        {
            "name": f"Microsoft.Resources/{kind}/{right}",
            "display": {
                "provider": "Microsoft Resources",
                "resource": kind,
                "operation": right,
                "description": "",
            },
        }
        for kind, rights in resources.items()
        for right in rights
    ]
    return Answer(200, {"value": value})
