"""What Azure never ends is made again, once a run has waited for it in vain."""

from __future__ import annotations

import pytest

from factory.common import names
from factory.common.versions import Version
from factory.ledger.foundations import foundation_ids, remade
from factory.ledger.state_reader import read_ledger
from factory.observed.model import Observed, ObservedLab, Thing
from factory.plan.model import Action, Plan
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
    assert remade(observed, ledger, DEV) == ({part: f"/{name}"} if again else {})
