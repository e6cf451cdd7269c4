"""What an image is built from, and the kinds of machine and disk that there are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, Tag

from factory.common.fields import Identity, MarketplaceName, Strict, formed


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

    name: MarketplaceName
    """The plan's name, usually the SKU."""
    publisher: MarketplaceName
    """The plan's publisher."""
    product: MarketplaceName
    """The plan's product, usually the offer."""


class Base(Strict):
    """The marketplace image to build from."""

    form: ClassVar[str] = "a mapping {publisher, offer, sku, version, plan}, or {image}"

    publisher: Annotated[MarketplaceName, Field(examples=["Canonical"])]
    """The publisher in the marketplace."""
    offer: Annotated[MarketplaceName, Field(examples=["ubuntu-24_04-lts"])]
    """The publisher's offer."""
    sku: Annotated[MarketplaceName, Field(examples=["server"])]
    """The SKU of the offer."""
    version: Annotated[
        str,
        formed(
            r"^(latest|[0-9]{1,12}(\.[0-9]{1,12}){2,3})$",
            "latest, or an exact version of three or four numbers",
            examples=["24.04.202611100"],
        ),
    ] = "latest"
    """``latest``, or an exact version of the marketplace, which then never moves."""
    plan: PurchasePlan | None = None
    """The plan of an image that is bought; its terms must have been accepted."""

    @property
    def urn(self) -> str:
        """publisher:offer:sku, the way ``az vm image list`` writes it."""
        return f"{self.publisher}:{self.offer}:{self.sku}"


class ParentBase(Strict):
    """Another definition to build from: its newest released version, in the same run after it."""

    image: Annotated[Identity, Field(examples=["windows/2022/base"])]
    """The definition, by its path below the images folder."""

    @property
    def urn(self) -> str:
        """How records and tags write it."""
        return f"image:{self.image}"


def _kind_of_base(value: Any) -> str:
    named = isinstance(value, dict) and "image" in value
    return "parent" if named or isinstance(value, ParentBase) else "marketplace"


AnyBase = Annotated[
    Annotated[Base, Tag("marketplace")] | Annotated[ParentBase, Tag("parent")],
    Discriminator(_kind_of_base),
]
