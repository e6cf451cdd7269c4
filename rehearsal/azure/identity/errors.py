"""What the token service and ARM's front door refuse, in their words."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.errors import ArmError
from rehearsal.azure.principals import Principal

Json = dict[str, Any]


class TokenError(Exception):
    """A refusal of the token endpoint, whose errors are OAuth's and not ARM's."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {"error": error, "error_description": description}


def unknown_tenant(tenant: str) -> TokenError:
    """No such tenant."""
    return TokenError(
        400,
        "invalid_request",
        f"AADSTS90002: Tenant '{tenant}' not found. Check to make sure you"
        " have the correct tenant ID and are signing into the correct cloud.",
    )


def unknown_client(client: str, tenant: str) -> TokenError:
    """No such application in the tenant."""
    return TokenError(
        400,
        "unauthorized_client",
        f"AADSTS700016: Application with identifier '{client}' was not"
        f" found in the directory '{tenant}'.",
    )


def wrong_secret(client: str) -> TokenError:
    """The secret is not the application's."""
    return TokenError(
        401,
        "invalid_client",
        "AADSTS7000215: Invalid client secret provided. Ensure the secret"
        " being sent in the request is the client secret value, not the client secret ID, for a"
        f" secret added to app '{client}'.",
    )


def wrong_grant(grant: str) -> TokenError:
    """Only client_credentials is rehearsed."""
    return TokenError(
        400,
        "unsupported_grant_type",
        f"AADSTS70003: The app requested an unsupported grant type '{grant}'.",
    )


def missing_token(authority: str) -> ArmError:
    """401: no Authorization header."""
    return _unauthorized(
        authority,
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
    )


def bad_token(authority: str) -> ArmError:
    """401: not a token of this authority for ARM."""
    return _unauthorized(authority, "InvalidAuthenticationToken", "The access token is invalid.")


def expired_token(authority: str) -> ArmError:
    """401: the token's hour is over."""
    return _unauthorized(
        authority, "ExpiredAuthenticationToken", "The access token expiry UTC time has passed."
    )


def wrong_tenant(authority: str, got: str, subscription: str, tenant: str) -> ArmError:
    """401: a token of one tenant for a subscription of another."""
    return _unauthorized(
        authority,
        "InvalidAuthenticationTokenTenant",
        f"The access token is from the wrong issuer 'https://sts.windows.net/{got}/'. It must match"
        f" the tenant 'https://sts.windows.net/{tenant}/' associated with this subscription"
        f" '{subscription}'.",
    )


def not_authorized(principal: Principal, action: str, scope: str) -> ArmError:
    """403: no role allows it."""
    message = (
        f"The client '{principal.client_id}' with object id '{principal.object_id}' does not have"
        f" authorization to perform action '{action}' over scope '{scope}' or the scope is invalid."
        " If access was recently granted, please refresh your credentials."
    )
    return ArmError(403, "AuthorizationFailed", message)


def linked_authorization_failed(
    principal: Principal, action: str, scope: str, *, tenant: str, linked: str
) -> ArmError:
    """403: a source in a subscription of another tenant (contract 4.2)."""
    message = (
        f"The client '{principal.client_id}' with object id '{principal.object_id}' has permission"
        f" to perform action '{action}' on scope '{scope}', however the current tenant '{tenant}'"
        f" is not authorized to access linked subscription '{linked}'."
    )
    return ArmError(403, "LinkedAuthorizationFailed", message)


def linked_access_denied(principal: Principal, action: str, scope: str, linked: str) -> ArmError:
    """403: no role on the source that a new resource is made from."""
    message = (
        f"The client '{principal.client_id}' with object id '{principal.object_id}' has permission"
        f" to perform action '{action}' on scope '{scope}'; however, it does not have permission to"
        f" perform action(s) on the linked scope(s) '{linked}' or the linked scope(s) are invalid."
    )
    return ArmError(403, "LinkedAuthorizationFailed", message)


def _unauthorized(authority: str, code: str, message: str) -> ArmError:
    challenge = (
        f'Bearer authorization_uri="{authority}", error="invalid_token",'
        f' error_description="{message}"'
    )
    return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})
