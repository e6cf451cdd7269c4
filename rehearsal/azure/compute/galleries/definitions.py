"""Image definitions: what every version of an image has in common, and what it never changes."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Draft
from rehearsal.azure.compute import errors as compute_errors
from rehearsal.azure.compute.galleries import errors, recycle_bin
from rehearsal.azure.compute.galleries.galleries import Holder
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,78}[A-Za-z0-9])?", re.ASCII)
_REQUIRED = ("osType", "osState", "identifier")
_CHANGEABLE = (
    *("description", "endOfLifeDate", "eula", "privacyStatementUri", "releaseNoteUri"),
    *("recommended", "disallowed"),
)
# Second generation and Trusted Launch as far as the guest goes, unless told otherwise, since then.
_SECURE_SINCE = "2025-03-03"
SUPPORTED = (
    *("TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported"),
    "ConfidentialVMSupported",
)
EXCLUSIVE = ("TrustedLaunch", "ConfidentialVM")
_FEATURES: dict[str, tuple[str, ...]] = {
    "SecurityType": (*SUPPORTED, *EXCLUSIVE, "Standard"),
    "IsHibernateSupported": ("True", "False"),
    "IsAcceleratedNetworkSupported": ("True", "False"),
    "DiskControllerTypes": ("SCSI", "SCSI, NVMe", "SCSI,NVMe"),
}


class Definition(Holder):
    """An image definition."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it; publisher, offer and sku are no other definition's in the gallery."""
        if not _NAME.fullmatch(draft.name):
            raise errors.BAD_NAME.of(what="gallery image", name=draft.name, marks="_ . and -")
        given = _shown(self.given(draft))
        for name in _REQUIRED:
            if not given.get(name):
                raise compute_errors.MISSING_PARAMETER.of(name=name)
        secure = draft.api_version >= _SECURE_SINCE and given.get("hyperVGeneration") != "V1"
        properties = {"hyperVGeneration": "V2" if secure else "V1", "architecture": "x64", **given}
        if secure and not security_type(properties):
            supported = {"name": "SecurityType", "value": SUPPORTED[0]}
            properties["features"] = [*properties.get("features", ()), supported]
        _check_features(properties)
        self._check_triple(azure, draft, properties["identifier"])
        return draft.resource(properties)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change what may; what is not named again is as it was."""
        return super().update(azure, old, draft).setting(**self._allowed(old, draft.properties))

    def patch(self, azure: Azure, old: Resource, body: Json) -> Resource:
        """Change what a PUT could change too."""
        return (
            super()
            .patch(azure, old, body)
            .setting(**self._allowed(old, body.get("properties") or {}))
        )

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse while it has versions, one in the bin included."""
        super().releasing(azure, resource)
        if recycle_bin.held(azure, resource):
            raise errors.NESTED.of()

    def given(self, draft: Draft) -> Json:
        """Leave out what is not echoed."""
        return _shown(super().given(draft))

    def made(self, azure: Azure, resource: Resource) -> None:
        """Let whoever shows this gallery's images hear of it."""
        _tell(azure, resource)

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Likewise."""
        _tell(azure, resource)

    def _allowed(self, old: Resource, asked: Json) -> Json:
        """Give the properties as they are to be; ArmError if one changes that cannot."""
        wanted = _shown({name: value for name, value in asked.items() if value is not None})
        for name, value in wanted.items():
            free = name in _CHANGEABLE or (name == "features" and asked.get("allowUpdateImage"))
            if not free and name not in self.read_only and value != old.properties.get(name):
                raise errors.NOT_CHANGEABLE.of(path=f"galleryImage.properties.{name}")
        kept = {**old.properties, **wanted}
        _check_features(kept)
        return kept

    def _check_triple(self, azure: Azure, draft: Draft, identifier: Json) -> None:
        publisher, offer, sku = _triple(identifier)
        for each in azure.resources.listed(ids.collection_of(draft.id)):
            if [part.lower() for part in _triple(each.properties["identifier"])] == [
                part.lower() for part in (publisher, offer, sku)
            ]:
                raise errors.TRIPLE_TAKEN.of(
                    name=each.name, publisher=publisher, offer=offer, sku=sku
                )


def security_type(properties: Json) -> str:
    """Give the SecurityType of a definition's properties, "" if it has none."""
    for feature in properties.get("features") or ():
        if feature.get("name") == "SecurityType":
            return str(feature.get("value"))
    return ""


def _tell(azure: Azure, definition: Resource) -> None:
    lag = azure.times.of("sharedImage", "appear")
    gallery = ids.parent_of(definition.key)
    azure.agenda.after(lag, "lab.galleryChanged", gallery=gallery)


def _shown(properties: Json) -> Json:
    """Leave out what is not echoed: empty `disallowed` and `features`, and `allowUpdateImage`."""
    return {
        name: value
        for name, value in properties.items()
        if name != "allowUpdateImage" and not (name in ("disallowed", "features") and not value)
    }


def _triple(identifier: Json) -> list[str]:
    return [str(identifier[part]) for part in ("publisher", "offer", "sku")]


def _check_features(properties: Json) -> None:
    for feature in properties.get("features") or ():
        name, value = str(feature.get("name")), str(feature.get("value"))
        if name in _FEATURES and value not in _FEATURES[name]:
            raise compute_errors.INVALID_PARAMETER.of(name=f"features.{name}", value=value)
    security = security_type(properties)
    if security in (*SUPPORTED, *EXCLUSIVE) and properties["hyperVGeneration"] != "V2":
        raise errors.SECURITY_NEEDS_V2.of(security=security)
