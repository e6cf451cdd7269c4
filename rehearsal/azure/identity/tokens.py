"""Access tokens: three-part JWTs, signed so that none can be made up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

Json = dict[str, Any]

LIFETIME = 3600  # real seconds, as Azure's
_REMEMBERED = 256


@dataclass(frozen=True)
class Secrets:
    """Client secrets by principal, keys of tokens and control API, secrets by vault and name."""

    clients: Mapping[str, str]
    token_key: str
    control_key: str
    vaults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Tokens:
    """Makes tokens and reads them again. Lifetimes are in real time: clients use real clocks."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._seen: dict[str, Json] = {}

    def make(self, claims: Json) -> str:
        """Make a token that carries these claims, with times added."""
        now = int(time.time())
        claims = {
            **claims,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "uti": uuid4().hex,
            "ver": "2.0",
        }
        head = _encode({"typ": "JWT", "alg": "HS256", "kid": "rehearsal"})
        signed = f"{head}.{_encode(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def read(self, token: str) -> Json | None:
        """Give the claims of a token of ours; None if it is not one. `exp` is not judged."""
        claims = self._seen.get(token)
        if claims is None:
            signed, _, signature = token.rpartition(".")
            if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
                return None
            claims = _decode(signed.partition(".")[2])
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[token] = claims
        return claims

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encode(part: Json) -> str:
    text = json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _decode(part: str) -> Json:
    padded = part + "=" * (-len(part) % 4)
    return cast("Json", json.loads(base64.urlsafe_b64decode(padded)))
