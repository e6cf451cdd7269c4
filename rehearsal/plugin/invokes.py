"""Functions of the package: `getClientConfig`, `getClientToken`, and `getX` of every type."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from rehearsal.plugin.arm import Arm
from rehearsal.plugin.kinds import split_version
from rehearsal.plugin.settings import Settings
from rehearsal.plugin.shape import response_outputs
from rehearsal.plugin.table import KINDS, find_kind
from rehearsal.plugin.values import Secret

_TIMEOUT_SECONDS = 10 * 60.0
_LIST_VHDS = "azure-native:devtestlab:listLabVhds"


class UnknownFunctionError(Exception):
    """A function that the stand-in does not know."""


def invoke(
    arm: Arm, settings: Settings, token: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Call a function. Raises ArmError with Azure's answer, or UnknownFunctionError."""
    plain_token, _ = split_version(token)
    if plain_token == "azure-native:authorization:getClientConfig":  # noqa: S105  # a type token
        return client_config(arm.cloud.token(), settings)
    if plain_token == "azure-native:authorization:getClientToken":  # noqa: S105  # a type token
        audience = str(arguments.get("endpoint") or arm.cloud.endpoints().audience)
        return {"token": Secret(arm.cloud.fetch_token(audience)[0])}
    if plain_token == _LIST_VHDS:
        return _list_vhds(arm, arguments)
    return _get(arm, token, arguments)


def client_config(token: str, settings: Settings) -> dict[str, Any]:
    """Read who we are out of the token's claims, as the real plugin does."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {
        "clientId": str(claims.get("appid") or settings.client_id),
        "objectId": str(claims.get("oid", "")),
        "subscriptionId": settings.subscription_id,
        "tenantId": str(claims.get("tid") or settings.tenant_id),
    }


def _get(arm: Arm, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    module, _, function = token.rpartition(":")
    try:
        # A function that gets nothing leaves an empty type name, which no row has.
        kind, api_version = find_kind(f"{module}:{function.partition('get')[2]}")
    except KeyError as error:
        known = ", ".join(sorted(name.split(":", 1)[1] for name in KINDS))
        message = f"the stand-in for azure-native has no function {token}; it gets: {known}"
        raise UnknownFunctionError(message) from error
    path = kind.resource_path(arguments, arm.subscription)
    url = arm.url(path, api_version)
    if arguments.get("expand"):
        url += f"&$expand={arguments['expand']}"
    answer = arm.request("GET", url, deadline=arm.pace.deadline(_TIMEOUT_SECONDS))
    if answer.status != 200:
        raise answer.failure()
    return {
        "id": str(answer.body.get("id") or path),
        **response_outputs(kind, answer.body, api_version),
    }


def _list_vhds(arm: Arm, arguments: Mapping[str, Any]) -> dict[str, Any]:
    kind, api_version = find_kind("azure-native:devtestlab:Lab")
    path = kind.resource_path(arguments, arm.subscription)
    url = arm.url(f"{path}/listVhds", api_version)
    answer = arm.request("POST", url, deadline=arm.pace.deadline(_TIMEOUT_SECONDS))
    if answer.status != 200:
        raise answer.failure()
    return answer.body
