"""The blobs of one storage container: the locks of a state that lies in Azure are read there."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote
from xml.etree import ElementTree as ET

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import (
    HeadersPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest, HttpResponse

from factory.azure.transport import OneToken, transport
from factory.common.errors import FactoryError

_SCOPE = "https://storage.azure.com/.default"
_VERSION = "2021-08-06"


class Blobs:
    """What begins with ``prefix`` in a container; ``address`` is the container's, https.

    ``sas`` is a shared access signature, used instead of a credential where there is one.
    https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
    """

    def __init__(
        self, address: str, prefix: str, credential: Callable[[], TokenCredential], sas: str = ""
    ) -> None:
        self._address, self._prefix, self._sas = address, prefix, sas.lstrip("?")
        # No redirects: a token goes to the account's own host alone.
        signed = [] if sas else [OneToken(credential(), _SCOPE)]
        self._client: PipelineClient = PipelineClient(  # type: ignore[type-arg]
            address,
            transport=transport(),
            policies=[
                HeadersPolicy({"x-ms-version": _VERSION}),
                UserAgentPolicy("image-factory"),
                RetryPolicy(retry_total=3, retry_backoff_max=10),
                *signed,
            ],
        )

    def read(self) -> dict[str, str]:
        """Read all of them, by name. Raises :class:`FactoryError`."""
        found: dict[str, str] = {}
        marker = ""
        while True:
            query = f"?restype=container&comp=list&prefix={quote(self._prefix)}&marker={marker}"
            # Of Azure itself, by TLS: no XML of somebody else.
            page = ET.fromstring(self._ask("GET", query).text())  # noqa: S314
            for name in (each.text or "" for each in page.iterfind("Blobs/Blob/Name")):
                answer = self._ask("GET", f"/{quote(name)}")
                if answer.status_code != 404:
                    found[name] = answer.text()
            marker = quote(page.findtext("NextMarker") or "")
            if not marker:
                return found

    def delete(self, name: str) -> None:
        """Delete one; it may be gone already. Raises :class:`FactoryError`."""
        self._ask("DELETE", f"/{quote(name)}")

    def _ask(self, method: str, what: str) -> HttpResponse:
        url = f"{self._address}{what}"
        if self._sas:
            url += f"{'&' if '?' in url else '?'}{self._sas}"
        try:
            answer: HttpResponse = self._client.send_request(HttpRequest(method, url))
        except AzureError as error:
            msg = f"{self._address} cannot be read: {type(error).__name__}"
            raise FactoryError(msg) from None
        if answer.status_code not in (200, 202, 404):
            msg = f"{self._address} cannot be read: HTTP {answer.status_code}"
            raise FactoryError(msg)
        return answer
