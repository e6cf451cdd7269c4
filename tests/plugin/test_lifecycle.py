"""Create, read, update and delete over gRPC, rule by rule of what the real plugin does."""

from __future__ import annotations

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import status_pb2

from rehearsal.plugin.values import UNKNOWN, Secret, from_struct
from tests.plugin.conftest import GROUP, Plugin
from tests.plugin.fake_arm import FakeArm, Said, Seen

IMAGE = "azure-native:devtestlab:CustomImage"
SNAPSHOT = "azure-native:compute:Snapshot"
VM = "azure-native:devtestlab:VirtualMachine"
LAB_PATH = f"{GROUP}/providers/Microsoft.DevTestLab/labs/lab"
IMAGE_PATH = f"{LAB_PATH}/customimages/gold"
IMAGE_INPUTS = {
    "resourceGroupName": "rg",
    "labName": "lab",
    "name": "gold",
    "location": "westeurope",
    "tags": {"a": "1"},
    "vm": {"sourceVmId": "/x"},
    "azureApiVersion": "2018-09-15",
}


def running(_: FakeArm, seen: Seen) -> Said:
    """Accept a PUT as DevTest Labs does: 201 and Azure-AsyncOperation only."""
    body = {**seen.body, "id": seen.path.lower(), "properties": {"provisioningState": "Creating"}}
    return Said(201, body, {"Azure-AsyncOperation": "/operations/1"})


def details(error: grpc.RpcError) -> str:
    return str(error.details())


def half_made(error: grpc.RpcError) -> messages.ErrorResourceInitFailed:
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(packed)
    found = messages.ErrorResourceInitFailed()
    assert status.details[0].Unpack(found)
    return found


def test_create_checks_puts_and_reads_back(plugin: Plugin) -> None:
    identity, outputs = plugin.create(IMAGE, dict(IMAGE_INPUTS))

    assert identity == IMAGE_PATH.lower(), "the service's own id, in its own letter case"
    calls = [(s.method, s.path) for s in plugin.arm.seen if "/customimages/" in s.path]
    assert calls == [("GET", IMAGE_PATH), ("PUT", IMAGE_PATH), ("GET", IMAGE_PATH)]
    put = plugin.arm.requests("PUT")[0]
    assert put.query == "api-version=2018-09-15"
    assert put.body == {
        "location": "westeurope",
        "tags": {"a": "1"},
        "properties": {"vm": {"sourceVmId": "/x"}},
    }
    assert outputs["name"] == "gold"
    assert outputs["provisioningState"] == "Succeeded"
    assert "labName" not in outputs
    assert "id" not in outputs


def test_path_values_are_escaped(plugin: Plugin) -> None:
    source = "azure-native:devtestlab:ArtifactSource"
    inputs = {"resourceGroupName": "rg", "labName": "lab", "name": "public repo"}
    plugin.arm.script("GET", "", Said(404))
    plugin.create(source, inputs)
    assert plugin.arm.requests("PUT")[0].path.endswith("/artifactsources/public repo")


def test_create_refuses_what_exists(plugin: Plugin) -> None:
    plugin.create(IMAGE, dict(IMAGE_INPUTS))
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS))
    assert details(raised.value) == f"cannot create already existing resource '{IMAGE_PATH}'"
    assert len(plugin.arm.requests("PUT")) == 1


def test_create_stops_if_existence_is_unknown(plugin: Plugin) -> None:
    plugin.arm.script("GET", "/gold", Said(403, {"error": {"code": "AuthorizationFailed"}}))
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS))
    expected = f"cannot check existence of resource '{IMAGE_PATH}': status code 403, "
    assert details(raised.value).startswith(expected)
    assert not plugin.arm.requests("PUT")


def test_refusal_is_worded_as_azcore_does(plugin: Plugin) -> None:
    error = {"code": "SkuNotAvailable", "message": 'The size "B2s" is gone.'}
    plugin.arm.script("PUT", "/gold", Said(409, {"error": error}))
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS))
    expected = 'Status=409 Code="SkuNotAvailable" Message="The size \\"B2s\\" is gone."'
    assert details(raised.value) == expected


