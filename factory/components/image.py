"""An image: one per definition. It groups the versions and remembers the last number given."""

from __future__ import annotations

import pulumi

from factory.common.versions import Version as VersionNumber
from factory.ledger.model import IMAGE_TYPE


class Image(pulumi.ComponentResource):
    """One definition in the state; ``lastVersion`` outlives the versions themselves.

    A failed attempt uses up its number even after its leftovers are forgotten, so that no number
    ever names two different things.
    """

    def __init__(
        self,
        identity: str,
        last_version: VersionNumber | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(IMAGE_TYPE, identity, {}, opts)
        self.register_outputs({"lastVersion": str(last_version) if last_version else ""})
