"""The engine never replaces a resource of ours because of a setting: the run stops, or says so.

azure-native replaces a resource when a part of its id or its location is declared otherwise, and a
public address for its SKU too (its Diff; the SDK names no others of what we declare).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from factory.common.errors import FactoryError
from factory.ledger.foundations import foundation_ids
from factory.ledger.lab_places import as_placed
from factory.ledger.model import Ledger
from factory.ledger.name_in_state import as_spelled, spelled
from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from tests.components.harness import Recorder, declare
from tests.plan.test_places import standing
from tests.plan.world import DEV, World, lab, settings

IN_LAB = ("resourceGroupName", "labName", "name", "location")
REPLACES = {
    "azure-native:resources:ResourceGroup": ("resourceGroupName", "location"),
    "azure-native:compute:Snapshot": ("resourceGroupName", "snapshotName", "location"),
    "azure-native:compute:Image": ("resourceGroupName", "imageName", "location"),
    "azure-native:devtestlab:Lab": IN_LAB,
    "azure-native:devtestlab:VirtualNetwork": IN_LAB,
    "azure-native:devtestlab:ArtifactSource": IN_LAB,
    "azure-native:devtestlab:CustomImage": IN_LAB,
    "azure-native:devtestlab:Environment": (*IN_LAB, "userName"),
    "azure-native:network:PublicIPAddress": (
        "resourceGroupName",
        "publicIpAddressName",
        "location",
        "sku",
        "publicIPAddressVersion",
        "publicIPPrefix",
    ),
    "azure-native:network:NatGateway": ("resourceGroupName", "natGatewayName", "location"),
    "azure-native:network:NetworkSecurityGroup": (
        "resourceGroupName",
        "networkSecurityGroupName",
        "location",
    ),
    "azure-native:network:VirtualNetwork": ("resourceGroupName", "virtualNetworkName", "location"),
}
LAB, DATA = lab("web"), lab("data")
SOURCE = {"name": "team", "uri": "https://git.example/r", "token": "git"}
SHOP = {"lab": "web", "name": "shop", "template": "t", "user": "@me"}
OWN = {"name": "factory", "resourceGroup": "rg-factory", "create": True}
BASE: dict[str, Any] = {"artifactSources": [SOURCE], "environments": [SHOP], "factoryLab": OWN}
STOPS, SAYS, SAME = "stops", "says so", "the same"


@cache
def in_azure() -> tuple[World, Recorder]:
    """Give a stack whose state has all that it declares, with ids as Azure's; and that as it is."""
    world = standing(labs=[LAB, DATA], **BASE)
    ids = {**foundation_ids(world.settings)}
    before = recorded(world, planned(world)[0])
    for each in before.resources.values():
        if "@" in each.name or each.name == "factory/store":
            continue  # there already
        outputs: dict[str, Any] = {}
        if each.typ.endswith(":Store"):
            outputs = {"spelled": spelled(world.settings)}
        if each.typ in REPLACES:
            at = ids.get(each.name, "")
            outputs = {"id": at, "name": at.rpartition("/")[2], "location": "westeurope"}
        world.resources[f"urn:pulumi:{DEV}::p::{each.typ}::{each.name}"] = {
            "type": each.typ,
            "outputs": outputs,
        }
    return world, before


def planned(world: World) -> tuple[Plan, tuple[World, Ledger]]:
    """Plan as `gather` does: in the spelling of the state, with every lab by its place."""
    placed, ledger = as_placed(as_spelled(world.settings, world.ledger), world.ledger)
    world = replace(world, settings=placed)
    return make_plan(replace(world.inputs(), ledger=ledger)), (world, ledger)


def recorded(world: World, plan: Plan) -> Recorder:
    return declare(world.inputs(), plan, secrets={"git": "x"})


