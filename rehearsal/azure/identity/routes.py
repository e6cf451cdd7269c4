"""The token endpoint (contract 6.1): client credentials, by a secret or a federated token."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from rehearsal.azure.authorization.callers import caller
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.identity import errors
from rehearsal.azure.identity.errors import TokenError
from rehearsal.azure.identity.federation import ASSERTION, check_assertion
from rehearsal.azure.identity.tokens import LIFETIME, Tokens
from rehearsal.azure.principals import Principal


class TokenEndpoint:
    """Gives tokens to principals that know their secret, or trust who speaks for them.

    `secrets` are by principal name."""

    def __init__(self, tokens: Tokens, secrets: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._secrets = secrets

    def install(self, router: Router) -> None:
        """Add the routes, which need no token."""
        configuration = "/{tenant}/v2.0/.well-known/openid-configuration"
        router.add(Route("GET", configuration, _configuration, open=True))
        router.add(Route("GET", "/{tenant}/discovery/v2.0/keys", _keys, open=True))
        router.add(Route("POST", "/{tenant}/oauth2/v2.0/token", self._token, open=True))

    def _token(self, call: Call) -> Answer:
        try:
            return self._grant(call)
        except TokenError as error:
            return Answer(error.status, error.body)

    def _grant(self, call: Call) -> Answer:
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
            return self._given(call, principal)
        secret = self._secrets.get(principal.name, "")
        if not secret or not hmac.compare_digest(
            secret.encode(), form.get("client_secret", "").encode()
        ):
            raise errors.token_error(errors.WRONG_SECRET, client=client)
        return self._given(call, principal)

    def _given(self, call: Call, principal: Principal) -> Answer:
        tenant, form = call.parts["tenant"].lower(), call.form
        claims = {
            "aud": _audience(form.get("scope", "")),
            "iss": f"{call.base}/{tenant}/v2.0",
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
        body = {
            "token_type": "Bearer",
            "expires_in": int(lifetime),
            "ext_expires_in": int(lifetime),
            "access_token": self._tokens.make(claims),
        }
        return Answer(200, body, {"Cache-Control": "no-store"})


def _audience(scopes: str) -> str:
    """Give what a token is for: of several scopes the resource's, which ends in /.default.

    MSAL for Go writes `openid offline_access profile` behind it, MSAL for Java in front.
    """
    asked = scopes.split()
    resource = next((each for each in asked if each.endswith("/.default")), scopes)
    return resource.removesuffix("/.default").rstrip("/")


def _configuration(call: Call) -> Answer:
    tenant = call.parts["tenant"]
    authority = f"{call.base}/{tenant}"
    return Answer(
        200,
        {
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
            "issuer": f"{authority}/v2.0",
            "jwks_uri": f"{authority}/discovery/v2.0/keys",
        },
    )


def _keys(call: Call) -> Answer:  # noqa: ARG001 - a handler; tokens are signed by a secret key
    return Answer(200, {"keys": []})
