"""The gallery that a lab shares with its users: one, whole or image by image; a preview's."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import PREVIEW, Behaviour, Draft, ResourceType
from rehearsal.azure.compute import errors as compute_errors
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.galleries import errors as gallery_errors
from rehearsal.azure.compute.galleries import versions
from rehearsal.azure.compute.galleries.definitions import EXCLUSIVE, SUPPORTED, security_type
from rehearsal.azure.compute.galleries.galleries import GALLERIES
from rehearsal.azure.compute.galleries.sources import usable
from rehearsal.azure.devtestlab import errors
from rehearsal.azure.identity import errors as identity_errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

SHARED = "Microsoft.DevTestLab/labs/sharedGalleries"
IMAGES = f"{SHARED}/sharedImages"
_PATH = "Microsoft.DevTestLab/labs/{labName}/sharedgalleries"
_STATES = ("Enabled", "Disabled")
_FORMULA = "formulaContent.properties"
# What a machine and a formula can name, for callers of the preview.
MACHINE_PREVIEW = ("sharedImageId", "sharedImageVersion", "galleryImageVersionId", "osDiskSizeGb")
FORMULA_PREVIEW = tuple(f"{_FORMULA}.{name}" for name in MACHINE_PREVIEW)


class SharedGallery(Behaviour):
    """A gallery attached to a lab; its images are listed without being made."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Attach it: one gallery for a lab, one that is there and that the caller may read."""
        gallery = azure.resources.find(str(draft.properties.get("galleryId") or "/"))
        if gallery is None or gallery.kind != GALLERIES:
            raise errors.NO_SUCH_GALLERY.of(reference=draft.properties.get("galleryId"))
        if azure.switches["sharedGalleryReadBy"] != "nobody":
            _check_read(draft, gallery, f"{SHARED}/write")
        for other in azure.resources.listed(ids.collection_of(draft.id)):
            raise errors.GALLERY_ATTACHED.of(name=other.name)
        resource = super().create(azure, draft)
        return resource.setting(allowAllImages=_state(draft.properties, "allowAllImages"))

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change whether all images are allowed; another gallery needs this one detached."""
        asked = str(draft.properties.get("galleryId") or old.properties["galleryId"])
        if not ids.same(asked, old.properties["galleryId"]):
            raise errors.GALLERY_ATTACHED.of(name=old.name)
        allowed = _state(draft.properties, "allowAllImages")
        return old.topped(tags=draft.tags).setting(allowAllImages=allowed)

    def made(self, azure: Azure, resource: Resource) -> None:
        """Show its definitions."""
        azure.agenda.after(
            azure.times.of("sharedImage", "appear"),
            "lab.galleryChanged",
            gallery=ids.key_of(str(resource.properties["galleryId"])),
        )

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Let it go, though VMs were made of it; or not, by the switch galleryDetachWhileUsed."""
        if azure.switches["galleryDetachWhileUsed"] == "allowed":
            return
        lab = azure.resources.find(ids.parent_of(resource.key))
        for each in azure.resources.below(lab) if lab else ():
            used = each.properties.get("formulaContent", {}).get("properties", each.properties)
            if ids.key_of(str(used.get("sharedImageId") or "")).startswith(f"{resource.key}/"):
                raise errors.GALLERY_USED.of(name=resource.name, user=each.name)


