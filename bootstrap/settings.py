"""What this program is told: its configuration, checked as a whole before anything is declared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from bootstrap.services import AzureDevOps, Deployments, GitHub, Guid, StackName
from factory.common import messages
from factory.common.errors import Problems
from factory.common.fields import Strict, Switch, Text, empty_is_none, formed
from factory.settings.engine_command import place_name
from factory.settings.stack import GroupName, Region

_CONTAINER = re.compile("[a-z0-9](-?[a-z0-9]){2,62}")
NAMESPACE = "image-factory-bootstrap"
PREVIEW = "preview"
_PROVIDERS = {"region": "azure-native:location", "subscriptionId": "azure-native:subscriptionId"}


class Redundancy(StrEnum):
    """How many copies of the state Azure keeps, and where."""

    ZONES = "Standard_ZRS"
    LOCAL = "Standard_LRS"
    REGIONS = "Standard_GRS"
    ZONES_AND_REGIONS = "Standard_GZRS"


class PrincipalType(StrEnum):
    """What an operator is in Entra."""

    USER = "User"
    GROUP = "Group"


class Operator(Strict):
    """Somebody who works with the state by hand: the owner who moves this stack's own into it."""

    id: Guid
    type: PrincipalType = PrincipalType.GROUP


class Settings(Strict):
    """Everything this program is told."""

    subscription_id: Guid
    region: Region
    resource_group: GroupName = "rg-image-factory-pipelines"
    storage_account: Annotated[
        str, formed(r"^[a-z0-9]{3,24}$", "3 to 24 small letters and digits, unique in all of Azure")
    ]
    redundancy: Redundancy = Redundancy.ZONES
    container: Annotated[
        str,
        formed(f"^{_CONTAINER.pattern}$", "small letters, digits and single dashes, 3 to 63"),
    ] = "state"
    key_vault: Annotated[
        str,
        formed(
            r"^[A-Za-z](-?[A-Za-z0-9]){2,23}$",
            "letters, digits and single dashes, 3 to 24, unique in all of Azure",
        ),
    ]
    key: Annotated[
        str, formed(r"^[A-Za-z0-9-]{1,127}$", "a key's name of letters, digits and dashes")
    ] = "pulumi-secrets"
    stacks: Annotated[list[StackName], Field(min_length=1)]
    make_roles: Switch = True
    operators: list[Operator] = []
    github: Annotated[GitHub | None, BeforeValidator(empty_is_none)] = None
    azure_dev_ops: Annotated[AzureDevOps | None, BeforeValidator(empty_is_none)] = None
    pulumi_deployments: Annotated[Deployments | None, BeforeValidator(empty_is_none)] = None

    @property
    def names(self) -> list[str]:
        """The identities by name: one for each stack, and the one that only looks."""
        return [*self.stacks, PREVIEW]


def parse(raw: Mapping[str, Any], place: Text, problems: Problems) -> Settings | None:
    """Make settings of raw values; every fault is noted, with ``place`` as where it stands."""
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        for fault in error.errors():
            loc = messages.where_of(fault["loc"], [])
            what, todo = messages.explained(fault, loc, Settings)
            what = what.replace("is not a known field", "is not a known setting")
            problems.error(place, messages.said_of(_key(loc), what), todo)
        return None
    _check(settings, place, problems)
    return settings


def _key(loc: tuple[Any, ...]) -> str:
    path = ".".join(str(part)[:80] for part in loc)
    return _PROVIDERS.get(path) or (f"{NAMESPACE}:{path}" if path else NAMESPACE)


def _check(settings: Settings, place: str, problems: Problems) -> None:
    seen: set[str] = set()
    for name in settings.stacks:
        if name.lower() in seen:
            problems.error(place, f"{NAMESPACE}:stacks names {name!r} twice", "take one out")
        if name.lower() == PREVIEW:
            problems.error(
                place,
                f"{NAMESPACE}:stacks: {name!r} is the name of the identity that only looks",
                "give the stack another name",
            )
        seen.add(name.lower())
    _check_places(settings, place, problems)
    ways = (settings.github, settings.azure_dev_ops, settings.pulumi_deployments)
    if not any(ways):
        problems.error(
            place,
            f"nobody could sign in: none of {NAMESPACE}:github, azureDevOps, pulumiDeployments",
            "say whose pipelines run the factory",
        )
    if settings.azure_dev_ops:
        for name in settings.azure_dev_ops.connections:
            if name not in settings.names:
                problems.error(
                    place,
                    f"{NAMESPACE}:azureDevOps.connections.{name}: there is no such identity",
                    f"the identities are {', '.join(settings.names)}",
                )


def _check_places(settings: Settings, place: str, problems: Problems) -> None:
    places: dict[str, str] = {}
    for name in settings.stacks:
        found = place_name(name)
        other = places.setdefault(found, name)
        if other != name and other.lower() != name.lower():
            what = f"{NAMESPACE}:stacks: the states of {other} and {name} would both be {found}"
            problems.error(place, what, "give one of them another name")
        if not _CONTAINER.fullmatch(f"{settings.container}-{found}"):
            what = f"{NAMESPACE}:stacks: no container can be called {settings.container}-{found}"
            problems.error(place, what, "small letters, digits and single dashes, 3 to 63")
