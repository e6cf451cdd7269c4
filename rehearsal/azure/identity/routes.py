"""The token endpoint (contract 6.1): client credentials, by a secret or a federated token."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Any

from rehearsal.azure.authorization.callers import caller
from rehearsal.azure.http.messages import Answer, Call, Handler
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.identity import errors
from rehearsal.azure.identity.errors import TokenError
from rehearsal.azure.identity.federation import ASSERTION, check_assertion
from rehearsal.azure.identity.tokens import LIFETIME, Tokens
from rehearsal.azure.principals import Principal

# The two generations of endpoints, by what their paths have.
_V1, _V2 = "", "/v2.0"
_DEFAULT = "/.default"


class TokenEndpoint:
    """Gives tokens to principals that know their secret, or trust who speaks for them.

    `secrets` are by principal name."""

    def __init__(self, tokens: Tokens, secrets: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._secrets = secrets

    def install(self, router: Router) -> None:
        """Add the routes, which need no token."""
        for version in (_V1, _V2):
            for method, path, handler in (
                ("GET", f"{version}/.well-known/openid-configuration", _configuration(version)),
                ("GET", f"/discovery{version}/keys", _keys),
                ("POST", f"/oauth2{version}/token", self._token(version)),
            ):
                router.add(Route(method, f"/{{tenant}}{path}", handler, open=True))

    def _token(self, version: str) -> Handler:
        def token(call: Call) -> Answer:
            try:
                return self._grant(call, version)
            except TokenError as error:
                return Answer(error.status, error.body)

        return token

    def _grant(self, call: Call, version: str) -> Answer:
        tenant, form = call.parts["tenant"].lower(), call.form
        if tenant not in call.azure.directory.tenants:
            raise errors.token_error(errors.UNKNOWN_TENANT, tenant=tenant)
        if form.get("grant_type") != "client_credentials":
            raise errors.token_error(errors.WRONG_GRANT, grant=form.get("grant_type", ""))
        client = form.get("client_id", "")
        principal = caller(call.azure, client)
        if principal is None or principal.tenant != tenant:
            raise errors.token_error(errors.UNKNOWN_CLIENT, client=client, tenant=tenant)
        if form.get("client_assertion_type") == ASSERTION:
            check_assertion(form.get("client_assertion", ""), client, principal.trusted)
            return self._given(call, principal, version)
        secret = self._secrets.get(principal.name, "")
        if not secret or not hmac.compare_digest(
            secret.encode(), form.get("client_secret", "").encode()
        ):
            raise errors.token_error(errors.WRONG_SECRET, client=client)
        return self._given(call, principal, version)

    def _given(self, call: Call, principal: Principal, version: str) -> Answer:
        tenant = call.parts["tenant"].lower()
        audience = _audience(call.form, version)
        claims = {
            "aud": audience,
            "iss": _issuer(call, tenant, version),
            "tid": tenant,
            "oid": principal.object_id,
            "sub": principal.object_id,
            "appid": principal.client_id,
            "azp": principal.client_id,
            "idtyp": "app",
            "azure_iat": call.azure.clock.now(),
        }
        # Clients count in real time: an hour of the rehearsal's clock is less for them.
        lifetime = float(LIFETIME - 1)
        if call.azure.switches["tokensExpireOnTheClock"]:
            lifetime = max(1.0, LIFETIME / call.azure.clock.scale)
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": int(lifetime),
            "ext_expires_in": int(lifetime),
            "access_token": self._tokens.make(claims),
        }
        if version == _V1:
            now = int(time.time())
            body |= {"not_before": now, "expires_on": now + int(lifetime)}
            # The older endpoint writes every number as text, and says what the token is for.
            body = {name: str(value) for name, value in body.items()} | {"resource": audience}
        return Answer(200, body, {"Cache-Control": "no-store"})


def _audience(form: Mapping[str, str], version: str) -> str:
    """Give what a token is for: the resource, or of several scopes the one ending in /.default.

    MSAL for Go writes `openid offline_access profile` behind it, MSAL for Java in front.
    """
    name = "resource" if version == _V1 else "scope"
    given = form.get(name, "")
    if not given:
        raise errors.token_error(errors.MISSING_FIELD, name=name)
    if version == _V1:
        return given
    for each in given.split():
        if each.endswith(_DEFAULT):
            return each.removesuffix(_DEFAULT).rstrip("/")
    raise errors.token_error(errors.WRONG_SCOPE, scope=given)


def _issuer(call: Call, tenant: str, version: str) -> str:
    return f"{call.base}/{tenant}{version or '/'}"


def _configuration(version: str) -> Handler:
    def configuration(call: Call) -> Answer:
        tenant = call.parts["tenant"]
        authority = f"{call.base}/{tenant}"
        return Answer(
            200,
            {
                "token_endpoint": f"{authority}/oauth2{version}/token",
                "authorization_endpoint": f"{authority}/oauth2{version}/authorize",
                "device_authorization_endpoint": f"{authority}/oauth2{version}/devicecode",
                "issuer": _issuer(call, tenant, version),
                "jwks_uri": f"{authority}/discovery{version}/keys",
            },
        )

    return configuration


def _keys(call: Call) -> Answer:  # noqa: ARG001 - a handler; tokens are signed by a secret key
    return Answer(200, {"keys": []})
