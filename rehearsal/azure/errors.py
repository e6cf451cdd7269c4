"""What ARM itself refuses, in its words; each namespace has a table of its own, errors.py.

A refusal is data, a row of such a table: status, code, text, and where Azure's words are from.
That is ``quoted`` (from documents, clients or issues), ``contract`` and a number (a section of the
contract that the rehearsal was built to, which names its source), ``mem`` (from memory) or ``inf``
(a guess).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Refusal:
    """One way in which a service refuses, with blanks in its ``text``."""

    status: int
    code: str
    text: str
    evidence: str

    def of(
        self,
        *,
        details: Sequence[Json] = (),
        headers: Mapping[str, str] | None = None,
        **blanks: Any,
    ) -> ArmError:
        """Give the error, with its blanks filled in; all of them, or that is a KeyError."""
        message = self.text.format_map(blanks)
        return ArmError(self.status, self.code, message, details=details, headers=headers)


def bad_request(message: str, code: str = "BadRequest") -> ArmError:
    """400 with a message of the caller's."""
    return ArmError(400, code, message)


# The request body is not what ARM can read.
INVALID_CONTENT = Refusal(
    400,
    "InvalidRequestContent",
    "The request content was invalid and could not be deserialized: '{what}'.",
    "contract 4.4",
)

# Every call names its api-version.
MISSING_API_VERSION = Refusal(
    400,
    "MissingApiVersionParameter",
    "The api-version query parameter (?api-version=) is required for all requests.",
    "contract 4.4",
)

# The provider has no such api-version.
NO_REGISTERED_PROVIDER = Refusal(
    400,
    "NoRegisteredProviderFound",
    "No registered resource provider found for API version '{api_version}' and type '{kind}'. The"
    " supported api-versions are '{known}'.",
    "contract 4.4",
)

# The region is none, or the provider is not there.
NO_PROVIDER_IN_REGION = Refusal(
    400,
    "NoRegisteredProviderFound",
    "No registered resource provider found for location '{location}' and API version"
    " '{api_version}' for type '{kind}'. The supported locations are '{known}'.",
    "mem",
)

# A route that this local Azure does not have; never a silent 404.
NOT_IMPLEMENTED = Refusal(
    501,
    "RouteNotRehearsed",
    "The local Azure has no route {method} {path}. See docs/rehearsal.md for what it has.",
    "contract 4.4",
)

# No such subscription for this caller.
SUBSCRIPTION_NOT_FOUND = Refusal(
    404,
    "SubscriptionNotFound",
    "The subscription '{subscription}' could not be found.",
    "contract 4.4",
)

# The resource group does not exist.
GROUP_NOT_FOUND = Refusal(
    404,
    "ResourceGroupNotFound",
    "Resource group '{group}' could not be found.",
    "contract 4.4",
)

# `resource` is type and names interleaved, such as 'Microsoft.DevTestLab/labs/x'.
RESOURCE_NOT_FOUND = Refusal(
    404,
    "ResourceNotFound",
    "The Resource '{resource}' under resource group '{group}' was not found. For more details"
    " please go to https://aka.ms/ARMResourceNotFoundFix",
    "contract 4.4",
)

# The resource that should hold this one does not exist.
PARENT_NOT_FOUND = Refusal(
    404,
    "ParentResourceNotFound",
    "Can not perform requested operation on nested resource. Parent resource '{parent}' not found.",
    "contract 4.4",
)

# A tracked resource names its region.
LOCATION_REQUIRED = Refusal(
    400,
    "LocationRequired",
    "The location property is required for this definition.",
    "contract 4.4",
)

# A resource cannot move by PUT.
LOCATION_DIFFERS = Refusal(
    409,
    "InvalidResourceLocation",
    "The resource '{name}' already exists in location '{existing}' in resource group '{group}'. A"
    " resource with the same name cannot be created in location '{asked}'. Please select a new"
    " resource name.",
    "contract 4.4",
)

# Nothing can be made in a group that is going.
GROUP_BEING_DELETED = Refusal(
    409,
    "ResourceGroupBeingDeleted",
    "The resource group '{group}' is in deprovisioning state and cannot perform this operation.",
    "contract 4.4",
)

# A lock forbids it (DTL locks the network it was given, contract 4.2).
SCOPE_LOCKED = Refusal(
    409,
    "ScopeLocked",
    "The scope '{scope}' cannot perform {operation} operation because following scope(s) are"
    " locked: '{lock}'. Please remove the lock and try again.",
    "contract 4.2",
)

# No such operation.
OPERATION_NOT_FOUND = Refusal(
    404,
    "OperationNotFound",
    "The operation '{name}' could not be found.",
    "contract 4.4",
)
