"""Tenants, subscriptions and principals, as the estate file names them; and what roles allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Json = dict[str, Any]

Role = tuple[tuple[str, ...], tuple[str, ...]]
# Azure's built-in roles, as far as the calls of a factory reach: allowed actions, refused actions.
ROLES: Mapping[str, Role] = {
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
    """A service principal and its roles, each as (scope, role); scopes are lower-cased.

    ``known`` has what every role allows: the built-in ones and those that the estate defines.
    ``trusted`` are the (issuer, subject) pairs of its federated credentials.
    """

    name: str
    client_id: str
    object_id: str
    tenant: str
    roles: tuple[tuple[str, str], ...]
    known: Mapping[str, Role] = field(default_factory=lambda: ROLES, repr=False, compare=False)
    trusted: tuple[tuple[str, str], ...] = ()

    def allowed(self, action: str, scope: str) -> bool:
        """Tell whether a role of this principal allows an action at a scope, or above it."""
        action, scope = action.lower(), scope.lower().rstrip("/")
        return any(
            _grants(self.known[role], action)
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


def _roles(estate: Json) -> dict[str, Role]:
    """Give the built-in roles and those of the estate's `roles`, as Azure's role definitions."""
    own = {
        str(name): tuple(
            tuple(str(action).lower() for action in entry.get(key, ()))
            for key in ("actions", "notActions")
        )
        for name, entry in estate.get("roles", {}).items()
    }
    return {**ROLES, **{name: (found[0], found[1]) for name, found in own.items()}}


def _principal(entry: Json, estate: Json) -> Principal:
    known_roles = _roles(estate)
    names = {str(known["name"]): str(known["id"]) for known in estate["subscriptions"]}
    roles = []
    for scope, role in entry.get("roles", {}).items():
        path = f"/subscriptions/{names[scope]}" if scope in names else str(scope)
        for each in role if isinstance(role, list) else [role]:
            if each not in known_roles:
                known = ", ".join(known_roles)
                message = f"principal '{entry['name']}': no role '{each}' (known: {known})"
                raise ValueError(message)
            roles.append((path.lower().rstrip("/"), str(each)))
    return Principal(
        name=entry["name"],
        client_id=entry["clientId"],
        object_id=str(uuid5(NAMESPACE_URL, entry["clientId"])),
        tenant=entry.get("tenant", estate["tenants"][0]),
        roles=tuple(roles),
        known=known_roles,
        trusted=tuple((str(t["issuer"]), str(t["subject"])) for t in entry.get("trusts", ())),
    )


def _grants(role: Role, action: str) -> bool:
    allowed, refused = role
    return any(fnmatchcase(action, pattern) for pattern in allowed) and not any(
        fnmatchcase(action, pattern) for pattern in refused
    )
