"""What Azure never ends is made again, once a run has waited for it in vain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factory.common import names
from factory.common.errors import FactoryError
from factory.common.ownership import Owner
from factory.common.versions import Version
from factory.ledger.foundations import foundation_ids, located, remade
from factory.ledger.state_reader import read_ledger
from factory.observed.model import Observed, ObservedLab, Thing
from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from tests.plan.world import DEV, START, World, dev, lab

NUMBER = Version.parse("20261122.1")
TAGS = {
    names.STACK: DEV,
    names.DEFINITION: "linux/a",
    names.VERSION: str(NUMBER),
    names.RELEASED: "yes",
}
IMAGE = names.image_name("linux/a", NUMBER)
BACKING = names.backing_name("linux/a", NUMBER, "northeurope")
COPY = names.copy_name("linux/a", NUMBER, "northeurope", 1)
PARTS = {("lab", "far"): IMAGE, ("image", "northeurope"): BACKING, ("copy", "northeurope"): COPY}


def delivered() -> World:
    world = dev("linux/a", labs=[lab("far", region="northeurope")])
    world.run()
    return world


def note(world: World, path: tuple[str, str], state: str) -> None:
    """Write down what the engine keeps of a thing: what Azure showed at the end of its wait."""
    (urn,) = [urn for urn in world.resources if urn.endswith(f"{NUMBER}/{'/'.join(path)}")]
    world.resources[urn]["outputs"] |= {"name": PARTS[path], "provisioningState": state}


def planned(world: World, **states: str) -> Plan:
    """Plan with what Azure shows: everything is there, in these states."""

    def thing(name: str, kind: str) -> dict[str, Thing]:
        return {name.lower(): Thing(f"/{name}", TAGS, states.get(kind, "Succeeded"))}

    return world.plan(
        labs={"far": ObservedLab("northeurope", thing(IMAGE, "lab"))},
        managed_images=thing(BACKING, "image"),
        snapshots=thing(COPY, "copy"),
    )


@pytest.mark.parametrize("path", list(PARTS))
def test_what_a_run_waited_for_in_vain_is_made_again(path: tuple[str, str]) -> None:
    world = delivered()
    note(world, path, "Creating")
    (region,) = planned(world, **{path[0]: "Creating"}).versions[0].regions
    made = {
        "lab": region.labs[0].remake,
        "image": region.remake_backing,
        "copy": f"/{region.copy.name}" if region.copy else None,
    }
    # A copy is made beside the one that is stuck, by another name; the others take its place.
    again = f"/{names.copy_name('linux/a', NUMBER, 'northeurope', 2)}"
    assert made[path[0]] == (again if path[0] == "copy" else f"/{PARTS[path]}")


@pytest.mark.parametrize("path", list(PARTS))
@pytest.mark.parametrize(
    ("noted", "shown"), [("Succeeded", "Creating"), ("Creating", "Succeeded"), ("", "Creating")]
)
def test_what_is_whole_by_now_or_was_not_waited_for_is_left_alone(
    path: tuple[str, str], noted: str, shown: str
) -> None:
    world = delivered()
    note(world, path, noted)
    plan = planned(world, **{path[0]: shown})
    (region,) = plan.versions[0].regions
    assert region.labs[0].remake is None
    assert region.remake_backing is None
    assert region.copy is not None
    assert region.copy.name == COPY
    assert not [step for step in plan.steps if step.action is Action.RESTORE]


@pytest.mark.parametrize(
    ("part", "noted", "shown", "stack", "again"),
    [
        ("factory/nat", "Creating", "Creating", DEV, True),
        ("factory/nat", "Creating", "Succeeded", DEV, False),
        ("factory/nat", "Succeeded", "Updating", DEV, False),
        ("factory/nat", "Creating", "Creating", "somebody", False),
        ("factory/lab-network", "Creating", "Creating", DEV, True),
        ("factory/lab", "Creating", "Creating", DEV, True),  # the gate looks that it is empty
        ("factory/lab", "Updating", "Updating", DEV, False),  # it had been whole
    ],
)
def test_a_network_that_never_ends_is_made_again(
    part: str, noted: str, shown: str, stack: str, *, again: bool
) -> None:
    kinds = {
        "factory/nat": "network:NatGateway",
        "factory/lab": "devtestlab:Lab",
        "factory/lab-network": "devtestlab:VirtualNetwork",
    }
    name = foundation_ids(dev("linux/a").settings).get(part, "/x").rsplit("/", 1)[1]
    ledger = read_ledger(
        {
            f"urn:pulumi:s::p::k::{part}": {
                "type": f"azure-native:{kinds[part]}",
                "outputs": {"name": name, "provisioningState": noted},
            }
        }
    )
    observed = Observed(
        now=START, foundations={part: Thing(f"/{name}", {names.STACK: stack}, shown)}
    )
    assert remade(observed, ledger, Owner(DEV)) == ({part: f"/{name}"} if again else {})


@pytest.mark.parametrize(
    ("part", "there", "goes_on"),
    [
        ("factory/lab", {names.STACK: DEV}, True),  # interrupted, or never ended
        ("factory/nat", None, True),  # Azure gave it up: it is made where the settings say
        ("factory/network", {names.STACK: "somebody"}, False),
        ("factory/store", {names.STACK: DEV}, True),
        ("factory/store", None, False),  # it may hold what was made; the setting was changed
    ],
)
def test_a_foundation_without_outputs_is_known_by_what_is_at_its_place(
    part: str, there: dict[str, str] | None, *, goes_on: bool
) -> None:
    kinds = {
        "factory/lab": "devtestlab:Lab",
        "factory/nat": "network:NatGateway",
        "factory/network": "network:VirtualNetwork",
        "factory/store": "resources:ResourceGroup",
    }
    world = dev("linux/a")
    world.resources[f"urn:pulumi:s::p::k::{part}"] = {
        "type": f"azure-native:{kinds[part]}",
        "outputs": None,
    }
    place = foundation_ids(world.settings)[part]
    found = {part: Thing(place, there, "Creating")} if there is not None else {}
    inputs = world.inputs(foundations=found)
    ledger = located(inputs.ledger, inputs.observed, world.settings, Owner(DEV))
    again = replace(inputs, ledger=ledger)
    if goes_on:
        plan = make_plan(again)
        assert plan.remade == {}  # empty does not mean hung
        assert [step.action for step in plan.steps if step.identity == "linux/a"]
    else:
        with pytest.raises(FactoryError, match="would drop the"):
            make_plan(again)
