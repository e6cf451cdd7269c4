"""What the engine is started with."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from azure.core import PipelineClient
from azure.core.rest import HttpRequest

from factory.common.errors import FactoryError
from factory.pipelines.event_log import about
from factory.pipelines.jobs import _is_missing
from factory.pipelines.runner import EngineRunner
from factory.pipelines.state_locks import StateLocks

ENGINE = '#!/bin/sh\necho "$* run-program=$PULUMI_RUN_PROGRAM" >>"$SAID"\necho "$STATE"\n'
PENDING = '{"deployment": {"pending_operations": [{"type": "creating"}]}}'


def test_clearing_pending_creates_never_runs_the_program(tmp_path: Path) -> None:
    fake, said = tmp_path / "pulumi", tmp_path / "said"
    fake.write_text(ENGINE)
    fake.chmod(0o755)
    # As the documentation of Pulumi has it for pipelines.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        user = {**os.environ, "PULUMI_RUN_PROGRAM": "true", "SAID": str(said), "STATE": PENDING}
        assert EngineRunner(tmp_path, user, lambda _: None).clear_pending("dev") == 1
    (refresh,) = [line for line in said.read_text().splitlines() if " refresh " in line]
    assert "--clear-pending-creates" in refresh
    assert refresh.endswith("run-program=false")


LOCKED = "error: the stack is currently locked by 1 lock(s). Either wait, or `pulumi cancel`"
FORGED = f"""\
Diagnostics:
  pulumi:pulumi:Stack (image-factory-prod):
    error: refused since
{LOCKED}
  file:///x.json: created by root@gone (pid 1) at 2026-11-30T05:00:00Z
error: no stack named 'prod' found
  azure-native:compute:Snapshot (linux/other@1/source):
    error: everything is lost
"""
URN = "urn:pulumi:prod::image-factory::imagefactory:index:Version$pulumi:index:Stash::a@1/record"


class Engine:
    """A `pulumi` that prints what it is told to, and writes an event log if it began to work."""

    SCRIPT = """#!/usr/bin/env python3
import json, os, sys
words = sys.argv[1:]
open(os.environ["SAID"], "a").write(" ".join(words) + "\\n")
if "whoami" in words:
    print(json.dumps({"url": os.environ["BACKEND"]}))
elif "export" in words:
    print("{}")
elif "--show-name" in words:
    print("organization/image-factory/prod")
elif "up" in words:
    locks = os.listdir(os.environ["LOCKS"])
    if events := os.environ["EVENTS"]:
        open(words[words.index("--event-log") + 1], "w").write(events)
    if events or locks:
        print(os.environ["TEXT"])
        sys.exit(255)
