"""What a new lab VM is to be: image, size, network, name, all judged before anything is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Draft
from rehearsal.azure.compute import errors as compute_errors
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.machines import Order
from rehearsal.azure.devtestlab import errors, sharing
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

_DISK_TYPES = {
    "standard": "Standard_LRS",
    "premium": "Premium_LRS",
    "standardssd": "StandardSSD_LRS",
}
_SOURCES = ("customImageId", "galleryImageReference", "sharedImageId", "galleryImageVersionId")
_LONGEST = {"Windows": 15, "Linux": 64}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
_KINDS_OF_CHARACTER = (r"[A-Z]", r"[a-z]", r"\d", r"[^A-Za-z0-9]")


@dataclass(frozen=True)
class ImageChoice:
    """An image to make a machine of; `source` is virtualMachineCreationSource."""

    contents: Contents
    declared: str
    as_generalized: bool
    reference: Json
    source: str


def choose_image(azure: Azure, draft: Draft, lab: Resource) -> ImageChoice:
    """Find the image a draft names; ArmError if there is none, or it cannot be used."""
    given = [name for name in _SOURCES if draft.properties.get(name)]
    if len(given) != 1:
        raise errors.ONE_IMAGE_SOURCE.of()
    if given[0] == "customImageId":
        return _custom(azure, lab, str(draft.properties["customImageId"]))
    if given[0] == "galleryImageReference":
        return _marketplace(azure, draft, draft.properties["galleryImageReference"])
    shared = sharing.choose(azure, draft, lab)
    return ImageChoice(
        shared.contents,
        shared.declared,
        shared.as_generalized,
        shared.reference,
        "FromSharedGalleryImage",
    )


def check_name(name: str, os: str) -> None:
    """Refuse a name that the operating system cannot have."""
    longest = _LONGEST[os]
    if len(name) > longest or name.isdigit() or not _NAME.fullmatch(name):
        raise errors.BAD_MACHINE_NAME.of(name=name, os=os, longest=longest)


def check_credentials(properties: Json) -> None:
    """Refuse a machine that nobody could log on to."""
    if not properties.get("userName"):
        raise errors.MISSING.of(what="userName")
    if properties.get("isAuthenticationWithSshKey"):
        if not properties.get("sshKey"):
            raise errors.MISSING.of(what="sshKey")
        return
    password = properties.get("password")
    if not password:
        raise errors.MISSING.of(what="password")
    # A reference to a secret of the user's vault: [[name]], as the portal writes it.
    if re.fullmatch(r"\[\[.+\]\]", password):
        return
    kinds = sum(bool(re.search(kind, password)) for kind in _KINDS_OF_CHARACTER)
    if not 8 <= len(password) <= 123 or kinds < 3:
        raise errors.WEAK_PASSWORD.of()


def owner_of(draft: Draft) -> str:
    """Give the object id of who is to have a machine: the caller unless told.

    A machine that anybody may claim is nobody's, "". The SDKs send ``dynamicValue`` unasked.
    """
    if draft.properties.get("allowClaim"):
        return ""
    asked = str(draft.properties.get("ownerObjectId") or "dynamicValue")
    return draft.caller.object_id if asked == "dynamicValue" else asked


def storage_type(draft: Draft, lab: Resource) -> str:
    """Resolve the storage type: `labStorageType`, which SDKs send unasked, means the lab's."""
    asked = str(draft.properties.get("storageType") or "labStorageType")
    if asked.lower() == "labstoragetype":
        asked = str(lab.properties.get("labStorageType", "Premium"))
    if asked.lower() not in _DISK_TYPES:
        raise errors.INVALID_VALUE.of(name="storageType", value=asked)
    return asked


def order(draft: Draft, image: ImageChoice, storage: str, subnet: Json, host: str) -> Order:
    """Write the order for the machine behind the lab VM; `host` is its public name, "" for none."""
    return Order(
        name=draft.name,
        location=draft.location,
        size=str(draft.properties["size"]),
        sku=_DISK_TYPES[storage.lower()],
        contents=image.contents,
        declared=image.declared,
        image=image.reference,
        subnet=str(subnet["id"]),
        user=str(draft.properties["userName"]),
        host=host,
    )


def _marketplace(azure: Azure, draft: Draft, reference: Json) -> ImageChoice:
    names = [str(reference.get(part) or "") for part in ("publisher", "offer", "sku")]
    asked = str(reference.get("version") or "latest")
    image = azure.marketplace.find(*names)
    version = image.resolve(asked, azure.now()) if image else None
    if image is None or version is None:
        raise compute_errors.IMAGE_NOT_ON_SALE.of(reference=":".join([*names, asked]))
    plan = None
    if image.plan:
        seller = image.plan
        plan = {"publisher": seller.publisher, "product": seller.product, "name": seller.name}
        accepted = azure.directory.subscriptions[ids.subscription_of(draft.id)].terms
        if f"{seller.publisher}/{seller.product}/{seller.name}" not in accepted:
            raise compute_errors.TERMS_NOT_ACCEPTED.of(
                publisher=seller.publisher, product=seller.product, plan=seller.name
            )
    # A lab of 2018-09-15 has no security field: its machines are Standard unless the image
    # makes nothing but Trusted Launch (contract 4.2).
    standard = bool(azure.switches["labMachinesAreStandard"])
    launched = image.security == "TrustedLaunch" or (image.security and not standard)
    contents = Contents(
        os=image.os,
        generation=image.generation,
        generalized=True,
        size=image.size,
        security="TrustedLaunch" if launched else "Standard",
        plan=plan,
    )
    exact = {
        "publisher": image.publisher,
        "offer": image.offer,
        "sku": image.sku,
        "version": asked,
        "exactVersion": version,
    }
    return ImageChoice(contents, image.generation, True, exact, "FromGalleryImage")


def _custom(azure: Azure, lab: Resource, reference: str) -> ImageChoice:
    path = ids.key_of(reference)
    if path.startswith("/customimages/"):
        path = lab.key + path
    found = azure.resources.find(path)
    if found is None or ids.parent_of(found.key) != lab.key:
        raise errors.NOT_IN_LAB.of(what="custom image", reference=reference)
    if found.state != "Succeeded":
        raise errors.BUSY.of(name=found.name, state=found.state, operation="CreateVirtualMachine")
    backing = found.hidden.get("backing")
    if backing and azure.resources.find(backing) is None:
        raise errors.BACKING_NOT_FOUND.of(what="backing resource", reference=backing)
    contents = Contents.of(found)
    if contents.plan and not found.properties.get("customImagePlan"):
        raise compute_errors.PLAN_MISSING.of()
    return ImageChoice(
        contents,
        str(found.hidden["declared"]),
        bool(found.hidden["asGeneralized"]),
        {"id": backing or found.id},
        "FromCustomImage",
    )
