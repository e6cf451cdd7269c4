"""Which labs hold what, and that data moves once per region."""

from __future__ import annotations

import pytest

from factory.common import names
from factory.common.versions import Version
from factory.observed.model import ObservedLab, Thing
from factory.plan.model import Action
from factory.plan.travel import travel_fault
from tests.plan.world import DEV, PROD, SUBSCRIPTIONS, changed, dev, image, lab, prod, record_of

US = "eastus2"


def test_one_copy_per_region_however_many_labs() -> None:
    labs = [lab("a"), lab("b"), lab("us-a", region=US), lab("us-b", region=US)]
    plan = dev("linux/a", labs=labs).plan()
    (version,) = plan.versions
    home, away = sorted(version.regions, key=lambda region: region.region != "westeurope")
    assert home.copy is None
    assert away.copy is not None
    assert away.copy.incremental
    assert [delivery.lab.name for delivery in away.labs] == ["us-a", "us-b"]
    assert home.backing
    assert away.backing


def test_specialised_images_have_no_backing_image() -> None:
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", capture="specialized")
    (version,) = world.plan().versions
    assert not any(region.backing for region in version.regions)


def test_a_receiving_stack_copies_full_at_home_and_incremental_abroad() -> None:
    source = dev("linux/a")
    source.run()
    plan = prod(source, [lab("finance"), lab("us", region=US)]).plan()
    (version,) = plan.versions
    copies = {region.region: region.copy.incremental for region in version.regions if region.copy}
    assert copies == {"westeurope": False, US: True}


def test_a_lab_takes_what_its_patterns_say() -> None:
    labs = [lab("web", "linux/**", "!linux/old"), lab("all")]
    world = dev("linux/new", "linux/old", "windows/x", labs=labs)
    world.run()
    assert set(world.holding("web")) == {"linux/new"}
    assert set(world.holding("all")) == {"linux/new", "linux/old", "windows/x"}


def test_a_lab_that_subscribes_late_gets_the_newest_alone() -> None:
    world = dev("linux/a")
    world.run()
    changed(world, "linux/a", "second")
    world.run()
    world.settings = dev("linux/a", labs=[lab("team"), lab("late")]).settings
    plan = world.run()
    delivered = [(s.version, s.lab) for s in plan.steps if s.action is Action.DELIVER]
    assert delivered == [("20261122.2", "late")]
    assert world.holding("late") == {"linux/a": ["20261122.2"]}
    assert world.holding("team") == {"linux/a": ["20261122.1", "20261122.2"]}


@pytest.mark.parametrize("failing", [(), ("linux/a",)])
def test_a_lab_that_subscribes_while_a_version_is_built_gets_the_newest_released_one_too(
    failing: tuple[str, ...],
) -> None:
    world = dev("linux/a")
    for number in range(2):
        changed(world, "linux/a", f"sku-{number}")
        world.run()
    world.settings = dev("linux/a", labs=[lab("team"), lab("late")]).settings
    changed(world, "linux/a", "third")
    world.run(failing=failing)
    # The build may fail; what is released already is sure. Nothing older comes with it.
    _, newest, *built = world.holding("team")["linux/a"]
    assert len(built) == (0 if failing else 1)
    assert world.holding("late") == {"linux/a": [newest, *built]}


@pytest.mark.parametrize("keep", [1, 2])
def test_a_lab_that_subscribes_while_a_version_is_received_gets_the_newest_that_is_there_too(
    keep: int,
) -> None:
    source = dev("linux/a")
    target = prod(source, keep={"newest": keep})
    for number in range(3):
        changed(source, "linux/a", f"sku-{number}")
        source.run()
        if number < 2:
            target.run()
    there = target.holding("finance")["linux/a"][-1]
    late = [lab("finance"), lab("late", region="northeurope")]
    target.settings = prod(source, late, keep={"newest": keep}).settings
    target.run()
    newest = source.released("linux/a")[-1]
    assert target.holding("late") == {"linux/a": [there, newest]}
    # As in every lab, the older one goes in the next run, if one is to stay.
    target.run()
    assert target.holding("late") == {"linux/a": [there, newest][-keep:]}