"""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch, text: str, *events: dict[str, Any]):
        engine = root / "bin" / "pulumi"
        engine.parent.mkdir()
        engine.write_text(self.SCRIPT)
        engine.chmod(0o755)
        self.said, self.told = root / "said", list[str]()
        self.locks = root / "state/.pulumi/locks/organization/image-factory/prod"
        self.locks.mkdir(parents=True)
        patch.setenv("PATH", f"{engine.parent}:{os.environ['PATH']}")
        own = {"SAID": str(self.said), "TEXT": text, "LOCKS": str(self.locks)}
        own |= {"EVENTS": "\n".join(json.dumps(each) for each in events)}
        own |= {"BACKEND": f"file://{root}/state", "GITHUB_ACTIONS": "true"}
        self.runner = EngineRunner(root, {**os.environ, **own}, self.told.append)

    def lock(self, name: str, user: str, host: str) -> Path:
        entry = {"pid": 1, "username": user, "hostname": host, "timestamp": "2026-11-30T05:00:00Z"}
        file = self.locks / f"{name}.json"
        file.write_text(json.dumps(entry))
        return file


def test_what_a_script_prints_releases_no_lock_and_forges_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {
        "urn": URN,
        "severity": "error",
        "message": "<{%reset%}>a 1 refused:\nE42<{%reset%}>\n",
    }
    engine = Engine(tmp_path, monkeypatch, FORGED, {"preludeEvent": {}}, {"diagnosticEvent": error})
    lock = engine.lock("held", getpass.getuser(), "another-agent")
    ran = engine.runner.up("prod")
    assert ran.began
    assert ran.summary.troubles == ["a@1/record: a 1 refused: E42"]
    assert not _is_missing(ran)
    assert lock.exists()
    assert engine.said.read_text().count("\n") == 2  # the state was looked at, the run was run


def test_a_lock_is_judged_where_it_lies_and_it_alone_is_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever the text says of it: the agent that is named there is gone, and the lock is not its.
    engine = Engine(tmp_path, monkeypatch, f"{LOCKED}\n  created by root@gone (pid 1) at now")
    person = engine.lock("person", "somebody", "workstation")
    with pytest.raises(FactoryError, match="in use by process 1 of somebody on workstation"):
        engine.runner.up("prod")
    assert person.exists()
    person.unlink()
    agent = engine.lock("agent", getpass.getuser(), "another-agent")
    (engine.locks / "half.json").write_text("{")  # nobody's: it was cut off as it was written
    assert not engine.runner.up("prod").began
    assert not agent.exists()
    assert (engine.locks / "half.json").exists()
    assert "cancel" not in engine.said.read_text()
    assert any("releasing the lock of process 1" in line for line in engine.told)


def test_locks_in_a_storage_account_are_read_and_released_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = "team/.pulumi/locks/organization/image-factory/prod/"
    lock = {"pid": 7, "username": "me", "hostname": "agent", "timestamp": "now"}
    stored, asked = {f"{folder}1.json": json.dumps(lock), f"{folder}2.json": json.dumps(lock)}, []

    def send(_: Any, request: HttpRequest) -> Any:
        asked.append(f"{request.method} {request.url}")
        url = urlsplit(request.url)
        if "comp=list" in url.query:
            assert parse_qs(url.query)["prefix"] == [folder]
            names = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in stored)
            xml = f"<E><Blobs>{names}</Blobs><NextMarker/></E>"
            return SimpleNamespace(status_code=200, text=lambda: xml)
        name = unquote(url.path).removeprefix("/state/")
        if request.method == "DELETE":
            del stored[name]
            return SimpleNamespace(status_code=202)
        return SimpleNamespace(status_code=200, text=lambda: stored[name])

    monkeypatch.setattr(PipelineClient, "send_request", send)
    locks = StateLocks.of(
        "azblob://state/team?storage_account=contoso",
        "organization/image-factory/prod",
        {"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=x"},
    )
    first, second = locks.read()
    assert (first.pid, first.host, first.user) == (7, "agent", "me")
    with pytest.raises(FactoryError):
        locks.release("prod", lambda each: each == first, lambda _: None)
    assert len(stored) == 2
    assert locks.release("prod", lambda each: each in (first, second), lambda _: None)
    assert stored == {}
    assert all("//contoso.blob.core.windows.net/state" in each for each in asked)
    assert StateLocks.of("https://app.pulumi.com/me", "me/p/s", {}).read() == []


@pytest.mark.parametrize(
    ("name", "said", "told"),
    [
        (
            "linux/a@20261122.1/source",
            'before hook "x may be made" failed: linux/a 20261122.1 refused: exit code 1',
            "linux/a 20261122.1 refused: exit code 1",
        ),
        (
            "environment/web/shop",
            'before hook "x" failed: no user',
            "environment/web/shop: no user",
        ),
        ("linux/a@20261122.1/image/x", "Status=409", "linux/a@20261122.1/image/x: Status=409"),
        ("", "the program ended", "the program ended"),
    ],
)
def test_what_a_gate_refuses_is_told_under_the_images_name(name: str, said: str, told: str) -> None:
    assert about(name, said) == told
