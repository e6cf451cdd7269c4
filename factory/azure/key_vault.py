"""Key Vault: one secret read at the moment of its use, never kept, never told in an error."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import (
    HeadersPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest, HttpResponse

from factory.azure.cloud import Cloud
from factory.azure.transport import OneToken, transport
from factory.definitions.definition import VaultRef

_API = "7.4"


class VaultError(Exception):
    """A secret could not be read. The text names vault and secret, and nothing of a value."""


class Vaults:
    """The key vaults of one cloud, safe to use from several threads."""

    def __init__(self, cloud: Cloud, credential: TokenCredential) -> None:
        self._suffix = cloud.vault
        address = f"https://{cloud.vault}"
        self._client: PipelineClient = PipelineClient(  # type: ignore[type-arg]
            address,
            transport=transport(),
            policies=[
                HeadersPolicy(),
                UserAgentPolicy("image-factory"),
                # No redirects: a token and a secret go to the vault's own host alone.
                RetryPolicy(retry_total=3, retry_backoff_max=10),
                OneToken(credential, f"{address}/.default"),
            ],
        )

    def read(self, ref: VaultRef, given: datetime | None = None) -> str:
        """Read the newest value of a secret. Raises :class:`VaultError`.

        And if it was set after the moment ``given``: then it is not the one that was given.
        """
        response = self._get(ref, "")
        if response.status_code != 200:
            raise VaultError(_refusal(ref, response))
        found = _json(response)
        value = found.get("value")
        if not isinstance(value, str):
            msg = f"{ref} has no value"
            raise VaultError(msg)
        since = (found.get("attributes") or {}).get("created") or 0
        if given is not None and since > given.timestamp():
            msg = f"{ref} was changed since"
            raise VaultError(msg)
        return value

    def fault(self, ref: VaultRef) -> str | None:
        """Say why a secret cannot be had, or None; its versions are listed, its value is not read.

        Whoever may read a secret may not always list it: then nothing is known before it is read.
        """
        try:
            response = self._get(ref, "/versions")
        except VaultError as error:
            return str(error)
        if response.status_code in {401, 403}:
            return None
        if response.status_code != 200:
            return _refusal(ref, response)
        return None if _json(response).get("value") else f"{ref} does not exist"

    def _get(self, ref: VaultRef, part: str) -> HttpResponse:
        if not self._suffix:
            msg = f"{ref} cannot be read: this cloud names no key vaults"
            raise VaultError(msg)
        address = f"https://{ref.key_vault}.{self._suffix}/secrets/{quote(ref.secret)}{part}"
        try:
            response: HttpResponse = self._client.send_request(
                HttpRequest("GET", address, params={"api-version": _API})
            )
        except AzureError as error:
            why = " ".join(str(error.message).split())[:300]
            msg = f"{ref} cannot be read: {why}"
            raise VaultError(msg) from None
        return response


def _refusal(ref: VaultRef, response: HttpResponse) -> str:
    """Tell what Key Vault refused, by its own code; its text is not repeated."""
    error = _json(response).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if response.status_code == 404 and code == "SecretNotFound":
        return f"{ref} does not exist"
    if response.status_code == 403:
        return f"{ref} may not be read -> give the factory's identity `Key Vault Secrets User`"
    return f"{ref} cannot be read: HTTP {response.status_code} {code or ''}".rstrip()


def _json(response: HttpResponse) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
