"""What Microsoft Graph refuses, in its words [mem]."""

from __future__ import annotations

from rehearsal.azure.errors import Refusal

# No token, or none for this service.
BAD_TOKEN = Refusal(401, "InvalidAuthenticationToken", "Access token is empty or not valid.", "mem")

# /me of somebody who is no person: every principal of a rehearsal is an application.
NOT_DELEGATED = Refusal(
    400,
    "BadRequest",
    "/me request is only valid with delegated authentication flow.",
    "mem",
)

# No such object.
NOT_FOUND = Refusal(
    404,
    "Request_ResourceNotFound",
    "Resource '{what}' does not exist or one of its queried reference-property objects are not"
    " present.",
    "mem",
)

# A filter that is not rehearsed.
UNSUPPORTED_FILTER = Refusal(
    400,
    "Request_UnsupportedQuery",
    "Unsupported or invalid query filter clause specified for property of resource.",
    "mem",
)
