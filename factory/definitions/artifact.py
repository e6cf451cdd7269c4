"""Artifacts as definitions name them, and what a captured image has to pass."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from factory.common.fields import AsWritten, AzureName, FolderName, Strict, formed
from factory.definitions.bases import Os

PUBLIC_SOURCE = "public repo"
SECRET_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"  # noqa: S105 - the form of a name
SECRET_SAID = "the name of a stack secret: letters, digits, - and _"  # noqa: S105


class SecretRef(Strict):
    """A parameter whose value is a secret of the stack: ``{secret: vpnPassword}``."""

    secret: Annotated[str, formed(SECRET_NAME, SECRET_SAID, examples=["licenceKey"])]
    """A secret of the stack by its name: ``pulumi config set --secret image-factory:NAME``."""


class VaultRef(Strict):
    """A parameter whose value is a secret of a key vault: ``{keyVault: kv-x, secret: vpn}``.

    The names alone are ever kept; the value is read when the artifact is asked for.
    """

    key_vault: Annotated[
        str,
        formed(
            r"^[A-Za-z](?:-?[A-Za-z0-9])+$",
            "a key vault's name",
            min_length=3,
            max_length=24,
            examples=["kv-team"],
        ),
    ]
    """The key vault's name."""
    secret: Annotated[
        str,
        formed(
            r"^[0-9A-Za-z-]{1,127}$",
            "the name of a secret of the key vault: letters, digits and -",
            examples=["licence-key"],
        ),
    ]
    """The secret's name in it; its newest version is read when the artifact is asked for."""

    def __str__(self) -> str:
        """Name it in a sentence."""
        return f"secret {self.secret} of key vault {self.key_vault}"


def _kind_of_parameter(value: Any) -> str:
    if isinstance(value, VaultRef) or (isinstance(value, dict) and "keyVault" in value):
        return "VaultRef"
    return "SecretRef" if isinstance(value, dict | SecretRef) else "str"


def _parameter_text(value: Any) -> Any:
    """Give the text that DevTest Labs takes of a parameter; lists and objects are JSON there."""
    if value is None:
        return ""
    plain = isinstance(value, dict) and set(value) != {"secret"} and "keyVault" not in value
    if isinstance(value, list) or plain:
        return json.dumps(value, ensure_ascii=False)
    return value


def is_expression(value: Any) -> bool:
    """Tell whether ARM would evaluate a text instead of passing it on, at any depth of JSON."""
    if isinstance(value, dict):
        return any(is_expression(each) for each in value.values())
    if isinstance(value, list):
        return any(is_expression(each) for each in value)
    if not isinstance(value, str):
        return False
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        inner = None
    if isinstance(inner, list | dict):
        return is_expression(inner)
    return bool(re.fullmatch(r"\[(?!\[).*\]", value.strip(), re.DOTALL))


Parameter = Annotated[
    Annotated[AsWritten, Tag("str")]
    | Annotated[SecretRef, Tag("SecretRef")]
    | Annotated[VaultRef, Tag("VaultRef")],
    Discriminator(_kind_of_parameter),
]
Argument = Annotated[
    Annotated[AsWritten, Field(max_length=4096, json_schema_extra={"loose": True}), Tag("str")]
    | Annotated[SecretRef, Tag("SecretRef")]
    | Annotated[VaultRef, Tag("VaultRef")],
    Discriminator(_kind_of_parameter),
]


