"""The cloud a provider talks to: endpoints from its metadata host, tokens from its authority."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import urllib3

from rehearsal.plugin.answers import Answer, ArmError, NoAnswerError, send_with_retries
from rehearsal.plugin.pace import Pace
from rehearsal.plugin.settings import ConfigurationError, Settings

_SIGN_IN_SECONDS = 10 * 60.0
_TOKEN_RENEWAL_SECONDS = 300.0
AGENT = {"User-Agent": "pulumi-azure-native/3.29.0 (rehearsal stand-in)"}
_CONNECTIONS = 96  # PULUMI_PARALLEL is 64 in a rehearsal; a little more than one each


@dataclass(frozen=True)
class Endpoints:
    """Base URLs without a slash at the end, and the audience of ARM's tokens."""

    resource_manager: str
    login: str
    audience: str


class Cloud:
    """Endpoints and tokens of one provider, each fetched at first use; safe between threads."""

    def __init__(self, settings: Settings, pace: Pace) -> None:
        """Take the settings; nothing is asked before the first request."""
        self._settings = settings
        self._pace = pace
        self._lock = threading.RLock()
        self._endpoints: Endpoints | None = None
        self._token = ""
        self._renew_at = 0.0
        self.pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=10, read=300),
            ca_certs=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE"),
        )

    def endpoints(self) -> Endpoints:
        """Ask the metadata host, once. Raises ArmError, or ConfigurationError off loopback."""
        with self._lock:
            if self._endpoints is None:
                self._endpoints = self._discover()
            return self._endpoints

    def token(self) -> str:
        """Get a token for ARM, renewed five minutes before it ends; ArmError if refused."""
        audience = self.endpoints().audience
        with self._lock:
            if time.monotonic() >= self._renew_at:
                self._token, lifetime = self.fetch_token(audience)
                ahead = min(_TOKEN_RENEWAL_SECONDS, lifetime / 2)
                self._renew_at = time.monotonic() + lifetime - ahead
            return self._token

    def fetch_token(self, audience: str) -> tuple[str, float]:
        """Sign in: a new token for an audience, and its lifetime in seconds."""
        tenant = quote(self._settings.tenant_id)
        answer = self._fetch(
            "POST",
            f"{self.endpoints().login}/{tenant}/oauth2/v2.0/token",
            {
                "grant_type": "client_credentials",
                "client_id": self._settings.client_id,
                **self._proof(),
                "scope": f"{audience.rstrip('/')}/.default",
                "client_info": "1",
            },
        )
        if answer.status != 200:
            reason = answer.body.get("error_description") or answer.text[:300]
            message = f"authentication failed for client {self._settings.client_id}: {reason}"
            raise ArmError(message)
        return str(answer.body["access_token"]), float(answer.body.get("expires_in", 3599))

    def _proof(self) -> dict[str, str]:
        """Give what shows who we are: the federated token as it stands now, or the secret."""
        file = self._settings.token_file
        if file is None:
            return {"client_secret": self._settings.client_secret}
        try:
            token = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            message = f"the federated token in {file} cannot be read: {error.strerror}"
            raise ArmError(message) from None
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {"client_assertion_type": kind, "client_assertion": token}

    def _discover(self) -> Endpoints:
        host = self._settings.metadata_host.rstrip("/")
        base = host if "://" in host else f"https://{host}"
        answer = self._fetch("GET", f"{base}/metadata/endpoints?api-version=2022-09-01")
        if answer.status != 200:
            message = f"the cloud metadata of {base} cannot be read: status {answer.status}"
            raise ArmError(message)
        found = answer.body
        endpoints = Endpoints(
            resource_manager=str(found["resourceManager"]).rstrip("/"),
            login=str(found["authentication"]["loginEndpoint"]).rstrip("/"),
            audience=str(found["authentication"]["audiences"][0]),
        )
        for url in (endpoints.resource_manager, endpoints.login):
            # Made for rehearsals: it must never touch a real subscription by a wrong setting.
            if urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"):
                message = f"the stand-in for azure-native works on loopback only, not on {url}"
                raise ConfigurationError(message)
        return endpoints

    def _fetch(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Answer:
        body = urlencode(form) if form else None
        headers = {"Content-Type": "application/x-www-form-urlencoded", **AGENT}

        def send() -> Answer:
            found = self.pool.urlopen(method, url, body=body, headers=headers, redirect=False)
            return Answer(found.status, found.headers, found.data.decode("utf-8", "replace"))

        try:
            return send_with_retries(send, self._pace, self._pace.deadline(_SIGN_IN_SECONDS))
        except NoAnswerError as error:
            address = urlsplit(url).netloc
            message = (
                f"{address} does not answer; is the local Azure running? "
                f"`python -m rehearsal start` ({error})"
            )
            raise NoAnswerError(message) from error
