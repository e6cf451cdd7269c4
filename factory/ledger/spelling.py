"""Settings in the spelling of the state: letter case is nothing to Azure, and much to the engine.

A lab that its owner writes as some page shows it (``Team-Web`` for ``team-web``) is the same lab.
Under another logical name the engine would take its images in anew, and then delete the same ids
under the old one; so what the state knows already keeps the spelling that it has there.

Only logical names are believed, for those the program gave: what Azure answers (names, ids) may be
spelled otherwise than it was asked for. The factory's own lab and the groups have no such name.
"""

from __future__ import annotations

from collections.abc import Collection

from factory.common import names
from factory.ledger.foundations import SOURCE
from factory.ledger.model import Ledger
from factory.settings.environments import LabEnvironment
from factory.settings.stack import Settings

_OF_LABS = (names.ADOPTED, "environment/")


def as_spelled(settings: Settings, ledger: Ledger) -> Settings:
    """Write labs, environments and artifact sources as the state has them."""
    labs = {lab for held in ledger.held.values() for lab in held.labs}
    labs |= {name.split("/")[1] for name in ledger.names if name.startswith(_OF_LABS)}
    sources = [name.removeprefix(SOURCE) for name in ledger.names if name.startswith(SOURCE)]
    return settings.model_copy(
        update={
            "labs": [
                lab.model_copy(update={"name": _spelled(lab.name, labs)}) for lab in settings.labs
            ],
            "adopt": {_spelled(lab, labs): images for lab, images in settings.adopt.items()},
            "artifact_sources": [
                each.model_copy(update={"name": _spelled(each.name, sources)})
                for each in settings.artifact_sources
            ],
            "environments": [_environment(each, labs, ledger) for each in settings.environments],
        }
    )


def _environment(
    environment: LabEnvironment, labs: Collection[str], ledger: Ledger
) -> LabEnvironment:
    lab = _spelled(environment.lab, labs)
    known = [name.split("/", 2)[1:] for name in ledger.environments]
    name = _spelled(environment.name, [name for home, name in known if home == lab])
    return environment.model_copy(update={"lab": lab, "name": name})


def _spelled(name: str, known: Collection[str]) -> str:
    """Give a name as the state has it; one that it has not, or has just so, stays."""
    if name in known:
        return name
    return next((each for each in sorted(known) if each.lower() == name.lower()), name)
