"""What is on a disk, apart from what its resource says of it: it travels with every copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from rehearsal.azure.errors import bad_request
from rehearsal.azure.model import Resource

Json = dict[str, Any]


@dataclass(frozen=True)
class Contents:
    """An operating system on a disk: generation it was installed for, whether it is generalised.

    `plan` is the purchase plan it came with, `security` the type of the machine it ran on.
    """

    os: str
    generation: str
    generalized: bool
    size: int
    security: str = "Standard"
    plan: Json | None = None
    installed: tuple[str, ...] = ()

    @classmethod
    def of(cls, resource: Resource) -> Contents:
        """Read them off a disk, snapshot, image or custom image; ArmError 400 off an empty disk."""
        known = resource.hidden.get("contents")
        if known is None:
            message = f"'{resource.id}' holds no operating system."
            raise bad_request(message)
        return cls(**{**known, "installed": tuple(known["installed"])})

    def stored(self) -> Json:
        """Write them as a hidden fact."""
        return {**asdict(self), "installed": list(self.installed)}

    def with_artifact(self, name: str, *, generalizes: bool) -> Contents:
        """Give the contents after an artifact has run."""
        return replace(
            self,
            installed=(*self.installed, name),
            generalized=self.generalized or generalizes,
        )
