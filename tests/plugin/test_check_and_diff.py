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
from tests.plugin.fake_arm import Said

IMAGE = "azure-native:devtestlab:CustomImage"
SNAPSHOT = "azure-native:compute:Snapshot"
ADDRESS = "azure-native:network:PublicIPAddress"
NAT = "azure-native:network:NatGateway"
NETWORK = "azure-native:network:VirtualNetwork"
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
    given = {"resourceGroupName": "rg", "creationData": {"createOption": "Empty"}}
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


NAMED_SNAPSHOT = {"resourceGroupName": "rg", "snapshotName": "s", "location": "westeurope"}
NAMED_NETWORK = {"resourceGroupName": "rg", "virtualNetworkName": "n", "location": "westeurope"}


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (
            SNAPSHOT,
            {**NAMED_SNAPSHOT, "creationData": {}},
            ["missing required property 'creationData.createOption'"],
        ),
        (SNAPSHOT, {**NAMED_SNAPSHOT, "creationData": {"createOption": UNKNOWN}}, []),
        (
            NETWORK,
            {**NAMED_NETWORK, "subnets": "10.0.0.0/24"},
            ["'subnets' should be of type 'array' but got a string"],
        ),
        (
            NETWORK,
            {**NAMED_NETWORK, "subnets": [{"name": "a"}, {"addressPrefix": 10}]},
            ["'subnets[1].addressPrefix' should be of type 'string' but got a number"],
        ),
        (
            NETWORK,
            {**NAMED_NETWORK, "flowTimeoutInMinutes": 4.5},
            ["'flowTimeoutInMinutes' must be an integer but got 4.500000"],
        ),
        (
            NETWORK,
            {**NAMED_NETWORK, "tags": ["a"]},
            ["'tags' should be of type 'object' but got an array"],
        ),
        (NETWORK, {**NAMED_NETWORK, "enableDdosProtection": Secret(True), "dhcpOptions": None}, []),
    ],
)
def test_values_are_checked_by_their_types(
    plugin: Plugin, token: str, inputs: dict[str, Any], expected: list[str]
) -> None:
    assert plugin.check(token, inputs)[1] == expected


def test_a_location_that_the_api_requires_is_asked_for(plugin: Plugin) -> None:
    """The group does not say it; whoever cannot read it is told the same."""
    given = {"resourceGroupName": "rg", "creationData": {"createOption": "Empty"}}
    plugin.arm.script("GET", GROUP, Said(403, {"error": {"code": "AuthorizationFailed"}}))
    _, failures = plugin.check(SNAPSHOT, given)
    (failure,) = failures
    assert failure == (
        "missing required property 'location'. Either set it explicitly or configure it with "
        "'pulumi config set azure-native:location <value>'."
    )
    inputs, failures = plugin.check(NAT, {"resourceGroupName": "rg"})
    assert failures == []
    assert "location" not in inputs


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


def test_an_import_says_no_api_version_and_that_is_no_difference(plugin: Plugin) -> None:
    new = {"natGatewayName": "a", "azureApiVersion": "2024-05-01"}
    outputs = {"azureApiVersion": "2024-05-01"}
    imported = plugin.diff(NAT, {"natGatewayName": "a"}, new, outputs)
    assert imported.changes == messages.DiffResponse.DIFF_NONE
    moved = plugin.diff(NAT, {"natGatewayName": "a"}, new, {"azureApiVersion": "2023-01-01"})
    assert list(moved.diffs) == ["azureApiVersion"]


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
    assert answer.deleteBeforeReplace is bool(replaces), "it is said of a replacement alone"


@pytest.mark.parametrize(
    ("token", "old", "new", "replaces"),
    [
        (ADDRESS, {"sku": {"name": "Basic"}}, {"sku": {"name": "Standard"}}, ["sku"]),
        (ADDRESS, {}, {"sku": {"name": "Standard"}}, ["sku"]),
        # What is added inside changes the resource as it stands.
        (ADDRESS, {"sku": {"name": "A"}}, {"sku": {"name": "A", "tier": "Regional"}}, []),
        (
            ADDRESS,
            {"publicIPAddressVersion": "IPv4"},
            {"publicIPAddressVersion": "IPv6"},
            ["publicIPAddressVersion"],
        ),
        (
            ADDRESS,
            {"publicIPPrefix": {"id": "a"}},
            {"publicIPPrefix": {"id": "b"}},
            ["publicIPPrefix"],
        ),
        (ADDRESS, {"location": "a"}, {"location": "b"}, ["location"]),
        (NAT, {"location": "a"}, {"location": "b"}, []),
        (NAT, {"natGatewayName": "a"}, {"natGatewayName": "A"}, ["natGatewayName"]),
        (NAT, {"resourceGroupName": "a"}, {"resourceGroupName": "b"}, ["resourceGroupName"]),
    ],
)
def test_what_replaces_is_said_by_each_type(
    plugin: Plugin, token: str, old: dict[str, Any], new: dict[str, Any], replaces: list[str]
) -> None:
    answer = plugin.diff(token, old, new)
    assert answer.changes == messages.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == replaces


def test_resource_groups_are_compared_without_case(plugin: Plugin) -> None:
    answer = plugin.diff(NAT, {"resourceGroupName": "rg-A"}, {"resourceGroupName": "RG-a"})
    assert answer.changes == messages.DiffResponse.DIFF_NONE
    assert answer.deleteBeforeReplace is False


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


def test_drift_of_a_list_goes_element_by_element() -> None:
    inputs = {"subnets": [{"name": "a", "prefix": "1"}, {"name": "b"}]}
    before = {"subnets": [{"name": "a", "prefix": "1", "id": "x"}, {"name": "b", "id": "y"}]}
    after = {"subnets": [{"name": "a", "prefix": "2", "id": "x"}, {"name": "b", "id": "y"}]}
    expected = {"subnets": [{"name": "a", "prefix": "2"}, {"name": "b"}]}
    assert apply_drift(inputs, before, after) == expected
    grown = {"subnets": [*before["subnets"], {"name": "c", "id": "z"}]}
    expected = {"subnets": [*inputs["subnets"], {"name": "c", "id": "z"}]}
    assert apply_drift(inputs, before, grown) == expected
    assert apply_drift(inputs, before, {"subnets": before["subnets"][:1]}) == {
        "subnets": inputs["subnets"][:1]
    }


def test_drift_touches_only_what_changed() -> None:
    inputs = {"tags": {"a": "1"}, "author": Secret("me"), "description": "d"}
    before = {"tags": {"a": "1", "azure": "x"}, "author": "me", "description": "d", "size": "s"}
    after = {"tags": {"a": "2", "azure": "x"}, "author": "you", "size": "s"}
    assert apply_drift(inputs, before, after) == {"tags": {"a": "2"}, "author": Secret("you")}
