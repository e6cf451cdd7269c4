"""ARM's front door: who calls, how often, and whether a role allows it."""

from __future__ import annotations

import time

from rehearsal.azure.authorization import locks
from rehearsal.azure.authorization.callers import caller
from rehearsal.azure.errors import SUBSCRIPTION_NOT_FOUND
from rehearsal.azure.http.messages import Call
from rehearsal.azure.http.routing import Route
from rehearsal.azure.identity import errors
from rehearsal.azure.identity.tokens import LIFETIME, Tokens
from rehearsal.azure.principals import Principal
from rehearsal.azure.resources import registration
from rehearsal.azure.server.throttle import Throttle
from rehearsal.azure.server.wire import subscription_of
from rehearsal.azure.world import Azure


class FrontDoor:
    """Lets calls in, or refuses them with an ArmError, before any provider sees them."""

    def __init__(self, azure: Azure, tokens: Tokens) -> None:
        self._azure = azure
        self._tokens = tokens
        self.throttle = Throttle(azure.clock)

    def identify(self, call: Call) -> None:
        """Find who calls; 401 without a good token, 429 if there were too many calls."""
        tenant = self._tenant(call)
        authority = f"{call.base}/{tenant}"
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise errors.unauthorized(errors.MISSING_TOKEN, authority)
        claims = self._tokens.read(token)
        if claims is None or claims["aud"].rstrip("/") != call.base:
            raise errors.unauthorized(errors.BAD_TOKEN, authority)
        if self._expired(claims):
            raise errors.unauthorized(errors.EXPIRED_TOKEN, authority)
        principal = caller(self._azure, claims["appid"])
        if principal is None:
            raise errors.unauthorized(errors.BAD_TOKEN, authority)
        if claims["tid"] != tenant:
            subscription = subscription_of(call.path)
            raise errors.unauthorized(
                errors.WRONG_TENANT,
                authority,
                got=claims["tid"],
                subscription=subscription,
                tenant=tenant,
            )
        call.principal = principal
        self._count(call, principal, tenant)

    def admit(self, call: Call, route: Route) -> None:
        """Let a call in if a role allows it; 403, or 404 for a subscription one cannot see."""
        principal = call.caller
        if route.action and not principal.allowed(route.action, call.path):
            subscription = subscription_of(call.path)
            if not principal.reaches(subscription):
                raise SUBSCRIPTION_NOT_FOUND.of(subscription=subscription)
            raise errors.NOT_AUTHORIZED.of(
                principal=principal, action=route.action, scope=call.path
            )
        registration.check(self._azure, call.method, call.path)
        locks.check(self._azure, call.method, call.path)

    def _count(self, call: Call, principal: Principal, tenant: str) -> None:
        if not self._azure.switches["throttling"]:
            return
        place = subscription_of(call.path) or tenant
        kind, left = self.throttle.take(call.method, place, principal.object_id)
        call.answer_headers[f"x-ms-ratelimit-remaining-subscription-{kind}"] = str(left)

    def _expired(self, claims: dict[str, float]) -> bool:
        if self._azure.switches["tokensExpireOnTheClock"]:
            return claims["azure_iat"] + LIFETIME < self._azure.clock.now()
        return claims["exp"] < time.time()

    def _tenant(self, call: Call) -> str:
        known = self._azure.directory.subscriptions.get(subscription_of(call.path).lower())
        if known is not None:
            return known.tenant
        token = call.headers.get("authorization", "").partition(" ")[2]
        claims = self._tokens.read(token) if token else None
        return str(claims["tid"]) if claims else sorted(self._azure.directory.tenants)[0]
