"""Which of two labs of one name holds a thing of the state: that where the settings are, or not.

A lab that the settings say to be in another group than what the state has there is another lab to
Azure. The old place goes on as a lab of its own, which takes nothing: ``rg-old/web``. So the new
one gets what it lacks, and then the old one loses it, by the rules that hold for every lab.
"""

from __future__ import annotations

from dataclasses import replace

from factory.common import names
from factory.ledger.model import Held, Ledger, Path
from factory.settings.stack import Settings


def as_placed(settings: Settings, ledger: Ledger) -> tuple[Settings, Ledger]:
    """Call every lab in the ledger by its place, and add the old places to the settings."""
    held = {key: _placed(each, settings, ledger) for key, each in ledger.held.items()}
    old = sorted({name for each in held.values() for name in each.labs if "/" in name})
    labs = {lab.name: lab for lab in settings.labs}
    added = [
        labs[lab].model_copy(
            update={"name": f"{group}/{lab}", "resource_group": group, "images": [], "keep": None}
        )
        for group, lab in (name.split("/") for name in old)
        if lab in labs
    ]
    placed = settings.model_copy(update={"labs": [*settings.labs, *added]})
    return placed, replace(ledger, held=held)


def _placed(held: Held, settings: Settings, ledger: Ledger) -> Held:
    called = {
        path: _called(
            path,
            ledger.ids.get(names.part(held.identity, held.version, *path), ""),
            settings,
            ledger,
        )
        for path in held.parts
        if path[0] == "lab"
    }
    parts = {
        ("lab", called[path]) if path in called else path: outputs
        for path, outputs in held.parts.items()
    }
    paths = {name: path[1:] for path, name in called.items() if path[1:] != (name,)}
    return replace(held, parts=parts, lab_paths=paths) if paths else held


def _called(path: Path, resource_id: str, settings: Settings, ledger: Ledger) -> str:
    """Give a lab's name, or its group and name if that is not the group of the settings.

    The group is known by the last run's word: Azure may spell it otherwise, and the engine would
    make anew what is declared in another spelling. Without that the run stops (places.py).
    """
    lab = next((each for each in settings.labs if each.name == path[1]), None)
    group = path[2] if len(path) > 2 else ""
    parts = resource_id.lower().split("/")
    if not group and len(parts) > 4 and parts[2] == settings.subscription_id.lower():
        noted = (
            text
            for key, text in ledger.spelled.items()
            if key == f"labs.{path[1]}" or key.endswith(f"/{path[1]}")
        )
        group = next((text for text in noted if text.lower() == parts[4]), "")
    elsewhere = group and lab is not None and group.lower() != lab.resource_group.lower()
    return f"{group}/{path[1]}" if elsewhere else path[1]
