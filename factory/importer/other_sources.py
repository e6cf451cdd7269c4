"""What other tools make images of, as a template with lab VMs in it: Packer and Terraform.

Each keeps its parameters, so that defaults, what is open and what is secure count as in any
template. What a provisioner does is left to be made an artifact of, and said so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from factory.importer.arm.values import lowered
from factory.importer.hcl import Expression, blocks_of, joined, written
from factory.importer.machines import plan_of

LAB_VM = "Microsoft.DevTestLab/labs/virtualMachines"
_PACKER = {"azure-arm", "azure-dtl"}
_USER = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_GIVEN = re.compile(r"user\s+[`\"]([\w-]+)[`\"]")
_IMAGE = {"image_publisher": "publisher", "image_offer": "offer", "image_sku": "sku"}
_TODO = {
    "azurerm_dev_test_lab": "a lab that takes images stands in a stack's file, under labs",
    "azurerm_dev_test_policy": "a lab's policies stay as they are; the factory reads them",
    "azurerm_dev_test_schedule": "a lab's schedules stay as they are",
    "azurerm_dev_test_virtual_network": "name it in the stack's file: virtualNetwork, subnet",
    "azurerm_dev_test_global_vm_shutdown_schedule": "a build VM is deleted when its image is there",
}

Json = dict[str, Any]


def of_packer_json(content: Any) -> Json | None:
    """Give Packer's older form as a template; None if it is something else."""
    fields = lowered(content)
    builders = fields.get("builders")
    if not isinstance(builders, list):
        return None
    secret = {str(each) for each in fields.get("sensitive-variables") or ()}
    variables = lowered(fields.get("variables"))
    parameters = {
        name: _parameter(name in secret, default) for name, default in _packed(variables).items()
    }
    provisioners = [lowered(each) for each in fields.get("provisioners") or ()]
    resources = [
        *_builds(((str(each.get("type")), each) for each in map(lowered, builders)), provisioners),
    ]
    return {"parameters": parameters, "resources": [_packed(each) for each in resources]}


def of_hcl(content: Json, values: Iterable[Json]) -> Json:
    """Give Packer's or Terraform's files (put together) as a template; ``values`` set variables."""
    parameters = {}
    for each in blocks_of(content, "variable"):
        secret = each.get("sensitive") is True
        if each["labels"]:
            parameters[each["labels"][0]] = _parameter(secret, each.get("default", ...))
    for name, value in ((name, value) for each in values for name, value in each.items()):
        if name in parameters:
            parameters[name]["defaultValue"] = value
    variables = {
        name: value
        for each in blocks_of(content, "locals")
        for name, value in each.items()
        if name != "labels"
    }
    provisioners = [
        {**inner, "type": inner["labels"][0]}
        for each in blocks_of(content, "build")
        for inner in blocks_of(each, "provisioner")
        if inner["labels"]
    ]
    sources = (
        (each["labels"][0], {**each, "name": each["labels"][-1]})
        for each in blocks_of(content, "source")
        if each["labels"]
    )
    resources = [*_builds(sources, provisioners), *_terraform(blocks_of(content, "resource"))]
    return {"parameters": parameters, "variables": variables, "resources": resources}


def _parameter(secret: bool, default: Any) -> Json:
    kind = "securestring" if secret else "string"
    return {"type": kind} if default in (..., None) else {"type": kind, "defaultValue": default}


