"""Each kind of fault, seen from a client; and how rules are chosen and counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.azure.faults.rules import parse
from tests.rehearsal.chain import COMPUTE_API, capture_body, snapshot, snapshot_body
from tests.rehearsal.cloud import DEV, Cloud, Reply, artifacts, compute

Json = dict[str, Any]
GROUPS = f"/subscriptions/{DEV}/resourceGroups"


def fault(cloud: Cloud, **rule: Any) -> str:
    reply = cloud.control("POST", "faults", rule)
    assert reply.status == 201, reply.body
    return str(reply.body["id"])


def put(cloud: Cloud, name: str) -> Reply:
    return cloud.arm("PUT", f"{GROUPS}/{name}", {"location": "westeurope"})


def test_a_status_is_answered_instead_and_nothing_happens(cloud: Cloud) -> None:
    fault(cloud, method="PUT", status=503, code="ServerBusy", message="not now", retryAfter=7)
    reply = put(cloud, "rg-a")
    assert (reply.status, reply.code, reply.message) == (503, "ServerBusy", "not now")
    assert reply.headers["Retry-After"] == "7"
    assert cloud.arm("GET", f"{GROUPS}/rg-a").status == 404


@pytest.mark.parametrize(("when", "stands"), [("before", 404), ("after", 200)])
def test_a_connection_is_dropped_before_or_after_the_change(
    cloud: Cloud, when: str, stands: int
) -> None:
    cloud.arm("GET", GROUPS)  # the token is there
    fault(cloud, method="PUT", drop=when, times=1)
    with pytest.raises(ConnectionError):
        put(cloud, "rg-a")
    assert cloud.arm("GET", f"{GROUPS}/rg-a").status == stands
    noted = cloud.control("GET", "requests", method="PUT").body["value"]
    assert [each["status"] for each in noted] == [0 if when == "before" else 201]


def test_a_delay_is_by_the_clock(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def pause(seconds: float) -> None:
        slept.append(seconds)
        cloud.real += seconds

    monkeypatch.setattr(cloud.gateway.accidents, "_pause", pause)
    cloud.control("POST", "clock", {"scale": 100})
    fault(cloud, path="*/rg-slow", delay="30 s")
    before = cloud.azure.now()
    assert put(cloud, "rg-slow").status == 201
    assert cloud.azure.now() - before >= 30
    assert sum(slept) == pytest.approx(0.3)
    slept.clear()
    assert put(cloud, "rg-quick").status == 201
    assert slept == []


def test_an_operation_hangs_until_its_resource_is_deleted(cloud: Cloud) -> None:
    lab = cloud.lab()
    fault(cloud, type="Microsoft.DevTestLab/labs/virtualMachines", method="PUT", hang=True)
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order())
    cloud.advance("7d")
    assert cloud.follow(reply).body == {
        "name": cloud.follow(reply).body["name"],
        "status": "Running",
    }
    found = cloud.arm("GET", f"{lab}/virtualmachines/a").body["properties"]
    assert found["provisioningState"] == "Creating"
    cloud.finish(cloud.arm("DELETE", f"{lab}/virtualmachines/a"))
    assert cloud.arm("GET", f"{lab}/virtualmachines/a").status == 404
    assert cloud.follow(reply).body["error"]["code"] == "OperationPreempted"


def test_a_hung_installation_never_goes_on(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab())
    fault(cloud, path="*/applyartifacts", hang=True, times=1)
    reply = cloud.arm("POST", f"{vm}/applyArtifacts", {"artifacts": artifacts("windows-git")})
    cloud.advance("7d")
    assert cloud.follow(reply).body["status"] == "Running"
    found = cloud.expanded(vm)["properties"]
    assert [each["status"] for each in found["artifacts"]] == ["Installing"]
    assert found["provisioningState"] == "ApplyingArtifacts"


@pytest.mark.parametrize("action", ["PUT", "DELETE"])
def test_an_operation_is_accepted_and_fails_at_its_end(cloud: Cloud, action: str) -> None:
    lab = cloud.lab()
    vm = f"{lab}/virtualmachines/a"
    if action == "DELETE":
        cloud.vm(lab, "a")
    rule = {"code": "Conflict", "message": "the end was bad"}
    fault(cloud, path="*/virtualmachines/*", method=action, failLater=rule)
    reply = cloud.arm(action, vm, cloud.order() if action == "PUT" else None)
    assert reply.status in (201, 202)
    ended = cloud.finish(reply)
    assert (ended["status"], ended["error"]) == ("Failed", rule)
    assert cloud.arm("GET", vm).body["properties"]["provisioningState"] == "Failed"


def test_a_machine_is_free_again_when_its_capture_fails(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab, "a")
    fault(cloud, path="*/customimages/*", failLater={"code": "Late"}, times=1)
    gold = f"{lab}/customimages/gold"
    body = capture_body(vm, "NonSysprepped")
    assert cloud.finish(cloud.arm("PUT", gold, body))["error"]["code"] == "Late"
    # It can be captured, and be worked on.
    cloud.make(gold, body)
    assert cloud.finish(cloud.arm("POST", f"{vm}/stop"))["status"] == "Succeeded"


@pytest.mark.parametrize(("action", "power"), [("stop", "Running"), ("start", "Stopped")])
def test_a_machine_is_as_it_was_when_starting_or_stopping_fails(
    cloud: Cloud, action: str, power: str
) -> None:
    vm = cloud.vm(cloud.lab(), "a")
    if action == "start":
        cloud.finish(cloud.arm("POST", f"{vm}/stop"))
    fault(cloud, path=f"*/{action}", failLater={"code": "Late"}, times=1)
    assert cloud.finish(cloud.arm("POST", f"{vm}/{action}"))["status"] == "Failed"
    found = cloud.expanded(vm)["properties"]
    assert found["lastKnownPowerState"] == power
    codes = [each["code"] for each in found["computeVm"]["statuses"]]
    assert f"PowerState/{'running' if power == 'Running' else 'deallocated'}" in codes


def test_what_could_not_be_made_is_made_by_the_next_put(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = f"{lab}/virtualmachines/a"
    fault(cloud, path="*/virtualmachines/*", failLater={"code": "Late"}, times=1)
    assert cloud.finish(cloud.arm("PUT", vm, cloud.order()))["status"] == "Failed"
    cloud.make(vm, cloud.order())
    assert cloud.arm("GET", vm).body["properties"]["lastKnownPowerState"] == "Running"
    # One machine, not two: the first one's group is gone.
    state = cloud.control("GET", "state").body["subscriptions"][0]
    assert len(state["resourceGroups"]) == 2
    # A failed deletion leaves a machine that is whole, and a PUT does not make it anew.
    fault(cloud, path="*/virtualmachines/*", method="DELETE", failLater={}, times=1)
    assert cloud.finish(cloud.arm("DELETE", vm))["status"] == "Failed"
    before = cloud.expanded(vm)["properties"]["computeVm"]
    assert cloud.arm("PUT", vm, cloud.order()).status == 200
    after = cloud.expanded(vm)["properties"]
    assert (after["provisioningState"], after["computeVm"]) == ("Succeeded", before)


def test_an_installation_whose_operation_fails_has_installed_all_the_same(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab())
    fault(cloud, path="*/applyartifacts", failLater={"code": "Broken"})
    reply = cloud.arm("POST", f"{vm}/applyArtifacts", {"artifacts": artifacts("windows-git")})
    assert cloud.finish(reply)["error"]["code"] == "Broken"
    assert cloud.expanded(vm)["properties"]["artifacts"][0]["status"] == "Succeeded"


def test_a_lost_repository_has_no_artifacts_and_takes_no_orders(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    listing = f"{lab}/artifactsources/public repo/artifacts"
    assert cloud.arm("GET", listing).body["value"]
    fault(cloud, repository="lost", path="*/artifactsources/public repo")
    assert cloud.arm("GET", listing).body["value"] == []
    reply = cloud.arm("POST", f"{vm}/applyArtifacts", {"artifacts": artifacts("windows-git")})
    assert "one or more artifact repositories have been disabled" in reply.message
    order = cloud.order(artifacts=artifacts("windows-git"))
    assert cloud.arm("PUT", f"{lab}/virtualmachines/b", order).status == 400
    cloud.control("DELETE", "faults")
    assert cloud.arm("GET", listing).body["value"]


def test_a_repository_is_lost_as_often_as_asked(cloud: Cloud) -> None:
    """What was counted stays counted, though the order was refused."""
    vm = cloud.vm(cloud.lab())
    fault(cloud, repository="lost", times=1)
    order = {"artifacts": artifacts("windows-git")}
    assert cloud.arm("POST", f"{vm}/applyArtifacts", order).status == 400
    assert cloud.arm("POST", f"{vm}/applyArtifacts", order).status == 202


def test_a_copy_dies_where_it_is_told_to(cloud: Cloud) -> None:
    disk = cloud.disk(cloud.vm(cloud.lab()))["id"]
    source = snapshot(cloud, disk)
    cloud.group("rg-far", "eastus2")
    fault(cloud, copyDies=60, times=1)
    body = snapshot_body(source, "eastus2", createOption="CopyStart")
    seen = []
    for name in ("dies", "lives"):
        path = compute(DEV, "rg-far", "snapshots", name)
        # The operation succeeds soon: only the copy itself tells what becomes of it.
        ended = cloud.finish(cloud.arm("PUT", path, body, version=COMPUTE_API), "1 min")
        assert ended["status"] == "Succeeded"
        cloud.advance("3h")
        found = cloud.arm("GET", path, version=COMPUTE_API).body["properties"]
        seen.append((found["completionPercent"], "copyCompletionError" in found))
        if name == "dies":
            cloud.finish(cloud.arm("DELETE", path, version=COMPUTE_API))
    assert seen == [(60.0, True), (100.0, False)]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("AllocationFailed", "We do not have sufficient capacity"),
        ("ZonalAllocationFailed", "in this zone"),
        ("OverconstrainedAllocationRequest", "too restrictive"),
        ("SkuNotAvailable", "Standard_D2s_v5' is currently not available in location 'westeurope'"),
    ],
)
def test_a_region_without_room_refuses_machines(cloud: Cloud, code: str, says: str) -> None:
    lab = cloud.lab()
    fault(cloud, capacity=code)
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order())
    assert (reply.status, reply.code) == (409, code)
    assert says in reply.message
    assert cloud.arm("GET", f"{lab}/virtualmachines/a").status == 404


def test_a_rule_hits_whom_it_names(cloud: Cloud) -> None:
    lab = cloud.lab()
    fault(cloud, type="Microsoft.DevTestLab/labs", method=["GET", "PATCH"], status=500)
    assert cloud.arm("GET", lab).status == 500
    assert cloud.arm("PATCH", lab, {}).status == 500
    assert cloud.arm("GET", lab.rpartition("/")[0]).status == 500  # the list is of the type too
    assert cloud.arm("GET", f"{lab}/virtualnetworks/Dtlweb").status == 200
    assert cloud.arm("POST", f"{lab}/listVhds").status == 200
    assert cloud.token().status == 200


def test_tokens_are_hit_only_when_named(cloud: Cloud) -> None:
    fault(cloud, status=500)
    assert cloud.token().status == 200
    fault(cloud, status=503, path="*/oauth2/v2.0/token")
    assert cloud.token().status == 503


def test_the_token_endpoint_refuses_in_its_own_words(cloud: Cloud) -> None:
    ended = "AADSTS700024: Client assertion is not within its valid time range."
    rule = {"status": 401, "code": "invalid_client", "message": ended}
    fault(cloud, path="*/oauth2/v2.0/token", **rule)
    refused = cloud.token()
    assert refused.status == 401
    assert refused.body == {"error": "invalid_client", "error_description": ended}


def test_the_nth_and_only_the_nth(cloud: Cloud) -> None:
    name = fault(cloud, method="PUT", nth=3, status=500)
    assert [put(cloud, f"rg-{at}").status for at in range(5)] == [201, 201, 500, 201, 201]
    assert name not in [each["id"] for each in cloud.control("GET", "faults").body["value"]]


def test_the_first_so_many(cloud: Cloud) -> None:
    fault(cloud, method="PUT", times=2, status=500)
    assert [put(cloud, f"rg-{at}").status for at in range(4)] == [500, 500, 201, 201]


def test_chance_is_the_same_every_time(cloud: Cloud) -> None:
    seen = []
    for _ in range(2):
        fault(cloud, id="dice", method="PUT", probability=0.4, seed=11, status=500)
        seen.append([put(cloud, f"rg-{at}").status == 500 for at in range(25)])
    assert seen[0] == seen[1]
    assert 4 <= seen[0].count(True) <= 16
    fault(cloud, id="dice", method="PUT", probability=0.4, seed=12, status=500)
    other = [put(cloud, f"rg-{at}").status == 500 for at in range(25)]
    assert other != seen[0]


def test_the_polls_of_one_operation_count_once(cloud: Cloud) -> None:
    """How many polls there are depends on the machine; which operation fails must not."""
    lab = cloud.lab()
    fault(cloud, path="*/operations/*", nth=2, status=500)
    first = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order())
    assert [cloud.follow(first).status for _ in range(5)] == [200] * 5
    second = cloud.arm("PUT", f"{lab}/virtualmachines/b", cloud.order())
    assert [cloud.follow(second).status for _ in range(3)] == [500, 200, 200]
    fault(cloud, path="*/operations/*", status=500)
    assert [cloud.follow(second).status for _ in range(3)] == [500] * 3


def test_calls_that_begin_nothing_do_not_count_for_operations(cloud: Cloud) -> None:
    lab = cloud.lab()
    vm = cloud.vm(lab)
    fault(cloud, path="*/virtualmachines/*", nth=1, failLater={"code": "Late"})
    assert cloud.arm("PUT", vm, cloud.order()).status == 200  # an update: done at once
    ended = cloud.finish(cloud.arm("POST", f"{vm}/stop"))
    assert ended["error"]["code"] == "Late"


def test_the_record_names_the_fault(cloud: Cloud) -> None:
    name = fault(cloud, method="PUT", status=500)
    put(cloud, "rg-a")
    (noted,) = cloud.control("GET", "requests", fault=name).body["value"]
    assert (noted["method"], noted["status"], noted["code"]) == ("PUT", 500, "InternalServerError")


def test_rules_and_their_counts_survive_a_restart(cloud: Cloud) -> None:
    fault(cloud, id="two", method="PUT", times=2, status=500)
    assert put(cloud, "rg-a").status == 500
    cloud.open()
    (found,) = cloud.control("GET", "faults").body["value"]
    assert (found["id"], found["matched"], found["hit"]) == ("two", 1, 1)
    assert [put(cloud, "rg-a").status for _ in range(2)] == [500, 201]


def test_a_hung_operation_hangs_on_after_a_restart(cloud: Cloud) -> None:
    lab = cloud.lab()
    fault(cloud, path="*/virtualmachines/*", hang=True, times=1)
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order())
    cloud.open()
    cloud.advance("1d")
    assert cloud.follow(reply).body["status"] == "Running"


def test_rules_are_added_all_or_none(cloud: Cloud) -> None:
    rules = [{"status": 500}, {"status": 200}]
    reply = cloud.control("POST", "faults", {"rules": rules})
    assert reply.status == 400
    assert "rule 2: status is between 400 and 599" in reply.message
    assert cloud.control("GET", "faults").body["value"] == []
    assert len(cloud.control("POST", "faults", {"rules": rules[:1]}).body["ids"]) == 1


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"path": "*"}, "exactly one of"),
        ({"status": 500, "hang": True}, "exactly one of"),
        ({"status": 500, "nth": 1, "times": 1}, "nth or times"),
        ({"status": 500, "nth": 0}, "above 0"),
        ({"status": 500, "probability": 2}, "probability"),
        ({"status": 500, "seed": "x"}, "seed"),
        ({"status": 500, "method": "FETCH"}, "no such method"),
        ({"status": 200}, "between 400 and 599"),
        ({"hang": True, "message": "m"}, "message goes with status"),
        ({"hang": False}, "hang is one of"),
        ({"drop": "sometimes"}, "before, after"),
        ({"hold": True}, "hold is one of"),
        ({"delay": "soon"}, "length of time"),
        ({"copyDies": 100}, "percentage"),
        ({"replicationFails": "*"}, "names a region"),
        ({"capacity": "NoIdea"}, "capacity is one of"),
        ({"repository": "stolen"}, "repository is one of"),
        ({"repository": "lost", "method": "GET"}, "not method"),
        ({"artifact": {"vm": "x"}}, "names an artifact"),
        ({"failLater": {"text": "x"}}, "failLater has code, message"),
        ({"colour": "red", "status": 500}, "has no colour"),
        (["status"], "a mapping"),
    ],
)
def test_a_rule_that_makes_no_sense_is_told_in_one_line(rule: Any, says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says) as told:
        parse(rule)
    assert "\n" not in str(told.value)


def test_the_example_of_the_documentation_is_read() -> None:
    text = (Path(__file__).parents[2] / "docs/rehearsal-control.md").read_text()
    example = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    rules = [parse(rule) for rule in yaml.safe_load(example)]
    assert {rule.effect for rule in rules} >= {"status", "drop", "delay", "hang", "copyDies"}
