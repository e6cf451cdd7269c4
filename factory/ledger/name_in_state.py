"""Settings in the spelling of the state: letter case is nothing to Azure, and much to the engine.

A lab that its owner writes as some page shows it (``Team-Web`` for ``team-web``) is the same lab.
Under another logical name the engine would take its images in anew, and then delete the same ids
under the old one; so what the state knows already keeps the spelling that it has there.

Only what the program gave is believed: logical names, and what it noted of groups and of its own
lab, which have none (:func:`spelled`). What Azure answers (names, ids) may be spelled otherwise
than it was asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from factory.common import names
from factory.ledger.foundations import SOURCE
from factory.ledger.model import Ledger
from factory.settings.environments import LabEnvironment
from factory.settings.stack import Group, Settings

_OF_LABS = (names.ADOPTED, "environment/")


def spelled(settings: Settings) -> dict[str, str]:
    """Give the names that no logical name tells, by the settings that they come from."""
    own = settings.factory_lab
    found = {"resourceGroup": settings.resource_group}
    found |= {f"labs.{lab.name}": lab.resource_group for lab in settings.labs}
    if own is not None:
        found |= {"factoryLab": own.name, "factoryLab.resourceGroup": own.resource_group}
    return found


def as_spelled(settings: Settings, ledger: Ledger) -> Settings:
    """Write labs, groups, environments and artifact sources as the state has them."""
    noted, own = ledger.spelled, settings.factory_lab
    labs = {lab for held in ledger.held.values() for lab in held.labs}
    labs |= {name.split("/")[1] for name in ledger.names if name.startswith(_OF_LABS)}
    labs |= {noted["factoryLab"]} if "factoryLab" in noted else set()
    sources = [name.removeprefix(SOURCE) for name in ledger.names if name.startswith(SOURCE)]
    return settings.model_copy(
        update={
            "labs": [
                lab.model_copy(
                    update={
                        "name": (name := _spelled(lab.name, labs)),
                        "resource_group": _noted(lab.resource_group, noted, f"labs.{name}"),
                    }
                )
                for lab in settings.labs
            ],
            "group": _group(settings.group, noted, "resourceGroup"),
            "factory_lab": own
            and own.model_copy(
                update={
                    "name": _noted(own.name, noted, "factoryLab"),
                    "group": _group(own.group, noted, "factoryLab.resourceGroup"),
                }
            ),
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


def _group(group: Group, noted: Mapping[str, str], setting: str) -> Group:
    return group.model_copy(update={"name": _noted(group.name, noted, setting)})


def _noted(name: str, noted: Mapping[str, str], setting: str) -> str:
    return _spelled(name, [noted[setting]] if setting in noted else [])


def _spelled(name: str, known: Collection[str]) -> str:
    """Give a name as the state has it; one that it has not, or has just so, stays."""
    if name in known:
        return name
    return next((each for each in sorted(known) if each.lower() == name.lower()), name)
