"""A state is lost: what Azure shows is read back, taken in as it stands, and life goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory.common import names
from factory.common.errors import FactoryError, Problems
from factory.common.ownership import Owner
from factory.common.versions import Version
from factory.definitions.definition import Definition
from factory.ledger.model import Ledger
from factory.ledger.recovered_file import (
    Recovered,
    file_name,
    read_recovered,
    with_recovered,
    write_recovered,
)
from factory.observed.model import BuildVm, Observed, ObservedLab
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from factory.plan.recovery.record_from_tags import Home, reread
from factory.plan.recovery.recover import Findings, Known, find
from factory.plan.recovery.seen_resource import CAPTURE, IMAGE, LAB, SNAPSHOT, Seen
from factory.plan.recovery.tables import recover_table
from tests.plan.world import DEV, PROD, SUBSCRIPTIONS, World, changed, dev, image, lab, played, prod

Raw = dict[str, Any]
GROUP = "/subscriptions/{}/resourceGroups/rg-factory/providers/Microsoft.Compute"


def seen_of(world: World, *, bare: bool = False) -> list[Seen]:
    """What Azure shows of all that a world's state holds, as ARM tells it."""
    found = []
    group = GROUP.format(SUBSCRIPTIONS[world.stack])
    for (identity, version), held in sorted(world.ledger.held.items()):
        record = held.record
        if record is None:
            continue
        tags = {
            names.STACK: world.stack,
            names.DEFINITION: identity,
            names.VERSION: str(version),
            names.ATTEMPT: record.attempt,
            names.FINGERPRINT: record.fingerprint,
            names.BASE: f"{record.base}:{record.base_version}",
            names.COMMIT: record.commit,
            names.BUILT: record.built,
        }
        marked = {**tags, names.RELEASED: "yes"}
        disk = {"hyperVGeneration": "V2", "osType": "Linux", "diskSizeGB": 30}
        name = names.image_name(identity, version)
        for path in held.parts:
            match path:
                case ("source",):
                    made = {**disk, "creationData": {"sourceResourceId": record.os_disk_id}}
                    found.append(_seen(SNAPSHOT, "", f"{group}/snapshots/{name}", tags, made))
                case ("copy", region):
                    made = {**disk, "creationData": {"sourceResourceId": record.source_id}}
                    copy = names.copy_name(identity, version, region, 1)
                    id_ = f"{group}/snapshots/{copy}"
                    found.append(_seen(SNAPSHOT, "", id_, marked, made, region=region))
                case ("image", region):
                    id_ = f"{group}/images/{names.backing_name(identity, version, region)}"
                    made = {"storageProfile": {"osDisk": {"osType": "Linux", "diskSizeGB": 30}}}
                    found.append(_seen(IMAGE, "", id_, marked, made, region=region))
                case ("capture",):
                    os = {"linuxOsInfo": {"linuxOsState": "DeprovisionApplied"}}
                    made = {"vm": {"sourceVmId": record.vm_id, **os}}
                    found.append(_seen(CAPTURE, "factory", f"/subscriptions/f/{name}", tags, made))
                case ("lab", where) if not bare:
                    made = {"managedImageId": "/managed", "description": f"{identity} {version}"}
                    found.append(_seen(LAB, where, f"/subscriptions/{where}/{name}", marked, made))
    return found


def _seen(
    kind: str,
    place: str,
    id_: str,
    tags: Mapping[str, str],
    made: Raw,
    *,
    region: str = "westeurope",
) -> Seen:
    raw: Raw = {"id": id_, "name": id_.rpartition("/")[2], "tags": dict(tags)}
    where = {"location": region} if kind in {SNAPSHOT, IMAGE} else {}
    return Seen(kind, place, {**raw, **where, "properties": made})


def azure(world: World, seen: list[Seen], **more: Any) -> Observed:
    """What the plan sees of the same."""

    def things(kind: str, place: str = "") -> dict[str, Any]:
        return {each.name: each.thing for each in seen if each.kind == kind and each.place == place}

    labs = {
        each.name: ObservedLab(each.region, things(LAB, each.name)) for each in world.settings.labs
    }
    return world.observed(
        captures=things(CAPTURE, "factory"),
        snapshots=things(SNAPSHOT),
        managed_images=things(IMAGE),
        labs=labs,
        **more,
    )


def found_in(
    world: World, seen: list[Seen], known: Known | None = None, **more: Any
) -> tuple[Findings, Inputs]:
    inputs = replace(world.inputs(), ledger=world.ledger, observed=azure(world, seen, **more))
    return find(inputs, seen, known or Known()), inputs


