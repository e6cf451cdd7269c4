"""Images that the original factory left in labs: taken in as they are, retired as versions are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from factory.common import names
from factory.common.errors import FactoryError, Problems
from factory.observed.model import ObservedLab, Thing, Use
from factory.plan.model import Action, Plan
from factory.plan.simulate import played
from factory.settings.loader import parse_settings
from tests.plan.world import START, World, dev, image, lab, settings

PATH = "Linux\\A.json"
OLD = ("old-1", "old-2", "old-3")


def thing(name: str, path: str = PATH, age: int = 10, **more: Any) -> Thing:
    tags = {"ImagePath": path} if path else {}
    created = (START - timedelta(days=age)).isoformat().replace("+00:00", "1Z")
    return replace(Thing(f"/labs/team/customimages/{name}", tags, created=created), **more)


THERE = {"old-1": thing("old-1", age=30), "old-2": thing("old-2", age=20), "old-3": thing("old-3")}


class Lab:
    """A stack with one lab in which the original left images."""

    def __init__(self, **more: Any) -> None:
        usual: dict[str, Any] = {"keep": {"newest": 2}, "adopt": {"team": OLD}}
        self.world: World = dev("linux/a", **usual | more)
        self.world.images["linux/a"] = image("linux/a", imagePath=PATH)
        self.there = dict(THERE)
        self.uses: dict[str, tuple[Use, ...]] = {}

    def plan(self) -> Plan:
        ours = {
            names.image_name(held.identity, held.version): Thing("/ours", {})
            for held in self.world.ledger.held.values()
            if "team" in held.labs
        }
        seen = ObservedLab("westeurope", {**self.there, **ours}, self.uses)
        return self.world.plan(labs={"team": seen})

    def up(self) -> Plan:
        """Carry a plan out: what was adopted is in the state, what was not declared is gone."""
        plan = self.plan()
        declared = {each.name for each in plan.adoptions}
        self.world.run()
        for name in OLD:
            urn = f"urn:pulumi:s::p::custom::{names.adopted_name('team', name)}"
            self.world.resources.pop(urn, None)
            if name in declared:
                old = self.there[name]
                outputs = {"tags": dict(old.tags), "creationDate": old.created}
                self.world.resources[urn] = {"type": "custom", "outputs": outputs}
            elif any(s.version == name and s.action is Action.RETIRE for s in plan.steps):
                del self.there[name]
        return plan

    def steps(self) -> dict[str, str]:
        return {s.version: s.action.value for s in self.plan().steps if s.version in self.there}


def test_they_are_taken_in_first_and_judged_in_a_later_run() -> None:
    team = Lab()
    assert team.steps() == dict.fromkeys(OLD, "adopt")
    assert {each.id for each in team.plan().adoptions} == {old.id for old in THERE.values()}
    team.up()
    # The first version of ours is there now: two of three stay, as `keep` says.
    assert team.steps() == {"old-3": "keep", "old-2": "retire", "old-1": "retire"}
    assert [each.id for each in team.plan().adoptions] == [None]
    team.up()
    assert team.steps() == {"old-3": "keep"}


def test_without_a_version_of_ours_in_the_lab_the_newest_of_theirs_stay() -> None:
    team = Lab()
    team.world.settings = settings(
        team.world.stack, [lab("team")], keep={"newest": 2}, adopt={"team": OLD}, hold=["**"]
    )
    team.up()
    team.world.settings = settings(
        team.world.stack, [lab("team")], keep={"newest": 2}, adopt={"team": OLD}
    )
    assert team.steps() == {"old-3": "keep", "old-2": "keep", "old-1": "retire"}


def test_the_list_may_be_emptied_once_they_are_in() -> None:
    team = Lab()
    team.up()
    team.world.settings = settings(team.world.stack, [lab("team")], keep={"newest": 3})
    assert team.steps() == {"old-3": "keep", "old-2": "keep", "old-1": "retire"}


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({}, "it has no tag ImagePath"),
        ({"ImagePath": "Other.json"}, "no definition has imagePath: Other.json"),
        ({"ImagePath": PATH, names.STACK: "x"}, "an image factory made it"),
    ],
)
def test_what_is_not_the_originals_is_refused(tags: dict[str, str], said: str) -> None:
    team = Lab()
    team.there["old-1"] = replace(THERE["old-1"], tags=tags)
    plan = team.plan()
    (refused,) = [step for step in plan.steps if step.action is Action.REFUSE]
    assert refused.version == "old-1"
    assert said in refused.reason
    assert {each.name for each in plan.adoptions} == {"old-2", "old-3"}


def test_letter_case_of_a_path_means_nothing_as_in_the_original() -> None:
    team = Lab()
    team.there["old-1"] = thing("old-1", PATH.upper())
    assert team.steps()["old-1"] == "adopt"


def test_what_nobody_listed_is_left_alone() -> None:
    team = Lab(adopt={})
    assert team.plan().adoptions == ()
    assert team.steps() == {}


@pytest.mark.parametrize("doing", ["undated", "formula", "held", "orphan", "grace"])
def test_when_in_doubt_they_stay(doing: str) -> None:
    team = Lab()
    team.up()
    more: dict[str, Any] = {}
    if doing == "undated":
        for name in ("old-1", "old-2"):
            team.there[name] = thing(name, created="yesterday")
    elif doing == "formula":
        team.uses = dict.fromkeys(OLD, (Use("formula", "f"),))
    elif doing == "held":
        more = {"hold": ["linux/*"]}
    elif doing == "orphan":
        team.world.images["linux/a"] = image("linux/a")
    else:
        team.uses, more = dict.fromkeys(OLD, (Use("vm", "v"),)), {"graceForVms": "30d"}
    team.world.settings = settings(
        team.world.stack, [lab("team")], keep={"newest": 2}, adopt={"team": OLD}, **more
    )
    assert team.steps() == dict.fromkeys(OLD, "keep")


def test_one_that_somebody_deleted_is_forgotten() -> None:
    team = Lab()
    team.up()
    del team.there["old-3"]
    (step,) = [s for s in team.plan().steps if s.version == "old-3"]
    assert step.action is Action.FORGET
    # It does not count: the next one moves up.
    assert team.steps() == {"old-2": "keep", "old-1": "retire"}


def test_a_lab_that_no_longer_takes_the_definition_loses_them_under_the_guard() -> None:
    team = Lab()
    team.up()
    team.world.images["linux/b"] = image("linux/b")
    team.world.settings = settings(
        team.world.stack, [lab("team", "linux/b")], keep={"newest": 2}, maxRetirements=2
    )
    with pytest.raises(FactoryError, match="would retire 4 images, counted in each lab"):
        team.plan()
    team.world.settings = settings(team.world.stack, [lab("team", "linux/b")], onRemoval="keep")
    assert team.steps() == dict.fromkeys(OLD, "keep")


def test_a_lab_that_left_the_settings_stops_the_run() -> None:
    team = Lab()
    team.up()
    team.world.settings = settings(team.world.stack, [lab("other")])
    with pytest.raises(FactoryError, match="with 3 adopted images that exist only there"):
        team.world.plan()


def test_a_forecast_plays_them() -> None:
    team = Lab()
    inputs = team.world.inputs(labs={"team": ObservedLab("westeurope", team.there)})
    after = played(inputs, team.plan())
    assert set(after.adopted) == {names.adopted_name("team", name) for name in OLD}
    made = str(after.adopted["adopted/team/old-1"]["creationDate"])
    assert datetime.fromisoformat(made) < START


def test_only_labs_of_the_stack_may_be_named() -> None:
    problems = Problems()
    raw = settings("organization/image-factory/dev", [lab("team")]).model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    parse_settings({**raw, "adopt": {"factory": ["x"]}}, "f", problems)
    assert ["adopt names 'factory', which is none of" in str(p) for p in problems.errors] == [True]
