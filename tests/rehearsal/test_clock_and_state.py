"""Time that is compared and not slept for, and a state that outlives the process."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from rehearsal.azure.agenda import Agenda
from rehearsal.azure.clock import Clock, iso
from rehearsal.azure.errors import ArmError
from rehearsal.azure.operations import Operations
from rehearsal.azure.store import Shelf, Store
from rehearsal.azure.times import Times, seconds
from tests.rehearsal.cloud import DEV, LINUX, START, Cloud, artifacts


def test_a_week_in_one_step_finishes_all_in_its_order(cloud: Cloud) -> None:
    lab = cloud.lab()
    order = cloud.order(artifacts=artifacts("windows-git", "windows-7zip"))
    vm = f"{lab}/virtualmachines/a"
    reply = cloud.arm("PUT", vm, order)
    began = cloud.azure.now()
    cloud.advance("7d")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    first, second = cloud.expanded(vm)["properties"]["artifacts"]
    # Each step happened at its own moment, not at the end of the jump.
    assert Times.read().of("virtualMachine", "create") == 240
    assert first["installTime"] == stamp(began + 240)
    assert second["installTime"] == stamp(began + 240 + 120)


def stamp(moment: float) -> str:
    return iso(moment)


def test_the_clock_can_be_advanced_scaled_and_frozen(cloud: Cloud) -> None:
    cloud.group("rg-a")
    assert cloud.control("GET", "clock").body["epoch"] == START
    assert cloud.control("POST", "clock", {"advance": "7d"}).body["epoch"] == START + 604800
    assert cloud.control("POST", "clock", {"advance": 60}).body["epoch"] == START + 604860
    cloud.control("POST", "clock", {"scale": 100})
    cloud.real += 1
    assert cloud.control("GET", "clock").body["epoch"] == START + 604960
    cloud.control("POST", "clock", {"frozen": True})
    cloud.real += 1000
    assert cloud.control("GET", "clock").body["epoch"] == START + 604960
    cloud.control("POST", "clock", {"frozen": False})
    cloud.real += 1
    assert cloud.control("GET", "clock").body["epoch"] == START + 605060


@pytest.mark.parametrize(
    "asked", [{"advance": "-1d"}, {"advance": -1}, {"advance": "soon"}, {"scale": 0}, {"back": 1}]
)
def test_a_clock_takes_nothing_senseless(cloud: Cloud, asked: dict[str, object]) -> None:
    assert cloud.control("POST", "clock", asked).status == 400
    assert cloud.control("GET", "clock").body["epoch"] == START


def test_retry_after_is_whole_real_seconds_and_milliseconds_beside_them(cloud: Cloud) -> None:
    group = cloud.group("rg-a")
    lab = f"{group}/providers/Microsoft.DevTestLab/labs"
    told = (("a", 1, "10", "10000"), ("b", 4, "2", "2500"), ("c", 40, "1", "250"))
    for name, scale, whole, fine in (*told, ("d", 600, "1", "100")):
        cloud.control("POST", "clock", {"scale": scale})
        reply = cloud.arm("PUT", f"{lab}/{name}", {"location": "westeurope"})
        assert reply.headers["Retry-After"] == whole
        assert reply.headers["Retry-After-Ms"] == fine


def test_operations_in_flight_go_on_after_a_restart(cloud: Cloud) -> None:
    lab = cloud.lab()
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order(LINUX))
    cloud.advance("100s")
    cloud.group("rg-b")
    cloud.open()
    assert cloud.follow(reply).body["status"] == "Running"
    cloud.advance("140s")
    assert cloud.follow(reply).body["status"] == "Succeeded"
    assert cloud.arm("GET", f"{lab}/virtualmachines/a").body["properties"]["osType"] == "Linux"


def test_every_acknowledged_write_is_on_disk(cloud: Cloud) -> None:
    """Read with another connection what a killed process would leave behind."""
    group = cloud.group("rg-a")
    for at in range(20):
        tags = {"tags": {"at": str(at)}}
        assert cloud.arm("PATCH", group, tags).status == 200
        other = Store(cloud.path)
        shelf = Shelf("resources")
        other.add(shelf)
        found = shelf.get(group.lower())
        other.close()
        assert found is not None
        assert found["body"]["tags"] == tags["tags"]


def test_a_clock_never_goes_back_over_a_restart(cloud: Cloud) -> None:
    cloud.control("POST", "clock", {"scale": 100})
    cloud.real += 0.15  # too little for the running clock to be saved again
    seen = cloud.control("GET", "clock").body["epoch"]
    cloud.open()
    assert cloud.control("GET", "clock").body["epoch"] >= seen


def test_a_refused_call_changes_nothing(cloud: Cloud) -> None:
    lab = cloud.lab()
    before = json.dumps(cloud.control("GET", "state").body)
    asked = cloud.order(artifacts=artifacts("windows-nothing"))
    assert cloud.arm("PUT", f"{lab}/virtualmachines/a", asked).status == 404
    assert json.dumps(cloud.control("GET", "state").body) == before


def test_a_fault_of_the_server_itself_is_a_500_and_changes_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    lab = cloud.lab()
    monkeypatch.setattr("rehearsal.azure.devtestlab.machines.LabMachine._expire", broken)
    reply = cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order())
    assert (reply.status, reply.code) == (500, "InternalServerError")
    groups = cloud.arm("GET", f"/subscriptions/{DEV}/resourcegroups").body["value"]
    assert [each["name"] for each in groups] == ["rg-web"]


def test_a_reset_forgets_everything(cloud: Cloud) -> None:
    reply = cloud.arm("PUT", f"{cloud.lab()}/virtualmachines/a", cloud.order())
    cloud.control("POST", "faults", {"artifact": "a"})
    cloud.control("POST", "reset")
    assert cloud.arm("GET", f"/subscriptions/{DEV}/resourcegroups").body["value"] == []
    assert cloud.control("GET", "faults").body["value"] == []
    assert cloud.follow(reply).status == 404
    cloud.open()
    assert cloud.arm("GET", f"/subscriptions/{DEV}/resourcegroups").body["value"] == []
    cloud.lab()


def test_calls_from_many_threads_lose_nothing(cloud: Cloud) -> None:
    group = cloud.group("rg-a")
    failed: list[int] = []

    def put(worker: int) -> None:
        for at in range(10):
            path = f"{group}/providers/Microsoft.DevTestLab/schedules/s{worker}-{at}"
            reply = cloud.arm("PUT", path, {"location": "westeurope"})
            failed.extend([reply.status] if reply.status != 201 else [])

    workers = [threading.Thread(target=put, args=(worker,)) for worker in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    found = cloud.arm("GET", f"{group}/providers/Microsoft.DevTestLab/schedules").body["value"]
    assert len(found) == 80


def test_ended_operations_are_forgotten_in_time_and_running_ones_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rehearsal.azure.operations._KEPT", 20)
    shelf = Shelf("operations")
    clock = Clock(Shelf("meta"), start=START)
    operations = Operations(shelf, Agenda(Shelf("events"), clock))
    running = operations.begin("/a", "PUT")
    for _ in range(100):
        operations.finish(operations.begin("/b", "PUT"))
    assert len(shelf) <= 21
    found = operations.find(running)
    assert found is not None
    operations.finish(running, ArmError(409, "Broken", "so it is"))
    operations.finish(running)
    assert (operations.find(running) or {})["error"]["code"] == "Broken"


def test_the_table_of_times_is_read() -> None:
    times = Times.read()
    assert times.of("virtualMachine", "create") == 240
    assert times.of("customImage", "capture") == 360
    assert times.of("snapshot", "copyToRegion", gib=127) == 1200
    assert times.of("snapshot", "copyToRegion", gib=30) == pytest.approx(283.46, abs=0.01)
    assert times.artifact("Windows-VisualStudio") == 600
    assert times.artifact("something-else") == 180


@pytest.mark.parametrize(
    ("text", "length"), [("90s", 90), ("4 min", 240), ("4h", 14400), ("7d", 604800)]
)
def test_lengths_of_time_are_read(text: str, length: float) -> None:
    assert seconds(text) == length


def test_a_store_on_disk_comes_back_in_order(tmp_path: Path) -> None:
    store, shelf = Store(tmp_path / "s.db"), Shelf("x")
    store.add(shelf)
    for key in ("b", "c", "a"):
        shelf.put(key, {"key": key})
    store.commit()
    shelf.put("b", {"key": "b", "changed": True})
    shelf.drop("c")
    shelf.put("lost", {})
    store.rollback()
    shelf.drop("c")
    store.commit()
    store.close()
    again, found = Store(tmp_path / "s.db"), Shelf("x")
    again.add(found)
    assert found.items() == [("b", {"key": "b"}), ("a", {"key": "a"})]
    again.close()


def test_an_event_that_goes_wrong_stops_neither_the_clock_nor_its_operation(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    group = cloud.group("rg-a")
    lab = f"{group}/providers/Microsoft.DevTestLab/labs/a"
    reply = cloud.arm("PUT", lab, {"location": "westeurope"})
    monkeypatch.setattr("rehearsal.azure.devtestlab.labs.Lab.finish", broken)
    ended = cloud.finish(reply)
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "InternalServerError")
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert cloud.arm("GET", lab).body["properties"]["provisioningState"] == "Failed"
    cloud.open()
    assert cloud.follow(reply).body["status"] == "Failed"
