"""What the token service and ARM's front door refuse, in their words."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.errors import ArmError, Refusal

Json = dict[str, Any]


class TokenError(Exception):
    """A refusal of the token endpoint, whose errors are OAuth's and not ARM's."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {"error": error, "error_description": description}


def token_error(refusal: Refusal, **blanks: Any) -> TokenError:
    """Give a refusal as the token endpoint does."""
    error = refusal.of(**blanks)
    return TokenError(error.status, error.code, error.message)


def unauthorized(refusal: Refusal, authority: str, **blanks: Any) -> ArmError:
    """Give a refusal with the challenge that tells a client where to get a token."""
    error = refusal.of(**blanks)
    challenge = (
        f'Bearer authorization_uri="{authority}", error="invalid_token",'
        f' error_description="{error.message}"'
    )
    error.headers["WWW-Authenticate"] = challenge
    return error


# No such tenant.
UNKNOWN_TENANT = Refusal(
    400,
    "invalid_request",
    "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID"
    " and are signing into the correct cloud.",
    "quoted",
)

# No such application in the tenant.
UNKNOWN_CLIENT = Refusal(
    400,
    "unauthorized_client",
    "AADSTS700016: Application with identifier '{client}' was not found in the directory"
    " '{tenant}'.",
    "quoted",
)

# The secret is not the application's.
WRONG_SECRET = Refusal(
    401,
    "invalid_client",
    "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request"
    " is the client secret value, not the client secret ID, for a secret added to app '{client}'.",
    "quoted",
)

# Only client_credentials is rehearsed.
WRONG_GRANT = Refusal(
    400,
    "unsupported_grant_type",
    "AADSTS70003: The app requested an unsupported grant type '{grant}'.",
    "quoted",
)

# A form without what a token would be for.
MISSING_FIELD = Refusal(
    400,
    "invalid_request",
    "AADSTS900144: The request body must contain the following parameter: '{name}'.",
    "quoted",
)

# A scope that is not a whole resource.
WRONG_SCOPE = Refusal(
    400,
    "invalid_scope",
    "AADSTS1002012: The provided value for scope {scope} is not valid. Client credential flows must"
    " have a scope value with /.default suffixed to the resource identifier (application ID URI).",
    "quoted",
)

# No Authorization header.
MISSING_TOKEN = Refusal(
    401,
    "AuthenticationFailed",
    "Authentication failed. The 'Authorization' header is missing.",
    "quoted",
)

# Not a token of this authority for ARM.
BAD_TOKEN = Refusal(401, "InvalidAuthenticationToken", "The access token is invalid.", "quoted")

# The token's hour is over.
EXPIRED_TOKEN = Refusal(
    401,
    "ExpiredAuthenticationToken",
    "The access token expiry UTC time has passed.",
    "quoted",
)

# A token of one tenant for a subscription of another.
WRONG_TENANT = Refusal(
    401,
    "InvalidAuthenticationTokenTenant",
    "The access token is from the wrong issuer 'https://sts.windows.net/{got}/'. It must match"
    " the tenant 'https://sts.windows.net/{tenant}/' associated with this subscription"
    " '{subscription}'.",
    "quoted",
)

# No role allows it.
NOT_AUTHORIZED = Refusal(
    403,
    "AuthorizationFailed",
    "The client '{principal.client_id}' with object id '{principal.object_id}' does not have"
    " authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If"
    " access was recently granted, please refresh your credentials.",
    "quoted",
)

# A source in a subscription of another tenant.
LINKED_AUTHORIZATION_FAILED = Refusal(
    403,
    "LinkedAuthorizationFailed",
    "The client '{principal.client_id}' with object id '{principal.object_id}' has permission to"
    " perform action '{action}' on scope '{scope}', however the current tenant '{tenant}' is not"
    " authorized to access linked subscription '{linked}'.",
    "contract 4.2",
)

# No role on the source that a new resource is made from.
LINKED_ACCESS_DENIED = Refusal(
    403,
    "LinkedAuthorizationFailed",
    "The client '{principal.client_id}' with object id '{principal.object_id}' has permission to"
    " perform action '{action}' on scope '{scope}'; however, it does not have permission to"
    " perform action(s) on the linked scope(s) '{linked}' or the linked scope(s) are invalid.",
    "quoted",
)
