"""A catalogue that a stack receives may have been written by anybody: read strictly, or not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from factory.common.errors import FactoryError
from factory.ledger.catalogue import read_catalogue
from tests.plan.world import DEV, SUBSCRIPTIONS, dev

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
    assert len(read_catalogue(OUTPUTS, DEV, 0).entries) == 2


def test_a_resource_group_has_letters_of_any_script() -> None:
    outputs = copy.deepcopy(OUTPUTS)
    for versions in outputs["catalogue"]["definitions"].values():
        for entry in versions.values():
            entry["sourceId"] = entry["sourceId"].replace("rg-factory", "rg-på-øen")
    assert len(read_catalogue(outputs, DEV, 0).entries) == 2


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
        read_catalogue(with_entry(**changes), DEV, 0)
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
        read_catalogue({"catalogue": catalogue}, DEV, 0)
    assert "nothing was changed" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
