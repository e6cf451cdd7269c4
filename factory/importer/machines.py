"""Says in a lab VM's words what a formula, a VM of Azure or an Image Builder template is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory.importer.arm.values import Secure, lowered, plain

VM = "microsoft.devtestlab/labs/virtualmachines"
FORMULA = "microsoft.devtestlab/labs/formulas"
_COMPUTE = "microsoft.compute/virtualmachines"
_BUILDER = "microsoft.virtualmachineimages/imagetemplates"
KINDS = frozenset({VM, FORMULA, _COMPUTE, _BUILDER, "microsoft.virtualmachineimages"})
# Customizers of Image Builder that only one system has.
_SYSTEMS = {"powershell": "windows", "windowsrestart": "windows", "windowsupdate": "windows"}


def lab_properties(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give the properties that a lab VM would have, by lower-cased name; {} if nothing is known.

    ``remarks`` are what a definition cannot do by itself.
    """
    if kind == FORMULA:
        return _formula(properties)
    if kind == _COMPUTE:
        return _compute(properties)
    return dict(properties) if kind == VM else _image_template(properties)


def object_of(value: Any) -> dict[str, Any]:
    """Give an object by lower-cased name, its parts secure if the whole was; {} if it is none."""
    if isinstance(value, Secure):
        return {key: Secure(each) for key, each in lowered(value.content).items()}
    return lowered(value)


def _formula(properties: Mapping[str, Any]) -> dict[str, Any]:
    content = object_of(properties.get("formulacontent"))
    # What `az lab formula show` gives has no level of properties.
    inner = object_of(content.get("properties")) or content
    if not inner:
        return {}
    described = {
        "notes": inner.get("notes") or properties.get("description"),
        "ostype": properties.get("ostype"),
        "tags": content.get("tags"),
    }
    return {**inner, **described}


def _compute(properties: Mapping[str, Any]) -> dict[str, Any]:
    storage, own = (
        object_of(properties.get("storageprofile")),
        object_of(properties.get("osprofile")),
    )
    image, disk = object_of(storage.get("imagereference")), object_of(storage.get("osdisk"))
    found: dict[str, Any] = {
        **_base(image, image.get("id"), _system_of(own, disk)),
        "size": object_of(properties.get("hardwareprofile")).get("vmsize"),
        "storagetype": object_of(disk.get("manageddisk")).get("storageaccounttype"),
        "datadiskparameters": storage.get("datadisks"),
        "password": own.get("adminpassword"),
    }
    if own.get("customdata"):
        found["remarks"] = ["customData: what it does to the VM; make an artifact of it"]
    return found


def _system_of(own: Mapping[str, Any], disk: Mapping[str, Any]) -> Any:
    """Give the system that a VM's profile or its disk says."""
    for name in ("windows", "linux"):
        if f"{name}configuration" in own:
            return name
    return disk.get("ostype")


def _image_template(properties: Mapping[str, Any]) -> dict[str, Any]:
    source, profile = object_of(properties.get("source")), object_of(properties.get("vmprofile"))
    steps = properties.get("customize")
    listed = [object_of(each) for each in steps] if isinstance(steps, list) else []
    kinds = [str(plain(each.get("type", "of no kind"))) for each in listed]
    system = {_SYSTEMS.get(kind.lower()) for kind in kinds} - {None}
    remarks = []
    for number, (kind, each) in enumerate(zip(kinds, listed, strict=True), 1):
        name = each.get("name")
        # Its name alone: what it says may be secret.
        shown = f": {name}" if isinstance(name, str) and name else ""
        remarks.append(f"customizer {number} ({kind}{shown}): make an artifact of it")
    image = source.get("imageid") or source.get("imageversionid")
    return {
        **_base(source, image, next(iter(system), "linux" if "Shell" in kinds else None)),
        "plan": plan_of(source.get("planinfo")),
        "size": profile.get("vmsize"),
        "remarks": remarks,
    }


def plan_of(value: Any) -> dict[str, Any] | None:
    """Give the terms of an image that is bought, whatever a tool calls its three names."""
    found = {
        key.replace("plan_", "").removeprefix("plan"): each for key, each in lowered(value).items()
    }
    names = ("name", "publisher", "product")
    return {name: found[name] for name in names} if found.keys() >= set(names) else None


def _base(image: Mapping[str, Any], own: Any, system: Any) -> dict[str, Any]:
    """Give the image of the marketplace that is built on, or the one of one's own."""
    names = {name: image[name] for name in ("publisher", "offer", "sku") if name in image}
    reference = {**names, "version": image.get("version", "latest"), "ostype": system}
    return {
        "galleryimagereference": reference if names else None,
        "customimageid": own,
        "ostype": system,
    }
