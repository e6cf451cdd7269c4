"""HTTP to Azure Resource Manager: azure-core's pipeline does tokens, retries and Retry-After."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from copy import copy
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

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
from factory.common.azure_error import ArmError
from factory.common.errors import printable

_OK = range(200, 300)


class ArmClient:
    """One authenticated connection pool, safe to use from several threads."""

    def __init__(self, cloud: Cloud, credential: TokenCredential) -> None:
        self._endpoint = cloud.arm
        self._lock = threading.Lock()
        self._date: datetime | None = None
        self._seen: dict[str, Future[HttpResponse]] | None = None
        self._client: PipelineClient = PipelineClient(  # type: ignore[type-arg]
            cloud.arm,
            transport=transport(),
            policies=[
                HeadersPolicy(),
                UserAgentPolicy("image-factory"),
                # No redirects, which ARM does not know: the token goes to its own host alone.
                RetryPolicy(retry_total=6, retry_backoff_max=60),
                OneToken(credential, cloud.scope),
            ],
        )

    def one_view(self) -> ArmClient:
        """Give a client on the same connections that reads nothing twice, for one look at Azure."""
        view = copy(self)
        view._seen = {}  # noqa: SLF001 - its own
        return view

    @property
    def now(self) -> datetime:
        """The newest Date header of ARM's answers, in UTC; raises if nothing was asked yet.

        One clock for every machine that runs the factory: a workstation's may be wrong.
        """
        if self._date is None:
            msg = "ARM was not asked anything yet"
            raise RuntimeError(msg)
        return self._date

    def get(self, path: str, api: str, **query: str) -> dict[str, Any] | None:
        """GET one resource; None if it does not exist. Raises :class:`ArmError`."""
        response = self._send("GET", path, api, query)
        return None if response.status_code == 404 else dict(response.json())

    def list(self, path: str, api: str, **query: str) -> Iterator[dict[str, Any]]:
        """GET every item of a list, page after page; none if the parent does not exist."""
        response = self._send("GET", path, api, query)
        while response.status_code != 404:
            page = response.json()
            # Marketplace version lists are bare arrays; all else comes in an envelope.
            yield from page if isinstance(page, list) else page.get("value", [])
            link = None if isinstance(page, list) else page.get("nextLink")
            if not link:
                return
            response = self._request("GET", link, None)

    def post(self, path: str, api: str, body: Mapping[str, Any] | None = None) -> None:
        """POST an action; returns once it is accepted (200 or 202)."""
        response = self._send("POST", path, api, {}, body)
        if response.status_code == 404:
            raise self._error(f"POST {path}", response)  # noqa: EM102 - not a message

    def put(self, path: str, api: str, body: Mapping[str, Any]) -> str:
        """PUT a resource; gives the address of the operation that makes it, "" if ARM names none.

        Returns once it is accepted. Raises :class:`ArmError`.
        """
        response = self._send("PUT", path, api, {}, body)
        if response.status_code == 404:
            raise self._error(f"PUT {path}", response)  # noqa: EM102 - not a message
        link = str(response.headers.get("Azure-AsyncOperation") or "")
        return link if self._is_own(link) else ""

    def operation(self, link: str) -> dict[str, Any]:
        """GET the operation that :meth:`put` named; {} if it is forgotten."""
        response = self._request("GET", link, None)
        return {} if response.status_code == 404 else dict(response.json())

    def delete(self, path: str, api: str) -> None:
        """DELETE a resource; returns once it is accepted, or if it is gone already."""
        self._send("DELETE", path, api, {})

    def _send(
        self,
        method: str,
        path: str,
        api: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        words = urlencode({"api-version": api, **query}, quote_via=quote)
        return self._request(method, f"{self._endpoint}{quote(path)}?{words}", body)

    def _request(self, method: str, url: str, body: Mapping[str, Any] | None) -> HttpResponse:
        if self._seen is None or method != "GET":
            return self._ask(method, url, body)
        answer: Future[HttpResponse] = Future()
        with self._lock:
            first = self._seen.setdefault(url.lower(), answer)
        if first is answer:
            try:
                answer.set_result(self._ask(method, url, body))
            except BaseException as error:  # noqa: BLE001 - or whoever waits would for ever
                answer.set_exception(error)
        return first.result()

    def _ask(self, method: str, url: str, body: Mapping[str, Any] | None) -> HttpResponse:
        if not self._is_own(url):
            host = urlsplit(url).hostname or "another host"
            raise ArmError(
                method, 0, "ForeignLink", f"an answer of ARM leads to {printable(host)[:100]}"
            )
        request = HttpRequest(method, url, json=body)
        place = url.removeprefix(self._endpoint).partition("?")[0]
        action = f"{method} {place}"
        try:
            response: HttpResponse = self._client.send_request(request)
        except AzureError as error:
            # azure-identity tells of every credential it tried, over many lines.
            raise ArmError(action, 0, "", " ".join(str(error.message).split())) from error
        date = response.headers.get("Date")
        if date:
            with self._lock:
                self._date = parsedate_to_datetime(date).astimezone(UTC)
        if response.status_code not in _OK and response.status_code != 404:
            raise self._error(action, response)
        if response.status_code == 404 and method == "GET" and self._route_is_wrong(response):
            raise self._error(action, response)
        return response

    def _is_own(self, url: str) -> bool:
        """Tell whether an address is ARM's own: the token goes there alone, whatever it answers."""
        return _origin(url) == _origin(self._endpoint)

    @staticmethod
    def _route_is_wrong(response: HttpResponse) -> bool:
        """Tell a 404 that says "not this call" from one that says "not there".

        An absence that is really a typing error must not read as an empty Azure.
        """
        try:
            code = str(response.json()["error"]["code"])
        except (KeyError, TypeError, ValueError):
            return True
        return code in {"InvalidResourceType", "InvalidResourceNamespace", "SubscriptionNotFound"}

    @staticmethod
    def _error(action: str, response: HttpResponse) -> ArmError:
        try:
            error = response.json()["error"]
            code, message = str(error["code"]), str(error["message"])
        except (KeyError, TypeError, ValueError):
            code, message = f"HTTP {response.status_code}", response.text()
        return ArmError(action, response.status_code, code, message)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"https": 443}.get(parts.scheme)
    except ValueError:  # a port that is no number
        return "", None, None


__all__ = ["ArmClient", "ArmError"]