def test_operation_is_polled_and_then_read(plugin: Plugin) -> None:
    def finished(arm: FakeArm, seen: Seen) -> Said:
        arm.store(Seen("PUT", IMAGE_PATH, "", {"properties": {"author": "me"}}, {}, ""))
        return Said(200, {"status": "Succeeded"})

    plugin.arm.script("PUT", "/gold", running)
    plugin.arm.script("GET", "/operations/1", Said(200, {"status": "Running"}), finished)
    _, outputs = plugin.create(IMAGE, dict(IMAGE_INPUTS))
    assert outputs["author"] == "me"
    assert len(plugin.arm.requests("GET", "/operations/1")) == 2
    assert plugin.arm.requests("GET", "/operations/1")[0].query == "api-version=2018-09-15"


def test_failed_operation_keeps_the_half_made_resource(plugin: Plugin) -> None:
    plugin.arm.script("PUT", "/gold", running)
    failure = {"code": "OSProvisioningTimedOut", "message": "did not finish"}
    plugin.arm.script("GET", "/operations/1", Said(200, {"status": "Failed", "error": failure}))
    state = {"id": "/half/made", "name": "gold", "properties": {"provisioningState": "Failed"}}
    plugin.arm.script("GET", "/gold", Said(404), Said(200, state))
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS))

    found = half_made(raised.value)
    assert found.id == IMAGE_PATH
    assert found.reasons == ['Status=200 Code="OSProvisioningTimedOut" Message="did not finish"']
    assert from_struct(found.properties)["provisioningState"] == "Failed"
    assert from_struct(found.inputs)["name"] == "gold"


def test_failed_operation_that_left_nothing_is_a_plain_error(plugin: Plugin) -> None:
    plugin.arm.script("PUT", "/gold", running)
    failure = {"code": "Canceled", "message": "by its owner"}
    plugin.arm.script("GET", "/operations/1", Said(200, {"status": "Canceled", "error": failure}))
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS))
    assert details(raised.value) == 'Status=200 Code="Canceled" Message="by its owner"'
    assert "grpc-status-details-bin" not in dict(raised.value.trailing_metadata())