def replaced(before: Recorder, after: Recorder) -> list[str]:
    """Name what the provider would replace: it compares letter by letter, but for groups."""
    found = []
    for key, old in before.resources.items():
        new = after.resources.get(key)
        for each in REPLACES.get(old.typ, ()) if new is not None else ():
            texts = [str(made.inputs.get(each)) for made in (old, new) if made is not None]
            if each in {"resourceGroupName", "location"}:
                texts = [text.lower() for text in texts]
            if texts[0] != texts[1]:
                found.append(f"{old.name}.{each}")
    return found


EDITS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, SAME),
    "another region": ({"region": "northeurope"}, STOPS),
    "another subscription": ({"subscriptionId": "9" * 8 + "-9999-4999-8999-" + "9" * 12}, STOPS),
    "another group": ({"resourceGroup": "rg-new"}, STOPS),
    "the group's letter case": ({"resourceGroup": "RG-Factory"}, SAME),
    "another factory lab": ({"factoryLab": {**OWN, "name": "other"}}, STOPS),
    "the factory lab's letter case": ({"factoryLab": {**OWN, "name": "Factory"}}, SAME),
    "the factory lab's group": ({"factoryLab": {**OWN, "resourceGroup": "rg-other"}}, STOPS),
    "the factory lab adopted": (
        {
            "factoryLab": {**OWN, "create": False, "virtualNetwork": "n", "subnet": "s"},
            "artifactSources": [],
        },
        STOPS,
    ),
    "another network": (
        {
            "factoryLab": {
                **OWN,
                "network": {"addressSpace": "10.9.0.0/22", "subnet": "10.9.0.0/24"},
            }
        },
        SAME,
    ),
    "a lab's letter case": (
        {"labs": [{**LAB, "name": "Web"}, DATA], "environments": [{**SHOP, "lab": "Web"}]},
        SAME,
    ),
    "the group of a lab with an environment": (
        {"labs": [{**LAB, "resourceGroup": "rg-moved"}, DATA]},
        STOPS,
    ),
    # Its image there is another resource: tests/plan/test_places.py.
    "a lab's group": (
        {"labs": [LAB, {**DATA, "resourceGroup": "rg-moved"}]},
        SAME,
    ),
    "a lab's group's letter case": ({"labs": [{**LAB, "resourceGroup": "RG-Web"}, DATA]}, SAME),
    "a lab's keep": ({"labs": [{**LAB, "keep": 2}, DATA]}, SAME),
    "a source's letter case": ({"artifactSources": [{**SOURCE, "name": "Team"}]}, SAME),
    "a source's repository": (
        {"artifactSources": [{**SOURCE, "uri": "https://git.example/other"}]},
        SAME,
    ),
    "an environment's template": ({"environments": [{**SHOP, "template": "u"}]}, SAYS),
    "an environment's letter case": ({"environments": [{**SHOP, "name": "Shop"}]}, SAME),
    "protection": ({"protectImages": True}, SAME),
    "the mark before retirement": ({"retireAfter": "3d"}, SAME),
}


@pytest.mark.parametrize("edit", EDITS)
def test_no_setting_makes_the_engine_replace_what_the_plan_does_not_tell(edit: str) -> None:
    change, outcome = EDITS[edit]
    world, before = in_azure()
    labs = change.get("labs", [LAB, DATA])
    more = {**BASE, **{key: value for key, value in change.items() if key != "labs"}}
    world = replace(world, settings=settings(DEV, labs, **more))
    if outcome == STOPS:
        with pytest.raises(FactoryError, match="this run would"):
            planned(world)
        return
    plan, (placed, _) = planned(world)
    found = replaced(before, recorded(placed, plan))
    told = [step for step in plan.steps if step.action is Action.REPLACE]
    assert outcome == (SAYS if told else SAME)
    assert bool(found) == bool(told), found


def test_the_table_names_every_kind_that_is_declared() -> None:
    kinds = {each.typ for each in in_azure()[1].resources.values()}
    assert {kind for kind in kinds if kind.startswith("azure-native:")} <= {
        *REPLACES,
        "azure-native:devtestlab:VirtualMachine",
    }
