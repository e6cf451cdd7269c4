"""What a definition file may say: fields, types, limits. Names and limits are Azure's."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from factory.artifact import (
    PUBLIC_SOURCE,
    AnyVerify,
    Artifact,
    Script,
    SecretRef,
    VaultRef,
    Verify,
)
from factory.fields import Duration, Identity, Strict, TagName, TagValue, Text
from factory.policies import Keep, Refresh


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

    @property
    def script_runner(self) -> str:
        """The public artifact that downloads files and runs one; both take the same parameters."""
        return "windows-run-powershell" if self is Os.WINDOWS else "linux-run-bash"


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
    verify: AnyVerify | None = None
    keep_failed: Annotated[Duration | None, Field(ge=timedelta(hours=1), le=timedelta(days=30))] = (
        None
    )

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
        """The key vault secrets that artifacts are given, on any VM, each once, in order."""
        values = (value for each in self.every_artifact for value in each.parameters.values())
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

    @property
    def verification(self) -> tuple[Artifact, ...] | None:
        """What a verifying VM gets, in order; None if no such VM is made.

        A script becomes the public artifact that runs one.
        """
        if not isinstance(self.verify, Verify):
            return None if self.verify is None else tuple(self.verify)
        script = self.verify.script
        if script is None:
            return tuple(self.verify.artifacts)
        parameters = {
            "scriptFileUris": [script.url, *script.files],
            "scriptToRun": script.file,
            "scriptArguments": script.arguments,
        }
        runner = {"name": self.os.script_runner, "parameters": parameters}
        return (*self.verify.artifacts, Artifact.model_validate(runner))

    @property
    def every_artifact(self) -> tuple[Artifact, ...]:
        """All that is applied on any VM: those that shape the image, and those that verify it."""
        return (*self.all_artifacts, *(self.verification or ()))


__all__ = [
    "PUBLIC_SOURCE",
    "AnyBase",
    "Artifact",
    "Base",
    "Capture",
    "Definition",
    "DiskType",
    "Os",
    "ParentBase",
    "PurchasePlan",
    "Script",
    "SecretRef",
    "VaultRef",
    "Verify",
]
