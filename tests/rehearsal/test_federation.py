"""Federated sign-in: whose tokens a principal of the estate believes."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from rehearsal.azure.identity.errors import TokenError
from rehearsal.azure.identity.federation import check_assertion

ISSUER, SUBJECT = "https://issuer.example.com", "repo:contoso/image-factory:environment:dev"


def token(**more: Any) -> str:
    now = time.time()
    claims: dict[str, Any] = {"iss": ISSUER, "sub": SUBJECT, "aud": "api://AzureADTokenExchange"}
    claims |= {"nbf": now, "exp": now + 60, **more}
    coded = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{coded}.c2ln"


def test_a_token_that_is_trusted() -> None:
    check_assertion(token(), "me", [("https://other", SUBJECT), (ISSUER, SUBJECT)])
    check_assertion(token(aud=["api://AzureADTokenExchange"]), "me", [(ISSUER, SUBJECT)])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (token(aud="https://github.com/contoso"), "AADSTS700212"),
        (token(iss="https://evil.example.com"), "AADSTS700211"),
        (token(sub=f"{SUBJECT}2"), "AADSTS700213"),
        (token(exp=time.time() - 1), "AADSTS700024"),
        (token(nbf=time.time() + 900), "AADSTS700024"),
        ("no token", "AADSTS50027"),
        ("e30.W10.c2ln", "AADSTS50027"),
    ],
)
def test_a_token_that_is_not(text: str, code: str) -> None:
    with pytest.raises(TokenError, match=code):
        check_assertion(text, "me", [(ISSUER, SUBJECT)])