def taken_in(world: World, seen: list[Seen], file: Recovered) -> Plan:
    """Plan and play one run with the file there."""
    observed = azure(world, seen)
    ledger = with_recovered(world.ledger, file, observed, world.settings, Owner(world.stack))
    inputs = replace(world.inputs(), ledger=ledger, observed=observed, recovered=file)
    plan = make_plan(inputs)
    world.resources = played(world.stack, plan, world.resources, {}, ())
    outputs = next(each for urn, each in world.resources.items() if "pulumi:Stack" in urn)
    outputs["outputs"]["recovered"] = plan.recovered
    return plan


def actions(plan: Plan, *wanted: Action) -> list[tuple[Action, str]]:
    return [(step.action, step.version) for step in plan.steps if step.action in wanted]


def lived(**more: Any) -> World:
    """A building stack with two versions in two regions."""
    labs = [lab("team"), lab("north", region="northeurope")]
    world = dev("linux/a", labs=labs, keep={"newest": 2}, **more)
    world.run()
    changed(world, "linux/a", "other")
    world.run()
    world.run()
    return world


def shape_of(world: World) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    return {
        (identity, str(version)): set(held.parts)
        for (identity, version), held in world.ledger.held.items()
    }


def test_all_of_a_lost_state_comes_back_and_the_next_run_has_nothing_to_do() -> None:
    world = lived()
    before, seen, records = shape_of(world), seen_of(world), world.ledger.held
    world.resources = {}
    with pytest.raises(FactoryError, match="python -m factory recover --stack dev"):
        world.plan(captures=azure(world, seen).captures)
    findings, _ = found_in(world, seen)
    assert "Recover: 2 to take in, 0 left" in recover_table(findings)
    file = Recovered("recovered.dev.yaml", 0, findings.entries)
    plan = taken_in(world, seen, file)
    assert not actions(plan, Action.BUILD, Action.RETIRE, Action.RESTORE, Action.FORGET)
    assert shape_of(world) == before
    newest = max(records)
    again = world.ledger.held[newest].record
    was = records[newest].record
    assert again is not None
    assert was is not None
    assert again.model_dump() | {"shape": ""} == was.model_dump() | {"shape": ""}
    assert again.shape == was.shape
    quiet = taken_in(world, seen, file)
    assert quiet.nothing_due
    assert quiet.warnings == (
        "recovered.dev.yaml is not needed any more: what it names is in the state, or gone",
    )
    assert quiet.recovered is not None
    assert all(str(each.version) in quiet.recovered[each.identity] for each in quiet.versions)


def test_what_retired_since_never_comes_back_though_the_file_and_the_image_are_there() -> None:
    world = lived()
    seen = seen_of(world)
    world.resources = {}
    file = Recovered("recovered.dev.yaml", 0, found_in(world, seen)[0].entries)
    taken_in(world, seen, file)
    taken_in(world, seen, file)
    changed(world, "linux/a", "third")
    taken_in(world, seen, file)
    plan = taken_in(world, seen, file)
    first = str(min(version for _, version in world.ledger.held))
    retired = {version for _, version in actions(plan, Action.RETIRE)}
    assert retired == {first}
    assert first not in world.released("linux/a")
    assert not actions(taken_in(world, seen, file), Action.ADOPT)


def test_a_run_that_was_killed_while_it_took_in_goes_on_with_the_rest() -> None:
    world = lived()
    before, seen = shape_of(world), seen_of(world)
    world.resources = {}
    file = Recovered("recovered.dev.yaml", 0, found_in(world, seen)[0].entries)
    taken_in(world, seen, file)
    kept = ("/record", "/source")
    world.resources = {
        urn: each for urn, each in world.resources.items() if urn.endswith(kept) or "@" not in urn
    }
    world.resources = {
        urn: each for urn, each in world.resources.items() if "pulumi:Stack" not in urn
    }
    taken_in(world, seen, file)
    assert shape_of(world) == before


def test_the_serial_is_above_what_a_receiver_saw() -> None:
    world = lived()
    seen = seen_of(world)
    world.resources = {}
    ahead = int(world.now.timestamp()) + 90_000
    findings = found_in(world, seen)[0]
    plan = taken_in(world, seen, Recovered("recovered.dev.yaml", ahead + 1, findings.entries))
    assert plan.serial > ahead


