"""Provider configuration: the keys of azure-native 3.29 with their environment fallbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ENVIRONMENT = {
    "clientId": "ARM_CLIENT_ID",
    "clientSecret": "ARM_CLIENT_SECRET",
    "tenantId": "ARM_TENANT_ID",
    "subscriptionId": "ARM_SUBSCRIPTION_ID",
    "environment": "ARM_ENVIRONMENT",
    "metadataHost": "ARM_METADATA_HOSTNAME",
    "disableInstanceDiscovery": "ARM_DISABLE_INSTANCE_DISCOVERY",
    "location": "ARM_LOCATION",
    "useDefaultAzureCredential": "ARM_USE_DEFAULT_AZURE_CREDENTIAL",
}


class ConfigurationError(Exception):
    """A setting that is missing or unusable, in one line for the user."""


@dataclass(frozen=True)
class Settings:
    """What a provider was configured with."""

    subscription_id: str
    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    metadata_host: str
    location: str | None = None
    token_file: Path | None = None
    """The file of a federated token that is read anew for every sign-in; wins over the secret."""

    @classmethod
    def read(cls, arguments: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
        """Read the settings; configuration wins over the environment.

        Raises ConfigurationError naming every missing key at once.
        """

        def find(key: str) -> str:
            given = arguments.get(key)
            return str(given) if given not in (None, "") else environment.get(_ENVIRONMENT[key], "")

        # Of the default chain of credentials only what a pipeline uses is rehearsed.
        token_file = environment.get("AZURE_FEDERATED_TOKEN_FILE", "")
        federated = bool(token_file) and find("useDefaultAzureCredential") == "true"
        keys = ["metadataHost", "subscriptionId", "tenantId", "clientId"]
        keys += [] if federated else ["clientSecret"]
        missing = [f"{key} ({_ENVIRONMENT[key]})" for key in keys if not find(key)]
        if missing:
            message = (
                "the rehearsal's stand-in for azure-native needs the settings "
                f"{', '.join(missing)}; `python -m rehearsal env` prints them all"
            )
            raise ConfigurationError(message)
        return cls(
            subscription_id=find("subscriptionId"),
            tenant_id=find("tenantId"),
            client_id=find("clientId"),
            client_secret=find("clientSecret"),
            metadata_host=find("metadataHost"),
            location=find("location") or None,
            token_file=Path(token_file) if federated else None,
        )
