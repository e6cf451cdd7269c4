"""One old template as one definition: fields, with what they cannot say noted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.common.errors import visible
from factory.definitions.definition import DiskType, Os
from factory.importer.arm.values import is_open, lowered
from factory.importer.artifacts import convert_artifacts
from factory.importer.notes import Kind
from factory.importer.secrets import Secrets
from factory.importer.template import LabVm

_SIZE = re.compile(r"(Standard|Basic)_[A-Za-z0-9_-]+")
_VERSION = re.compile(r"latest|\d+(\.\d+){2,3}")
_LONGEST_DESCRIPTION = 1024
# Properties that say nothing of the image, or that the factory sees to itself.
_OURS = frozenset({
    "artifacts", "galleryimagereference", "customimageid", "sharedimageid", "planid", "notes",
    "size", "plan", "storagetype", "labvirtualnetworkid", "labsubnetname", "networkinterface",
    "disallowpublicipaddress", "username", "password", "sshkey", "isauthenticationwithsshkey",
    "allowclaim", "ownerobjectid", "owneruserprincipalname", "createddate", "expirationdate",
    "virtualmachinecreationsource", "osversion", "ostype",
    # What Azure says of a VM that runs, as an export has it.
    "computeid", "computevm", "fqdn", "lastknownpowerstate", "provisioningstate",
    "uniqueidentifier", "artifactdeploymentstatus", "createdbyuser", "createdbyuserid",
    "canapplyartifacts",
})  # fmt: skip
_WHY_LOST = {
    "datadiskparameters": "a lab's image holds the OS disk alone",
    "scheduleparameters": "a build VM has no schedules; it is deleted when its image is there",
    "applicableschedule": "a build VM has no schedules; it is deleted when its image is there",
    "environmentid": "a build VM belongs to no environment",
}


@dataclass(frozen=True)
class Imported:
    """One definition as it will be written; ``image_path`` is what its images are tagged with."""

    identity: str
    file: str
    image_path: str | None
    """None for what the original never made an image of."""
    fields: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    """What is left to be done by hand."""


def convert(
    vm: LabVm, *, identity: str, image_path: str | None, secrets: Secrets, size: str | None
) -> Imported:
    """Make a definition of a lab VM; ``size`` is what the original's runs were given."""
    secrets.remember(vm.where, list(vm.secure))
    artifacts = convert_artifacts(vm, secrets)
    base, os = _base(vm), _os(vm, artifacts)
    fields: dict[str, Any] = {}
    if image_path and image_path == visible(image_path):
        fields["imagePath"] = image_path
    elif image_path:
        why = "its name has characters that nobody sees: images made from it cannot be adopted"
        vm.notes.lost(vm.where, "imagePath", why)
    if description := _description(vm):
        fields["description"] = description
    if os:
        fields["os"] = os
    if base:
        fields["base"] = base
    if own := _size(vm, size):
        fields["size"] = own
    if disk := _disk(vm):
        fields["diskType"] = disk
    if artifacts:
        fields["artifacts"] = artifacts
    if tags := _tags(vm):
        fields["tags"] = tags
    _rest(vm)
    return Imported(identity, vm.where, image_path, fields, vm.remarks)


_TODO = "the definition is not complete without: write it as base"


def _base(vm: LabVm) -> dict[str, Any] | None:
    found = lowered(vm.raw("galleryImageReference"))
    if not found:
        return _own_base(vm)
    base: dict[str, Any] = {}
    for name in ("publisher", "offer", "sku"):
        text = vm.text(f"galleryImageReference.{name}", found.get(name, ""), lost=_TODO)
        if text:
            base[name] = text
        elif not found.get(name):
            vm.notes.lost(vm.where, f"galleryImageReference.{name}", f"is empty; {_TODO}")
    version = vm.text("galleryImageReference.version", found.get("version", ""))
    if version and version.lower() != "latest":
        if _VERSION.fullmatch(version):
            base["version"] = version
        else:
            why = f"{version!r} is neither latest nor an exact version; latest is taken"
            vm.notes.lost(vm.where, "galleryImageReference.version", why)
    plan = lowered(vm.raw("plan"))
    if plan and all(isinstance(each, str) and not is_open(each) for each in plan.values()):
        base["plan"] = {name: str(each) for name, each in plan.items()}
    elif vm.raw("planId") or plan:
        why = "terms are accepted once per subscription; write base.plan (name, publisher, product)"
        vm.notes.lost(vm.where, "planId", why)
    return base or None


