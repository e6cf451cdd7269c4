"""Lab environments that a stack declares: an ARM template of a lab's repository, with parameters.

An environment cannot be changed in place: DevTest Labs deploys its template once. So what it is
made from is part of its name in Azure; a changed one is a new one, and the old one goes when that
is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Tag

from factory.common.errors import Problems
from factory.common.fields import AsWritten, AzureName, FolderName, Strict, formed
from factory.definitions.definition import SecretRef

PUBLIC_ENVIRONMENTS = "public environment repo"
ENVIRONMENT_TYPE = "azure-native:devtestlab:Environment"


class Replace(StrEnum):
    """What comes first when an environment has changed.

    ``delete-first`` is for templates with names of their own that can exist only once.
    """

    CREATE_FIRST = "create-first"
    DELETE_FIRST = "delete-first"


def _text(value: Any) -> Any:
    """DevTest Labs takes every parameter as text; 1.10 would have lost its zero by now."""
    if isinstance(value, float):
        msg = "write a number with a point in quotes"
        raise ValueError(msg)  # noqa: TRY004 - pydantic tells a ValueError as a fault
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list) or (isinstance(value, dict) and set(value) != {"secret"}):
        return json.dumps(value, ensure_ascii=False)
    return value


def _kind(value: Any) -> str:
    return "SecretRef" if isinstance(value, dict | SecretRef) else "str"


_Parameter = Annotated[
    Annotated[AsWritten, Tag("str")] | Annotated[SecretRef, Tag("SecretRef")], Discriminator(_kind)
]


class LabEnvironment(Strict):
    """One environment of one lab; ``user`` owns it, ``@me`` is whoever makes it."""

    name: Annotated[
        str, formed(r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$", "letters, digits and -, at most 40")
    ]
    """The name of the environment."""
    lab: Annotated[str, formed(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$", "the name of a lab")]
    """The lab that it is in."""
    template: FolderName
    """The folder of its template in the source."""
    source: AzureName = PUBLIC_ENVIRONMENTS
    """The repository of environments in the lab."""
    parameters: dict[str, Annotated[_Parameter, BeforeValidator(_text)]] = {}
    """Parameters of the template; {secret: name} takes a secret of the stack."""
    user: Annotated[
        str,
        formed(
            r"^(@me|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$",
            "the object id of a lab user, or @me in quotes",
        ),
    ] = "@me"
    """Who owns it: the object id of a lab user, or @me."""
    replace: Replace = Replace.CREATE_FIRST
    """What comes first when it has changed."""

    @property
    def logical_name(self) -> str:
        """Its name in the stack's state."""
        return f"environment/{self.lab}/{self.name}"

    @property
    def azure_name(self) -> str:
        """Its name in Azure: what it is called, and a hash of what it is made from.

        Secrets count by name: a hash of their values would give something of them away.
        """
        made_from = self.model_dump(
            mode="json", include={"template", "source", "parameters", "user"}
        )
        text = json.dumps(made_from, sort_keys=True)
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"

    @property
    def secrets(self) -> list[str]:
        """Names of the stack secrets among its parameters."""
        return [each.secret for each in self.parameters.values() if isinstance(each, SecretRef)]

    def resource_id(self, lab_id: str) -> str:
        """Give its ARM id below the id of its lab."""
        return f"{lab_id}/users/{self.user}/environments/{self.azure_name}"


def check_environments(
    environments: Sequence[LabEnvironment],
    labs: Mapping[str, Any],
    where: str,
    setting: str,
    problems: Problems,
) -> None:
    """Note environments of labs that the stack does not name, and names given twice."""
    seen: set[tuple[str, str]] = set()
    for each in environments:
        if each.lab not in labs:
            problems.error(
                where,
                f"{setting}.{each.name}: {each.lab!r} is no lab of this stack",
                f"name one of {', '.join(sorted(labs)) or 'its labs, once it has any'}",
            )
        key = (each.lab.lower(), each.name.lower())
        if key in seen:
            problems.error(where, f"{setting} names {each.name!r} twice in lab {each.lab}")
        seen.add(key)
