"""Makes the estate: what stands in the Azure before the factory comes, by ARM calls of its owner.

The clock is moved rather than waited for: the estate is made in the hours before the present.
"""

from __future__ import annotations

import secrets
from typing import Any

from rehearsal.client import Client
from rehearsal.home import Home

Json = dict[str, Any]

OWNER = "estate-owner"
_LAB = "2018-09-15"
_GROUP = "2024-03-01"
_STEP = "45 min"  # longer than anything the estate is made of


def seed(home: Home, client: Client, estate: Json) -> None:
    """Make every lab of an estate; RehearsalError if ARM refuses any part of it."""
    labs = estate.get("labs", [])
    if labs:
        principal = next(each for each in estate["principals"] if each["name"] == OWNER)
        client.sign_in(estate["tenants"][0], principal["clientId"], home.client_secret(OWNER))
    subscriptions = {each["name"]: each["id"] for each in estate["subscriptions"]}
    paths = {lab["name"]: _path(subscriptions[lab["subscription"]], lab) for lab in labs}
    for lab in labs:
        group = paths[lab["name"]].partition("/providers/")[0]
        client.arm("PUT", group, _GROUP, {"location": lab["location"]})
        body = {
            "location": lab["location"],
            "tags": lab.get("tags", {}),
            "properties": {
                "labStorageType": lab.get("storageType", "StandardSSD"),
            },
        }
        client.arm("PUT", paths[lab["name"]], _LAB, body)
    _pass(client, paths.values())
    for lab in labs:
        name = f"Dtl{lab['name']}"
        client.arm("PUT", f"{paths[lab['name']]}/virtualnetworks/{name}", _LAB, {})
    client.control("POST", "clock", {"advance": _STEP})
    machines = [
        _machine(client, paths[lab["name"]], vm)
        for lab in labs
        for vm in lab.get("virtualMachines", [])
    ]
    _pass(client, machines)
    images = [
        _image(client, paths[lab["name"]], image)
        for lab in labs
        for image in lab.get("customImages", [])
    ]
    _pass(client, images)


def _path(subscription: str, lab: Json) -> str:
    group = f"/subscriptions/{subscription}/resourceGroups/{lab['resourceGroup']}"
    return f"{group}/providers/Microsoft.DevTestLab/labs/{lab['name']}"


def _machine(client: Client, lab: str, vm: Json) -> str:
    publisher, offer, sku, version = vm["image"].split("/")
    artifacts = [
        {
            "artifactId": f"{lab}/artifactsources/public repo/artifacts/{each['name']}",
            "parameters": [
                {"name": name, "value": str(value)}
                for name, value in each.get("parameters", {}).items()
            ],
        }
        for each in vm.get("artifacts", [])
    ]
    path = f"{lab}/virtualmachines/{vm['name']}"
    client.arm(
        "PUT",
        path,
        _LAB,
        {
            "properties": {
                "size": vm["size"],
                "notes": vm.get("notes", ""),
                "userName": "labuser",
                "password": f"Aa1!{secrets.token_urlsafe(18)}",
                "galleryImageReference": {
                    "publisher": publisher,
                    "offer": offer,
                    "sku": sku,
                    "version": version,
                },
                "artifacts": artifacts,
            }
        },
    )
    return path


def _image(client: Client, lab: str, image: Json) -> str:
    state = image["osState"]
    info = (
        {"linuxOsInfo": {"linuxOsState": state}}
        if "Deprovision" in state
        else {"windowsOsInfo": {"windowsOsState": state}}
    )
    source = f"{lab}/virtualmachines/{image['from']}"
    path = f"{lab}/customimages/{image['name']}"
    client.arm(
        "PUT",
        path,
        _LAB,
        {
            "properties": {
                "description": image.get("description", ""),
                "vm": {"sourceVmId": source, **info},
            }
        },
    )
    return path


def _pass(client: Client, paths: Any) -> None:
    """Let time pass until all of these stand, and see that they do."""
    client.control("POST", "clock", {"advance": _STEP})
    for path in paths:
        state = client.arm("GET", path, _LAB)["properties"]["provisioningState"]
        if state != "Succeeded":
            message = f"the estate could not be made: {path} is {state}"
            raise RuntimeError(message)
