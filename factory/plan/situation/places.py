"""What stands elsewhere than the settings say: the engine would delete it there to make it anew.

The state calls things by logical names, which say nothing of where they are; Azure knows them by
their ids. A thing whose id is not below the place that the settings give it is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from factory.common import names
from factory.ledger.foundations import STORE, foundation_ids, group_id
from factory.ledger.model import Ledger
from factory.settings.stack import NAMESPACE, Settings, normal_region

_LAB = "/providers/microsoft.devtestlab/labs/"


@dataclass(frozen=True)
class Displaced:
    """Things that one ``setting`` would drop: ``names`` are those of the state."""

    setting: str
    there: str
    wanted: str
    names: tuple[str, ...]


def displaced(settings: Settings, ledger: Ledger) -> tuple[Displaced, ...]:
    """Find what the state holds and the settings place elsewhere, by the setting that says so."""
    found: dict[tuple[str, str, str], list[str]] = {}
    made = foundation_ids(settings)
    # What has its lab's old place is delivered to the new one first: factory/ledger/lab_places.py.
    placed = {
        names.part(held.identity, held.version, "lab", *path)
        for held in ledger.held.values()
        for path in held.lab_paths.values()
    }
    for name, at in sorted(ledger.ids.items()):
        if name in placed:
            continue
        home = _home(name, settings, made)
        if home is not None and not f"{at}/".lower().startswith(f"{home}/".lower()):
            found.setdefault((_setting(name, at, home), *_differing(at, home)), []).append(name)
    for name in sorted(ledger.foundations):
        region = normal_region(ledger.locations.get(name, ""))
        if region and region != settings.region:
            key = ("azure-native:location", region, settings.region)
            found.setdefault(key, []).append(name)
    return tuple(Displaced(*key, tuple(things)) for key, things in found.items())


def _home(name: str, settings: Settings, made: Mapping[str, str]) -> str | None:
    """Give the id that a thing of the state has to have, or to lie below; None if nothing says.

    ``made`` are the ids of foundations by their names in the state.
    """
    root = f"/subscriptions/{settings.subscription_id}/resourceGroups"
    own = settings.factory_lab
    place = names.parse_part(name)
    if place is None:
        # An environment lies below its user, whom Azure knows by another id than the settings.
        if name.startswith((names.ADOPTED, "environment/")):
            return _lab_home(name.split("/")[1], settings, root)
        return made.get(name)
    path = place[2]
    if path[:1] == ("lab",):
        return _lab_home(path[1], settings, root)
    if path == ("capture",):
        return None if own is None else _lab_home(own.name, settings, root)
    return group_id(settings) if path[:1] in {("source",), ("copy",), ("image",)} else None


def _lab_home(name: str, settings: Settings, root: str) -> str | None:
    lab = settings.labs_by_name.get(name)
    return None if lab is None else f"{root}/{lab.resource_group}{_LAB}{lab.name}"


def _setting(name: str, at: str, home: str) -> str:
    """Name the setting that says where a thing of the state is to be."""
    if _part(at, 2) != _part(home, 2):
        return "azure-native:subscriptionId"
    place = names.parse_part(name)
    if name == STORE or (place is not None and place[2][0] in {"source", "copy", "image"}):
        return f"{NAMESPACE}:resourceGroup"
    if place is not None and place[2][0] == "lab":
        return f"{NAMESPACE}:labs.{place[2][1]}"
    if name.startswith((names.ADOPTED, "environment/")):
        return f"{NAMESPACE}:labs.{name.split('/')[1]}"
    return f"{NAMESPACE}:factoryLab"


def _differing(at: str, home: str) -> tuple[str, str]:
    """Give both places as far as people need them to tell one from the other."""
    for index, kind in ((2, "subscription"), (4, "resource group"), (8, "lab")):
        there, wanted = _part(at, index), _part(home, index)
        if there != wanted:
            return f"{kind} {there}", f"{kind} {wanted}"
    return at, home


def _part(resource_id: str, index: int) -> str:
    parts = resource_id.lower().split("/")
    return parts[index] if index < len(parts) else ""
