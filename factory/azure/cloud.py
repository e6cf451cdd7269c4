"""Which Azure this is and who we are there: the settings and variables that azure-native reads too.

Configuration of the provider (``azure-native:clientId`` ...) wins over ``ARM_*`` variables; with
neither, azure-identity's own chain decides (``AZURE_*``, a managed identity, ``az login``). An
address that a token comes from or goes to is never taken from the configuration.
https://www.pulumi.com/registry/packages/azure-native/installation-configuration/
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest
from azure.identity import (
    AzureAuthorityHosts,
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
)

from factory.azure.transport import transport
from factory.common.errors import FactoryError
from factory.settings.stack_file import (
    NOT_CONFIGURED,
    PROVIDER,
    PROVIDER_ADVICE,
    PROVIDER_KEYS,
)

# What else azure-native would take from the configuration (pulumi_azure_native/provider.py).
_REFUSED = ("auxiliaryTenantIds", "msiEndpoint")
_VARIABLES = {
    "clientCertificatePassword": "ARM_CLIENT_CERTIFICATE_PASSWORD",
    "clientCertificatePath": "ARM_CLIENT_CERTIFICATE_PATH",
    "clientId": "ARM_CLIENT_ID",
    "clientSecret": "ARM_CLIENT_SECRET",
    "disableInstanceDiscovery": "ARM_DISABLE_INSTANCE_DISCOVERY",
    "environment": "ARM_ENVIRONMENT",
    "metadataHost": "ARM_METADATA_HOSTNAME",
    "oidcRequestToken": "ARM_OIDC_REQUEST_TOKEN",
    "oidcRequestUrl": "ARM_OIDC_REQUEST_URL",
    "oidcToken": "ARM_OIDC_TOKEN",
    "oidcTokenFilePath": "ARM_OIDC_TOKEN_FILE_PATH",
    "tenantId": "ARM_TENANT_ID",
    "useDefaultAzureCredential": "ARM_USE_DEFAULT_AZURE_CREDENTIAL",
    "useMsi": "ARM_USE_MSI",
    "useOidc": "ARM_USE_OIDC",
}
# What a workflow of GitHub sets for whoever may ask it for a token.
_OF_GITHUB = {
    "oidcRequestToken": "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "oidcRequestUrl": "ACTIONS_ID_TOKEN_REQUEST_URL",
}
Lookup = Callable[[str], str | None]


@dataclass(frozen=True)
class Cloud:
    """Endpoints of one Azure: ARM, the token authority, and the audience that ARM wants.

    ``vault`` is the DNS suffix of its key vaults, "" where the cloud names none.
    """

    arm: str
    authority: str
    audience: str
    vault: str = ""

    @property
    def scope(self) -> str:
        """The OAuth scope of a token for ARM."""
        return self.audience.rstrip("/") + "/.default"


_PUBLIC = Cloud(
    "https://management.azure.com",
    f"https://{AzureAuthorityHosts.AZURE_PUBLIC_CLOUD}",
    "https://management.azure.com",
    "vault.azure.net",
)
_CLOUDS = {
    "public": _PUBLIC,
    "usgovernment": Cloud(
        "https://management.usgovcloudapi.net",
        f"https://{AzureAuthorityHosts.AZURE_GOVERNMENT}",
        "https://management.usgovcloudapi.net",
        "vault.usgovcloudapi.net",
    ),
    "china": Cloud(
        "https://management.chinacloudapi.cn",
        f"https://{AzureAuthorityHosts.AZURE_CHINA}",
        "https://management.chinacloudapi.cn",
        "vault.azure.cn",
    ),
}


def provider_lookup(configured: Lookup) -> Lookup:
    """Look a provider key up as azure-native does: the stack's configuration, then ``ARM_*``.

    Raises :class:`FactoryError` if the configuration has a key that azure-native would follow to
    another host: it comes from ``Pulumi.yaml`` or an environment if not from the stack file.
    """
    for key in sorted({*_VARIABLES, *_REFUSED} - PROVIDER_KEYS):
        if configured(key):
            msg = f"{PROVIDER}:{key} {NOT_CONFIGURED} -> {PROVIDER_ADVICE}; nothing was changed"
            raise FactoryError(msg)

    def lookup(key: str) -> str | None:
        own = configured(key) if key in PROVIDER_KEYS else None
        named = (_VARIABLES[key], _OF_GITHUB.get(key, ""))
        return own or next((found for name in named if (found := os.environ.get(name))), None)

    return lookup


def _yes(value: str | None) -> bool:
    return (value or "").lower() in {"1", "true", "yes"}


def find_cloud(lookup: Lookup) -> Cloud:
    """Find the endpoints: those of ``metadataHost`` if set, else of the named environment.

    Raises :class:`FactoryError` if the host does not answer or the environment is unknown.
    """
    host = lookup("metadataHost")
    if not host:
        name = (lookup("environment") or "public").lower()
        if name not in _CLOUDS:
            msg = f"azure-native:environment: expected one of {', '.join(_CLOUDS)}, got {name!r}"
            raise FactoryError(msg)
        return _CLOUDS[name]
    address = host if host.startswith("https://") else f"https://{host}"
    client: PipelineClient = PipelineClient(address, transport=transport())  # type: ignore[type-arg]
    request = HttpRequest("GET", f"{address}/metadata/endpoints?api-version=2022-09-01")
    try:
        with client:
            answer = client.send_request(request)
            answer.raise_for_status()
            found = answer.json()
        return Cloud(
            str(found["resourceManager"]).rstrip("/"),
            str(found["authentication"]["loginEndpoint"]).rstrip("/"),
            str(found["authentication"]["audiences"][0]),
            str((found.get("suffixes") or {}).get("keyVaultDns") or "").lstrip("."),
        )
    except (AzureError, KeyError, IndexError, ValueError) as error:
        msg = f"the cloud metadata host {host} does not answer as one: {error}"
        raise FactoryError(msg) from None


def find_credential(lookup: Lookup, cloud: Cloud) -> TokenCredential:
    """Give the credential that azure-native would use, in its order, by azure-identity.

    Raises :class:`FactoryError` if what is configured cannot be one.
    """
    try:
        return _credential(lookup, cloud)
    except (ValueError, OSError) as error:
        msg = f"the sign-in to Azure is not configured well: {' '.join(str(error).split())}"
        raise FactoryError(msg) from None


def _credential(lookup: Lookup, cloud: Cloud) -> TokenCredential:
    discovery: dict[str, Any] = {
        "authority": cloud.authority,
        "transport": transport(),
        "disable_instance_discovery": _yes(lookup("disableInstanceDiscovery")),
    }
    tenant, client = lookup("tenantId"), lookup("clientId")
    if _yes(lookup("useDefaultAzureCredential")):
        return DefaultAzureCredential(**discovery)
    certificate, secret = lookup("clientCertificatePath"), lookup("clientSecret")
    if tenant and client and certificate:
        password = lookup("clientCertificatePassword")
        return CertificateCredential(tenant, client, certificate, password=password, **discovery)
    if tenant and client and secret:
        return ClientSecretCredential(tenant, client, secret, **discovery)
    if tenant and client and _yes(lookup("useOidc")):
        return ClientAssertionCredential(tenant, client, _assertion(lookup), **discovery)
    if _yes(lookup("useMsi")):
        return (
            ManagedIdentityCredential(client_id=client) if client else ManagedIdentityCredential()
        )
    return DefaultAzureCredential(**discovery)


def _assertion(lookup: Lookup) -> Callable[[], str]:
    """Give the function that fetches a federated token: given, in a file, or asked of the CI."""
    given, path = lookup("oidcToken"), lookup("oidcTokenFilePath")
    url, bearer = lookup("oidcRequestUrl"), lookup("oidcRequestToken")
    if given:
        return lambda: given
    if path:
        return lambda: Path(path).read_text(encoding="utf-8").strip()
    if not (url and bearer):
        msg = "ARM_USE_OIDC is set, but no ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH or request URL"
        raise FactoryError(msg)

    def ask() -> str:
        joined = f"{url}&audience=api%3A%2F%2FAzureADTokenExchange"
        headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json"}
        client: PipelineClient = PipelineClient(joined)  # type: ignore[type-arg]
        with client:
            answer = client.send_request(HttpRequest("GET", joined, headers=headers))
            answer.raise_for_status()
            return str(answer.json()["value"])

    return ask
