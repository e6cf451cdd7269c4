"""How to make a VM of a custom image: by portal, az, Terraform and Bicep.

What is put in are names that Azure itself takes for labs, groups and images; anything else is left
out, since it would be a command to whoever copies it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.()-]{0,89}")
_API = "2018-09-15"
_PORTAL = "https://portal.azure.com/#resource"
# Where a name stands in a form: between \1 and \2, so that a page may put another in its place.
_SLOT = re.compile("\1([a-z]+)\2")

_AZ = """az lab vm create \\
  --subscription '\1subscription\2' --resource-group '\1group\2' --lab-name '\1lab\2' \\
  --name my-vm --size '\1size\2' \\
  --image '\1image\2' --image-type custom \\
  --admin-username me --authentication-type password
"""
_LAB_ID = (
    "/subscriptions/\1subscription\2/resourceGroups/\1group\2"
    "/providers/Microsoft.DevTestLab/labs/\1lab\2"
)
_TERRAFORM = (
    """resource "azapi_resource" "vm" {
  type      = "Microsoft.DevTestLab/labs/virtualMachines@"""
    + _API
    + """"
  name      = "my-vm"
  parent_id = \""""
    + _LAB_ID
    + """"
  location  = "\1region\2"
  body = {
    properties = {
      customImageId         = \""""
    + _LAB_ID
    + """/customimages/\1image\2"
      size                  = "\1size\2"
      userName              = "me"
      password              = var.password
      labVirtualNetworkId   = var.lab_virtual_network_id
      labSubnetName         = var.lab_subnet_name
    }
  }
}
"""
)
_BICEP = (
    """@secure()
param password string
param labVirtualNetworkId string
param labSubnetName string

resource lab 'Microsoft.DevTestLab/labs@"""
    + _API
    + """' existing = {
  name: '\1lab\2'
}

resource vm 'Microsoft.DevTestLab/labs/virtualMachines@"""
    + _API
    + """' = {
  parent: lab
  name: 'my-vm'
  location: '\1region\2'
  properties: {
    customImageId: '${lab.id}/customimages/\1image\2'
    size: '\1size\2'
    userName: 'me'
    password: password
    labVirtualNetworkId: labVirtualNetworkId
    labSubnetName: labSubnetName
  }
}
"""
)
_FORMS = {"Azure CLI": _AZ, "Terraform (azapi)": _TERRAFORM, "Bicep": _BICEP}


def lab_with_image(stack: str, **place: str) -> dict[str, str] | None:
    """Say where a custom image is: ``subscription``, ``group``, ``lab``, ``region`` and ``image``.

    None if a name is none that Azure takes.
    """
    if not all(_SAFE.fullmatch(value) for value in place.values()):
        return None
    return {"stack": stack, **place}


def portal(place: Mapping[str, str]) -> str:
    """Give the address of a lab in the portal."""
    return f"{_PORTAL}{_filled(_LAB_ID, place)}/overview"


def forms(place: Mapping[str, str], size: str) -> list[dict[str, Any]]:
    """Give each form for one lab in parts: text, and what stands in place of a ``slot``."""
    values = {**place, "size": size if _SAFE.fullmatch(size) else "Standard_D2s_v5"}
    found = []
    for title, text in _FORMS.items():
        pieces = _SLOT.split(text)
        parts = [
            {"slot": piece, "text": values[piece]} if index % 2 else {"slot": "", "text": piece}
            for index, piece in enumerate(pieces)
        ]
        found.append({"title": title, "parts": parts})
    return found


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _SLOT.sub(lambda match: values[match[1]], text)
