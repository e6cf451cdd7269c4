"""Which resource providers a subscription has registered (contract 4.4, 5.6).

All of them, unless the switch providersRegistered is off: then only those that somebody registered.
"""

from __future__ import annotations

import re
from typing import Any

from rehearsal.azure.errors import ArmError
from rehearsal.azure.world import Azure

Json = dict[str, Any]

_WRITE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/[^/]+/providers/(?P<namespace>[^/]+)/",
    re.IGNORECASE,
)
_ALWAYS = "microsoft.resources"


def always(namespace: str) -> bool:
    """Tell whether a provider is registered in every subscription without being asked to be."""
    return namespace.lower() == _ALWAYS


def state(azure: Azure, subscription: str, namespace: str) -> str:
    """Give NotRegistered, Registering or Registered."""
    if azure.switches["providersRegistered"] or always(namespace):
        return "Registered"
    since = (azure.meta.get("registered") or {}).get(_key(subscription, namespace))
    if since is None:
        return "NotRegistered"
    done = azure.now() - since >= azure.times.of("provider", "register")
    return "Registered" if done else "Registering"


def register(azure: Azure, subscription: str, namespace: str) -> None:
    """Begin to register a provider; what is registered stays so."""
    known = azure.meta.get("registered") or {}
    if _key(subscription, namespace) not in known:
        azure.meta.put("registered", {**known, _key(subscription, namespace): azure.now()})


def check(azure: Azure, method: str, path: str) -> None:
    """Refuse a write to a provider that the subscription has not registered; reads go on [mem]."""
    if method in ("GET", "HEAD", "DELETE") or azure.switches["providersRegistered"]:
        return
    found = _WRITE.match(path)
    if found is None or state(azure, found["subscription"], found["namespace"]) == "Registered":
        return
    message = (
        f"The subscription is not registered to use namespace '{found['namespace']}'. See"
        " https://aka.ms/rps-not-found for how to register subscriptions."
    )
    raise ArmError(409, "MissingSubscriptionRegistration", message)


def _key(subscription: str, namespace: str) -> str:
    return f"{subscription}/{namespace}".lower()
