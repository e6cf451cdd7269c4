"""Policies of a lab: what they count, and whether one more would break them."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

_COUNTS = {
    "LabVmCount": (False, False),
    "LabPremiumVmCount": (False, True),
    "UserOwnedLabVmCount": (True, False),
    "UserOwnedLabPremiumVmCount": (True, True),
    "UserOwnedLabVmCountInSubnet": (True, False),
}


def evaluate(azure: Azure, lab: Resource, asked: Json, caller: str) -> Json:
    """Answer one of the policies of evaluatePolicies: {hasError, policyViolations}."""
    fact = str(asked.get("factName") or "")
    owner = str(asked.get("userObjectId") or caller)
    violations = []
    for policy in azure.resources.listed(f"{lab.key}/policysets/default/policies"):
        about = str(policy.properties.get("factName") or "")
        if policy.properties.get("status") != "Enabled" or about.lower() != fact.lower():
            continue
        if not _kept(azure, lab, policy, asked, owner):
            threshold = policy.properties.get("threshold")
            message = (
                f"The policy '{policy.name}' ({about}) with threshold '{threshold}' forbids it."
            )
            violations.append({"code": "PolicyViolation", "message": message})
    return {"hasError": bool(violations), "policyViolations": violations}


def _kept(azure: Azure, lab: Resource, policy: Resource, asked: Json, owner: str) -> bool:
    threshold = str(policy.properties.get("threshold") or "")
    value = str(asked.get("valueOffset") or asked.get("factData") or "")
    if policy.properties.get("evaluatorType") == "AllowedValuesPolicy":
        return any(_same(value, each) for each in _list(threshold))
    if not threshold.lstrip("-").isdigit():
        return True
    fact = str(policy.properties["factName"])
    if fact not in _COUNTS:
        return True  # costs and templates are not counted here
    more = int(value) if value.lstrip("-").isdigit() else 0
    place = str(policy.properties.get("factData") or "") if fact.endswith("InSubnet") else ""
    return _count(azure, lab, fact, owner, place) + more <= int(threshold)


def _same(value: str, allowed: Any) -> bool:
    """Compare a size by its name, a marketplace image by publisher, offer and sku."""
    one, other = _image(value), _image(allowed)
    return one == other if one or other else value.lower() == str(allowed).lower()


def _image(text: Any) -> tuple[str, ...]:
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except json.JSONDecodeError:
        return ()
    if not isinstance(found, dict):
        return ()
    return tuple(str(found.get(part) or "").lower() for part in ("publisher", "offer", "sku"))


def _count(azure: Azure, lab: Resource, fact: str, owner: str, place: str) -> int:
    own, premium = _COUNTS[fact]
    return sum(
        (not own or vm.properties.get("ownerObjectId") == owner)
        and (not premium or vm.properties.get("storageType") == "Premium")
        and (not place or str(vm.properties.get("labSubnetName")).lower() in place.lower())
        for vm in azure.resources.listed(f"{lab.key}/virtualmachines")
    )


def _list(threshold: str) -> list[Any]:
    try:
        found = json.loads(threshold)
    except json.JSONDecodeError:
        return []
    return found if isinstance(found, list) else []
