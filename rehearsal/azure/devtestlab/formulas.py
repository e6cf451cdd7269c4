"""Formulas: the order of a machine under a name that stays."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.clock import iso
from rehearsal.azure.devtestlab import errors
from rehearsal.azure.devtestlab.sharing import FORMULA_PREVIEW
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

FORMULAS = "Microsoft.DevTestLab/labs/formulas"
_IMAGES = ("customImageId", "galleryImageReference", "sharedImageId", "galleryImageVersionId")


class Formula(Behaviour):
    """A formula: what it orders is judged when a machine is made of it, its image's kind before.

    Whoever puts it there is its author.
    """

    read_only = (*Behaviour.read_only, "author", "creationDate")
    preview = FORMULA_PREVIEW

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, and note who did, and when."""
        made = super().create(azure, draft)
        noted = made.setting(author=draft.caller.name, creationDate=iso(azure.now()))
        return _checked(azure, noted)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Replace what it orders."""
        return _checked(azure, super().update(azure, old, draft))


def _checked(azure: Azure, formula: Resource) -> Resource:
    content = formula.properties.get("formulaContent") or {}
    ordered: Json = content.get("properties") or {}
    if ordered and not any(ordered.get(name) for name in _IMAGES):
        raise errors.NO_FORMULA_IMAGE.of()
    if "sharedImageVersion" not in ordered or azure.switches["formulaKeepsSharedVersion"]:
        return formula
    kept = {name: value for name, value in ordered.items() if name != "sharedImageVersion"}
    return formula.setting(formulaContent={**content, "properties": kept})
