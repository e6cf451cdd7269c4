"""Federated sign-in: a token of another issuer, for a principal that trusts its subject.

Issuer, subject, audience and time are judged as Azure does; the signature is not: the issuers whose
keys it would take to judge it cannot be asked from here.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable
from typing import Any, cast

from rehearsal.azure.identity.errors import TokenError

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_AUDIENCE = "api://AzureADTokenExchange"
Json = dict[str, Any]


def check_assertion(text: str, client: str, trusted: Iterable[tuple[str, str]]) -> None:
    """Raise :class:`TokenError` unless this assertion is of one of these (issuer, subject) pairs.

    ``client`` is who asks, for the words of the refusal.
    """
    fault = _fault(_claims(text), client, list(trusted))
    if fault:
        raise TokenError(401, "invalid_client", fault)


def _fault(claims: Json, client: str, trusted: list[tuple[str, str]]) -> str:
    none = "No matching federated identity record found for presented assertion"
    audience = claims.get("aud")
    if _AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        return f"AADSTS700212: {none} audience '{audience}'."
    issuer, subject = str(claims.get("iss")), str(claims.get("sub"))
    if not any(each == issuer for each, _ in trusted):
        return f"AADSTS700211: {none} issuer '{issuer}' (application '{client}')."
    if (issuer, subject) not in trusted:
        return f"AADSTS700213: {none} subject '{subject}' (application '{client}')."
    now = time.time()
    if not float(claims.get("nbf", 0)) - 300 <= now < float(claims.get("exp", 0)):
        return "AADSTS700024: Client assertion is not within its valid time range."
    return ""


def _claims(text: str) -> Json:
    parts = text.split(".")
    try:
        part = parts[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        found = None
    if len(parts) != 3 or not isinstance(found, dict):
        malformed = "AADSTS50027: JWT token is invalid or malformed."
        raise TokenError(401, "invalid_client", malformed)
    return cast("Json", found)