def test_a_lab_that_no_longer_takes_an_image_loses_it_and_the_plan_says_so() -> None:
    world = dev("linux/a", "linux/b")
    world.run()
    world.settings = dev("linux/a", "linux/b", labs=[lab("team", "linux/b")]).settings
    plan = world.run()
    retired = [(s.identity, s.lab) for s in plan.steps if s.action is Action.RETIRE]
    assert retired == [("linux/a", "team")]
    assert world.holding("team") == {"linux/b": ["20261122.1"]}


def test_a_delivery_that_failed_is_tried_again() -> None:
    world = dev("linux/a", labs=[lab("good"), lab("bad")])
    world.run(broken_labs={"bad"})
    assert world.holding("bad") == {}
    plan = world.run()
    assert [(s.version, s.lab) for s in plan.steps if s.action is Action.DELIVER] == [
        ("20261122.1", "bad")
    ]
    assert world.holding("bad") == {"linux/a": ["20261122.1"]}


def in_the_way(tags: dict[str, str]) -> dict[str, ObservedLab]:
    name = names.image_name("linux/a", Version(20261122, 1))
    return {"team": ObservedLab("westeurope", {name: Thing("/there", tags)})}


def test_a_foreign_image_of_our_name_is_reported_and_left_alone() -> None:
    plan = dev("linux/a").plan(labs=in_the_way({"owner": "somebody"}))
    refused = [step for step in plan.steps if step.action is Action.REFUSE]
    assert [step.lab for step in refused] == ["team"]
    assert plan.versions[0].regions[0].labs == ()


def test_one_of_ours_that_the_state_does_not_know_is_adopted() -> None:
    world = dev("linux/a")
    world.run(broken_labs={"team"})
    tags = {names.STACK: DEV, names.DEFINITION: "linux/a", names.VERSION: "20261122.1"}
    plan = world.plan(labs=in_the_way(tags))
    assert plan.versions[0].regions[0].labs[0].adopt == "/there"


def test_a_copy_that_died_gets_a_successor_of_another_name() -> None:
    world = dev("linux/a", labs=[lab("us", region=US)])
    world.run(broken_labs={"us"})
    name = names.copy_name("linux/a", Version(20261122, 1), US, 1)
    dead = {name: Thing("/copy", {names.STACK: DEV}, copy_error="CopySourceNotFound")}
    plan = world.plan(snapshots=dead)
    copy = plan.versions[0].regions[0].copy
    assert copy is not None
    assert copy.name == f"{name}-r2"


@pytest.mark.parametrize(
    ("changes", "region", "subscription", "word"),
    [
        ({"securityType": "TrustedLaunch"}, "westeurope", SUBSCRIPTIONS[DEV], "specialized"),
        ({"securityType": "Standard"}, US, SUBSCRIPTIONS[PROD], None),
        ({"securityType": "TrustedLaunch", "capture": "specialized"}, US, "x", None),
        ({"encryption": "EncryptionAtRestWithCustomerKey"}, US, SUBSCRIPTIONS[DEV], "platform"),
        ({"encryption": "EncryptionAtRestWithCustomerKey"}, "westeurope", "x", "platform"),
        (
            {"encryption": "EncryptionAtRestWithCustomerKey"},
            "westeurope",
            SUBSCRIPTIONS[DEV].upper(),
            None,
        ),
    ],
)
def test_what_cannot_travel_is_refused_with_the_remedy(
    changes: dict[str, str], region: str, subscription: str, word: str | None
) -> None:
    spec = dev("linux/a").plan().versions[0].spec
    assert spec is not None
    fault = travel_fault(record_of(spec, **changes), region, subscription)
    assert (word in fault) if word and fault else fault is word
