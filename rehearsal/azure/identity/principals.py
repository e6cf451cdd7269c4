"""Tenants, subscriptions and principals, as the estate file names them; and what roles allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Json = dict[str, Any]

# Azure's built-in roles, as far as the calls of a factory reach: allowed actions, refused actions.
ROLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Owner": (("*",), ()),
    "Contributor": (
        ("*",),
        ("microsoft.authorization/*/write", "microsoft.authorization/*/delete"),
    ),
    "Reader": (("*/read",), ()),
}


@dataclass(frozen=True)
class Subscription:
    """A subscription, its tenant, its core quota per region and the plans it has accepted."""

    id: str
    name: str
    tenant: str
    cores: int
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Principal:
    """A service principal and its roles, each as (scope, role); scopes are lower-cased."""

    name: str
    client_id: str
    object_id: str
    tenant: str
    roles: tuple[tuple[str, str], ...]

    def allowed(self, action: str, scope: str) -> bool:
        """Tell whether a role of this principal allows an action at a scope, or above it."""
        action, scope = action.lower(), scope.lower().rstrip("/")
        return any(
            _grants(role, action)
            for held, role in self.roles
            if scope == held or scope.startswith(held + "/")
        )

    def reaches(self, subscription: str) -> bool:
        """Tell whether any role is held in a subscription: what a list of subscriptions shows."""
        root = f"/subscriptions/{subscription.lower()}"
        return any(held == root or held.startswith(root + "/") for held, _ in self.roles)


class Directory:
    """All tenants, subscriptions and principals."""

    def __init__(self, estate: Json) -> None:
        """Take them from the estate's text; KeyError or ValueError name what is missing."""
        self.tenants = {str(tenant).lower() for tenant in estate["tenants"]}
        self.subscriptions: dict[str, Subscription] = {}
        for entry in estate["subscriptions"]:
            found = Subscription(
                id=entry["id"],
                name=entry["name"],
                tenant=entry.get("tenant", estate["tenants"][0]),
                cores=entry.get("cores", 100),
                terms=tuple(entry.get("terms", ())),
            )
            self.subscriptions[found.id.lower()] = found
        self._principals = {}
        for entry in estate["principals"]:
            principal = _principal(entry, estate)
            self._principals[principal.client_id.lower()] = principal

    def principal(self, client_id: str) -> Principal | None:
        """Give a principal by its client id."""
        return self._principals.get(client_id.lower())

    def principals(self) -> list[Principal]:
        """Give all principals."""
        return list(self._principals.values())


def _principal(entry: Json, estate: Json) -> Principal:
    names = {str(known["name"]): str(known["id"]) for known in estate["subscriptions"]}
    roles = []
    for scope, role in entry.get("roles", {}).items():
        if role not in ROLES:
            message = f"principal '{entry['name']}': no role '{role}' (known: {', '.join(ROLES)})"
            raise ValueError(message)
        path = f"/subscriptions/{names[scope]}" if scope in names else str(scope)
        roles.append((path.lower().rstrip("/"), str(role)))
    return Principal(
        name=entry["name"],
        client_id=entry["clientId"],
        object_id=str(uuid5(NAMESPACE_URL, entry["clientId"])),
        tenant=entry.get("tenant", estate["tenants"][0]),
        roles=tuple(roles),
    )


def _grants(role: str, action: str) -> bool:
    allowed, refused = ROLES[role]
    return any(fnmatchcase(action, pattern) for pattern in allowed) and not any(
        fnmatchcase(action, pattern) for pattern in refused
    )
