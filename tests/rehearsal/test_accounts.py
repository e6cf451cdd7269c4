"""The record of requests, its counters, and what the usage costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.azure.control.prices import Prices
from rehearsal.azure.http.record import Record
from rehearsal.showing import bill, counts
from tests.rehearsal.chain import snapshot
from tests.rehearsal.cloud import DEV, LINUX, PROD, WINDOWS, Cloud
from tests.rehearsal.gallery import definition, gallery, managed, version

GROUPS = f"/subscriptions/{DEV}/resourceGroups"


def test_every_request_is_on_the_record(cloud: Cloud) -> None:
    cloud.group("rg-a")
    cloud.arm("GET", f"{GROUPS}/rg-b")
    token, made, refused = cloud.control("GET", "requests").body["value"]
    assert token["path"].endswith("/oauth2/v2.0/token")
    assert (made["who"], made["method"], made["status"]) == ("factory", "PUT", 201)
    assert made["type"] == "microsoft.resources/resourcegroups"
    assert (refused["status"], refused["code"]) == (404, "ResourceGroupNotFound")
    assert made["milliseconds"] > 0
    assert made["time"] <= refused["time"]


def test_the_record_is_asked_by_any_column(cloud: Cloud) -> None:
    for name in ("rg-a", "rg-b"):
        cloud.group(name)
    cloud.advance("1h")
    later = cloud.control("GET", "clock").body["now"]
    cloud.arm("GET", f"{GROUPS}/rg-a")

    def asked(**query: str) -> list[str]:
        found = cloud.control("GET", "requests", None, **query).body["value"]
        return [f"{each['method']} {each['path'].rpartition('/')[2]}" for each in found]

    assert asked(path="RG-A") == ["PUT rg-a", "GET rg-a"]
    assert asked(since=later) == ["GET rg-a"]
    assert asked(status="201") == ["PUT rg-a", "PUT rg-b"]
    assert asked(who="factory", last="1") == ["GET rg-a"]
    assert asked(type="resourcegroups", status="200") == ["GET rg-a"]
    reply = cloud.control("GET", "requests", colour="red")
    assert reply.status == 400
    assert "colour" in reply.message


def test_no_secret_is_on_the_record(cloud: Cloud, tmp_path: Path) -> None:
    cloud.gateway.record = Record(tmp_path / "requests.db")
    lab = cloud.lab()
    cloud.arm("PUT", f"{lab}/virtualmachines/a", cloud.order(password="Canary-Password-1"))
    cloud.arm("GET", lab, query={"sig": "canary-signature"})
    cloud.gateway.record.close()
    written = b"".join(path.read_bytes() for path in tmp_path.glob("requests.db*"))
    assert b"virtualmachines" in written
    for canary in (b"Canary-Password-1", b"canary-signature", b"factory-secret"):
        assert canary not in written
    assert cloud.tokens  # and no token either
    assert all(token.encode() not in written for token in cloud.tokens.values())


def test_requests_are_counted_by_type(cloud: Cloud) -> None:
    lab = cloud.lab()
    for _ in range(3):
        cloud.arm("GET", lab)
    counts = cloud.control("GET", "counts").body["value"]
    found = {(row["type"], row["method"], row["status"]): row["count"] for row in counts}
    assert found["Microsoft.DevTestLab/labs", "PUT", 201] == 1
    assert found["Microsoft.DevTestLab/labs", "GET", 200] == 4
    assert found["Microsoft.DevTestLab/labs/virtualNetworks", "PUT", 201] == 1
    assert found["microsoft.devtestlab/locations/operations", "GET", 200] == 2


def test_the_record_is_bounded_and_its_counters_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.azure.http.record._KEPT", 50)
    record = Record(tmp_path / "r.db")
    row = {"type": "t", "method": "GET", "status": 200, "path": "/", "milliseconds": 1.0}
    for at in range(1000):
        record.add({**row, "time": f"{at:04}"})
    assert [each["time"] for each in record.find({})] == [f"{at:04}" for at in range(950, 1000)]
    record.close()
    again = Record(tmp_path / "r.db")
    assert again.counts()[0]["count"] == 1000
    assert len(again.find({})) == 50
    again.clear()
    assert again.counts() == []
    again.close()


def cost(cloud: Cloud) -> dict[tuple[str, str, str], float]:
    """Give quantities by subscription, meter and what."""
    found = cloud.control("GET", "cost").body
    return {
        (row["subscriptionName"], row["meter"], row["what"]): row["quantity"]
        for row in found["value"]
    }


def test_a_machine_costs_until_it_is_deallocated_or_gone(cloud: Cloud) -> None:
    vm = cloud.vm(cloud.lab(), "a", WINDOWS)
    before = cost(cloud)["Dev", "virtualMachine", "Standard_D2s_v5 Windows"]
    cloud.advance("10h")
    after = cost(cloud)["Dev", "virtualMachine", "Standard_D2s_v5 Windows"]
    assert after - before == pytest.approx(10)
    cloud.finish(cloud.arm("POST", f"{vm}/stop"), "2 min")
    cloud.advance("10d")
    cloud.finish(cloud.arm("DELETE", vm))
    stopped = cost(cloud)["Dev", "virtualMachine", "Standard_D2s_v5 Windows"]
    # Stopping takes two minutes, which cost too; not a second of the ten days.
    assert stopped - after == pytest.approx(2 / 60, abs=0.001)


def test_what_is_stored_costs_by_its_size_and_time(cloud: Cloud) -> None:
    disk = cloud.disk(cloud.vm(cloud.lab(), "a", LINUX))
    size = disk["properties"]["diskSizeGB"]
    path = snapshot(cloud, disk["id"])
    before = cost(cloud)["Dev", "snapshot", "Standard_LRS"]
    cloud.advance("730h")
    after = cost(cloud)["Dev", "snapshot", "Standard_LRS"]
    assert after - before == pytest.approx(size, abs=0.01)
    cloud.finish(cloud.arm("DELETE", path, version="2024-03-02"))
    gone = cost(cloud)["Dev", "snapshot", "Standard_LRS"]
    cloud.advance("730h")
    assert cost(cloud)["Dev", "snapshot", "Standard_LRS"] == gone


def test_a_gallery_version_costs_by_all_its_replicas(cloud: Cloud) -> None:
    of = definition(cloud, gallery(cloud))
    version(cloud, of, managed(cloud), "1.0.0", "westeurope", "northeurope")
    before = cost(cloud)["Dev", "galleryVersion", "Standard_LRS"]
    cloud.advance("730h")
    after = cost(cloud)["Dev", "galleryVersion", "Standard_LRS"]
    assert after - before == pytest.approx(2 * 127, abs=0.01)


def test_copies_between_regions_cost_what_was_copied(cloud: Cloud) -> None:
    disk = cloud.disk(cloud.vm(cloud.lab(), "a", LINUX))
    size = disk["properties"]["diskSizeGB"]
    source = snapshot(cloud, disk["id"])
    snapshot(cloud, source, "far", "eastus2", createOption="CopyStart")
    assert cost(cloud)["Dev", "copied", "westeurope to eastus2"] == pytest.approx(size)
    cloud.control("POST", "faults", {"copyDies": 50})
    snapshot(cloud, source, "dead", "northeurope", createOption="CopyStart")
    half = cost(cloud)["Dev", "copied", "westeurope to northeurope"]
    assert half == pytest.approx(size / 2)


def test_usage_survives_a_restart_and_starts_over_with_a_reset(cloud: Cloud) -> None:
    cloud.vm(cloud.lab(), "a", LINUX)
    cloud.advance("10h")
    before = cost(cloud)
    cloud.open()
    assert cost(cloud) == pytest.approx(before, abs=0.001)
    cloud.control("POST", "reset")
    assert cost(cloud) == {}
    assert cloud.control("GET", "cost").body["total"] == 0


def test_prices_are_read_from_one_table() -> None:
    prices = Prices.read()
    row = {"subscription": PROD, "region": "westeurope", "meter": "virtualMachine"}
    linux = prices.priced({**row, "what": "Standard_D4s_v5 Linux", "amount": 10.0})
    windows = prices.priced({**row, "what": "Standard_D4s_v5 Windows", "amount": 10.0})
    assert (linux["quantity"], linux["unit"], linux["cost"]) == (10, "h", 1.92)
    assert windows["cost"] == pytest.approx(1.92 + 4 * 10 * 0.046)
    stored = prices.priced({**row, "meter": "disk", "what": "Premium_LRS", "amount": 730.0})
    assert (stored["quantity"], stored["unit"], stored["cost"]) == (1, "GiB months", 0.15)


def test_the_bill_is_for_people_too(cloud: Cloud) -> None:
    cloud.vm(cloud.lab(), "a", LINUX)
    text = bill(cloud.control("GET", "cost").body)
    assert "virtualMachine Standard_D2s_v5 Linux" in text
    assert text.splitlines()[-1].startswith("total, EUR")
    assert "Microsoft.DevTestLab/labs" in counts(cloud.control("GET", "counts").body["value"])