def _own_base(vm: LabVm) -> dict[str, str] | None:
    """Give the definition that a custom image became; any other base but a gallery's is noted."""
    own = str(vm.raw("customImageId") or "").rstrip("/").rsplit("/", 1)[-1].lower()
    if own in vm.images:
        return {"image": vm.images[own]}
    for name, why in (
        ("customImageId", "a custom image as base is another definition here: base: {image: ...}"),
        ("sharedImageId", "a shared gallery's image is no base here"),
    ):
        if vm.raw(name):
            vm.notes.lost(vm.where, name, f"{why}; {_TODO}")
            return None
    why = vm.read(vm.raw("galleryImageReference")).reasons or "is not there"
    vm.notes.lost(vm.where, "galleryImageReference", f"{why}; {_TODO}")
    return None


def _os(vm: LabVm, artifacts: list[Any]) -> str | None:
    """Read the system; where it is not said (a custom image), all artifacts may agree on it."""
    reference = lowered(vm.raw("galleryImageReference"))
    said = vm.text("osType", reference.get("ostype") or vm.raw("osType") or "")
    if said and said.lower() in {os.value for os in Os}:
        return said.lower()
    names = [each if isinstance(each, str) else str(each["name"]) for each in artifacts]
    for os in Os:
        if names and all(name.lower().startswith(f"{os.value}-") for name in names):
            why = f"is not said; {os.value}, since every artifact's name begins so"
            vm.notes.add(Kind.DIFFERENT, vm.where, "os", why)
            return os.value
    vm.notes.lost(vm.where, "galleryImageReference.osType", "is not said; write os yourself")
    return None


def _description(vm: LabVm) -> str:
    text = (vm.text("notes") or "").removeprefix("Golden Image: ").strip()
    if text != visible(text):
        vm.notes.add(Kind.DIFFERENT, vm.where, "notes", "characters that nobody sees are left out")
        text = visible(text).strip()
    if len(text) > _LONGEST_DESCRIPTION:
        why = f"{len(text)} characters; the first {_LONGEST_DESCRIPTION} are kept"
        vm.notes.lost(vm.where, "notes", why)
    return text[:_LONGEST_DESCRIPTION]


def _size(vm: LabVm, run_size: str | None) -> str | None:
    """The original's runs overruled what a template said, unless it did not ask for it."""
    raw = vm.raw("size")
    if run_size and (raw is None or raw == "" or vm.asks_size):
        return run_size
    if raw is None or raw == "":
        return None
    if vm.asks_size and vm.read(raw).text is None:
        why = "was given to every run of the original; without --size the default is taken"
        vm.notes.add(Kind.DIFFERENT, "all definitions", "size", why)
        return None
    text = vm.text("size", lost="the default is taken")
    if text is not None and not _SIZE.fullmatch(text):
        vm.notes.lost(vm.where, "size", "is no VM size; the default is taken")
        return None
    return text


def _disk(vm: LabVm) -> str | None:
    text = vm.text("storageType")
    if not text:
        return None
    # Premium_LRS is what the disk of a VM of Azure calls it.
    kind = re.sub("_(lrs|zrs)$", "", text.lower())
    for disk in DiskType:
        if disk.value.lower() == kind:
            return disk.value
    if text != "labStorageType":  # the API's word for whatever the lab has
        vm.notes.lost(vm.where, "storageType", f"{text!r} is none of {', '.join(DiskType)}")
    return None


def _tags(vm: LabVm) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, raw in list(vm.tags.items())[:50]:
        if name.lower() in {"imagepath", "factoryignore"} or name.lower().startswith("hidden-"):
            continue
        text = vm.text(f"tags.{name}", raw if raw is not None else "")
        bad = not re.fullmatch(r"[^<>%&\\?/]{1,512}", name) or len(text or "") > 256
        if bad or name.lower().startswith("image-factory-"):
            vm.notes.lost(vm.where, f"tags.{name}", "is no tag that a definition may have")
        elif text is not None:
            found[name] = text
    return found


def _rest(vm: LabVm) -> None:
    """Note every property that nothing was made of."""
    for name in sorted(vm.properties):
        if name in _OURS or vm.properties[name] in (None, "", [], {}):
            continue
        vm.notes.lost(vm.where, name, _WHY_LOST.get(name, "a definition does not say this"))
    for remark in vm.remarks:
        vm.notes.lost(vm.where, "left to do", remark)
    if vm.raw("disallowPublicIpAddress") is False:
        why = "build VMs have no public address; their network needs a way out"
        vm.notes.add(Kind.DIFFERENT, "all definitions", "disallowPublicIpAddress: false", why)
