"""A catalogue that a stack receives may have been written by anybody: read strictly, or not."""

from __future__ import annotations

import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from factory.common.errors import FactoryError
from factory.ledger.catalogue import OUTPUT, RECEIVED, next_serial, read_catalogue, received
from factory.ledger.foundations import chain_of
from factory.ledger.source_catalogues import read_all
from factory.ledger.stack_outputs import folded, unfolded
from tests.plan.world import DEV, START, SUBSCRIPTIONS, dev

SOURCE = dev("linux/a", "linux/b")
SOURCE.run()
OUTPUTS = SOURCE.ledger.outputs
VERSION = "20261122.1"
ID = OUTPUTS["catalogue"]["definitions"]["linux/a"][VERSION]["sourceId"]
OTHER = "99999999-9999-4999-8999-999999999999"


def with_entry(**changes: Any) -> dict[str, Any]:
    catalogue = copy.deepcopy(OUTPUTS["catalogue"])
    catalogue["definitions"]["linux/a"][VERSION].update(changes)
    return {"catalogue": catalogue}


def deep(levels: int) -> Any:
    found: Any = {}
    for _ in range(levels):
        found = {"x": found}
    return found


def test_the_catalogue_itself_is_read() -> None:
    assert len(read_catalogue(OUTPUTS, DEV, 0, START).entries) == 2


