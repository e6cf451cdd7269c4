"""Revocation, removal from git, and the guard on retirements that nothing replaces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from factory.common import names
from factory.common.errors import FactoryError
from factory.common.versions import Version
from factory.ledger.catalogue import read_catalogue
from factory.observed.model import ObservedLab, Use
from factory.plan.model import Action
from factory.plan.reports.table import plan_table
from factory.settings.stack import Settings
from tests.plan.world import World, changed, dev, image, lab, prod


def with_settings(world: World, **changes: Any) -> None:
    raw = world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    world.settings = Settings.model_validate({**raw, **changes})


BAD = {"linux/a": {"versions": ["20261122.2"], "reason": "CVE-2026-1"}}


def two_versions() -> tuple[World, World]:
    source = dev("linux/a")
    target = prod(source)
    for number in range(2):
        changed(source, "linux/a", f"s{number}")
        source.run()
        target.run()
    return source, target


def test_a_revoked_version_leaves_every_lab_and_they_fall_back() -> None:
    source, target = two_versions()
    with_settings(source, revoke=BAD)
    plan = source.run()
    retired = [(s.version, s.lab, s.reason) for s in plan.steps if s.action is Action.RETIRE]
    assert retired == [("20261122.2", "team", "revoked: CVE-2026-1")]
    assert source.holding("team") == {"linux/a": ["20261122.1"]}
    target.run()
    assert target.holding("finance") == {"linux/a": ["20261122.1"]}


def test_a_chain_passes_on_what_is_revoked_and_what_is_retired() -> None:
    source, middle = two_versions()
    last = prod(middle, labs=[lab("far")])
    last.run()
    assert last.holding("far") == {"linux/a": ["20261122.2"]}
    with_settings(source, revoke=BAD)
    for world in (source, middle, last):
        world.run()
    assert middle.holding("finance") == {"linux/a": ["20261122.1"]}
    # This lab had the bad one alone: that does not go before a good one is there.
    assert last.holding("far") == {"linux/a": ["20261122.1", "20261122.2"]}
    last.run()
    assert last.holding("far") == {"linux/a": ["20261122.1"]}
    # The word stands, and stands still: nothing changes, so neither does any serial.
    serials = [world.plan().serial for world in (source, middle, last)]
    for world in (source, middle, last):
        assert world.run().nothing_due
    assert [world.plan().serial for world in (source, middle, last)] == serials
    with_settings(source, revoke={})
    for world in (source, middle, last):
        world.run()
    assert last.holding("far")["linux/a"][-1] == "20261122.2"


def test_a_lab_without_an_older_one_gets_the_last_good_one() -> None:
    source, _ = two_versions()
    source.settings = dev(labs=[lab("team"), lab("late")]).settings
    source.run()
    assert source.holding("late") == {"linux/a": ["20261122.2"]}
    with_settings(source, revoke=BAD)
    stays = [(s.version, s.reason) for s in source.run().steps if s.lab == "late"]
    assert (
        "20261122.2",
        "revoked: CVE-2026-1; it stays for now: lab late has no good one yet",
    ) in stays
    assert source.holding("late") == {"linux/a": ["20261122.1", "20261122.2"]}
    source.run()
    assert source.holding("late") == {"linux/a": ["20261122.1"]}


def test_taking_a_revocation_back_restores_the_version() -> None:
    source, target = two_versions()
    with_settings(source, revoke=BAD)
    source.run()
    target.run()
    with_settings(source, revoke={})
    plan = source.run()
    assert not [step for step in plan.steps if step.action is Action.BUILD]
    target.run()
    assert source.holding("team") == {"linux/a": ["20261122.1", "20261122.2"]}
    assert target.holding("finance") == {"linux/a": ["20261122.1", "20261122.2"]}


def test_a_revoked_version_is_received_by_nobody() -> None:
    source, _ = two_versions()
    with_settings(source, revoke=BAD)
    source.run()
    late = prod(source)
    late.run()
    assert late.holding("finance") == {"linux/a": ["20261122.1"]}


def test_a_revocation_raises_the_serial_of_the_catalogue() -> None:
    source, _ = two_versions()
    before = source.ledger.outputs["catalogue"]["serial"]
    with_settings(source, revoke=BAD)
    source.run()
    assert int(source.ledger.outputs["catalogue"]["serial"]) > int(before)
    after = source.ledger.outputs["catalogue"]["serial"]
    source.run()
    assert source.ledger.outputs["catalogue"]["serial"] == after


def test_what_left_git_stays_where_the_stack_says_so() -> None:
    world = dev("linux/a", "linux/b", onRemoval="keep")
    world.run()
    del world.images["linux/a"]
    world.run()
    assert world.holding("team") == {"linux/a": ["20261122.1"], "linux/b": ["20261122.1"]}
    world.settings = dev(labs=[lab("team", "linux/x", "linux/b")], onRemoval="keep").settings
    world.run()
    assert "linux/a" in world.holding("team")


def test_too_many_retirements_that_nothing_replaces_stop_with_the_setting() -> None:
    identities = [f"linux/{number}" for number in range(4)]
    world = dev(*identities, "windows/x")
    for number in range(3):
        for identity in identities:
            changed(world, identity, f"s{number}")
        world.run()
    for identity in identities:
        del world.images[identity]  # a renamed folder
    with pytest.raises(FactoryError, match="image-factory:maxRetirements: 12"):
        world.plan()
    with_settings(world, maxRetirements="12")
    plan = world.run()
    assert len({s.version + s.identity for s in plan.steps if s.action is Action.RETIRE}) == 12


def test_replaced_versions_do_not_count() -> None:
    identities = [f"linux/{number}" for number in range(12)]
    world = dev(*identities, keep={"newest": 1})
    world.run()
    for identity in identities:
        changed(world, identity, "second")
    world.run()
    plan = world.run()
    assert len([step for step in plan.steps if step.action is Action.RETIRE]) == 12


def test_no_more_builds_at_once_than_allowed_oldest_first() -> None:
    world = dev("linux/a", "linux/b", "linux/c")
    world.run()
    changed(world, "linux/b", "new")
    world.run()
    for identity in list(world.images):
        changed(world, identity, "newer")
    with_settings(world, maxConcurrentBuilds="2")
    plan = world.run()
    assert [s.identity for s in plan.steps if s.action is Action.BUILD] == ["linux/a", "linux/c"]
    waiting = [(s.identity, s.reason) for s in plan.steps if s.action is Action.WAIT]
    assert waiting == [("linux/b", "maxConcurrentBuilds is 2; planned for the next run")]
    assert [s.identity for s in world.run().steps if s.action is Action.BUILD] == ["linux/b"]


def test_no_more_cores_than_azure_reports_free() -> None:
    world = dev("linux/a", "linux/b")  # 4 cores each
    plan = world.plan(cores_free=6)
    assert [s.identity for s in plan.steps if s.action is Action.BUILD] == ["linux/a"]
    (waiting,) = [s.reason for s in plan.steps if s.action is Action.WAIT]
    assert waiting == "it needs 4 cores, 2 are free; planned for the next run"


def chain() -> tuple[World, World, World]:
    source = dev("linux/a")
    middle = prod(source, labs=[lab("staging")])
    last = prod(middle)
    for number in range(2):
        changed(source, "linux/a", f"s{number}")
        for world in (source, middle, last):
            world.run()
    return source, middle, last


def test_a_revocation_passes_through_a_chain_and_so_does_its_end() -> None:
    source, middle, last = chain()
    with_settings(source, revoke=BAD)
    for world in (source, middle, last):
        world.run()
    assert last.holding("finance") == {"linux/a": ["20261122.1"]}
    assert last.plan().nothing_due
    with_settings(source, revoke={})
    for world in (source, middle, last):
        world.run()
    assert last.holding("finance") == {"linux/a": ["20261122.1", "20261122.2"]}


def test_a_revocation_outlives_the_version_at_its_origin() -> None:
    source, target = two_versions()
    with_settings(source, revoke=BAD)
    for number in range(3, 7):
        changed(source, "linux/a", f"s{number}")
        source.run(pass_time=timedelta(days=3))
    assert "20261122.2" not in {str(held.version) for held in source.ledger.of("linux/a")}
    target.now = source.now
    target.run()
    assert "20261122.2" not in target.holding("finance")["linux/a"]


def test_a_receiver_revokes_what_was_built_on_a_revoked_one_that_it_does_not_hold() -> None:
    source = dev("linux/a", "linux/z")
    source.images["linux/b"] = image("linux/b", base={"image": "linux/a"})
    target = prod(source, labs=[lab("finance", "linux/b")])
    for number in range(2):
        changed(source, "linux/a", f"s{number}")
        source.run()
        target.run()
    assert target.holding("finance") == {"linux/b": ["20261122.1", "20261122.2"]}
    with_settings(source, revoke=BAD)
    source.run()
    plan = target.run()
    reasons = [s.reason for s in plan.steps if s.action is Action.RETIRE]
    assert reasons == ["revoked: built on linux/a@20261122.2: CVE-2026-1"]


def test_vms_made_from_a_revoked_version_are_named_also_after_it_is_gone() -> None:
    source, target = two_versions()
    name = names.image_name("linux/a", Version(20261122, 2))
    uses = {name: (Use("vm", "web-2"), Use("vm", "web-1"), Use("formula", "dev-box"))}
    with_settings(source, revoke=BAD)
    told = "revoked: CVE-2026-1; made from it: formula dev-box, VM web-1, VM web-2"
    for world, where in ((source, "team"), (target, "finance")):
        labs = {where: ObservedLab("westeurope", uses=uses)}
        for _ in range(2):
            plan = world.plan(labs=labs)
            warned = [(s.version, s.lab, s.reason) for s in plan.steps if s.action is Action.WARN]
            assert warned == [("20261122.2", where, told)]
            assert told in plan_table(plan)
            world.run()
        assert world.plan(labs=labs).nothing_due


def test_the_last_good_version_goes_only_if_that_is_said_too() -> None:
    source = dev("linux/a")
    target = prod(source)
    source.run()
    target.run()
    bad = {"linux/a": {"versions": ["20261122.1"], "reason": "CVE"}}
    with_settings(source, revoke=bad)
    with pytest.raises(FactoryError, match=r"linux/a 20261122.1 \(CVE\) .*allowNone: \[linux/a\]"):
        source.plan()
    with_settings(source, allowNone=["linux/a"], hold=["linux/a"])
    source.run()
    assert source.holding("team") == {}
    with_settings(source, allowNone=[])  # once: it is done
    source.run()
    with pytest.raises(FactoryError, match="allowNone"):
        target.plan()
    with_settings(source, hold=[])  # and so is a good one in its place
    (built,) = [s.reason for s in source.run().steps if s.action is Action.BUILD]
    assert built == "no good version is left: 20261122.1 is revoked"
    target.run()
    assert target.holding("finance") == {"linux/a": ["20261122.1", "20261122.2"]}
    target.run()
    assert target.holding("finance") == {"linux/a": ["20261122.2"]}


def test_a_catalogue_whose_revocations_cannot_be_read_is_unusable() -> None:
    source, _ = two_versions()
    outputs = dict(source.ledger.outputs)
    faulty: list[Any] = [[], {"linux/a": ["x"]}, {"linux/a": {"x": "y"}}]
    for bad in faulty:
        outputs["catalogue"] = {**outputs["catalogue"], "revoked": bad}
        with pytest.raises(FactoryError, match="revoked is malformed"):
            read_catalogue(outputs, source.stack, 0, source.now)
