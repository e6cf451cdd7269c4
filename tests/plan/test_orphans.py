"""What is in no state: what may be deleted, what points to a state that was lost, what stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from factory.azure.observer import observe_elsewhere
from factory.common import names
from factory.common.azure_error import ArmError
from factory.common.ownership import Owner
from factory.common.versions import Version
from factory.ledger.model import Ledger
from factory.observed.model import BuildVm, Observed, ObservedLab, Thing
from factory.plan.recovery.orphans import Fate, Orphan, chosen, find_orphans
from factory.plan.recovery.tables import orphans_json, orphans_table
from factory.plan.recovery.tagged_resources import Kind
from tests.plan.world import DEV, SUBSCRIPTIONS, World, dev

if TYPE_CHECKING:
    from factory.azure.resources import Arm

Tags = dict[str, str]
GROUP = f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups/rg-factory/providers/Microsoft.Compute"


def tags(version: str = "20261122.1", identity: str = "linux/a", *, released: bool = False) -> Tags:
    found = {
        names.STACK: DEV,
        names.DEFINITION: identity,
        names.VERSION: version,
        names.ATTEMPT: "1",
        names.BUILT: "2026-11-22T08:00:00+00:00",
    }
    return {**found, names.RELEASED: "yes"} if released else found


def name_of(version: str, identity: str = "linux/a") -> str:
    return names.image_name(identity, Version.parse(version))


def everything(world: World, version: str = "20261122.1") -> Observed:
    """What Azure shows of one released version: snapshot, capture, managed image, lab image."""
    name = name_of(version)
    backing = names.backing_name("linux/a", Version.parse(version), "westeurope")
    marked = tags(version, released=True)
    return world.observed(
        snapshots={name: Thing(f"{GROUP}/snapshots/{name}", tags(version), size_gb=30)},
        captures={name: Thing("/factory/c", tags(version))},
        managed_images={backing: Thing(f"{GROUP}/images/{backing}", marked, size_gb=30)},
        labs={"team": ObservedLab("westeurope", {name: Thing("/team/c", marked)})},
    )


def orphans(world: World, observed: Observed, ledger: Ledger | None = None) -> list[Orphan]:
    return find_orphans(world.settings, Owner(DEV), ledger or world.ledger, observed)


def fates(found: list[Orphan]) -> Mapping[Kind, Fate]:
    return {orphan.kind: orphan.fate for orphan in found}


def vm(version: str, attempt: int = 1) -> dict[str, BuildVm]:
    name = names.vm_name(DEV, "linux/a", Version.parse(version), attempt)
    made = BuildVm(name, tags(version), "Succeeded", (), f"/factory/{name}", "Standard_D2s_v5")
    return {name: made}


def test_what_the_state_holds_is_no_orphan_and_what_is_not_ours_neither() -> None:
    world = dev("linux/a")
    world.run()
    observed = everything(world)
    theirs = Thing("/theirs", {"owner": "web"})
    other = Thing("/other", {**tags(released=True), names.STACK: "organization/image-factory/x"})
    images = {"web-golden": theirs, "other": other, **(observed.labs["team"].images or {})}  # type: ignore[union-attr]
    observed = replace(observed, labs={"team": ObservedLab("westeurope", images)})
    assert orphans(world, observed) == []
    assert "none" in orphans_table([])


def test_a_released_version_that_the_state_lost_is_to_recover_as_a_whole() -> None:
    world = dev("linux/a")
    world.run()
    found = orphans(world, everything(world, "20261121.1"))
    assert fates(found) == {
        Kind.LAB_IMAGE: Fate.RECOVER,
        Kind.CAPTURE: Fate.RECOVER,
        Kind.MANAGED_IMAGE: Fate.RECOVER,
        Kind.SNAPSHOT: Fate.RECOVER,
    }
    assert chosen(found, []) == []
    assert [orphan.kind for orphan in chosen(found, ["team/linux-a-20261121-1"])] == [
        Kind.LAB_IMAGE
    ]
    with pytest.raises(ValueError, match="is no orphan"):
        chosen(found, ["team/web-golden"])


def test_a_source_and_capture_alone_may_have_been_released_a_source_alone_not() -> None:
    world = dev("linux/a")
    world.run()
    observed = replace(everything(world, "20261121.1"), managed_images={}, labs={})
    assert set(fates(orphans(world, observed)).values()) == {Fate.RECOVER}
    alone = orphans(world, replace(observed, captures={}))
    assert fates(alone) == {Kind.SNAPSHOT: Fate.DELETE}
    assert chosen(alone, []) == alone


def test_what_azure_never_finished_is_of_use_to_nobody() -> None:
    world = dev("linux/a")
    world.run()
    dead = Thing("/team/c", tags("20261121.1", released=True), "Failed")
    images = {name_of("20261121.1"): dead}
    observed = world.observed(labs={"team": ObservedLab("westeurope", images)})
    assert fates(orphans(world, observed)) == {Kind.LAB_IMAGE: Fate.DELETE}


def test_with_an_empty_state_nothing_is_deleted_unless_it_is_named() -> None:
    world = dev("linux/a")
    observed = replace(everything(world), vms=vm("20261122.1"))
    found = orphans(world, observed, Ledger())
    assert {orphan.fate for orphan in found} == {Fate.RECOVER}
    assert chosen(found, []) == []
    assert "docs/safety.md" in orphans_table(found)


def test_a_build_that_goes_on_is_left_alone_even_if_it_is_named() -> None:
    world = dev("linux/a")
    world.run()
    # The state as it is while a build goes on: its spec is written before all else.
    spec_only = {
        urn: resource for urn, resource in world.resources.items() if not urn.endswith("/record")
    }
    world.resources = spec_only
    found = orphans(world, world.observed(vms=vm("20261122.1", 2)))
    assert fates(found) == {Kind.VM: Fate.LEAVE}
    with pytest.raises(ValueError, match="is not to be deleted"):
        chosen(found, [found[0].label])


def test_vms_of_released_and_of_unknown_versions_go() -> None:
    world = dev("linux/a")
    world.run()
    released, unknown = vm("20261122.1", 2), vm("20261101.1")
    found = orphans(world, world.observed(vms={**released, **unknown}))
    assert [orphan.fate for orphan in found] == [Fate.DELETE, Fate.DELETE]
    assert {orphan.why for orphan in found} == {
        "its image is released",
        "left over from a build that no state knows",
    }
    assert "up to 48 VM hours" in orphans_table(found)


def test_a_part_that_the_state_lacks_of_a_kept_version_is_for_up_to_take_in() -> None:
    world = dev("linux/a")
    world.run()
    world.resources = {
        urn: each for urn, each in world.resources.items() if not urn.endswith("/lab/team")
    }
    assert fates(orphans(world, everything(world))) == {Kind.LAB_IMAGE: Fate.LEAVE}


def test_what_is_left_of_a_retired_version_goes_but_its_source_stays() -> None:
    world = dev("linux/a")
    world.run()
    record = next(urn for urn in world.resources if urn.endswith("@20261122.1/record"))
    retired = record.removesuffix("record") + "retired"
    outputs = {"output": world.now.isoformat()}
    world.resources = {
        **{urn: each for urn, each in world.resources.items() if "@" not in urn},
        record: world.resources[record],
        retired: {"type": "pulumi:index:Stash", "outputs": outputs},
    }
    assert fates(orphans(world, everything(world))) == {
        Kind.LAB_IMAGE: Fate.DELETE,
        Kind.CAPTURE: Fate.DELETE,
        Kind.MANAGED_IMAGE: Fate.DELETE,
        Kind.SNAPSHOT: Fate.LEAVE,
    }


def test_a_foundation_that_the_state_lacks_is_taken_in_by_the_next_run() -> None:
    world = dev("linux/a")
    world.run()
    world.founded = False
    address = Thing("/address", {names.STACK: DEV})
    found = orphans(world, world.observed(foundations={"factory/address": address}))
    assert fates(found) == {Kind.FOUNDATION: Fate.LEAVE}


def test_age_and_cost_are_told_in_things() -> None:
    world = dev("linux/a")
    world.run()
    world.now += timedelta(days=3)
    found = orphans(world, everything(world, "20261121.1"))
    text = orphans_table(found)
    assert "Cost a day: 60 GiB stored, 1 disk of a size that Azure does not tell." in text
    assert " 3 d " in text
    assert '"ageHours": 73' in orphans_json(DEV, world.now, found)


def test_labs_outside_the_settings_are_looked_at_too() -> None:
    world = dev("linux/a")
    world.run()
    kept, lost = next(iter(world.ledger.held)), "20200101.1"
    living = tags(str(kept[1]), kept[0], released=True)
    there = {
        "living": Thing("/other/living", living),
        "lost": Thing("/other/lost", tags(lost, released=True)),
        "foreign": Thing("/other/foreign", {**living, names.STACK: "another"}),
    }
    elsewhere = {"left-the-settings": ObservedLab("", there)}

    found = find_orphans(world.settings, Owner(DEV), world.ledger, world.observed(), elsewhere)

    told = {orphan.label: (orphan.fate, orphan.why) for orphan in found}
    assert set(told) == {"left-the-settings/living", "left-the-settings/lost"}
    assert {fate for fate, _ in told.values()} == {Fate.RECOVER}
    assert "not in the settings" in told["left-the-settings/living"][1]


class Shelves:
    """An Azure with four labs besides the stack's own: one is foreign ground, one just deleted."""

    def labs(self, subscription: str) -> list[str]:
        return [
            f"/subscriptions/{subscription}/resourceGroups/{group}/providers/x/labs/{name}"
            for group, name in (("rg", "open"), ("rg", "closed"), ("rg", "gone"), ("rg2", "open"))
        ]

    def things(self, collection: str) -> dict[str, Thing]:
        if "/closed/" in collection:
            raise ArmError("GET", 403, "AuthorizationFailed", "no role there")
        if "/gone/" in collection:
            return {}  # as a list of what was deleted since is read
        return {"image": Thing(f"{collection}/image", {})}


def test_a_lab_of_others_that_may_not_be_read_is_told_and_stops_nothing() -> None:
    found, unread = observe_elsewhere(cast("Arm", Shelves()), dev("linux/a").settings)
    assert set(found) == {"open", "gone", "rg2/open"}
    assert unread == {"closed": "AuthorizationFailed: no role there"}
