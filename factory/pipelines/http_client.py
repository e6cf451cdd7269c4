"""HTTP to the CI service and to webhooks: bounded in time, told in one line, no secret in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from factory.common.errors import FactoryError, printable
from factory.common.secret_mask import Mask

_SECONDS = 30.0
_BUSY = (429, 500, 502, 503, 504)
# POST is not tried again: a comment that arrived must not come twice.
_RETRY = Retry(
    total=3,
    backoff_factor=1.0,
    status_forcelist=_BUSY,
    allowed_methods=("GET", "PATCH"),
    raise_on_status=False,
)


class Api:
    """One service that is asked for something; ``what`` names that in messages.

    Used in a ``with`` block, which keeps the connection.
    """

    def __init__(self, what: str, bearer: str = "", secrets: Iterable[str] = ()) -> None:
        """Take the token that is sent with every request, "" for none, and what else is secret."""
        self._what, self._masked = what, Mask([bearer, *secrets])
        self._session = requests.Session()
        self._session.mount("https://", HTTPAdapter(max_retries=_RETRY))
        self._session.headers["Accept"] = "application/json"
        if bearer:
            self._session.headers["Authorization"] = f"Bearer {bearer}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def call(self, method: str, url: str, body: Any = None) -> Any:
        """Send one request and give its JSON, None if it has none.

        Raises :class:`FactoryError`; neither the token nor the address but its host stands in it.
        """
        host = urlsplit(url).hostname
        try:
            answer = self._session.request(method, url, json=body, timeout=_SECONDS)
        except requests.RequestException as error:
            msg = f"{self._what}: {host} did not answer ({type(error).__name__})"
            raise FactoryError(msg) from None
        if not answer.ok:
            said = f"{answer.status_code} {_shortened(self._masked(_reason(answer)))}".strip()
            msg = f"{self._what}: {host} said {said}"
            raise FactoryError(msg)
        try:
            return answer.json() if answer.content else None
        except ValueError:
            return None


def _reason(answer: requests.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return answer.reason or ""
    return str(found.get("message") or "") if isinstance(found, dict) else ""


def _shortened(text: str) -> str:
    return printable(" ".join(text.split())[:300])
