"""Requests to Azure Resource Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from rehearsal.plugin.answers import Answer, NoAnswerError, send_with_retries
from rehearsal.plugin.cloud import AGENT, Cloud
from rehearsal.plugin.pace import Pace

_REGISTRATION_POLL_SECONDS = 15.0
_REGISTRATION_API = "2021-04-01"


class Arm:
    """The resource manager of one cloud, as one subscription sees it."""

    def __init__(self, cloud: Cloud, pace: Pace, subscription: str) -> None:
        """Use a cloud's endpoints, tokens and connections."""
        self.cloud = cloud
        self.pace = pace
        self.subscription = subscription

    def url(self, path: str, api_version: str) -> str:
        """Make the absolute URL of a resource path."""
        escaped = quote(path, safe="/$&+=:@%~")
        return f"{self.cloud.endpoints().resource_manager}{escaped}?api-version={api_version}"

    def absolute(self, link: str, api_version: str) -> str:
        """Complete a relative polling link with the endpoint and an API version."""
        target = urljoin(f"{self.cloud.endpoints().resource_manager}/", link)
        if urlsplit(link).netloc or "api-version=" in target:
            return target
        return f"{target}{'&' if '?' in target else '?'}api-version={api_version}"

    def request(
        self, method: str, url: str, *, deadline: float, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Send a request; an unregistered namespace is registered, and the request repeated.

        Raises ArmError only if no answer came; the caller judges the status.
        """
        answer = self._send(method, url, deadline, body)
        if answer.status == 409 and answer.error_code == "MissingSubscriptionRegistration":
            self._register(url, deadline)
            answer = self._send(method, url, deadline, body)
        return answer

    def _send(
        self, method: str, url: str, deadline: float, body: Mapping[str, Any] | None = None
    ) -> Answer:
        data = None if body is None else json.dumps(body)

        def send() -> Answer:
            self.pace.check(deadline)
            headers = {
                "Authorization": f"Bearer {self.cloud.token()}",
                "Accept": "application/json",
                **AGENT,
            }
            if data is not None:
                headers["Content-Type"] = "application/json"
            found = self.cloud.pool.request(method, url, body=data, headers=headers, redirect=False)
            return Answer(found.status, found.headers, found.data.decode("utf-8", "replace"))

        try:
            return send_with_retries(send, self.pace, deadline)
        except NoAnswerError as error:
            message = f"{method} {url.partition('?')[0]}: {error}"
            raise NoAnswerError(message) from error

    def _register(self, url: str, deadline: float) -> None:
        namespace = url.partition("/providers/")[2].partition("/")[0]
        path = f"/subscriptions/{self.subscription}/providers/{namespace}"
        answer = self._send("POST", self.url(f"{path}/register", _REGISTRATION_API), deadline)
        while answer.status < 400 and answer.body.get("registrationState") != "Registered":
            self.pace.scaled(_REGISTRATION_POLL_SECONDS, deadline)
            answer = self._send("GET", self.url(path, _REGISTRATION_API), deadline)
        if answer.status >= 400:
            raise answer.failure()