def test_time_out_leaves_the_resource_without_outputs(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read in the time that is already up, so there is nothing to put into the state."""
    monkeypatch.setattr("rehearsal.plugin.pace.REAL_SECONDS_OF_WORK", 0.5)
    plugin.arm.script("PUT", "/gold", running)
    plugin.arm.script("GET", "/operations/1", *[Said(200, {"status": "Running"})] * 500)
    plugin.arm.script("GET", "/gold", Said(404), Said(200, {"id": "/half/made"}))
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS), timeout=10)
    found = half_made(raised.value)
    assert found.reasons == ["operation timed out"]
    assert found.id == IMAGE_PATH
    assert from_struct(found.inputs) == IMAGE_INPUTS
    assert not found.HasField("properties")


def test_cancelling_leaves_the_resource_without_outputs(plugin: Plugin) -> None:
    def cancel(_: FakeArm, seen: Seen) -> Said:
        plugin.cancel()
        return Said(200, {"status": "Running"})

    plugin.arm.script("PUT", "/gold", running)
    plugin.arm.script("GET", "/operations/1", cancel)
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS))
    found = half_made(raised.value)
    text = "resource created but read failed context canceled: context canceled"
    assert found.reasons == [text]
    assert found.id == IMAGE_PATH
    assert from_struct(found.inputs) == IMAGE_INPUTS
    assert not found.HasField("properties")


def test_cancelling_before_azure_took_anything_on_leaves_nothing(plugin: Plugin) -> None:
    plugin.cancel()
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS))
    assert details(raised.value) == "context canceled"
    assert "grpc-status-details-bin" not in dict(raised.value.trailing_metadata())
    assert not plugin.arm.requests("PUT")


def test_what_cannot_be_read_after_a_failure_stays_in_the_state(plugin: Plugin) -> None:
    refused = Said(403, {"error": {"code": "AuthorizationFailed", "message": "not yours"}})
    plugin.arm.script("PUT", "/gold", running)
    plugin.arm.script("GET", "/operations/1", refused)
    plugin.arm.script("GET", "/gold", Said(404), refused)
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(IMAGE, dict(IMAGE_INPUTS))
    found = half_made(raised.value)
    why = 'Status=403 Code="AuthorizationFailed" Message="not yours"'
    assert found.reasons == [f"resource created but read failed {why}: {why}"]
    assert found.id == IMAGE_PATH
    assert not found.HasField("properties")


def test_put_in_a_terminal_state_is_not_polled(plugin: Plugin) -> None:
    body = {"id": "/x", "properties": {"provisioningState": "Succeeded"}}
    plugin.arm.script("PUT", "/gold", Said(200, body, {"Azure-AsyncOperation": "/operations/1"}))
    plugin.arm.script("GET", "/gold", Said(404), Said(200, body))
    plugin.create(IMAGE, dict(IMAGE_INPUTS))
    assert not plugin.arm.requests("GET", "/operations/1")


def test_put_without_links_is_polled_by_its_state(plugin: Plugin) -> None:
    states = [
        Said(200, {"id": "/x", "properties": {"provisioningState": state}})
        for state in ("Updating", "Updating", "Succeeded", "Succeeded")
    ]
    path = f"{GROUP}/providers/Microsoft.Compute/snapshots/s"
    plugin.arm.script("PUT", path, Said(202, {"properties": {"provisioningState": "Updating"}}))
    plugin.arm.script("GET", path, Said(404), *states)
    inputs = {"resourceGroupName": "rg", "snapshotName": "s", "creationData": {}}
    _, outputs = plugin.create(SNAPSHOT, inputs)
    assert outputs["provisioningState"] == "Succeeded"
    assert len(plugin.arm.requests("GET", path)) == 5


def test_delete_follows_location(plugin: Plugin) -> None:
    accepted = Said(202, None, {"Location": f"{plugin.arm.url}/results/1?api-version=x"})
    plugin.arm.script("DELETE", "/gold", accepted)
    plugin.arm.script("GET", "/results/1", Said(202), Said(202), Said(204))
    plugin.delete(IMAGE, IMAGE_PATH)
    assert len(plugin.arm.requests("GET", "/results/1")) == 3


@pytest.mark.parametrize("status", [200, 204, 404])
def test_delete_of_what_is_gone_is_done(plugin: Plugin, status: int) -> None:
    plugin.arm.script("DELETE", "/gold", Said(status))
    plugin.delete(IMAGE, IMAGE_PATH)
    assert len(plugin.arm.requests("DELETE")) == 1


def test_delete_refused_is_an_error(plugin: Plugin) -> None:
    error = {"code": "ScopeLocked", "message": "no"}
    plugin.arm.script("DELETE", "/gold", Said(409, {"error": error}))
    with pytest.raises(grpc.RpcError, match="ScopeLocked"):
        plugin.delete(IMAGE, IMAGE_PATH)


def test_update_puts_the_whole_body(plugin: Plugin) -> None:
    identity, old = plugin.create(IMAGE, dict(IMAGE_INPUTS))
    new = {**IMAGE_INPUTS, "description": "new"}
    outputs = plugin.update(IMAGE, identity, old=old, new=new)
    put = plugin.arm.requests("PUT")[-1]
    assert put.body["properties"] == {"vm": {"sourceVmId": "/x"}, "description": "new"}
    assert put.body["tags"] == {"a": "1"}
    assert outputs["description"] == "new"


def test_update_keeps_subnets_that_the_program_does_not_set(plugin: Plugin) -> None:
    network = "azure-native:network:VirtualNetwork"
    inputs = {
        "resourceGroupName": "rg",
        "virtualNetworkName": "net",
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
    }
    identity, old = plugin.create(network, inputs)
    subnet = {"name": "theirs", "properties": {"addressPrefix": "10.0.1.0/24"}}
    plugin.arm.stored[identity]["properties"]["subnets"] = [subnet]
    plugin.update(network, identity, old=old, new={**inputs, "tags": {"a": "1"}})
    assert plugin.arm.requests("PUT")[-1].body["properties"]["subnets"] == [subnet]


def test_read_of_what_is_gone(plugin: Plugin) -> None:
    assert plugin.read(IMAGE, IMAGE_PATH)[0] == ""


def test_read_carries_drift_into_the_inputs(plugin: Plugin) -> None:
    identity, outputs = plugin.create(IMAGE, dict(IMAGE_INPUTS))
    plugin.arm.stored[identity]["tags"] = {"a": "tampered"}
    _, inputs, now = plugin.read(IMAGE, identity, dict(IMAGE_INPUTS), outputs)
    assert inputs == {**IMAGE_INPUTS, "tags": {"a": "tampered"}}
    assert now["tags"] == {"a": "tampered"}


def test_read_without_drift_leaves_the_inputs_alone(plugin: Plugin) -> None:
    identity, outputs = plugin.create(IMAGE, dict(IMAGE_INPUTS))
    plugin.arm.stored[identity]["properties"]["provisioningState"] = "Updating"
    given = {**IMAGE_INPUTS, "tags": {"a": Secret("1")}}
    _, inputs, _ = plugin.read(IMAGE, identity, given, outputs)
    assert inputs == given


def test_import_makes_inputs_of_the_id(plugin: Plugin) -> None:
    identity, _ = plugin.create(IMAGE, dict(IMAGE_INPUTS))
    found, inputs, outputs = plugin.read(IMAGE, identity)
    assert found == identity
    assert inputs == IMAGE_INPUTS
    assert outputs["provisioningState"] == "Succeeded"


def test_preview_knows_inputs_and_nothing_else(plugin: Plugin) -> None:
    given = {**IMAGE_INPUTS, "vm": {"sourceVmId": UNKNOWN}, "author": Secret("me")}
    identity, outputs = plugin.create(IMAGE, given, preview=True)
    assert identity == ""
    assert outputs["vm"] == {"sourceVmId": UNKNOWN}
    assert outputs["author"] == Secret("me")
    assert outputs["tags"] == {"a": "1"}
    assert outputs["creationDate"] is UNKNOWN
    assert not [seen for seen in plugin.arm.seen if "/customimages/" in seen.path]


def test_preview_does_not_know_the_id_of_a_nested_resource(plugin: Plugin) -> None:
    subnets = [{"name": "s", "addressPrefix": "10.0.0.0/24"}]
    network = "azure-native:network:VirtualNetwork"
    _, outputs = plugin.create(network, {"subnets": subnets}, preview=True)
    assert outputs["subnets"][0]["name"] == "s"
    assert outputs["subnets"][0]["addressPrefix"] == "10.0.0.0/24"
    assert outputs["subnets"][0]["id"] is UNKNOWN


def test_update_preview_keeps_what_cannot_change(plugin: Plugin) -> None:
    old = {"name": "gold", "location": "westeurope", "creationDate": "2026-01-01"}
    outputs = plugin.update(IMAGE, "/x", old=old, new={"description": "new"}, preview=True)
    assert outputs["name"] == "gold"
    assert outputs["description"] == "new"
    assert outputs["creationDate"] is UNKNOWN


def test_secrets_reach_azure_and_nothing_else(
    plugin: Plugin, capfd: pytest.CaptureFixture[str]
) -> None:
    inputs = {
        "resourceGroupName": "rg",
        "labName": "lab",
        "name": "vm",
        "password": Secret("hunter2!"),
    }
    plugin.arm.script("PUT", "/vm", Said(400, {"error": {"code": "Bad", "message": "no"}}))
    with pytest.raises(grpc.RpcError) as raised:
        plugin.create(VM, inputs)
    assert plugin.arm.requests("PUT")[0].body["properties"]["password"] == "hunter2!"
    shown = capfd.readouterr()
    assert "hunter2!" not in f"{details(raised.value)} {shown.out} {shown.err}"
