"""From a WSGI environment to a call, and the headers that every answer has."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from rehearsal.azure.clock import http_date
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.keyvault import hosts
from rehearsal.azure.world import Azure

Json = dict[str, Any]

REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def read_call(azure: Azure, environ: Json) -> Call:
    """Read a request; what of its body is no JSON is kept as text."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    # WSGI hands the path over as latin-1; names beyond ASCII arrive as UTF-8 within it.
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    host, path = hosts.split(headers.get("host", "localhost"), path)
    query = {
        name.lower(): value
        for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    }
    length = int(environ.get("CONTENT_LENGTH") or 0)
    content = environ["wsgi.input"].read(length) if length else b""
    raw: Any = None
    form: dict[str, str] = {}
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(content.decode()))
    elif content:
        try:
            raw = json.loads(content)
        except ValueError:
            raw = content.decode("utf-8", "replace")
    return Call(
        azure=azure,
        method=environ["REQUEST_METHOD"],
        path=path,
        parts={},
        query=query,
        headers=headers,
        raw=raw,
        base=f"https://{host}",
        form=form,
    )


def head(call: Call, answer: Answer, moment: float, payload: bytes) -> list[tuple[str, str]]:
    """Give the headers of an answer; its own go before the usual ones."""
    named = {
        "Date": http_date(moment),
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(payload)),
        "x-ms-request-id": str(uuid4()),
        "x-ms-correlation-request-id": call.headers.get(
            "x-ms-correlation-request-id", str(uuid4())
        ),
        **answer.headers,
    }
    if not payload:
        del named["Content-Type"]
    return list(named.items())


def subscription_of(path: str) -> str:
    """Give the subscription a path is in, "" if it is in none."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) > 2 and parts[1].lower() == "subscriptions" else ""


def resource_type(path: str, known: Mapping[str, Any] | Container[str]) -> str:
    """Give the resource type a path speaks of, lower-cased; "" if it speaks of none.

    `known` has the types there are: an action (`.../virtualmachines/x/start`) counts for its type.
    """
    _, found, below = path.lower().rpartition("/providers/")
    if not found:
        if "/resourcegroups" in path.lower():
            return "microsoft.resources/resourcegroups"
        return "microsoft.resources/subscriptions" if subscription_of(path) else ""
    namespace, *rest = [part for part in below.split("/") if part]
    if not rest:
        return "microsoft.resources/providers"
    kind = "/".join((namespace, *rest[::2]))
    if kind in known or len(rest) % 2 == 0:
        return kind
    acted_on = "/".join((namespace, *rest[:-1][::2]))
    return acted_on if acted_on in known else kind
