"""What Check fills in, and which changes Diff calls a replacement."""

from __future__ import annotations

from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest
from pulumi.runtime.proto import provider_pb2 as messages

from rehearsal.plugin.diff import apply_drift, compare
from rehearsal.plugin.table import KINDS
from rehearsal.plugin.values import UNKNOWN, Secret
from tests.plugin.conftest import GROUP, Plugin

IMAGE = "azure-native:devtestlab:CustomImage"
SNAPSHOT = "azure-native:compute:Snapshot"
IN_LAB = {"resourceGroupName": "rg", "labName": "lab"}


def with_group(plugin: Plugin) -> None:
    plugin.arm.stored[GROUP.lower()] = {"location": "northeurope"}


def test_children_of_a_lab_keep_the_logical_name(plugin: Plugin) -> None:
    with_group(plugin)
    inputs, failures = plugin.check(IMAGE, dict(IN_LAB))
    assert failures == []
    assert inputs["name"] == "it"
    assert "__createBeforeDelete" not in inputs


def test_others_get_a_random_suffix_that_stays(plugin: Plugin) -> None:
    with_group(plugin)
    first, _ = plugin.check(SNAPSHOT, {"resourceGroupName": "rg", "creationData": {}})
    assert first["snapshotName"].startswith("it")
    assert len(first["snapshotName"]) == len("it") + 8
    assert int(first["snapshotName"][2:], 16) >= 0
    assert first["__createBeforeDelete"] is True
    second, _ = plugin.check(SNAPSHOT, {"resourceGroupName": "rg", "creationData": {}}, old=first)
    assert second == first


def test_a_given_name_is_taken(plugin: Plugin) -> None:
    with_group(plugin)
    given = {"resourceGroupName": "rg", "snapshotName": "mine", "creationData": {}}
    inputs, _ = plugin.check(SNAPSHOT, given)
    assert inputs["snapshotName"] == "mine"
    assert "__createBeforeDelete" not in inputs


@pytest.mark.parametrize(
    ("mode", "expected"), [("ENFORCE", "theirs"), ("PROPOSE", "theirs"), ("DISABLE", None)]
)
def test_autonaming_options(plugin: Plugin, mode: str, expected: str | None) -> None:
    with_group(plugin)
    options = messages.CheckRequest.AutonamingOptions(
        proposed_name="theirs", mode=messages.CheckRequest.AutonamingOptions.Mode.Value(mode)
    )
    given = {"resourceGroupName": "rg", "creationData": {}}
    inputs, failures = plugin.check(SNAPSHOT, given, autonaming=options)
    assert inputs.get("snapshotName") == expected
    missing = [] if expected else ["missing required property 'snapshotName'"]
    assert failures == missing


def test_location_comes_from_the_group_once(plugin: Plugin) -> None:
    with_group(plugin)
    inputs, _ = plugin.check(IMAGE, dict(IN_LAB))
    plugin.check(IMAGE, dict(IN_LAB))
    assert inputs["location"] == "northeurope"
    asked = plugin.arm.requests("GET", "/resourceGroups/rg")
    assert [seen.query for seen in asked] == ["api-version=2020-10-01"]


def test_location_prefers_old_inputs_then_configuration(bare_plugin: Plugin) -> None:
    bare_plugin.configure(location="uksouth")
    inputs, _ = bare_plugin.check(IMAGE, dict(IN_LAB))
    assert inputs["location"] == "uksouth"
    inputs, _ = bare_plugin.check(IMAGE, dict(IN_LAB), old={"location": "francecentral"})
    assert inputs["location"] == "francecentral"


def test_location_is_unknown_while_the_group_is(plugin: Plugin) -> None:
    inputs, _ = plugin.check(IMAGE, {**IN_LAB, "resourceGroupName": UNKNOWN})
    assert inputs["location"] is UNKNOWN


