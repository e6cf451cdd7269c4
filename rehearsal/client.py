"""How the rehearsal's own tools talk to its server: the control API, and ARM as a principal."""

from __future__ import annotations

from typing import Any

import requests

from rehearsal.home import Home, ServerInfo

Json = dict[str, Any]


class RehearsalError(Exception):
    """Something a user is told in one line."""


def running(home: Home) -> ServerInfo:
    """Give the server of a home; RehearsalError if none runs."""
    info = home.read_server()
    if info is None:
        message = "the local Azure is not running; `python -m rehearsal start` starts it"
        raise RehearsalError(message)
    return info


class Client:
    """One connection to a server, for the control API or for ARM."""

    def __init__(self, home: Home, info: ServerInfo) -> None:
        self._home = home
        self._url = info.url
        self._session = requests.Session()
        self._session.verify = str(home.ca)
        # A proxy of the environment would be asked for loopback too.
        self._session.trust_env = False
        self._token: str | None = None

    def control(self, method: str, path: str, /, body: Json | None = None, **query: str) -> Json:
        """Call the control API; RehearsalError with its words if it refuses."""
        headers = {"X-Rehearsal-Key": self._home.control_key()}
        answer = self._call(method, f"/_rehearsal/{path}", json=body, params=query, headers=headers)
        return self._object(answer, f"{method} {path}")

    def sign_in(self, tenant: str, client_id: str, secret: str) -> str:
        """Get a token, with which `arm` then calls, and give it."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": f"{self._url}/.default",
        }
        answer = self._call("POST", f"/{tenant}/oauth2/v2.0/token", data=form)
        self._token = str(self._object(answer, "sign-in")["access_token"])
        return self._token

    def arm(self, method: str, path: str, version: str, body: Json | None = None) -> Json:
        """Call ARM; RehearsalError with its code and message if it refuses."""
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._call(
            method, path, json=body, params={"api-version": version}, headers=headers
        )
        return self._object(answer, f"{method} {path}")

    def _call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            return self._session.request(method, self._url + path, timeout=60, **arguments)
        except requests.RequestException as error:
            message = f"the local Azure does not answer at {self._url}: {error}"
            raise RehearsalError(message) from error

    def _object(self, answer: requests.Response, what: str) -> Json:
        body = answer.json() if answer.content else {}
        if answer.status_code >= 400:
            error = body.get("error")
            text = error.get("message") if isinstance(error, dict) else body
            message = f"{what}: {answer.status_code} {text}"
            raise RehearsalError(message)
        return body if isinstance(body, dict) else {"value": body}
