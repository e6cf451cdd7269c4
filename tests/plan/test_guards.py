"""What must never happen stops the run, with a line that names the way out."""

from __future__ import annotations

from typing import Any

import pytest

from factory import names
from factory.catalogue import read_catalogue
from factory.ledger import read_ledger
from factory.observed import ObservedLab, Thing
from factory.problems import FactoryError
from tests.plan.world import DEV, PROD, dev, lab, prod


def test_an_empty_state_beside_our_images_stops_and_names_the_way_out() -> None:
    ours = {"x": Thing("/images/x", {names.STACK: DEV})}
    with pytest.raises(FactoryError, match=r"its state is empty, but 1 resources .*stack import"):
        dev("linux/a").plan(captures=ours)


def test_resources_of_another_stack_do_not_stop_a_first_run() -> None:
    theirs = {"x": Thing("/images/x", {names.STACK: PROD})}
    assert dev("linux/a").plan(captures=theirs).versions


def test_a_missing_lab_and_a_wrong_region_are_both_told() -> None:
    world = dev("linux/a", labs=[lab("a"), lab("b")])
    with pytest.raises(FactoryError) as caught:
        world.plan(labs={"a": None, "b": ObservedLab("eastus2")})
    assert "there is no lab a in resource group rg-a" in str(caught.value)
    assert "the lab is in eastus2, not in westeurope" in str(caught.value)


FOUNDATION = {
    "urn:pulumi:s::p::imagefactory:index:FactoryLab$azure-native:devtestlab:Lab::factory/lab": {
        "type": "azure-native:devtestlab:Lab",
        "outputs": {"name": "old-lab"},
    }
}


def test_the_program_never_drops_a_lab() -> None:
    world = dev("linux/a")
    world.resources = dict(FOUNDATION)
    with pytest.raises(FactoryError, match=r"factoryLab: this run would drop the lab 'old-lab'"):
        world.plan()


def test_turning_the_creation_off_does_not_drop_it_either() -> None:
    world = prod(dev("linux/a"))
    world.source = None
    world.resources = dict(FOUNDATION)
    with pytest.raises(FactoryError, match="pulumi destroy"):
        world.plan()


def test_a_record_that_cannot_be_read_stops_the_run() -> None:
    urn = "urn:pulumi:s::p::pulumi:index:Stash::linux/a@20261122.1/record"
    with pytest.raises(FactoryError, match="cannot be read"):
        read_ledger({urn: {"type": "pulumi:index:Stash", "outputs": {"output": {"schema": "9"}}}})


def good_outputs() -> dict[str, Any]:
    source = dev("linux/a")
    source.run()
    return dict(source.ledger.outputs)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"catalogue": None}, "no catalogue with schema and serial"),
        ({"schema": "2"}, "schema '2'"),
        ({"stack": "organization/image-factory/other"}, "it says it is of"),
        ({"serial": "7"}, "lower than the last one received"),
        ({"serial": "many"}, "is not a number"),
        ({"definitions": []}, "definitions is not a mapping"),
        ({"definitions": {"linux/a": {"20261122.1": {"definition": "linux/a"}}}}, "malformed"),
    ],
)
def test_a_catalogue_that_is_not_one_is_unusable(change: dict[str, Any], words: str) -> None:
    outputs = good_outputs()
    if "catalogue" in change:
        outputs = {}
    else:
        outputs["catalogue"] = {**outputs["catalogue"], **change}
    with pytest.raises(FactoryError, match=words) as caught:
        read_catalogue(outputs, DEV, 1000)
    assert "nothing was changed" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_entries_that_are_not_known_yet_are_left_out() -> None:
    outputs = good_outputs()
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    outputs["catalogue"]["definitions"]["linux/b"] = {"20261122.1": unknown, "20261122.2": None}
    outputs["catalogue"]["definitions"]["linux/c"] = unknown
    assert read_catalogue(outputs, DEV, 0).identities == {"linux/a"}


def test_an_entry_cannot_point_outside_compute() -> None:
    outputs = good_outputs()
    entry = outputs["catalogue"]["definitions"]["linux/a"]["20261122.1"]
    entry["sourceId"] = "/subscriptions/x/../secrets"
    with pytest.raises(FactoryError, match="malformed"):
        read_catalogue(outputs, DEV, 0)


def test_a_record_of_an_older_program_is_declared_as_it_is() -> None:
    world = dev("linux/a")
    world.run()
    urn = "urn:pulumi:s::p::pulumi:index:Stash::linux/a@20261122.1/record"
    old = world.resources[urn]["outputs"]["output"]
    del old["parent"]
    (version,) = world.plan().versions
    assert version.record is not None
    assert version.record.dump() == old
