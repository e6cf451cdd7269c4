"""What Microsoft Graph refuses, in its words [mem]."""

from __future__ import annotations

from rehearsal.azure.errors import ArmError


def bad_token() -> ArmError:
    """401: no token, or none for this service."""
    return ArmError(401, "InvalidAuthenticationToken", "Access token is empty or not valid.")


def not_delegated() -> ArmError:
    """400: /me of somebody who is no person: every principal of a rehearsal is an application."""
    message = "/me request is only valid with delegated authentication flow."
    return ArmError(400, "BadRequest", message)


def not_found(what: str) -> ArmError:
    """404: no such object."""
    message = (
        f"Resource '{what}' does not exist or one of its queried reference-property objects are not"
        " present."
    )
    return ArmError(404, "Request_ResourceNotFound", message)


def unsupported_filter() -> ArmError:
    """400: a filter that is not rehearsed."""
    message = "Unsupported or invalid query filter clause specified for property of resource."
    return ArmError(400, "Request_UnsupportedQuery", message)