def _builds(sources: Iterable[tuple[str, Json]], provisioners: list[Json]) -> Iterator[Json]:
    """Give each of Packer's sources for Azure as a lab VM; another one by its own kind."""
    for kind, source in sources:
        if kind not in _PACKER:
            yield {"type": f"packer source {kind}", "name": str(source.get("name", ""))}
            continue
        image = {ours: source[theirs] for theirs, ours in _IMAGE.items() if source.get(theirs)}
        gallery = source.get("shared_image_gallery") or source.get("custom_managed_image_name")
        disk = source.get("storage_type") or source.get("managed_image_storage_account_type")
        properties = {
            "galleryImageReference": {
                **image,
                "osType": source.get("os_type"),
                "version": source.get("image_version", "latest"),
            }
            if image
            else None,
            "osType": source.get("os_type"),
            "sharedImageId": gallery,
            "plan": plan_of(_block(source.get("plan_info"))),
            "size": source.get("vm_size"),
            "storageType": disk,
            "password": source.get("winrm_password") or source.get("ssh_password"),
            "artifacts": [_dtl_artifact(each) for each in source.get("dtl_artifacts") or ()],
        }
        yield {
            "type": LAB_VM,
            "name": str(source.get("name", "")),
            "properties": properties,
            "tags": source.get("azure_tags") or {},
            "foreign": True,
            "remarks": [_remark(number, each) for number, each in enumerate(provisioners, 1)],
        }


def _dtl_artifact(raw: Any) -> Json:
    fields = lowered(raw)
    named = f"/artifactSources/public repo/artifacts/{fields.get('artifact_name', '')}"
    given = _block(fields.get("parameters"))
    pairs = given.items() if isinstance(given, Mapping) else ()
    return {
        "artifactId": fields.get("artifact_id") or named,
        "parameters": [{"name": name, "value": value} for name, value in pairs if name != "labels"],
    }


def _block(value: Any) -> Any:
    """Give what a block holds, of which HCL makes a list."""
    return value[0] if isinstance(value, list) and value else value


def _remark(number: int, provisioner: Json) -> str:
    """Name a provisioner by its kind and its files alone: what it says may be secret."""
    files = [provisioner.get(key) for key in ("script", "playbook_file", "source")]
    files += provisioner["scripts"] if isinstance(provisioner.get("scripts"), list) else []
    named = ", ".join(str(each) for each in files if isinstance(each, str) and "://" not in each)
    kind = str(provisioner.get("type", "of no kind"))
    return f"provisioner {number} ({kind}{f': {named}' if named else ''}): make an artifact of it"


def _terraform(blocks: Iterable[Json]) -> Iterator[Json]:
    """Give Terraform's lab VMs; whatever else it has for labs, to be told by its kind."""
    for block in blocks:
        kind, name = (*block["labels"], "", "")[:2]
        found = re.fullmatch(r"azurerm_dev_test_(linux|windows)_virtual_machine", kind)
        if found is None:
            if kind.startswith("azurerm_dev_test_"):
                why = _TODO.get(kind, "a definition builds a VM and nothing beside it")
                yield {"type": kind, "name": name, "why": why}
            continue
        image = lowered(_block(block.get("gallery_image_reference")))
        image.pop("labels", None)
        properties = {
            "galleryImageReference": {**image, "osType": found[1]} if image else None,
            "osType": found[1],
            "size": block.get("size"),
            "storageType": block.get("storage_type"),
            "notes": block.get("notes"),
            "password": block.get("password"),
            "sshKey": block.get("ssh_key"),
        }
        # How often it is made changes nothing: a definition is built once.
        yield {
            "type": LAB_VM,
            "name": name,
            "properties": properties,
            "tags": block.get("tags"),
            "foreign": True,
        }


def _packed(value: Any) -> Any:
    """Write what Packer puts into texts, ``{{user `x`}}``, as a template's expressions."""
    if isinstance(value, list):
        return [_packed(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _packed(each) for key, each in value.items()}
    if not isinstance(value, str) or "{{" not in value:
        return written(value)
    parts: list[Any] = []
    after = 0
    for at in _USER.finditer(value):
        given = _GIVEN.fullmatch(at[1])
        inner = f"parameters('{given[1]}')" if given else "packer()"
        parts += [value[after : at.start()], Expression(inner)]
        after = at.end()
    return written(joined([*parts, value[after:]]))
