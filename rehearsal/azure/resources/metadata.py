"""Cloud metadata: where the endpoints of this cloud are (contract 6.4)."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.keyvault import hosts

Json = dict[str, Any]


def install(router: Router) -> None:
    """Add the route; it needs no token, since clients learn here where to get one."""
    router.add(Route("GET", "/metadata/endpoints", _endpoints, open=True))


def _endpoints(call: Call) -> Answer:
    cloud: Json = {
        "portal": call.base,
        "authentication": {
            "loginEndpoint": f"{call.base}/",
            "audiences": [call.base],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "media": call.base,
        "graphAudience": call.base,
        "graph": call.base,
        "name": "AzureRehearsal",
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": hosts.suffix(call.base.removeprefix("https://")),
            "sqlServerHostname": "database.windows.net",
            "acrLoginServer": "azurecr.io",
        },
        "batch": call.base,
        "resourceManager": f"{call.base}/",
        "vmImageAliasDoc": f"{call.base}/aliases.json",
        "activeDirectoryDataLake": call.base,
        "sqlManagement": call.base,
        "microsoftGraphResourceId": f"{call.base}/",
        "gallery": call.base,
    }
    # Versions before 2022-09-01 answer a list of clouds.
    old = call.api_version and call.api_version < "2022-09-01"
    return Answer(200, [cloud] if old else cloud)