def test_a_receiving_stack_comes_back_by_catalogue_and_tags() -> None:
    source = lived()
    world = prod(source, [lab("finance", region="eastus2")])
    world.run()
    before, seen = shape_of(world), seen_of(world)
    world.resources = {}
    offered = world.catalogue()
    assert offered is not None
    known = Known({key: ("dev's catalogue", each.record) for key, each in offered.entries.items()})
    by_catalogue = found_in(world, seen, known)[0]
    assert by_catalogue.entries[0].known == "dev's catalogue"
    by_tags = found_in(world, seen)[0]
    (entry,) = by_tags.entries
    assert entry.record.source_id == by_catalogue.entries[0].record.source_id
    plan = taken_in(world, seen, Recovered("recovered.prod.yaml", 0, by_tags.entries))
    assert not actions(plan, Action.RECEIVE, Action.RETIRE)
    assert shape_of(world) == before


def test_a_captured_image_that_nothing_vouches_for_is_left_unless_it_is_said() -> None:
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", verify=["linux-smoke"])
    world.run()
    (key,) = world.ledger.held
    parts = seen_of(world, bare=True)
    seen = [each for each in parts if each.kind in {SNAPSHOT, CAPTURE}]
    world.resources = {}
    left = found_in(world, seen)[0]
    assert not left.entries
    assert f"--take {names.version_urn_name(*key)}" in left.found[0].fault
    assert found_in(world, seen, Known(trusted=[key]))[0].entries
    tags = {names.DEFINITION: key[0], names.VERSION: str(key[1])}
    going_on = found_in(world, seen, vms={"b1": BuildVm("b1", tags, "Succeeded")})[0]
    assert "its build was cut off" in going_on.found[0].fault
    world.images["linux/a"] = image("linux/a")
    assert found_in(world, seen)[0].entries


def test_a_source_alone_is_of_a_retired_version() -> None:
    world = lived()
    seen = [each for each in seen_of(world) if each.part(builds=True) == ("source",)]
    world.resources = {}
    findings = found_in(world, seen)[0]
    assert all(entry.retired for entry in findings.entries)
    taken_in(world, seen, Recovered("recovered.dev.yaml", 0, findings.entries))
    retired = [held for held in world.ledger.held.values() if held.retired]
    assert len(retired) == 2
    assert all(held.has("source") and not held.labs for held in retired)


def test_what_is_foreign_broken_or_unreadable_is_told_and_left() -> None:
    world = dev("linux/a")
    world.run()
    (identity, version) = next(iter(world.ledger.held))
    seen = seen_of(world)
    world.resources = {}
    (place,) = [index for index, each in enumerate(seen) if each.kind == LAB]
    theirs = {**seen[place].raw, "tags": {"owner": "somebody"}}
    foreign = [*seen[:place], Seen(LAB, "team", theirs), *seen[place + 1 :]]
    findings = found_in(world, foreign)[0]
    assert ("lab", "team") not in findings.entries[0].paths
    assert any("not this stack's tags" in remark for remark in findings.remarks)
    bad = {**seen[place].raw, "name": "x", "tags": {**seen[place].thing.tags, names.VERSION: "x"}}
    dead = {**seen[place].raw, "properties": {"provisioningState": "Failed"}}
    other = {**seen[place].raw, "name": "copy-by-hand"}
    for raw, why in ((bad, "which is none"), (dead, "never finished"), (other, "its name is none")):
        told = found_in(world, [*seen[:place], Seen(LAB, "team", raw), *seen[place + 1 :]])[0]
        assert any(why in remark for remark in told.remarks), told.remarks
        assert ("lab", "team") not in told.entries[0].paths
    mixed = {**seen[0].raw, "tags": {**seen[0].thing.tags, names.FINGERPRINT: "0" * 16}}
    told = found_in(world, [Seen(seen[0].kind, "", mixed), *seen[1:]])[0]
    assert not told.entries
    assert "different builds" in told.found[0].fault
    assert str(version) in recover_table(told)
    assert identity in recover_table(told)


def test_what_the_file_names_and_azure_has_not_as_ours_is_said_once_and_left() -> None:
    world = lived()
    seen = seen_of(world)
    world.resources = {}
    entry, other = found_in(world, seen)[0].entries
    (where,) = [path for path in entry.parts if path.startswith("lab/") and path.endswith("team")]
    elsewhere = entry.parts[where].replace("/subscriptions/", "/subscriptions/other-", 1)
    edited = entry.model_copy(update={"parts": {**entry.parts, where: elsewhere}})
    reused = other.model_copy(
        update={"record": other.record.model_copy(update={"fingerprint": "0" * 16})}
    )
    file = Recovered("recovered.dev.yaml", 0, [edited, reused])
    plan = taken_in(world, seen, file)
    assert [version for _, version in actions(plan, Action.ADOPT)] == [entry.record.version]
    assert "team" not in world.ledger.held[entry.key].labs
    said = [line for line in plan.warnings if "not taken in" in line]
    assert len(said) == 2
    assert said[0].endswith(": lab team")
    assert not any("not taken in" in line for line in taken_in(world, seen, file).warnings)
    told = found_in(world, seen, Known(trusted=[("linux/none", entry.key[1])]))[0]
    assert any(line.startswith("--take linux/none@") for line in told.remarks)


