"""What the policies of a lab forbid when a machine is ordered."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.azure.arm.types import Draft
from rehearsal.azure.devtestlab import errors, evaluating, ordering
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]


def check(azure: Azure, lab: Resource, draft: Draft, storage: str) -> None:
    """Refuse an order that breaks an enabled policy; ArmError names every one it breaks."""
    caller, owner = draft.caller.object_id, ordering.owner_of(draft)
    counted = ["LabVmCount"] + (["UserOwnedLabVmCount"] if owner else [])
    if storage.lower() == "premium":
        counted += ["LabPremiumVmCount"] + (["UserOwnedLabPremiumVmCount"] if owner else [])
    asked: list[Json] = [{"factName": "LabVmSize", "factData": str(draft.properties["size"])}]
    asked += [{"factName": fact, "valueOffset": "1"} for fact in counted]
    reference = draft.properties.get("galleryImageReference")
    if reference:
        asked.append({"factName": "GalleryImage", "factData": json.dumps(reference)})
    problems: list[Json] = []
    for each in asked:
        each["userObjectId"] = owner
        problems += evaluating.evaluate(azure, lab, each, caller)["policyViolations"]
    if problems:
        raise errors.POLICY_VIOLATED.of(
            problems=" ".join(str(each["message"]) for each in problems), details=problems
        )
