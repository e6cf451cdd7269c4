"""Galleries themselves: a name for what is in them, and whether what is deleted can come back."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

import re
from typing import Any

from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.compute.galleries import errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

GALLERIES = "Microsoft.Compute/galleries"
DEFINITIONS = f"{GALLERIES}/images"
VERSIONS = f"{DEFINITIONS}/versions"
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.]{0,78}[A-Za-z0-9])?", re.ASCII)


class Holder(Behaviour):
    """What galleries and definitions share: they change in a moment, and go when empty."""

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Replace what was given; an answer has no tags where none were."""
        return with_tags(super().update(azure, old, draft), draft.tags)

    def updating(self, azure: Azure, old: Resource, changed: Resource) -> float:
        """Take as long as any change."""
        return azure.times.of(self.times, "change")

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse while something is in it, a version in the bin included."""
        if azure.resources.below(resource):
            raise errors.NESTED.of()


class Gallery(Holder):
    """A gallery."""

    read_only = ("provisioningState", "identifier", "sharingStatus")

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it; its name has no dash."""
        if not _NAME.fullmatch(draft.name):
            raise errors.BAD_NAME.of(what="gallery", name=draft.name, marks="_ and .")
        resource = super().create(azure, draft)
        unique = f"{resource.subscription}-{draft.name.upper()}"
        return resource.setting(identifier={"uniqueName": unique})

    def patch(self, azure: Azure, old: Resource, body: Json) -> Resource:
        """Change what a PUT could change too."""
        return super().patch(azure, old, body).setting(**(body.get("properties") or {}))


def with_tags(resource: Resource, tags: Json) -> Resource:
    """Give a resource with tags, or without the key where there are none."""
    body = {name: value for name, value in resource.body.items() if name != "tags"}
    return Resource(
        resource.key, resource.kind, {**body, **({"tags": tags} if tags else {})}, resource.hidden
    )