class SharedImage(Behaviour):
    """One of its images: whether users may have it, where not all are allowed."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Refuse: what could be enabled is listed already."""
        raise errors.NOT_IN_LAB.of(what="shared image", reference=draft.id)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change whether it is enabled; what it is comes from its definition."""
        given = self.given(draft)
        for name in ("definitionName", "osType", "imageType"):
            if given.get(name, old.properties[name]) != old.properties[name]:
                raise errors.INVALID_VALUE.of(name=name, value=given[name])
        state = _state(given, "enableState")
        shown = {"displayName": given["displayName"]} if given.get("displayName") else {}
        return old.topped(tags=draft.tags).setting(enableState=state, **shown)

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Add its versions if they are asked for."""
        if "versions" not in expand:
            return resource.body
        held = azure.resources.listed(f"{resource.hidden['definition']}/versions")
        names = [{"name": each.name} for each in held if usable(each)]
        return resource.setting(versions=names).body

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Let it be listed again, as it was at first, while its gallery is attached."""
        gallery = ids.parent_of(ids.parent_of(str(resource.hidden["definition"])))
        azure.agenda.after(0, "lab.galleryChanged", gallery=ids.key_of(gallery))


TYPES = (
    ResourceType(
        SHARED, f"{_PATH}/{{name}}", behaviour=SharedGallery(), located=True, versions=(PREVIEW,)
    ),
    ResourceType(
        IMAGES,
        f"{_PATH}/{{gallery}}/sharedimages/{{name}}",
        behaviour=SharedImage(),
        versions=(PREVIEW,),
    ),
)


@dataclass(frozen=True)
class SharedChoice:
    """A version that a machine of a lab is made of."""

    contents: Contents
    declared: str
    as_generalized: bool
    reference: Json


def choose(azure: Azure, draft: Draft, lab: Resource) -> SharedChoice:
    """Find the version that a draft means by sharedImageId or galleryImageVersionId."""
    direct = str(draft.properties.get("galleryImageVersionId") or "")
    if direct and not azure.switches["labTakesGalleryVersionId"]:
        raise errors.VERSION_NOT_TAKEN.of()
    named = direct or _shared(azure, draft, lab)
    definition, version = versions.chosen(azure, named, lab.location)
    if direct or azure.switches["sharedGalleryReadBy"] == "machine":
        _check_read(draft, version, "Microsoft.DevTestLab/labs/virtualMachines/write")
    contents, properties = Contents.of(version), definition.properties
    if contents.plan and not properties.get("purchasePlan"):
        raise compute_errors.PLAN_MISSING.of()
    security = security_type(properties)
    launched = security in SUPPORTED and not azure.switches["labMachinesAreStandard"]
    if security in EXCLUSIVE:
        if not azure.switches["labMakesTrustedLaunch"]:
            raise gallery_errors.ONLY_TRUSTED_LAUNCH.of(security=security)
        launched = True
    kind = security if security in EXCLUSIVE else "TrustedLaunch" if launched else "Standard"
    return SharedChoice(
        replace(contents, security=kind),
        str(properties["hyperVGeneration"]),
        properties["osState"] == "Generalized",
        {"id": version.id, "exactVersion": version.name},
    )


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for shared galleries."""

    def changed(gallery: str) -> None:
        for shared in list(_attached(azure, gallery)):
            _renew(azure, shared, gallery)

    return {"lab.galleryChanged": changed}


def _shared(azure: Azure, draft: Draft, lab: Resource) -> str:
    """Give the id of the definition or version that a shared image stands for."""
    reference = str(draft.properties["sharedImageId"])
    path = ids.key_of(reference)
    path = lab.key + path if path.startswith("/sharedgalleries/") else path
    image = azure.resources.find(path)
    if image is None or image.kind != IMAGES or not path.startswith(f"{lab.key}/"):
        raise errors.NOT_IN_LAB.of(what="shared image", reference=reference)
    gallery = azure.resources.find(ids.parent_of(image.key))
    states = [image.properties["enableState"]]
    states += [gallery.properties["allowAllImages"]] if gallery else []
    if "Enabled" not in states:
        raise errors.IMAGE_NOT_ENABLED.of(name=image.name)
    version = draft.properties.get("sharedImageVersion")
    definition = str(image.hidden["definition"])
    newest = not version or str(version).lower() == "latest"
    return definition if newest else f"{definition}/versions/{version}"


def _check_read(draft: Draft, what: Resource, action: str) -> None:
    if not draft.caller.allowed(f"{what.kind}/read", what.key):
        raise identity_errors.LINKED_ACCESS_DENIED.of(
            principal=draft.caller, action=action, scope=draft.id, linked=what.id
        )


def _attached(azure: Azure, gallery: str) -> Iterator[Resource]:
    for subscription in azure.directory.subscriptions:
        for shared in azure.resources.of_kind(subscription, SHARED):
            if ids.same(str(shared.properties["galleryId"]), gallery):
                yield shared


def _renew(azure: Azure, shared: Resource, gallery: str) -> None:
    """List the definitions that a gallery has now, and no other."""
    definitions = {each.name.lower(): each for each in azure.resources.listed(f"{gallery}/images")}
    listed = {
        each.name.lower(): each for each in azure.resources.listed(f"{shared.key}/sharedimages")
    }
    for name, image in listed.items():
        if name not in definitions:
            azure.resources.remove(image)
    for name, definition in definitions.items():
        if name not in listed:
            azure.resources.keep(_listed(shared, definition))


def _listed(shared: Resource, definition: Resource) -> Resource:
    path, uid = f"{shared.id}/sharedimages/{definition.name}".lower(), new_uid()
    body: Json = {
        "id": path,
        "name": definition.name,
        "type": IMAGES,
        "location": shared.location,
        "properties": {
            "definitionName": definition.name,
            "osType": definition.properties["osType"],
            "imageType": definition.properties["osState"],
            "enableState": "Disabled",
            "displayName": definition.name,
            "provisioningState": "Succeeded",
            "uniqueIdentifier": uid,
        },
    }
    return Resource(ids.key_of(path), IMAGES, body, {"uid": uid, "definition": definition.key})


def _state(properties: Json, name: str) -> str:
    """Read a switch of a shared gallery or image; all images are allowed unless told otherwise."""
    usual = "Enabled" if name == "allowAllImages" else "Disabled"
    given = str(properties.get(name) or usual)
    found = next((state for state in _STATES if state.lower() == given.lower()), None)
    if found is None:
        raise errors.INVALID_VALUE.of(name=name, value=given)
    return found