def test_an_old_state_lacks_only_what_came_after_it() -> None:
    world = dev("linux/a", keep={"newest": 3})
    world.run()
    old = world.resources
    changed(world, "linux/a", "other")
    world.run()
    world.run()
    before, seen = shape_of(world), seen_of(world)
    world.resources = old
    findings = found_in(world, seen)[0]
    assert len(findings.entries) == 1
    taken_in(world, seen, Recovered("recovered.dev.yaml", 0, findings.entries))
    after = shape_of(world)
    assert {key: parts - {("spec",), ("vm", "1")} for key, parts in after.items()} == before


def test_the_file_is_written_and_read_and_its_faults_have_places(tmp_path: Path) -> None:
    world = lived()
    seen = seen_of(world)
    world.resources = {}
    entries = found_in(world, seen)[0].entries
    file = tmp_path / file_name(DEV)
    file.write_text(write_recovered(DEV, 17, entries))
    problems = Problems()
    read = read_recovered(tmp_path, DEV, problems)
    assert not problems.errors
    assert read == Recovered("recovered.dev.yaml", 17, tuple(entries))
    assert read_recovered(tmp_path, PROD, problems) is None
    text = file.read_text().replace("capture: /subscr", "captrue: /subscr", 1)
    for wrong, why in (
        (text, r"recovered\.dev\.yaml:\d+:\d+: .*captrue"),
        (file.read_text().replace(f"stack: {DEV}", f"stack: {PROD}", 1), "is of .*prod, not of"),
        (write_recovered(DEV, 0, [*entries, entries[0]]), "is there twice"),
        (file.read_text().replace("snapshots/linux-a", "snapshots/other"), "not the source"),
        (
            write_recovered(
                DEV, 0, [entries[0].model_copy(update={"retired": "2026-01-01T00:00:00+00:00"})]
            ),
            "more than its source",
        ),
    ):
        file.write_text(wrong)
        faults = Problems()
        read_recovered(tmp_path, DEV, faults)
        with pytest.raises(FactoryError, match=why):
            faults.raise_if_any("x")


def test_a_layered_or_sold_image_is_read_back_with_parent_and_plan() -> None:
    child = image("linux/b")
    child = replace(
        child,
        definition=Definition.model_validate({"base": {"image": "linux/a"}, "os": "linux"}),
    )
    tags = {
        names.STACK: DEV,
        names.DEFINITION: "linux/b",
        names.VERSION: "20261122.1",
        names.FINGERPRINT: child.fingerprint,
        names.BASE: "image:linux/a:20261121.3",
        names.BUILT: "2026-11-22T08:00:00+00:00",
        "team": "web",
    }
    plan = {"id": "p", "publisher": "q", "offer": "r"}
    told = "Retiring, deleted after 2026-12-01. With a plan"
    made = {"managedSnapshotId": "/s", "customImagePlan": plan, "description": told}
    part = _seen(LAB, "team", "/subscriptions/t/linux-b-20261122-1", tags, made)
    home = Home(DEV, "westeurope", GROUP.format(SUBSCRIPTIONS[DEV]) + "/snapshots/x")
    record, lacks = reread({("lab", "team"): part}, child, home)
    assert record is not None
    assert record.parent == "linux/a@20261121.3"
    assert record.purchase_plan() == {"name": "p", "publisher": "q", "product": "r"}
    assert record.description == "With a plan"
    assert record.capture.value == "specialized"
    assert record.user_tags() == {"team": "web"}
    assert record.shape == child.shape
    assert lacks
    none, why = reread({("lab", "team"): part}, child, replace(home, source_id="/nowhere"))
    assert none is None
    assert "sourceId" in why[0]


def test_ledgers_without_a_file_are_as_they_were() -> None:
    ledger = Ledger()
    world = dev("linux/a")
    assert with_recovered(ledger, None, world.observed(), world.settings, Owner(DEV)) is ledger
    assert world.run().recovered is None
    assert Version.parse("20261122.1") in {version for _, version in world.ledger.held}
