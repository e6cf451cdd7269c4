"""The server as a process of its own: started, killed, stopped; and spoken to by real clients."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import requests
from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import ClientSecretCredential

from rehearsal import daemon
from rehearsal.azure.clock import present
from rehearsal.client import Client, RehearsalError
from rehearsal.first_day import FIRST_DAY
from rehearsal.home import Home, ServerInfo, alive
from rehearsal.settings import Settings
from tests.rehearsal.cloud import DEV, FACTORY, TENANT

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    found = Home(tmp_path_factory.mktemp("rehearsal") / "home")
    yield found
    daemon.stop(found)


def run(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    day = ("--day", str(FIRST_DAY)) if arguments[0] == "start" else ()
    return subprocess.run(
        [sys.executable, "-m", "rehearsal", *arguments, *day],
        env={**os.environ, "REHEARSAL_HOME": str(home.root)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def up(home: Home) -> ServerInfo:
    done = run(home, "start")
    assert done.returncode == 0, done.stderr
    info = home.read_server()
    assert info is not None
    return info


def labs(home: Home) -> dict[str, tuple[list[str], list[str]]]:
    state = json.loads(run(home, "show", "--json").stdout)
    return {
        lab["name"]: (
            [each["name"] for each in lab["customImages"]],
            [each["name"] for each in lab["virtualMachines"]],
        )
        for subscription in state["subscriptions"]
        for lab in subscription["labs"]
    }


ESTATE = {
    "team-web": (["web-golden"], ["web-base", "web-build-01"]),
    "team-data": ([], []),
    "finance": ([], []),
    "support": ([], []),
    "engineering-us": ([], []),
}


def test_start_is_done_when_the_estate_stands_and_may_be_repeated(home: Home) -> None:
    first = up(home)
    assert first.scale == 240
    assert labs(home) == ESTATE
    assert up(home) == first
    assert labs(home) == ESTATE


def test_keys_are_for_their_owner_alone(home: Home) -> None:
    up(home)
    for path in (home.secrets, home.ca_key, home.key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


def test_the_server_listens_on_loopback_alone(home: Home) -> None:
    info = up(home)
    hexport = f"{info.port:04X}"
    lines = (
        Path("/proc/net/tcp").read_text().splitlines()
        + Path("/proc/net/tcp6").read_text().splitlines()
    )
    listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]
    assert [each for each in listening if each.endswith(f":{hexport}")] == [f"0100007F:{hexport}"]


def test_azure_identity_and_azure_core_work_on_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = up(home)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(home.trust))
    credential = ClientSecretCredential(
        TENANT,
        FACTORY,
        home.client_secret("factory"),
        authority=info.url,
        disable_instance_discovery=True,
    )
    policies = [RetryPolicy(), BearerTokenCredentialPolicy(credential, f"{info.url}/.default")]
    pipeline: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
        base_url=info.url, policies=policies
    )
    with pipeline as client:
        path = f"{info.url}/subscriptions/{DEV}/resourcegroups?api-version=2024-03-01"
        answer = client.send_request(HttpRequest("GET", path))
        assert [each["name"] for each in answer.json()["value"]][:2] == [
            "rg-team-web",
            "rg-team-data",
        ]


def test_a_killed_server_loses_nothing_it_acknowledged(home: Home) -> None:
    info = up(home)
    client = Client(home, info)
    client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    base = f"/subscriptions/{DEV}/resourceGroups"
    acknowledged = []
    for at in range(50):
        client.arm("PUT", f"{base}/rg-kill-{at}", "2024-03-01", {"location": "westeurope"})
        acknowledged.append(f"rg-kill-{at}")
    os.kill(info.pid, signal.SIGKILL)
    while alive(info.pid):
        pass
    again = up(home)
    assert (again.pid != info.pid, again.port) == (True, info.port)
    client = Client(home, again)
    client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    found = client.arm("GET", base, "2024-03-01")["value"]
    names = {each["name"] for each in found}
    assert set(acknowledged) <= names
    assert labs(home) == ESTATE


def test_stop_ends_it_and_what_stands_is_kept(home: Home) -> None:
    info = up(home)
    assert run(home, "stop").stdout == "stopped\n"
    assert not alive(info.pid)
    assert not home.server.exists()
    status = run(home, "status")
    assert (status.returncode, status.stdout) == (1, "not running\n")
    assert run(home, "stop").stdout == "not running\n"
    refused = run(home, "show")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "is not running" in refused.stderr
    assert up(home).port == info.port
    assert labs(home) == ESTATE


def test_reset_makes_the_estate_again_and_forgets_the_stacks(home: Home) -> None:
    info = up(home)
    client = Client(home, info)
    client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    path = f"/subscriptions/{DEV}/resourceGroups/rg-mine"
    client.arm("PUT", path, "2024-03-01", {"location": "westeurope"})
    state = home.state / ".pulumi" / "stacks" / "image-factory" / "dev.json"
    lock = home.state / ".pulumi" / "locks" / "organization" / "image-factory" / "dev" / "1.json"
    for file, text in (
        (state, "{}"),
        (lock, '{"pid": 1, "hostname": "another", "username": "eve"}'),
    ):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    refused = run(home, "reset")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "in use by process 1" in refused.stderr
    client.arm("GET", path, "2024-03-01")
    lock.unlink()
    assert run(home, "reset").returncode == 0
    assert not state.exists()
    assert home.read_server() == info
    with pytest.raises(RehearsalError, match="rg-mine"):
        client.arm("GET", path, "2024-03-01")
    assert labs(home) == ESTATE


def test_the_clock_begins_at_the_first_day_and_again_with_a_reset(home: Home) -> None:
    client = Client(home, up(home))
    client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    labs_path = f"/subscriptions/{DEV}/providers/Microsoft.DevTestLab/labs"
    for _ in range(2):
        run(home, "clock", "--advance", "400d")
        assert run(home, "reset").returncode == 0
        run(home, "clock", "--freeze")
        assert run(home, "clock").stdout.startswith(f"{FIRST_DAY}T")
        # The estate was made on the day before, and tokens are good: those go by real clocks.
        made = client.arm("GET", labs_path, "2018-09-15")["value"][0]["properties"]["createdDate"]
        assert made[:10] == str(FIRST_DAY - timedelta(days=1))
        run(home, "clock", "--run")
    # A start that does not name a day goes on with that of the start before.
    assert Settings.resolve(home).day == FIRST_DAY


def test_without_a_first_day_a_rehearsal_follows_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings.resolve(Home(tmp_path / "home")).day is None
    monkeypatch.setattr("rehearsal.azure.clock.time.time", lambda: 86_400.0)
    assert present(None) == 86_400.0
    assert present(date(1970, 1, 3)) == 2 * 86_400.0 + 8 * 3600.0


def test_the_clock_faults_and_record_are_at_hand(home: Home) -> None:
    up(home)
    before = json.loads(run(home, "status", "--json").stdout)["clock"]["epoch"]
    assert run(home, "clock", "--advance", "7d").returncode == 0
    after = json.loads(run(home, "status", "--json").stdout)["clock"]["epoch"]
    assert after - before >= 7 * 86400
    added = run(home, "faults", "add", "--artifact", "windows-git", "--exit", "3", "--times", "2")
    listed = json.loads(run(home, "faults", "list").stdout)
    assert [each["id"] for each in listed] == [added.stdout.strip()]
    assert run(home, "faults", "clear").stdout == "1 cleared\n"
    assert run(home, "clock", "--advance", "yesterday").returncode == 1
    requests_ = json.loads(run(home, "requests", "--json").stdout)
    assert all("rehearsal" not in each["path"] for each in requests_)
    assert "team-web" in run(home, "show").stdout


def test_faults_and_switches_come_with_start_and_live(home: Home, tmp_path: Path) -> None:
    rules = tmp_path / "accidents.yaml"
    rules.write_text("- {status: 503, method: DELETE}\n- {id: mine, capacity: SkuNotAvailable}\n")
    up(home)
    for _ in range(2):  # a second start puts the same rules in place of the first
        done = run(home, "start", "--faults", str(rules), "--switch", "throttling=off")
        assert done.returncode == 0, done.stderr
        listed = json.loads(run(home, "faults", "list").stdout)
        assert [each["id"] for each in listed] == ["accidents-1", "mine"]
    assert "* throttling                     false" in run(home, "switches").stdout
    assert run(home, "switches", "set", "throttling", "default").stdout == "throttling true\n"
    assert run(home, "faults", "clear").stdout == "2 cleared\n"
    assert run(home, "faults", "load", str(rules)).stdout == "accidents-1\nmine\n"
    late = ("faults", "add", "--fail-later", "Late", "--message", "so late", "--path", "*/vms/*")
    name = run(home, *late).stdout.strip()
    found = json.loads(run(home, "faults", "list").stdout)[-1]
    assert (found["id"], found["failLater"]) == (name, {"code": "Late", "message": "so late"})
    run(home, "faults", "clear")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("start", "--faults", "nowhere.yaml"), "cannot read the faults"),
        (("start", "--switch", "throttling"), "NAME=VALUE"),
        (("start", "--switch", "colour=red"), "there is no switch 'colour'"),
        (("faults", "add", "--status", "500", "--hang"), "exactly one of"),
        (("faults", "clear", "no-such-rule"), "there is no fault"),
        (("switches", "set", "throttling", "perhaps"), "is one of true, false"),
        (("requests", "--last", "some"), "asked for by"),
    ],
)
def test_what_cannot_be_controlled_is_told_in_one_line(
    home: Home, arguments: tuple[str, ...], says: str
) -> None:
    up(home)
    done = run(home, *arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_a_dropped_connection_is_dropped_for_real(home: Home) -> None:
    info = up(home)
    client = Client(home, info)
    client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    base = f"/subscriptions/{DEV}/resourceGroups"
    body = {"location": "westeurope"}
    for when, stands in (("before", False), ("after", True)):
        client.control("POST", "faults", {"drop": when, "method": "PUT", "times": 1})
        with pytest.raises(RehearsalError, match="does not answer"):
            client.arm("PUT", f"{base}/rg-drop-{when}", "2024-03-01", body)
        names = [each["name"] for each in client.arm("GET", base, "2024-03-01")["value"]]
        assert (f"rg-drop-{when}" in names) == stands


def test_a_held_request_gets_no_answer_until_its_client_is_gone(home: Home) -> None:
    info = up(home)
    client = Client(home, info)
    token = client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    base = f"/subscriptions/{DEV}/resourceGroups"
    for when, stands in (("before", False), ("after", True)):
        rule = {"id": when, "hold": when, "method": "PUT", "nth": 1}
        client.control("POST", "faults", rule)
        with pytest.raises(requests.ReadTimeout):
            requests.put(
                f"{info.url}{base}/rg-hold-{when}?api-version=2024-03-01",
                json={"location": "westeurope"},
                headers={"Authorization": f"Bearer {token}"},
                verify=str(home.ca),
                timeout=1,
            )
        names = [each["name"] for each in client.arm("GET", base, "2024-03-01")["value"]]
        assert (f"rg-hold-{when}" in names) == stands
        assert client.control("GET", "requests", None, fault=when)["value"]


def test_a_delayed_answer_holds_up_nobody_else(home: Home) -> None:
    info = up(home)
    slow, quick = Client(home, info), Client(home, info)
    slow.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    slow.control("POST", "clock", {"frozen": True})
    slow.control("POST", "faults", {"delay": "1h", "path": "*/rg-slow", "times": 1})
    base = f"/subscriptions/{DEV}/resourceGroups"
    answers: list[object] = []

    def ask() -> None:
        answers.append(slow.arm("PUT", f"{base}/rg-slow", "2024-03-01", {"location": "eastus"}))

    asking = threading.Thread(target=ask)
    asking.start()
    while quick.control("GET", "faults")["value"]:
        pass  # until the rule has hit
    assert quick.control("GET", "clock")["frozen"]
    assert answers == []
    # Moving the clock ends the delay, as it ends everything else.
    quick.control("POST", "clock", {"advance": "1h", "frozen": False})
    asking.join(timeout=30)
    assert len(answers) == 1


def test_a_killed_server_forgets_neither_rules_nor_operations(home: Home) -> None:
    info = up(home)
    client = Client(home, info)
    client.control("POST", "faults", {"id": "kept", "status": 503, "path": "*/rg-kept"})
    client.control("POST", "switches", {"throttling": False})
    client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    path = f"/subscriptions/{DEV}/resourceGroups/rg-going"
    client.arm("PUT", path, "2024-03-01", {"location": "westeurope"})
    client.arm("DELETE", path, "2024-03-01")
    os.kill(info.pid, signal.SIGKILL)
    while alive(info.pid):
        pass
    client = Client(home, up(home))
    assert [each["id"] for each in client.control("GET", "faults")["value"]] == ["kept"]
    values = {each["name"]: each["value"] for each in client.control("GET", "switches")["value"]}
    assert values["throttling"] is False
    client.control("POST", "clock", {"advance": "1h"})
    state = client.control("GET", "state")["subscriptions"][0]
    assert "rg-going" not in state["resourceGroups"]
    assert client.control("DELETE", "faults")["cleared"] == 1
    client.control("POST", "switches", {"throttling": "default"})


def test_cost_and_record_are_told(home: Home) -> None:
    client = Client(home, up(home))
    client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    path = f"/subscriptions/{DEV}/resourceGroups/rg-told"
    client.arm("PUT", path, "2024-03-01", {"location": "westeurope"})
    run(home, "clock", "--advance", "1d")
    assert "virtualMachine Standard_D2s_v5 Windows" in run(home, "cost").stdout
    assert json.loads(run(home, "cost", "--json").stdout)["total"] > 0
    assert "microsoft.resources/resourcegroups" in run(home, "requests", "--counts").stdout
    assert run(home, "requests", "--method", "PUT", "--last", "1").stdout.count("\n") == 1


def test_a_client_that_speaks_no_tls_or_trusts_nobody_hurts_nobody(home: Home) -> None:
    info = up(home)
    with pytest.raises(requests.RequestException):
        requests.get(f"http://localhost:{info.port}/", timeout=5)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{info.url}/metadata/endpoints", timeout=5)
    assert Client(home, info).control("GET", "clock")["scale"] == 240


def test_what_cannot_be_started_says_so_in_one_line(tmp_path: Path) -> None:
    other = Home(tmp_path / "home")
    missing = run(other, "start", "--estate", str(tmp_path / "none.yaml"))
    assert missing.returncode == 1
    assert missing.stderr.count("\n") == 1
    assert "cannot read the estate" in missing.stderr
    folder = run(other, "start", "--artifacts", str(tmp_path / "none"))
    assert (folder.returncode, folder.stderr.count("\n")) == (1, 1)
    assert "no folder of artifacts" in folder.stderr


def test_an_announcement_of_another_programs_process_is_not_believed(tmp_path: Path) -> None:
    other = Home(tmp_path / "home")
    other.create()
    stale = {"pid": os.getpid(), "port": 1, "url": "https://localhost:1", "scale": 240}
    other.server.write_text(json.dumps(stale))
    assert other.read_server() is None
    assert daemon.stop(other) is False
    assert not other.server.exists()
