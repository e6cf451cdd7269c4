"""Writes folders as the original image factory has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
CREDENTIAL = "hunter2-Pa55"


def template(*artifacts: Any, **properties: Any) -> dict[str, Any]:
    """The portal's template of a lab VM, with the five parameters of the original."""
    vm: dict[str, Any] = {
        "labVirtualNetworkId": "[variables('labVirtualNetworkId')]",
        "notes": "Windows Server",
        "galleryImageReference": {
            "offer": "WindowsServer",
            "publisher": "MicrosoftWindowsServer",
            "sku": "2022-datacenter-g2",
            "osType": "Windows",
            "version": "latest",
        },
        "size": "[parameters('size')]",
        "userName": "[parameters('userName')]",
        "password": "[parameters('password')]",
        "storageType": "Standard",
    }
    if artifacts:
        vm["artifacts"] = list(artifacts)
    resource_id = "resourceId('Microsoft.DevTestLab/labs/virtualnetworks', parameters('labName'), "
    return {
        "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json",
        "parameters": {
            **{name: {"type": "string"} for name in ("newVMName", "labName", "size", "userName")},
            "password": {"type": "securestring"},
        },
        "variables": {"labVirtualNetworkId": f"[{resource_id}concat('Dtl', 'x'))]"},
        "resources": [
            {
                "apiVersion": "2018-10-15-preview",
                "type": "Microsoft.DevTestLab/labs/virtualmachines",
                "name": "[concat(parameters('labName'), '/', parameters('newVMName'))]",
                "location": "[resourceGroup().location]",
                "properties": {**vm, **properties},
            }
        ],
    }


def artifact(name: str, source: str = "public repo", **parameters: Any) -> dict[str, Any]:
    """One artifact in the form that MakeVM writes."""
    kind = "Microsoft.DevTestLab/labs/artifactSources/artifacts"
    return {
        "artifactId": f"[resourceId('{kind}', parameters('labName'), '{source}', '{name}')]",
        "parameters": [{"name": key, "value": value} for key, value in parameters.items()],
    }


def write(folder: Path, files: dict[str, Any], labs: list[dict[str, Any]] | None = None) -> Path:
    """Write GoldenImages, and Labs.json beside it; gives the folder."""
    for name, content in files.items():
        path = folder / "GoldenImages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
    if labs is not None:
        (folder / "Labs.json").write_text(json.dumps({"Labs": labs}))
    return folder


def old_lab(name: str, *paths: str, subscription: str = SUBSCRIPTION) -> dict[str, Any]:
    return {
        "ResourceGroup": f"rg-{name}",
        "SubscriptionId": subscription,
        "LabName": name,
        "ImagePaths": list(paths),
    }
