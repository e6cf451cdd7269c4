"""The services whose jobs sign in: GitHub, Azure DevOps, Pulumi Deployments; what each is told."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from factory.common.fields import Strict, formed

Guid = Annotated[
    str,
    formed(
        r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
        "an id such as 5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001",
    ),
]
# Each goes into a subject that Entra compares letter by letter: nothing that could mean more.
Name = Annotated[
    str,
    formed(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        "a name of letters, digits and . _ -, without wildcards",
    ),
]
StackName = Annotated[
    str, formed(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$", "a stack's own name such as dev")
]
Number = Annotated[str, formed(r"^[1-9][0-9]{0,18}$", "a number, as GitHub gives it")]


def _digits(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class GitHub(Strict):
    """The repository whose workflows sign in.

    With the two ids subjects have the form that GitHub gives out for repositories made or renamed
    since July 2026, and for those that were changed over; without them the older one.
    """

    repository: Annotated[
        str,
        formed(
            r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$",
            "OWNER/REPOSITORY, without wildcards",
        ),
    ]
    owner_id: Annotated[Number | None, BeforeValidator(_digits)] = None
    repository_id: Annotated[Number | None, BeforeValidator(_digits)] = None
    branch: Annotated[
        str, formed(r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$", "a branch such as main")
    ] = "main"

    @model_validator(mode="after")
    def _both_ids(self) -> GitHub:
        if (self.owner_id is None) != (self.repository_id is None):
            msg = "ownerId and repositoryId belong together"
            raise ValueError(msg)
        return self


class Connection(Strict):
    """A service connection: by its name, or by issuer and subject as Azure DevOps shows them."""

    name: Annotated[
        str | None,
        formed(r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$", "the name of a service connection"),
    ] = None
    issuer: Annotated[
        str | None,
        formed(
            r"^https://(login\.microsoftonline\.com/[0-9a-fA-F-]{36}/v2\.0"
            r"|vstoken\.dev\.azure\.com/[0-9a-fA-F-]{36})$",
            "https://login.microsoftonline.com/TENANT/v2.0 or "
            "https://vstoken.dev.azure.com/ORGANIZATION",
        ),
    ] = None
    subject: Annotated[
        str | None, formed(r"^(/eid1/|sc://)[^\s*?]{1,580}$", "/eid1/... or sc://..., as shown")
    ] = None

    @model_validator(mode="after")
    def _one_form(self) -> Connection:
        if (self.issuer is None) != (self.subject is None) or (self.name is None) == (
            self.issuer is None
        ):
            msg = "a connection is either its name, or issuer and subject"
            raise ValueError(msg)
        return self


class AzureDevOps(Strict):
    """The project whose service connections sign in; one connection for each identity."""

    organization: Name
    project: Annotated[
        str, formed(r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$", "the name of an Azure DevOps project")
    ]
    organization_id: Guid | None = None
    connections: Annotated[dict[StackName, Connection], Field(min_length=1)]

    @model_validator(mode="after")
    def _id_for_names(self) -> AzureDevOps:
        if self.organization_id is None and any(each.name for each in self.connections.values()):
            msg = "connections that are given by name need organizationId"
            raise ValueError(msg)
        return self


class Operation(StrEnum):
    """What Pulumi Deployments does with a stack."""

    PREVIEW = "preview"
    UPDATE = "update"
    REFRESH = "refresh"
    DETECT_DRIFT = "detect-drift"
    REMEDIATE_DRIFT = "remediate-drift"
    DESTROY = "destroy"


class Deployments(Strict):
    """The organization on Pulumi Cloud whose deployments sign in. To destroy is left to owners."""

    organization: Name
    project: Name = "image-factory"
    operations: Annotated[list[Operation], Field(min_length=1)] = [
        Operation.PREVIEW,
        Operation.UPDATE,
        Operation.REFRESH,
        Operation.DETECT_DRIFT,
    ]
