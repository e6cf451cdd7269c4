"""Images that the original image factory left in labs: which are there, and whose they are.

Whose image one is, its tag ``ImagePath`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from factory.common import names
from factory.definitions.lineage import IMAGE_PATH
from factory.observed.model import Thing
from factory.plan.inputs import Inputs
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.situation import Original


def originals(inputs: Inputs, labs: Sequence[LabSituation]) -> Iterator[Original]:
    """Give, lab by lab, what was adopted before and what the settings name."""
    owners: dict[str, str] = {}
    for image in inputs.images.values():
        if path := image.definition.image_path:
            owners.setdefault(path.casefold(), image.identity)

    def owner(thing: Thing) -> str:
        return owners.get(str(thing.tags.get(IMAGE_PATH) or "").casefold(), "")

    for lab in labs:
        held = set()
        for logical, outputs in inputs.ledger.adopted.items():
            _, where, name = logical.split("/", 2)
            if where != lab.name:
                continue
            held.add(name.lower())
            thing = lab.thing(name) or _remembered(outputs)
            deleted = lab.images is not None and lab.thing(name) is None
            yield Original(lab, name, thing, True, owner(thing), thing.created_at, deleted=deleted)
        for name in inputs.settings.adopt.get(lab.name, ()):
            there = lab.thing(name)
            if there is not None and name.lower() not in held:
                # Else adopted already, or retired since: the list may go on naming it.
                fault = _fault(there, owner(there))
                yield Original(lab, name, there, False, owner(there), there.created_at, fault)


def _fault(thing: Thing, owner: str) -> str:
    if names.STACK in thing.tags:
        return "an image factory made it; it needs no adoption"
    if not thing.tags.get(IMAGE_PATH):
        return f"it has no tag {IMAGE_PATH}, so it is not the original factory's"
    return "" if owner else f"no definition has imagePath: {thing.tags[IMAGE_PATH]}"


def _remembered(outputs: Mapping[str, Any]) -> Thing:
    tags = outputs.get("tags")
    return Thing(
        id="",
        tags=dict(tags) if isinstance(tags, Mapping) else {},
        created=str(outputs.get("creationDate") or ""),
    )
