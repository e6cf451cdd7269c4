"""Artifacts as definitions name them, and what a captured image has to pass."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from factory.fields import AzureName, Strict

PUBLIC_SOURCE = "public repo"


class SecretRef(Strict):
    """A parameter whose value is a secret of the stack: ``{secret: vpnPassword}``."""

    secret: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")]


class VaultRef(Strict):
    """A parameter whose value is a secret of a key vault: ``{keyVault: kv-x, secret: vpn}``.

    The names alone are ever kept; the value is read when the artifact is asked for.
    """

    key_vault: Annotated[
        str, Field(pattern=r"^[A-Za-z](?:-?[A-Za-z0-9])+$", min_length=3, max_length=24)
    ]
    secret: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,127}$")]

    def __str__(self) -> str:
        """Name it in a sentence."""
        return f"secret {self.secret} of key vault {self.key_vault}"


def _parameter(value: Any) -> Any:
    # DevTest Labs takes every parameter as text; lists and objects as JSON (type array/object).
    if value is None:
        return ""
    plain = isinstance(value, dict) and set(value) != {"secret"} and "keyVault" not in value
    if isinstance(value, list) or plain:
        return json.dumps(value, ensure_ascii=False)
    return value


def _kind_of_parameter(value: Any) -> str:
    if isinstance(value, VaultRef) or (isinstance(value, dict) and "keyVault" in value):
        return "VaultRef"
    return "SecretRef" if isinstance(value, dict | SecretRef) else "str"


Parameter = Annotated[
    Annotated[str, Tag("str")]
    | Annotated[SecretRef, Tag("SecretRef")]
    | Annotated[VaultRef, Tag("VaultRef")],
    Discriminator(_kind_of_parameter),
]


class Artifact(Strict):
    """One artifact to apply, with its parameters, from one artifact source of the factory lab."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._()-]{0,99}$")]
    source: AzureName = PUBLIC_SOURCE
    parameters: dict[str, Annotated[Parameter, BeforeValidator(_parameter)]] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("parameters", mode="after")
    @classmethod
    def _no_expressions(cls, value: dict[str, Parameter]) -> dict[str, Parameter]:
        # DevTest Labs deploys artifacts as ARM templates: a leading bracket is an expression there,
        # and `[[` is ARM's way to mean a bracket.
        for name, text in value.items():
            if isinstance(text, str) and re.match(r"\[(?!\[)[A-Za-z]+\(", text):
                msg = f"{name}: an ARM expression is not allowed here; write [[ for a plain ["
                raise ValueError(msg)
        return value


Url = Annotated[str, Field(pattern=r"^https://[^\s\"'\\]+$", max_length=2048)]


class Script(Strict):
    """A script for the verifying VM, which downloads it: ``url``, and ``files`` it needs beside.

    It fails by ending with another code than 0. ``arguments`` may be a secret.
    """

    url: Url
    files: list[Url] = []
    arguments: Parameter = ""

    @field_validator("url", mode="after")
    @classmethod
    def _names_a_file(cls, value: str) -> str:
        if not re.fullmatch(
            r"[A-Za-z0-9][A-Za-z0-9._-]*", PurePosixPath(urlsplit(value).path).name
        ):
            msg = "expected an address that ends in a plain file name such as /check.sh"
            raise ValueError(msg)
        return value

    @property
    def file(self) -> str:
        """The name under which the VM extension saves it."""
        return PurePosixPath(urlsplit(self.url).path).name


class Verify(Strict):
    """What a VM made from the captured image has to pass; with nothing in it, that it boots."""

    artifacts: list[Artifact] = []
    script: Script | None = None


AnyVerify = Annotated[
    Annotated[list[Artifact], Tag("list")] | Annotated[Verify, Tag("mapping")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "mapping"),
]
