"""Why a version cannot become an image, or cannot come to a place."""

from __future__ import annotations

from factory.common import names
from factory.common.ownership import BuildKey, Owner, Tagged
from factory.common.versions import Version
from factory.definitions.definition import Capture
from factory.ledger.record import Record
from factory.observed.model import Thing


def capture_fault(security_type: str, capture: Capture) -> str | None:
    """Say why a disk cannot become an image, with the remedy; None if it can.

    "Creation of managed images are not supported for virtual machine with TrustedLaunch security
    type": a generalised custom image is a managed image.
    """
    if security_type in {"", "Standard"} or capture is Capture.SPECIALIZED:
        return None
    return (
        f"its disk is {security_type} and Azure makes no managed image of that -> base it on an "
        "sku without it, or set capture: specialized"
    )


def travel_fault(record: Record, region: str, subscription: str) -> str | None:
    """Say why a version cannot come to a region and subscription, with the remedy; None if it can.

    Customer-managed keys stay within one subscription and region.
    """
    if fault := capture_fault(record.security_type, record.capture):
        return fault
    home = record.source_id.split("/")[2].lower()
    if "CustomerKey" in record.encryption and (
        region != record.region or subscription.lower() != home
    ):
        return (
            "its disk is encrypted with a customer-managed key, which cannot leave its "
            "subscription and region -> use platform-managed keys in the factory's subscription"
        )
    return None


def swap_fault(record: Record, source: Thing | None) -> str | None:
    """Say that a source snapshot is not the one that was released; None if it is, or is gone.

    Whoever may write where it lies can put another in its place, of the same name and tags.
    """
    if source is None or not record.source_unique_id:
        return None
    if source.unique_id.lower() == record.source_unique_id.lower():
        return None
    return (
        f"its source snapshot is not the one that was released, made at "
        f"{record.source_created} -> find out who replaced it; image-factory:rebuild in "
        f"{record.stack} makes a good version"
    )


def in_the_way(owner: Owner, build: BuildKey, thing: Thing | None) -> str:
    """Say that another custom image has the name of one of ours and whose it is, "" if none has."""
    if thing is None or thing.is_ours(owner, build):
        return ""
    name = names.image_name(build.definition, Version.parse(build.version))
    if thing.owner is None:
        todo = "delete it there, if nobody needs it"
        return f"a custom image {name} that is not ours is in the way -> {todo}"
    return f"a custom image {name} of {whose(owner, thing)} is in the way -> {NOT_SHARED}"


def whose(owner: Owner, thing: Tagged) -> str:
    """Name the owner of something that is not ours, or another build of our own."""
    if thing.belongs_to(owner) or thing.owner is None:
        return f"another build, of {thing.tags.get(names.BUILT, 'unknown time')},"
    if thing.nameless(owner):
        return f"{thing.owner}, from before states had ids,"
    return f"{thing.owner}, not of this stack's state {owner.state or '(it has no id yet)'},"


NOT_SHARED = (
    "two stacks cannot have one definition in one lab or group: take it out of one of the two"
)
