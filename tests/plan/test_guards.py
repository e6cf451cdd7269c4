"""What must never happen stops the run, with a line that names the way out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from factory.azure.client import ArmError
from factory.azure.observer import observe
from factory.common import names
from factory.common.errors import FactoryError
from factory.common.ownership import Owner
from factory.ledger.catalogue import read_catalogue
from factory.ledger.state_reader import read_ledger
from factory.observed.model import ObservedLab, Thing
from factory.plan.model import Action
from tests.plan.world import DEV, PROD, START, World, changed, dev, lab, prod


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
        ({"schema": "3"}, "schema '3'"),
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
        read_catalogue(outputs, DEV, 1000, START)
    assert "nothing was changed" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_entries_that_are_not_known_yet_are_left_out() -> None:
    outputs = good_outputs()
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    outputs["catalogue"]["definitions"]["linux/b"] = {"20261122.1": unknown, "20261122.2": None}
    outputs["catalogue"]["definitions"]["linux/c"] = unknown
    outputs["catalogue"]["definitions"]["linux/a"]["20261122.9"] = unknown
    found = read_catalogue(outputs, DEV, 0, START)
    assert found.identities == {"linux/a"}
    assert [entry.record.version for entry in found.of("linux/a")] == ["20261122.1"]


def test_an_entry_cannot_point_outside_compute() -> None:
    outputs = good_outputs()
    entry = outputs["catalogue"]["definitions"]["linux/a"]["20261122.1"]
    entry["sourceId"] = "/subscriptions/x/../secrets"
    with pytest.raises(FactoryError, match="malformed"):
        read_catalogue(outputs, DEV, 0, START)


def test_a_record_of_an_older_program_is_declared_as_it_is() -> None:
    world = dev("linux/a")
    world.run()
    urn = "urn:pulumi:s::p::pulumi:index:Stash::linux/a@20261122.1/record"
    old = world.resources[urn]["outputs"]["output"]
    del old["parent"]
    (version,) = world.plan().versions
    assert version.record is not None
    assert version.record.dump() == old


@pytest.mark.parametrize(
    ("name", "kind", "outputs"),
    [
        ("linux/a", "imagefactory:index:Image", {"lastVersion": "yesterday"}),
        ("linux/a@20261122.1/retired", "pulumi:index:Stash", {"output": "soon"}),
        ("linux/a@20261122.1/retiring/team", "pulumi:index:Stash", {"output": "soon"}),
    ],
)
def test_whatever_of_the_ledger_cannot_be_understood_stops_the_run(
    name: str, kind: str, outputs: dict[str, str]
) -> None:
    with pytest.raises(FactoryError, match=r"cannot be read.*nothing was changed"):
        read_ledger({f"urn:pulumi:s::p::{kind}::{name}": {"type": kind, "outputs": outputs}})


def many(labs: list[dict[str, Any]]) -> World:
    world = dev(*[f"linux/{number}" for number in range(11)], labs=labs)
    world.run()
    world.run()
    return world


@pytest.mark.parametrize(
    "labs", [[], [lab("other")], [lab("team", "none/*")]], ids=["no labs", "another", "pattern"]
)
def test_labs_and_patterns_that_fall_out_of_the_settings_are_counted(
    labs: list[dict[str, Any]],
) -> None:
    world = many([lab("team"), lab("too")])
    keep = [lab("too")] if labs else []
    world.settings = dev(labs=[*labs, *keep]).settings
    lost = 11 if labs else 22  # of each lab that loses them
    told = rf"retire {lost} images, counted in each lab, .*maxRetirements: {lost}"
    with pytest.raises(FactoryError, match=told):
        world.plan()
    world.settings = dev(labs=[*labs, *keep], maxRetirements=str(lost)).settings
    world.run()
    assert "team" not in {name for held in world.ledger.held.values() for name in held.labs}


def test_a_lab_that_keeps_fewer_is_not_counted() -> None:
    world = many([lab("team")])
    for identity in list(world.images):
        changed(world, identity, "second")
    world.run()
    world.settings = dev(labs=[{**lab("team"), "keep": "1"}]).settings
    plan = world.run()
    assert len([step for step in plan.steps if step.action is Action.RETIRE]) == 11


class Silent:
    """An Arm of which one question is not answered."""

    def __init__(self, question: str) -> None:
        self.question = question

    def __getattr__(self, name: str) -> Any:
        def asked(*_: Any, **__: Any) -> Any:
            if name == self.question:
                raise ArmError("GET", 503, "ServiceUnavailable", f"no answer to {name}")
            return ANSWERS.get(name, {})

        return asked

    client = SimpleNamespace(get=lambda *_: {}, now=START)

    def one_view(self) -> Silent:
        return self


ANSWERS: dict[str, Any] = {
    "lab": {"location": "westeurope"},
    "things": {},
    "thing": None,
    "uses": {},
    "build_vms": [],
    "exact_version": "1.2.3",
    "cores_free": 100,
}


@pytest.mark.parametrize("question", sorted(ANSWERS))
def test_whatever_azure_does_not_answer_stops_the_run(question: str) -> None:
    world = dev("linux/a")
    with pytest.raises(ArmError, match=f"no answer to {question}"):
        observe(Silent(question), world.settings, Owner(DEV), world.images)  # type: ignore[arg-type]
