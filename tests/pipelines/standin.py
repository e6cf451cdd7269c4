"""A stand-in for what a job asks of its service (tokens, comments, pull requests), and a chat."""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
AZURE_ISSUER = "https://vstoken.dev.azure.com/7f3c2b1a-0d4e-4c6f-8a9b-1e2d3c4b5a69"
TOKEN = "the-token-of-the-job"
REPOSITORY = "/api/repos/contoso/image-factory"
AZURE_REPOSITORY = "/contoso/factory/_apis/git/repositories/repo-1"


class Standin:
    """What was asked, and what stands there. ``subject`` is whom the next GitHub token is of.

    ``connections`` gives the name of a service connection by its id.
    """

    def __init__(self) -> None:
        self.url = ""
        self.subject = ""
        self.connections: dict[str, str] = {}
        self.tokens: list[str] = []
        self.comments: dict[int, list[Json]] = {}
        self.pulls: list[Json] = []
        self.messages: list[Json] = []
        self.asked: list[str] = []
        self.broken = False

    def answer(self, method: str, address: str, bearer: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(address)
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        self.asked.append(f"{method} {parts.path}")
        if parts.path == "/chat":
            self.messages.append(body)
            return (500, None) if self.broken else (200, None)
        if bearer != TOKEN:
            return 401, {"message": "Bad credentials"}
        for pattern, do in (
            (r"GET /oidc/github", self._github_token),
            (r"POST /oidc/azure", self._azure_token),
            (r"POST /api/graphql", self._viewer),
            (r"GET /contoso/_apis/connectionData", self._us),
            (rf"GET {REPOSITORY}/issues/(\d+)/comments", self._list),
            (rf"POST {REPOSITORY}/issues/(\d+)/comments", self._add),
            (rf"PATCH {REPOSITORY}/issues/comments/(\d+)", self._change),
            (rf"POST {REPOSITORY}/pulls", self._open),
            (rf"GET {AZURE_REPOSITORY}/pullRequests/(\d+)/threads", self._threads),
            (rf"POST {AZURE_REPOSITORY}/pullRequests/(\d+)/threads", self._add_thread),
            (rf"PATCH {AZURE_REPOSITORY}/pullRequests/\d+/threads/(\d+)/comments/1", self._change),
            (rf"POST {AZURE_REPOSITORY}/pullrequests", self._open),
        ):
            if found := re.fullmatch(pattern, f"{method} {parts.path}"):
                return do(body, query, *(int(each) for each in found.groups()))
        return 404, {"message": f"Not Found: {method} {parts.path}"}

    def _github_token(self, _: Any, query: Json) -> tuple[int, Any]:
        return 200, {"value": self._jwt(GITHUB_ISSUER, self.subject, query["audience"])}

    def _azure_token(self, _: Any, query: Json) -> tuple[int, Any]:
        name = self.connections.get(query["serviceConnectionId"])
        if name is None or query["api-version"] != "7.1":
            return 404, {"message": "no such connection"}
        subject = f"sc://contoso/factory/{name}"
        return 200, {"oidcToken": self._jwt(AZURE_ISSUER, subject, "api://AzureADTokenExchange")}

    def _jwt(self, issuer: str, subject: str, audience: str) -> str:
        now = int(time.time())
        claims = {"iss": issuer, "sub": subject, "aud": audience, "nbf": now, "exp": now + 300}
        parts = [json.dumps(each).encode() for each in ({"alg": "RS256"}, claims)]
        coded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
        token = f"{'.'.join(coded)}.c2lnbmVk"
        self.tokens.append(token)
        return token

    def _viewer(self, body: Json, _: Json) -> tuple[int, Any]:
        assert "viewer { login }" in body["query"]
        return 200, {"data": {"viewer": {"login": "github-actions"}}}

    def _us(self, _: Any, query: Json) -> tuple[int, Any]:
        assert query["api-version"] == "7.1-preview"
        return 200, {"authenticatedUser": {"id": "github-actions[bot]"}}

    def _list(self, _: Any, query: Json, number: int) -> tuple[int, Any]:
        found = self.comments.get(number, [])
        size, page = int(query["per_page"]), int(query["page"])
        return 200, found[(page - 1) * size : page * size]

    def _add(self, body: Json, _: Json, number: int) -> tuple[int, Any]:
        made = {"id": sum(map(len, self.comments.values())) + 1, "body": body["body"]}
        made["user"] = {"login": "github-actions[bot]"}
        self.comments.setdefault(number, []).append(made)
        return 201, made

    def _change(self, body: Json, _: Json, which: int) -> tuple[int, Any]:
        every = (each for found in self.comments.values() for each in found)
        comment = next(each for each in every if each["id"] == which)
        comment["body"] = body.get("body") or body["content"]
        return 200, comment

    def _threads(self, _: Any, query: Json, number: int) -> tuple[int, Any]:
        assert query["api-version"] == "7.1"
        found = [
            {
                "id": each["id"],
                "comments": [
                    {"id": 1, "content": each["body"], "author": {"id": each["user"]["login"]}}
                ],
            }
            for each in self.comments.get(number, [])
        ]
        return 200, {"value": found}

    def _add_thread(self, body: Json, query: Json, number: int) -> tuple[int, Any]:
        return self._add({"body": body["comments"][0]["content"]}, query, number)

    def _open(self, body: Json, _: Json) -> tuple[int, Any]:
        self.pulls.append(body)
        number = 100 + len(self.pulls)
        url = f"{self.url}/pull/{number}"
        return 201, {"number": number, "pullRequestId": number, "html_url": url}


@contextmanager
def standin(certificate: Path, key: Path) -> Iterator[Standin]:
    """Serve one, with the certificate of the local Azure, which every client here trusts."""
    state = Standin()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(size).decode()
            bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, body = state.answer(
                self.command, self.path, bearer, json.loads(text) if text else None
            )
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _any  # noqa: N815 - names that http.server asks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state.url = f"https://localhost:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