def test_a_resource_group_has_letters_of_any_script() -> None:
    outputs = copy.deepcopy(OUTPUTS)
    for versions in outputs["catalogue"]["definitions"].values():
        for entry in versions.values():
            entry["sourceId"] = entry["sourceId"].replace("rg-factory", "rg-på-øen")
    assert len(read_catalogue(outputs, DEV, 0, START).entries) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"sourceId": ID.replace(SUBSCRIPTIONS[DEV], OTHER)},
        {"sourceId": ID.replace("rg-factory", "..")},
        {"sourceId": ID.replace("rg-factory", "\u202erg")},
        {"sourceId": ID.replace("linux-a", "\u217cinux-a")},
        {"sourceId": ID + "\n"},
        {"sourceId": ID + "/../../x"},
        {"sourceId": ID + "?api-version=1"},
        {"sourceId": ID.replace("snapshots", "disks")},
        {"sourceId": ID.replace("linux-a", "linux-b")},
        {"definition": "linux/b"},
        {"version": "\u0662\u0660\u0662\u0666\u0661\u0661\u0662\u0662.\u0661"},
        {"attempt": "\u0663"},
        {"attempt": "9" * 5000},
        {"plan": "[]"},
        {"plan": "[" * 900},
        {"plan": '{"name": 1}'},
        {"tags": "not JSON"},
        {"tags": '{"owner": {"deep": 1}}'},
        {"shape": "[" * 90_000},
        {"shape": "x" * 400_000},
        {"description": "plain \u202e txt"},
        {"commit": "\x1b[31m"},
        {"author": "x" * 5000},
        {"built": "2026-11-22T08:00:00"},
        {"retired": "2026-11-22T08:00:00"},
        {"retired": 5},
        {"retired": deep(50_000)},
        {"revoked": "so\nsorry"},
        {"revoked": ["x"]},
        {"surplus": "field"},
        {"region": "west europe/../.."},
        {"generation": "V3"},
        {"diskSizeGb": 30.0},
    ],
)
def test_an_entry_that_this_program_would_not_have_written_stops_the_run(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(FactoryError) as caught:
        read_catalogue(with_entry(**changes), DEV, 0, START)
    said = str(caught.value)
    assert "nothing was changed" in said
    assert "linux/" in said
    assert "\n" not in said
    assert len(said) < 600


@pytest.mark.parametrize(
    "top",
    [
        {"schema": deep(50_000)},
        {"serial": "9" * 5000},
        {"serial": -1},
        {"serial": "1_0"},
        {"serial": 10**15},
        {"serial": float("nan")},
        {"stack": "x" * 10_000},
        {"definitions": ["linux/a"]},
        {"definitions": {"../a": {VERSION: {}}}},
        {"definitions": {"linux/a\u202e": [1]}},
        {"definitions": {"linux/a": deep(50_000)}},
    ],
)
def test_a_catalogue_of_another_form_stops_the_run(top: dict[str, Any]) -> None:
    catalogue = {**OUTPUTS["catalogue"], **top}
    with pytest.raises(FactoryError) as caught:
        read_catalogue({"catalogue": catalogue}, DEV, 0, START)
    assert "nothing was changed" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


TOMORROW = str(int((START + timedelta(days=1)).timestamp()))


def test_a_serial_of_the_future_is_refused_and_one_that_was_taken_once_stops_nobody() -> None:
    forged = {OUTPUT: {**OUTPUTS[OUTPUT], "serial": TOMORROW}}
    with pytest.raises(FactoryError, match="of a time that has not come -> find out who wrote it"):
        read_catalogue(forged, DEV, 0, START)
    # An older program took it: what this stack wrote down then is no reason to stop for good.
    own = {RECEIVED: received({DEV: int(TOMORROW)})}
    found = read_all(lambda _: OUTPUTS, [DEV], own, str, START)
    assert found is not None
    assert len(found.entries) == 2
    # What can be is remembered as ever, and an old state put back still shows.
    own = {RECEIVED: received({DEV: int(OUTPUTS[OUTPUT]["serial"]) + 1})}
    with pytest.raises(FactoryError, match="lower than the last one received"):
        read_all(lambda _: OUTPUTS, [DEV], own, str, START)


def test_any_change_there_leads_on_after_an_old_state_was_put_back() -> None:
    own = {RECEIVED: received({DEV: int(START.timestamp()) + 600})}
    later, catalogue = START + timedelta(hours=1), OUTPUTS[OUTPUT]
    with pytest.raises(FactoryError, match=r"docs/security\.md"):
        read_all(lambda _: OUTPUTS, [DEV], own, str, later)
    # As docs/security.md has it: a revocation, or a version that is built again.
    content = {name: dict.fromkeys(held, "") for name, held in catalogue["definitions"].items()}
    bad = {"linux/a": {VERSION: "CVE"}}
    serial = next_serial(OUTPUTS, content, bad, later)
    told = {OUTPUT: {**catalogue, "serial": str(serial), "revoked": bad}}
    found = read_all(lambda _: told, [DEV], own, str, later)
    assert found is not None
    assert found.serials == {DEV: int(later.timestamp())}


@pytest.mark.parametrize("serial", [TOMORROW, str(10**15)])
def test_the_next_run_of_the_stack_itself_overrules_a_forged_serial(serial: str) -> None:
    forged = {OUTPUT: {**OUTPUTS[OUTPUT], "serial": serial}}
    content = {
        name: dict.fromkeys(held, "") for name, held in OUTPUTS[OUTPUT]["definitions"].items()
    }
    assert next_serial(forged, content, {}, START) == int(START.timestamp())


OWN_GROUP = f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups/RG-Factory"
CHAIN = {DEV: OWN_GROUP}


@pytest.mark.parametrize(
    ("stack", "home", "fine"),
    [
        (DEV, f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups/rg-factory", True),
        ("o/p/renamed", f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups/rg-factory", True),
        (DEV, f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups/rg-before", True),
        (DEV, f"/subscriptions/{OTHER}/resourceGroups/rg-factory", False),
        ("o/p/other", f"/subscriptions/{OTHER}/resourceGroups/rg-factory", False),
        ("o/p/other", f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups/rg-other", False),
    ],
)
def test_a_record_is_of_a_stack_before_this_one(stack: str, home: str, fine: bool) -> None:
    told = copy.deepcopy(OUTPUTS)
    for versions in told[OUTPUT]["definitions"].values():
        for entry in versions.values():
            name = entry["sourceId"].rpartition("/providers/")[2]
            entry |= {"stack": stack, "sourceId": f"{home}/providers/{name}"}
    assert read_catalogue(told, DEV, 0, START)  # where nobody knows the chain
    if fine:
        assert read_catalogue(told, DEV, 0, START, CHAIN)
        return
    with pytest.raises(FactoryError, match="that is no stack before this one -> find out who"):
        read_catalogue(told, DEV, 0, START, CHAIN)


def test_the_chain_is_that_of_the_stack_files_or_nobody_knows_it(tmp_path: Path) -> None:
    def write(name: str, **config: str) -> None:
        own = {"azure-native:subscriptionId": OTHER, "azure-native:location": "westeurope"}
        lines = [f"  {key}: {value}" for key, value in own.items()]
        lines += [f"  image-factory:{key}: {value}" for key, value in config.items()]
        (tmp_path / f"Pulumi.{name}.yaml").write_text("\n".join(["config:", *lines, ""]))

    def chain() -> dict[str, str] | None:
        return chain_of(tmp_path, "o/p/test", lambda name: name if "/" in name else f"o/p/{name}")

    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    write("test", resourceGroup="rg-test", receivesFrom="[dev, o/q/far]")
    write("dev", resourceGroup="rg-dev", factoryLab="{name: f, resourceGroup: rg, create: true}")
    assert chain() is None  # another project's
    write("test", resourceGroup="rg-test", receivesFrom="dev")
    start = f"/subscriptions/{OTHER}/resourceGroups"
    assert chain() == {"o/p/test": f"{start}/rg-test", "o/p/dev": f"{start}/rg-dev"}
    (tmp_path / "Pulumi.dev.yaml").unlink()
    assert chain() is None


def test_a_catalogue_is_folded_for_who_looks_on_and_read_as_it_was_before() -> None:
    plain = {**OUTPUTS, RECEIVED: received({DEV: 7}), "holdings": {"__lab": {}, "stack": {}}}
    state = folded(plain)
    told = [key for value in state.values() for key in value if not key.startswith("__")]
    assert sorted(told) == ["schema", "serial", "serial", "stack", "stack", "stack"]
    assert unfolded(state) == plain
    earlier = {**OUTPUTS, OUTPUT: {**OUTPUTS[OUTPUT], "schema": "1"}}
    assert unfolded(earlier) == earlier
    now = START + timedelta(days=1)
    found = [read_catalogue(each, DEV, 0, now) for each in (unfolded(state), earlier)]
    assert found[0] == found[1]
    assert found[0].entries
