"""What ARM itself refuses, in its words (contract 4.4); each namespace has its own errors.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]


class ArmError(Exception):
    """An error answer: HTTP status, and the code and message of `{"error": {...}}`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Json] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = list(details)
        self.headers = dict(headers or {})

    def error(self) -> Json:
        """Give the value of `error`, as answers and failed operations carry it."""
        body: Json = {"code": self.code, "message": self.message}
        if self.details:
            body["details"] = self.details
        return body


def bad_request(message: str, code: str = "BadRequest") -> ArmError:
    """400 with a message of the caller's."""
    return ArmError(400, code, message)


def invalid_content(what: str) -> ArmError:
    """400: the request body is not what ARM can read."""
    message = f"The request content was invalid and could not be deserialized: '{what}'."
    return ArmError(400, "InvalidRequestContent", message)


def missing_api_version() -> ArmError:
    """400: every call names its api-version."""
    message = "The api-version query parameter (?api-version=) is required for all requests."
    return ArmError(400, "MissingApiVersionParameter", message)


def no_registered_provider(kind: str, api_version: str, known: Sequence[str]) -> ArmError:
    """400: the provider has no such api-version."""
    message = (
        f"No registered resource provider found for API version '{api_version}' and type '{kind}'."
        f" The supported api-versions are '{', '.join(known)}'."
    )
    return ArmError(400, "NoRegisteredProviderFound", message)


def not_implemented(method: str, path: str) -> ArmError:
    """501: a route that this local Azure does not have; never a silent 404."""
    message = (
        f"The local Azure has no route {method} {path}. See docs/rehearsal.md for what it has."
    )
    return ArmError(501, "RouteNotRehearsed", message)


def subscription_not_found(subscription: str) -> ArmError:
    """404: no such subscription for this caller."""
    message = f"The subscription '{subscription}' could not be found."
    return ArmError(404, "SubscriptionNotFound", message)


def group_not_found(group: str) -> ArmError:
    """404: the resource group does not exist."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def resource_not_found(resource: str, group: str) -> ArmError:
    """404; `resource` is type and names interleaved, such as 'Microsoft.DevTestLab/labs/x'."""
    message = (
        f"The Resource '{resource}' under resource group '{group}' was not found."
        " For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return ArmError(404, "ResourceNotFound", message)


def parent_not_found(parent: str) -> ArmError:
    """404: the resource that should hold this one does not exist."""
    message = (
        "Can not perform requested operation on nested resource."
        f" Parent resource '{parent}' not found."
    )
    return ArmError(404, "ParentResourceNotFound", message)


def location_required() -> ArmError:
    """400: a tracked resource names its region."""
    return ArmError(
        400, "LocationRequired", "The location property is required for this definition."
    )


def location_differs(name: str, group: str, existing: str, asked: str) -> ArmError:
    """409: a resource cannot move by PUT."""
    message = (
        f"The resource '{name}' already exists in location '{existing}' in resource group"
        f" '{group}'. A resource with the same name cannot be created in location '{asked}'."
        " Please select a new resource name."
    )
    return ArmError(409, "InvalidResourceLocation", message)


def group_being_deleted(group: str) -> ArmError:
    """409: nothing can be made in a group that is going."""
    message = (
        f"The resource group '{group}' is in deprovisioning state and cannot perform this"
        " operation."
    )
    return ArmError(409, "ResourceGroupBeingDeleted", message)


def scope_locked(scope: str, lock: str) -> ArmError:
    """409: a lock forbids deletion (DTL locks the network it was given, contract 4.2)."""
    message = (
        f"The scope '{scope}' cannot perform delete operation because following scope(s) are"
        f" locked: '{lock}'. Please remove the lock and try again."
    )
    return ArmError(409, "ScopeLocked", message)


def operation_not_found(name: str) -> ArmError:
    """404: no such operation."""
    return ArmError(404, "OperationNotFound", f"The operation '{name}' could not be found.")