class Artifact(Strict):
    """One artifact to apply, with its parameters, from one artifact source of the factory lab."""

    form: ClassVar[str] = "a name, or a mapping {name, source, parameters}"

    name: Annotated[FolderName, Field(examples=["linux-apt-package"])]
    """The artifact's folder in its source."""
    source: AzureName = PUBLIC_SOURCE
    """An artifact source of the factory lab."""
    parameters: dict[
        Annotated[str, formed(r"^[A-Za-z0-9_.$-]{1,128}$", "the name of a parameter")],
        Annotated[Parameter, BeforeValidator(_parameter_text)],
    ] = {}
    """Its parameters by name; ``{secret: name}`` takes a secret of the stack, ``{keyVault: name,
    secret: name}`` one of a key vault."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("parameters", mode="after")
    @classmethod
    def _no_expressions(cls, value: dict[str, Parameter]) -> dict[str, Parameter]:
        # DevTest Labs deploys artifacts as ARM templates: text in brackets is an expression there,
        # and `[[` is ARM's way to mean a bracket. Lists, as JSON, are what they are.
        for name, text in value.items():
            if is_expression(text):
                msg = f"{name}: an ARM expression is not allowed here; write [[ for a plain ["
                raise ValueError(msg)
        return value


Artifacts = Annotated[list[Artifact], Field(max_length=200)]


class AlwaysArtifact(Artifact):
    """An artifact that every image gets, or with ``os`` every image of that system."""

    form: ClassVar[str] = "a name, or a mapping {name, source, parameters, os}"

    os: Os | None = None
    """``windows`` or ``linux``: images of the other system go without it; both without it."""

    @field_validator("name", mode="after")
    @classmethod
    def _leaves_the_vm_usable(cls, value: str) -> str:
        if value in [each.generalizer for each in Os]:
            msg = f"{value} ends every build by itself, where capture needs it; leave it out"
            raise ValueError(msg)
        return value

    @property
    def plain(self) -> Artifact:
        """The artifact as any other: who asked for it shapes no bit of the disk."""
        return Artifact(name=self.name, source=self.source, parameters=self.parameters)


class Always(Strict):
    """Artifacts that the author of a definition cannot leave out, in order.

    What stands further away wraps what is nearer: its ``first`` runs before that of the nearer, its
    ``last`` after.
    """

    form: ClassVar[str] = "a mapping {first, last}"

    first: list[AlwaysArtifact] = []
    """Before the definition's own artifacts."""
    last: list[AlwaysArtifact] = []
    """After them, and before the one that generalises."""

    def around(self, inner: Always | None) -> Always:
        """Give both together, this one outside."""
        inner = inner or Always()
        return Always(first=[*self.first, *inner.first], last=[*inner.last, *self.last])


@dataclass(frozen=True)
class Applied:
    """An artifact as a definition has it applied: ``loc`` is the place that says so."""

    loc: tuple[str | int, ...]
    artifact: Artifact

    @property
    def verifies(self) -> bool:
        """Whether it is applied to the VM that verifies, not to the one that builds."""
        return self.loc[0] == "verify"

    @property
    def called(self) -> str:
        """What messages call it."""
        return f"{'verify: ' if self.verifies else ''}artifact {self.artifact.name}"


# Printable ASCII without quotes and backslash: nothing in it looks like what it is not.
Url = Annotated[
    str,
    formed(
        r"^https://[!#-&(-\[\]-~]+$",
        "an https:// address of plain characters, without quotes and blanks",
        max_length=2048,
    ),
]


class Script(Strict):
    """A script for the verifying VM, which downloads it: ``url``, and ``files`` it needs beside.

    It fails by ending with another code than 0. ``arguments`` may be a secret.
    """

    url: Annotated[Url, Field(examples=["https://example.com/check.sh"])]
    """Its address, which ends in its file name; the VM downloads it without signing in."""
    files: Annotated[list[Url], Field(max_length=50)] = []
    """Files that it needs beside it."""
    arguments: Annotated[Argument, BeforeValidator(_parameter_text)] = ""
    """Text, or a secret as in an artifact's parameters."""

    @field_validator("url", mode="after")
    @classmethod
    def _names_a_file(cls, value: str) -> str:
        if not re.fullmatch(
            r"[A-Za-z0-9][A-Za-z0-9._-]*", PurePosixPath(urlsplit(value).path).name
        ):
            msg = "expected an address that ends in a plain file name such as /check.sh"
            raise ValueError(msg)
        return value

    @field_validator("arguments", mode="after")
    @classmethod
    def _no_expression(cls, value: Parameter) -> Parameter:
        # They become a parameter of the artifact that runs the script.
        if is_expression(value):
            msg = "an ARM expression is not allowed here; write [[ for a plain ["
            raise ValueError(msg)
        return value

    @property
    def file(self) -> str:
        """The name under which the VM extension saves it."""
        return PurePosixPath(urlsplit(self.url).path).name


class Verify(Strict):
    """What a VM made from the captured image has to pass; with nothing in it, that it boots."""

    form: ClassVar[str] = "a list of artifacts, or a mapping {artifacts, script}"

    artifacts: Artifacts = []
    """Applied in order, as in ``artifacts`` of the definition."""
    script: Script | None = None
    """A script that the VM downloads and runs."""


AnyVerify = Annotated[
    Annotated[Artifacts, Tag("list")] | Annotated[Verify, Tag("mapping")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "mapping"),
]
