"""An image: one per definition. It groups the versions; it remembers numbers and failures."""

from __future__ import annotations

from typing import Any

import pulumi

from factory.common.versions import Version as VersionNumber
from factory.ledger.failed_builds import FailedBuilds
from factory.ledger.model import IMAGE_TYPE


class Image(pulumi.ComponentResource):
    """One definition in the state; what it remembers outlives the versions themselves.

    A failed attempt uses up its number even after its leftovers are forgotten, so that no number
    ever names two different things.
    """

    def __init__(
        self,
        identity: str,
        last_version: VersionNumber | None,
        failed: FailedBuilds | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(IMAGE_TYPE, identity, {}, opts)
        outputs: dict[str, Any] = {"lastVersion": str(last_version) if last_version else ""}
        if failed is not None:
            outputs["failedBuilds"] = failed.dump()
        self.register_outputs(outputs)
