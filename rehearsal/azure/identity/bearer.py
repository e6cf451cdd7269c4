"""Who calls a service that is not ARM: its tokens name another audience."""

from __future__ import annotations

import time

from rehearsal.azure.authorization.callers import caller
from rehearsal.azure.http.messages import Call
from rehearsal.azure.identity.tokens import Tokens
from rehearsal.azure.principals import Principal


def bearer(tokens: Tokens, call: Call, audience: str) -> Principal | None:
    """Give the principal whose token a call carries; None without a good one for this audience."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    claims = tokens.read(token) if scheme.lower() == "bearer" and token else None
    if claims is None or claims["aud"].rstrip("/") != audience or claims["exp"] < time.time():
        return None
    return caller(call.azure, claims["appid"])