def test_api_version_is_an_input(plugin: Plugin) -> None:
    with_group(plugin)
    inputs, _ = plugin.check(IMAGE, dict(IN_LAB))
    assert inputs["azureApiVersion"] == "2018-09-15"
    versioned = "azure-native:devtestlab/v20160515:CustomImage"
    inputs, _ = plugin.check(versioned, dict(IN_LAB))
    assert inputs["azureApiVersion"] == "2016-05-15"


def test_missing_inputs_are_named(plugin: Plugin) -> None:
    _, failures = plugin.check(SNAPSHOT, {"location": "westeurope"})
    assert failures == [
        "missing required property 'resourceGroupName'",
        "missing required property 'creationData'",
    ]


def test_secrets_stay_secret(plugin: Plugin) -> None:
    with_group(plugin)
    inputs, _ = plugin.check(IMAGE, {**IN_LAB, "author": Secret("me")})
    assert inputs["author"] == Secret("me")


def test_a_type_that_is_not_known_is_named(plugin: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="does not know azure-native:web:WebApp"):
        plugin.check("azure-native:web:WebApp", {})


def test_no_difference(plugin: Plugin) -> None:
    answer = plugin.diff(IMAGE, {"tags": {"a": "1"}}, {"tags": {"a": Secret("1")}})
    assert answer.changes == messages.DiffResponse.DIFF_NONE


@pytest.mark.parametrize(
    ("old", "new", "replaces"),
    [
        ({"name": "a"}, {"name": "b"}, ["name"]),
        ({"labName": "a"}, {"labName": "b"}, ["labName"]),
        ({"resourceGroupName": "a"}, {"resourceGroupName": UNKNOWN}, ["resourceGroupName"]),
        ({"location": "westeurope"}, {"location": "northeurope"}, ["location"]),
        ({"vm": {"sourceVmId": "a"}}, {"vm": {"sourceVmId": "b"}}, []),
        ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, []),
    ],
)
def test_what_replaces(
    plugin: Plugin, old: dict[str, Any], new: dict[str, Any], replaces: list[str]
) -> None:
    answer = plugin.diff(IMAGE, old, new)
    assert answer.changes == messages.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == replaces
    assert answer.deleteBeforeReplace is True


def test_a_random_name_is_created_before_the_old_is_deleted(plugin: Plugin) -> None:
    old = {"snapshotName": "a1", "location": "x", "__createBeforeDelete": True}
    answer = plugin.diff(SNAPSHOT, old, {"snapshotName": "a1", "location": "y"})
    assert answer.deleteBeforeReplace is False
    assert list(answer.replaces) == ["location"]


def test_locations_are_compared_without_case_and_spaces(plugin: Plugin) -> None:
    answer = plugin.diff(IMAGE, {"location": "westeurope"}, {"location": "West Europe"})
    assert answer.changes == messages.DiffResponse.DIFF_NONE


def test_changes_have_the_engines_paths() -> None:
    old = {"tags": {"a": "1", "b.c": "1"}, "artifacts": [{"id": "x"}, {"id": "y"}], "notes": "n"}
    new = {"tags": {"a": "2"}, "artifacts": [{"id": "x"}], "size": "s", "notes": None}
    changes = {c.path: c.kind for c in compare(KINDS[IMAGE], old, new)}
    assert changes == {
        "tags.a": "update",
        'tags["b.c"]': "delete",
        "artifacts[1]": "delete",
        "size": "add",
        "notes": "delete",
    }


def test_drift_touches_only_what_changed() -> None:
    inputs = {"tags": {"a": "1"}, "author": Secret("me"), "description": "d"}
    before = {"tags": {"a": "1", "azure": "x"}, "author": "me", "description": "d", "size": "s"}
    after = {"tags": {"a": "2", "azure": "x"}, "author": "you", "size": "s"}
    assert apply_drift(inputs, before, after) == {"tags": {"a": "2"}, "author": Secret("you")}
