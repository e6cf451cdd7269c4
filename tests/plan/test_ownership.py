"""Nothing of another state is ours, whatever its stack is called and whatever number it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.common import names
from factory.common.errors import FactoryError
from factory.common.ownership import Owner
from factory.common.versions import Version
from factory.gather import owner_of
from factory.ledger.model import Ledger
from factory.ledger.recovered_file import Recovered
from factory.observed.model import BuildVm, Observed, ObservedLab, Thing
from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from factory.plan.recovery.orphans import Fate, find_orphans
from factory.plan.recovery.recover import lost_owner
from factory.plan.recovery.seen_resource import CAPTURE, LAB, Seen
from tests.plan.world import DEV, World, changed, dev, image, lab, prod

OWN, THEIRS = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
V1 = Version(20261122, 1)
NAME = names.image_name("linux/a", V1)
STASH = f"urn:pulumi:s::p::pulumi:index:Stash::{names.STATE_ID}"


def with_id(world: World, state: str = OWN) -> World:
    """Give the state an id, as its first run does; what `World` plays has to keep it."""
    world.resources[STASH] = {"type": "pulumi:index:Stash", "outputs": {"output": state}}
    return world


def half_delivered() -> World:
    """A stack with a released version that its lab does not have yet."""
    world = dev("linux/a")
    world.run(broken_labs={"team"})
    return with_id(world)


def planned(world: World, **changes: Any) -> Plan:
    return make_plan(replace(world.inputs(**changes), state=world.ledger.state))


def tags(world: World, state: str | None, **more: str) -> dict[str, str]:
    """Give the tags of something of the newest version, by a state of that id (None: without)."""
    record = world.ledger.of("linux/a")[-1].record
    assert record is not None
    found = {
        names.STACK: DEV,
        names.DEFINITION: "linux/a",
        names.VERSION: record.version,
        names.FINGERPRINT: record.fingerprint,
        names.BUILT: record.built,
        names.RELEASED: "yes",
        **more,
    }
    return {**found, names.STATE: state} if state else found


def in_lab(tags: Mapping[str, str], image: str = NAME) -> dict[str, ObservedLab]:
    return {"team": ObservedLab("westeurope", {image: Thing("/there", tags)})}


@pytest.mark.parametrize(
    ("state", "more", "adopted"),
    [
        (OWN, {}, True),
        (THEIRS, {}, False),
        (None, {}, True),  # made before states had ids, and this very build
        (None, {names.BUILT: "2026-11-22T08:00:01+00:00"}, False),
        (OWN, {names.FINGERPRINT: "other"}, False),
    ],
)
def test_only_what_this_state_made_of_this_build_is_adopted(
    state: str | None, more: dict[str, str], adopted: bool
) -> None:
    world = half_delivered()
    plan = planned(world, labs=in_lab(tags(world, state, **more)))
    found = plan.versions[0].regions[0].labs
    assert [each.adopt for each in found] == (["/there"] if adopted else [])


def test_who_is_in_the_way_is_named_and_nobody_is_told_to_delete_it() -> None:
    world = half_delivered()
    plan = planned(world, labs=in_lab(tags(world, THEIRS)))
    (refused,) = [step for step in plan.steps if step.action is Action.REFUSE]
    assert f"of {DEV} (state {THEIRS})" in refused.reason
    assert OWN in refused.reason
    assert "delete" not in refused.reason


def orphans(world: World, observed: Observed, **more: Any) -> dict[str, Fate]:
    found = find_orphans(world.settings, Owner(DEV, OWN), world.ledger, observed, **more)
    return {each.id: each.fate for each in found}


def test_orphans_delete_only_what_carries_this_states_id() -> None:
    world = half_delivered()
    left = {names.STACK: DEV, names.DEFINITION: "linux/a", names.VERSION: "20261120.1"}
    snapshots = {
        "own": Thing("/own", {**left, names.STATE: OWN}),
        "theirs": Thing("/theirs", {**left, names.STATE: THEIRS}),
        "before": Thing("/before", left),
    }
    vm = BuildVm("b1", {**left}, "Succeeded", id="/vm")
    observed = world.observed(snapshots=snapshots, vms={"b1": vm})
    assert orphans(world, observed) == {
        "/own": Fate.DELETE,
        "/before": Fate.RECOVER,
        "/vm": Fate.RECOVER,
    }


def test_orphans_delete_nothing_in_a_lab_that_the_settings_do_not_name() -> None:
    world = half_delivered()
    dead = Thing("/dead", tags(world, OWN, **{names.VERSION: "20261120.1"}), "Failed")
    elsewhere = {"other": ObservedLab("", {"dead": dead})}
    assert orphans(world, world.observed(), elsewhere=elsewhere) == {"/dead": Fate.RECOVER}


def test_a_broken_image_of_another_state_does_not_end_a_build() -> None:
    world = dev("linux/a")
    world.run(failing={"linux/a"})
    with_id(world)
    vm = names.vm_name(DEV, "linux/a", V1, 1)
    world.vms = {vm: BuildVm(vm, {names.STACK: DEV, names.STATE: OWN}, "Succeeded")}
    for state, action in ((THEIRS, Action.RESUME), (OWN, Action.BUILD)):
        dead = Thing("/x", {names.STACK: DEV, names.STATE: state}, "Failed")
        plan = planned(world, captures={NAME: dead})
        assert action in {step.action for step in plan.steps}


def test_a_number_in_the_same_lab_is_not_given_again_whoever_gave_it() -> None:
    theirs = Thing("/x", {names.STACK: "o/p/other", names.DEFINITION: "linux/a"})
    theirs = replace(theirs, tags={**theirs.tags, names.VERSION: str(V1)})
    (build,) = dev("linux/a").plan(captures={NAME: theirs}).versions
    assert build.version == Version(20261122, 2)


def test_a_vm_without_an_id_is_ours_only_if_this_state_began_its_build() -> None:
    world = dev("linux/a")
    world.run(failing={"linux/a"})
    with_id(world)
    spec = world.ledger.of("linux/a")[-1].spec
    assert spec is not None
    vm = names.vm_name(DEV, "linux/a", V1, 1)
    made = {names.STACK: DEV, names.DEFINITION: "linux/a", names.VERSION: str(V1)}
    for built, goes_on in ((spec.built, True), ("2026-11-22T07:00:00+00:00", False)):
        world.vms = {vm: BuildVm(vm, {**made, names.BUILT: built}, "Succeeded")}
        plan = planned(world)
        assert (Action.RESUME in {step.action for step in plan.steps}) is goes_on
        assert plan.unmanaged_vms == ()


def test_a_group_of_another_state_stops_the_run_and_is_not_taken_in() -> None:
    theirs = Thing("/rg", {names.STACK: DEV, names.STATE: THEIRS})
    world = with_id(dev("linux/a"))
    world.founded = False
    with pytest.raises(FactoryError, match=rf"/rg is there already and belongs to {DEV} \(state b"):
        planned(world, foundations={"factory/store": theirs})
    ours = replace(theirs, tags={**theirs.tags, names.STATE: OWN})
    assert planned(world, foundations={"factory/store": ours}).adopted == {"factory/store": "/rg"}


def test_a_state_from_before_ids_gets_one_by_the_next_run_that_changes_something() -> None:
    world = dev("linux/a")
    world.run()
    world.run()
    idle = make_plan(replace(world.inputs(), fresh=OWN))
    assert (idle.nothing_due, idle.state, idle.warnings) == (True, "", ())
    changed(world, "linux/a", sku="minimal")
    plan = make_plan(replace(world.inputs(), fresh=OWN))
    assert plan.state == OWN
    assert any("gets an id of its own" in line for line in plan.warnings)
    assert replace(plan, state="", warnings=()) == world.plan()
    # And once it has one there is nothing more to say.
    world.run()
    plan = planned(with_id(world))
    assert (plan.state, plan.warnings) == (OWN, ())


def test_the_id_is_that_of_the_state_then_of_the_lost_one_then_a_new_one() -> None:
    began, gone_on = Ledger(), half_delivered().ledger
    assert owner_of(began, DEV, fresh="new") == Owner(DEV, "new")
    assert owner_of(gone_on, DEV, fresh="new") == Owner(DEV, OWN)
    assert owner_of(replace(gone_on, state=""), DEV, fresh="new") == Owner(DEV)
    assert owner_of(began, DEV, Recovered("r", state=OWN), "new") == Owner(DEV, OWN)
    assert owner_of(began, DEV, Recovered("r"), "new") == Owner(DEV)


def test_a_lost_state_is_known_by_its_group_or_by_what_stands_in_its_own_lab() -> None:
    def seen(kind: str, state: str) -> Seen:
        return Seen(kind, "x", {"id": "/x", "tags": {names.STACK: DEV, names.STATE: state}})

    group = Thing("/rg", {names.STACK: DEV, names.STATE: OWN})
    both = [seen(CAPTURE, OWN), seen(CAPTURE, THEIRS)]
    assert lost_owner(Owner(DEV), both, group) == Owner(DEV, OWN)
    assert lost_owner(Owner(DEV), [seen(CAPTURE, OWN), seen(LAB, THEIRS)], None).state == OWN
    with pytest.raises(FactoryError, match="things of several states carry the name"):
        lost_owner(Owner(DEV), both, None)


def made_again() -> tuple[World, World]:
    """Destroy dev and make it again on one day: another build has the number that prod has."""
    source = dev("linux/a")
    source.run()
    receiver = prod(source)
    receiver.run()
    source.resources, source.now = {}, source.now.replace(minute=30)
    source.run()
    return source, receiver


def test_another_build_of_the_same_number_is_told_and_comes_with_the_next() -> None:
    source, receiver = made_again()
    plan = receiver.plan()
    (waits,) = [step for step in plan.steps if step.action is Action.WAIT]
    assert waits.version == str(V1)
    assert "gave that number to another build" in waits.reason
    assert receiver.holding("finance") == {"linux/a": [str(V1)]}
    source.images["linux/a"] = image("linux/a", sku="minimal")
    source.run()
    receiver.run()
    assert receiver.holding("finance")["linux/a"][-1] == "20261122.2"


def test_new_bytes_never_come_under_the_record_of_others() -> None:
    source = dev("linux/a")
    source.run()
    receiver = prod(source, labs=[lab("finance"), lab("far", region="eastus2")])
    receiver.run(broken_labs={"far"})
    # Its copy in the far region never came to be.
    receiver.resources = {
        urn: each for urn, each in receiver.resources.items() if "eastus2" not in urn
    }
    before = receiver.plan().versions[0]
    assert {region.region for region in before.regions} == {"westeurope", "eastus2"}
    source.resources, source.now = {}, source.now.replace(minute=30)
    source.run()
    (version,) = receiver.plan().versions
    assert [region.region for region in version.regions] == ["westeurope"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["lab", "capture", "snapshot", "image", "vm"]),
            st.sampled_from([THEIRS, None, "cccccccccccc"]),
            st.sampled_from([NAME, f"{NAME}-westeurope", "linux-a-20261120-1"]),
            st.sampled_from(["Succeeded", "Failed", "Creating"]),
            st.sampled_from(["20261122.1", "20261120.1"]),
        ),
        max_size=8,
    )
)
def test_nothing_of_another_state_is_ever_deleted_or_adopted(found: list[Any]) -> None:
    world = half_delivered()
    places: dict[str, dict[str, Any]] = {}
    for number, (kind, state, name, shown, version) in enumerate(found):
        # Without an id: by a namesake, a minute later.
        more = {names.BUILT: "2026-11-22T08:01:00+00:00", names.VERSION: version}
        theirs = tags(world, state, **more)
        thing: Any = Thing(f"/{kind}/{number}", theirs, shown)
        if kind == "vm":
            thing = BuildVm(name, theirs, shown, id=thing.id)
        places.setdefault(kind, {})[name] = thing
    observed = {
        "labs": {"team": ObservedLab("westeurope", places.get("lab", {}))},
        "captures": places.get("capture", {}),
        "snapshots": places.get("snapshot", {}),
        "managed_images": places.get("image", {}),
        "vms": places.get("vm", {}),
    }
    plan = planned(world, **observed)
    assert plan.unmanaged_vms == ()
    for version in plan.versions:
        assert not version.adopt_capture
        assert not version.source.adopt
        for region in version.regions:
            assert not region.adopt_backing
            assert not region.remake_backing
            assert not (region.copy and region.copy.adopt)
            assert not any(each.adopt or each.remake for each in region.labs)
    assert Fate.DELETE not in orphans(world, world.observed(**observed)).values()


def test_a_state_that_forgot_its_id_has_it_on_what_it_holds() -> None:
    world = half_delivered()
    del world.resources[STASH]
    assert world.ledger.state == ""
    part = next(urn for urn in world.resources if urn.endswith("/capture"))
    world.resources[part]["outputs"] = {"tags": {names.STACK: DEV, names.STATE: OWN}}
    assert world.ledger.state == OWN


def test_what_a_lost_state_left_is_listed_whatever_id_it_had() -> None:
    world = dev("linux/a")
    tagged = {names.STACK: DEV, names.STATE: OWN, names.DEFINITION: "x", names.VERSION: "1"}
    observed = world.observed(snapshots={"x": Thing("/x", tagged)})
    found = find_orphans(world.settings, owner_of(world.ledger, DEV), world.ledger, observed)
    assert [(each.id, each.fate) for each in found] == [("/x", Fate.RECOVER)]


def test_a_namesake_in_the_same_lab_is_no_lost_state() -> None:
    theirs = {names.STACK: DEV, names.STATE: THEIRS}
    world = dev("linux/a")
    assert not planned(world, labs=in_lab(theirs, "linux-b-20261120-1")).nothing_due
    with pytest.raises(FactoryError, match="its state is empty, but 1 resources"):
        planned(world, captures={"linux-b-20261120-1": Thing("/x", theirs)})
