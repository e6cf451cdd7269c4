"""A small ARM for the plugin's tests: it stores what is PUT, and says what a test scripts."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

TOKEN = "eyJhbGciOiJub25lIn0.eyJvaWQiOiJvIiwidGlkIjoidCIsImFwcGlkIjoiYyJ9.x"


@dataclass(frozen=True)
class Seen:
    """One request as the server received it."""

    method: str
    path: str
    query: str
    body: Any
    form: Mapping[str, str]
    authorization: str


@dataclass
class Said:
    """One scripted answer; a body of None stays empty."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Rule = Said | Callable[["FakeArm", Seen], Said]


class FakeArm:
    """The state of the server, and its scripts: answers by method and end of the path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.stored: dict[str, dict[str, Any]] = {}
        self.seen: list[Seen] = []
        self.token_lifetime = 3599
        self._scripts: dict[tuple[str, str], deque[Rule]] = {}
        self._lock = threading.Lock()

    def script(self, method: str, path_end: str, *rules: Rule) -> None:
        """Answer the next requests of this kind with these rules, one each."""
        self._scripts.setdefault((method, path_end.lower()), deque()).extend(rules)

    def requests(self, method: str, path_end: str = "") -> list[Seen]:
        """Select what came in."""
        wanted = path_end.lower()
        return [s for s in self.seen if s.method == method and s.path.lower().endswith(wanted)]

    def answer(self, seen: Seen) -> Said:
        """Answer one request: scripted, or as a simple store."""
        with self._lock:
            self.seen.append(seen)
            rule = self._next_rule(seen)
        if rule is not None:
            return rule if isinstance(rule, Said) else rule(self, seen)
        if seen.path == "/metadata/endpoints":
            return Said(200, self._metadata())
        if seen.path.endswith("/oauth2/v2.0/token"):
            return Said(200, {"access_token": TOKEN, "expires_in": self.token_lifetime})
        return self.store(seen)

    def store(self, seen: Seen) -> Said:
        """Behave as a synchronous resource type."""
        key = seen.path.lower()
        if seen.method == "PUT":
            known = key in self.stored
            body = {**seen.body, "id": key, "name": unquote(seen.path.rpartition("/")[2])}
            if "properties" in body:
                body["properties"] = {**body["properties"], "provisioningState": "Succeeded"}
            self.stored[key] = body
            return Said(200 if known else 201, body)
        if seen.method == "DELETE":
            return Said(200 if self.stored.pop(key, None) else 204)
        if key in self.stored:
            return Said(200, self.stored[key])
        error = {"code": "ResourceNotFound", "message": f"The Resource '{key}' was not found."}
        return Said(404, {"error": error})

    def _next_rule(self, seen: Seen) -> Rule | None:
        for (method, end), rules in self._scripts.items():
            if rules and method == seen.method and seen.path.lower().endswith(end):
                return rules.popleft()
        return None

    def _metadata(self) -> dict[str, Any]:
        return {
            "name": "rehearsal",
            "resourceManager": f"{self.url}/",
            "authentication": {"loginEndpoint": f"{self.url}/", "audiences": [self.url]},
            "suffixes": {},
        }


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        """Keep the tests' output clean."""


class FakeArmServer:
    """Serves a FakeArm over TLS on a free port of loopback, in a thread."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "server.pem"
        key = folder / "server.key"
        _make_certificate(self.certificate, key)
        self._server = make_server(
            "127.0.0.1",
            0,
            Request.application(self._respond),
            threaded=True,
            ssl_context=(str(self.certificate), str(key)),
            request_handler=_Handler,
        )
        self.arm = FakeArm(self.url)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _respond(self, request: Request) -> Response:
        seen = Seen(
            method=request.method,
            path=request.path,
            query=request.query_string.decode(),
            body=request.get_json(silent=True),
            form=dict(request.form),
            authorization=request.headers.get("Authorization", ""),
        )
        said = self.arm.answer(seen)
        text = "" if said.body is None else json.dumps(said.body)
        headers = {"Content-Type": "application/json", **said.headers}
        return Response(text, status=said.status, headers=headers)


def _make_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
