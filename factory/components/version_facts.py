"""What is delivered: one version, as everything that is made of it describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pulumi
from pulumi_azure_native import devtestlab

from factory.common import names
from factory.common.ownership import BuildKey
from factory.common.versions import Version as VersionNumber
from factory.components.capture import Capture
from factory.components.custom_image import CustomImageArgs
from factory.components.run_context import timeouts
from factory.definitions.definition import USUAL_TIME_LIMIT, Os
from factory.definitions.definition import Capture as Kind

_LONGEST_DESCRIPTION = 1024


@dataclass(frozen=True)
class Goods:
    """What is delivered. The inputs may be Outputs of a build that is still going on.

    ``capture`` is set if the factory lab's own custom image is to be made again from its backing;
    ``capture_adopt`` is the id of one that is there and that the state lost.
    ``guard`` is set if the images are to be protected.
    ``source_waits`` says that the source is still being copied, ``source_lost`` that it is gone.
    ``time_limit`` is for each part.
    """

    identity: str
    version: VersionNumber
    kind: Kind
    os: Os
    description: str
    author: str
    plan: Mapping[str, str]
    generation: pulumi.Input[str]
    tags: Mapping[str, pulumi.Input[str]]
    source_id: pulumi.Input[str] = ""
    record: pulumi.Stash | None = None
    capture: Capture | None = None
    capture_adopt: str | None = None
    guard: pulumi.Resource | None = None
    source_waits: bool = False
    source_lost: bool = False
    time_limit: timedelta = USUAL_TIME_LIMIT

    @property
    def build(self) -> BuildKey:
        """Which build it is, as its tags say."""
        fingerprint, built = (str(self.tags[tag]) for tag in (names.FINGERPRINT, names.BUILT))
        return BuildKey(self.identity, str(self.version), fingerprint, built)

    @property
    def timeouts(self) -> pulumi.CustomTimeouts:
        """How long the engine waits for Azure to make, change or delete a part."""
        return timeouts(self.time_limit)

    def part(self, *path: str) -> str:
        """Give the logical name of a part."""
        return names.part(self.identity, self.version, *path)

    def custom_image(
        self,
        *path: str,
        tags: Mapping[str, pulumi.Input[str]] | None = None,
        retiring: str = "",
        vm: devtestlab.CustomImagePropertiesFromVmArgs | None = None,
        managed_image_id: pulumi.Input[str] | None = None,
        snapshot_id: pulumi.Input[str] | None = None,
    ) -> CustomImageArgs:
        """Describe the custom image of this version that is the part ``path``.

        ``retiring`` marks it, for people and machines, as going after that day.
        """
        own = dict(self.tags if tags is None else tags)
        told = self.description
        if retiring:
            own[names.RETIRING] = retiring
            told = f"Retiring, deleted after {retiring}. {told}"[:_LONGEST_DESCRIPTION]
        return CustomImageArgs(
            logical_name=self.part(*path),
            name=names.image_name(self.identity, self.version),
            description=told,
            author=self.author,
            plan=self.plan,
            tags=own,
            vm=vm,
            managed_image_id=managed_image_id,
            snapshot_id=snapshot_id,
        )
