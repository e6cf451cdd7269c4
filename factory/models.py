"""What a definition file may say: fields, types, limits. Names and limits are Azure's."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from factory.fields import AzureName, Duration, Identity, Strict, TagName, TagValue, Text
from factory.policies import Keep, Refresh

PUBLIC_SOURCE = "public repo"


class Os(StrEnum):
    """The guest's family, which decides names, sysprep and deprovision."""

    WINDOWS = "windows"
    LINUX = "linux"

    @property
    def azure(self) -> str:
        """The spelling of the ARM API."""
        return "Windows" if self is Os.WINDOWS else "Linux"

    @property
    def generalizer(self) -> str:
        """The public artifact that generalises a VM and leaves it deallocated."""
        return "windows-sysprep" if self is Os.WINDOWS else "linux-deprovision"


class Capture(StrEnum):
    """How the OS disk becomes an image: fit for many machines, or an exact copy of one."""

    GENERALIZED = "generalized"
    SPECIALIZED = "specialized"


class DiskType(StrEnum):
    """``storageType`` of a lab VM (a free string in the API; these are what labs offer)."""

    STANDARD = "Standard"
    STANDARD_SSD = "StandardSSD"
    PREMIUM = "Premium"


class PurchasePlan(Strict):
    """The marketplace plan that an image is sold under; its terms must have been accepted."""

    name: Text
    publisher: Text
    product: Text


class Base(Strict):
    """The marketplace image to build from."""

    publisher: Text
    offer: Text
    sku: Text
    version: Annotated[str, Field(pattern=r"^(latest|\d+(\.\d+){2,3})$")] = "latest"
    plan: PurchasePlan | None = None

    @property
    def urn(self) -> str:
        """publisher:offer:sku, the way ``az vm image list`` writes it."""
        return f"{self.publisher}:{self.offer}:{self.sku}"


class ParentBase(Strict):
    """Another definition to build from: its newest released version, in the same run after it."""

    image: Identity

    @property
    def urn(self) -> str:
        """How records and tags write it."""
        return f"image:{self.image}"


def _kind_of_base(value: Any) -> str:
    return "parent" if isinstance(value, ParentBase) or "image" in (value or {}) else "marketplace"


AnyBase = Annotated[
    Annotated[Base, Tag("marketplace")] | Annotated[ParentBase, Tag("parent")],
    Discriminator(_kind_of_base),
]


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


SizeName = Annotated[str, Field(pattern=r"^(Standard|Basic)_[A-Za-z0-9_-]+$")]


class Definition(Strict):
    """One image, as its file and the ``defaults.yaml`` above it say together."""

    base: AnyBase
    os: Os
    description: Annotated[str, Field(max_length=1024)] = ""
    author: Annotated[str, Field(max_length=256)] = ""
    size: SizeName = "Standard_D4s_v5"
    fallback_sizes: Annotated[list[SizeName], Field(max_length=5)] = []
    disk_type: DiskType = DiskType.STANDARD_SSD
    artifacts: list[Artifact] = []
    capture: Capture = Capture.GENERALIZED
    time_limit: Annotated[Duration, Field(ge=timedelta(minutes=10), le=timedelta(hours=24))] = (
        timedelta(hours=4)
    )
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    tags: dict[TagName, TagValue] = {}
    refresh: Refresh | None = None
    keep: Keep | None = None
    # The tag ImagePath that the original image factory gave this definition's images.
    image_path: Annotated[str, Field(max_length=256)] | None = None
    retire_after: Duration | None = None
    formerly: list[Identity] = []

    @model_validator(mode="after")
    def _every_size_once(self) -> Definition:
        if len({size.lower() for size in self.sizes}) < len(self.sizes):
            msg = f"fallbackSizes: every size is tried once, got {', '.join(self.sizes)}"
            raise ValueError(msg)
        return self

    @field_validator("tags", mode="after")
    @classmethod
    def _room_for_ours(cls, value: dict[str, str]) -> dict[str, str]:
        # Azure allows 50 tags per resource; the factory needs up to 15 of them for itself.
        if len(value) > 35:
            msg = f"at most 35 tags, got {len(value)}: Azure allows 50 and the factory adds its own"
            raise ValueError(msg)
        reserved = sorted(name for name in value if name.lower().startswith("image-factory-"))
        if reserved:
            msg = (
                f"tags that begin with image-factory- are the factory's own: {', '.join(reserved)}"
            )
            raise ValueError(msg)
        return value

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes to build with, the wanted one first; the others only if there is no room."""
        return (self.size, *self.fallback_sizes)

    @property
    def vault_refs(self) -> tuple[VaultRef, ...]:
        """The key vault secrets that the artifacts are given, each once, in order."""
        values = (value for each in self.artifacts for value in each.parameters.values())
        return tuple(dict.fromkeys(value for value in values if isinstance(value, VaultRef)))

    @property
    def all_artifacts(self) -> tuple[Artifact, ...]:
        """The artifacts in order, with sysprep or deprovision last if the capture needs it.

        Both end with waitForShutdown and deallocate, which is what makes ``SysprepApplied`` right.
        """
        if self.capture is Capture.SPECIALIZED:
            return tuple(self.artifacts)
        last = self.artifacts[-1].name if self.artifacts else None
        if last == self.os.generalizer:
            return tuple(self.artifacts)
        return (*self.artifacts, Artifact(name=self.os.generalizer))
