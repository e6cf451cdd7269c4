"""Secrets of the estate's vaults on the wire. Values come from the home folder, never from git."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.identity.bearer import bearer
from rehearsal.azure.identity.tokens import Tokens
from rehearsal.azure.keyvault import errors
from rehearsal.azure.keyvault.hosts import PREFIX, suffix
from rehearsal.azure.world import Azure

_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Vault:
    """A vault of the estate: its name, and the names of the principals that may read it."""

    name: str
    readers: frozenset[str]
    secrets: frozenset[str]


def vaults_of(azure: Azure) -> dict[str, Vault]:
    """Read the vaults of the estate, by name in lower case."""
    return {
        str(entry["name"]).lower(): Vault(
            str(entry["name"]),
            frozenset(map(str, entry.get("readers", ()))),
            frozenset(map(str, entry.get("secrets", ()))),
        )
        for entry in azure.knowledge.estate.get("vaults", ())
    }


class KeyVaults:
    """All vaults. `values` are by vault and by secret."""

    def __init__(self, tokens: Tokens, values: Mapping[str, Mapping[str, str]]) -> None:
        self._tokens = tokens
        self._values = values

    def install(self, router: Router) -> None:
        """Add the routes."""
        path = f"{PREFIX}{{vault}}/secrets/{{name}}"
        router.add(Route("GET", path, self._get, open=True))
        router.add(Route("GET", f"{path}/versions", self._versions, open=True))
        router.add(Route("GET", f"{path}/{{version}}", self._get, open=True))

    def _versions(self, call: Call) -> Answer:
        """List what there is of a secret, without its value."""
        answer = self._get(call)
        found = dict(answer.body) if isinstance(answer.body, dict) else {}
        found.pop("value", None)
        return Answer(200, {"value": [found], "nextLink": None})

    def _get(self, call: Call) -> Answer:
        azure, name = call.azure, call.parts["name"]
        resource = f"https://{suffix(call.base.removeprefix('https://'))}"
        vault = vaults_of(azure).get(call.parts["vault"].lower())
        if vault is None:
            raise errors.VAULT_NOT_FOUND.of(name=call.parts["vault"])
        principal = bearer(self._tokens, call, resource)
        if principal is None:
            tenant = sorted(azure.directory.tenants)[0]
            challenge = f'Bearer authorization="{call.base}/{tenant}", resource="{resource}"'
            raise errors.MISSING_TOKEN.of(headers={"WWW-Authenticate": challenge})
        call.principal = principal
        if not call.api_version:
            raise errors.NO_VERSION.of()
        if principal.name not in vault.readers:
            raise errors.FORBIDDEN.of(principal=principal, vault=vault.name)
        if name not in vault.secrets:
            raise errors.SECRET_NOT_FOUND.of(name=name)
        value = self._values[vault.name][name]
        version = hashlib.sha256(f"{vault.name}/{name}/{value}".encode()).hexdigest()[:32]
        if call.parts.get("version", version) != version:
            raise errors.SECRET_NOT_FOUND.of(name=f"{name}/{call.parts['version']}")
        if azure.meta.get("vaults") is None:
            azure.meta.put("vaults", {"made": int(azure.now()) - _DAY})  # before anybody asked
        made = (azure.meta.get("vaults") or {})["made"]
        attributes = {
            "enabled": True,
            "created": made,
            "updated": made,
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": 90,
        }
        path = f"https://{vault.name}.{resource.removeprefix('https://')}/secrets/{name}/{version}"
        return Answer(200, {"value": value, "id": path, "attributes": attributes})
