"""What `make up` tells of a run, and what it clears that an earlier one left."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from factory.pipelines.narration import Narrator, Summary
from rehearsal.engine.stacks import (
    drop_cut_off_notes,
    locks,
    pending_creates,
    put_back,
    stack_exists,
    stack_urn,
)
from rehearsal.up import Outcome, conclusion, lab_table

RUN = """\
Updating (dev):

 +  pulumi:pulumi:Stack image-factory-dev creating (0s)
 +  pulumi:pulumi:Stack image-factory-dev creating (0s) Plan: 2 to build; 0 versions kept.
 +  imagefactory:index:Build a@1 creating (0s)
 +  azure-native:devtestlab:VirtualMachine a@1/vm/1 creating (0s)
 +  azure-native:devtestlab:VirtualMachine a@1/vm/1 created (1s)
 +  imagefactory:index:Build a@1 created (0.05s) artifact windows-git (1 of 4) is applied
 ~  azure-native:devtestlab:VirtualMachine b updating (0s) [diff: ~tags]
 +  azure-native:compute:Snapshot c creating (0s)
 +  azure-native:compute:Snapshot c creating (0s) error: refused
 +  azure-native:compute:Snapshot c **creating failed** error: refused
    pulumi:pulumi:Stack image-factory-dev running error: update failed
 +  pulumi:pulumi:Stack image-factory-dev **creating failed** 1 error; 1 message
Diagnostics:
  imagefactory:index:Build (a@1):
    artifact windows-git (1 of 4) is applied

  pulumi:pulumi:Stack (image-factory-dev):
    Plan: 2 to build; 0 versions kept.
      build a
    warning: definition b is taken by no lab
    error: update failed

  azure-native:compute:Snapshot (c):
    error: refused
    because of a reason

Outputs:
    catalogue: "Resources"

Resources:
    + 2 created
    ~ 1 updated
    +-3 replaced
    71 unchanged
    2 errored

Duration: 27s
"""


def narrate(text: str, tick: float = 1.0) -> tuple[list[str], Summary]:
    said: list[str] = []
    moments = iter(range(10_000))
    narrator = Narrator("dev", said.append, clock=lambda: next(moments) * tick)
    return said, narrator.read(text.splitlines(keepends=True))


def test_messages_come_once_and_failures_at_the_end() -> None:
    said, _ = narrate(RUN, tick=0)
    assert said == [
        "dev: Plan: 2 to build; 0 versions kept.",
        "  pulumi:pulumi:Stack (image-factory-dev):",
        "    warning: definition b is taken by no lab",
        "  azure-native:compute:Snapshot (c):",
        "    error: refused",
        "    because of a reason",
    ]


def test_counts_come_with_the_newest_message() -> None:
    said, _ = narrate(RUN, tick=0.6)
    counts = [line for line in said if "under way" in line]
    newest = "artifact windows-git (1 of 4) is applied"
    assert counts[0].endswith(f"s, 1 done, 2 under way; {newest}")
    assert len(counts) < 3


def test_summary_has_the_engines_counts() -> None:
    _, summary = narrate(RUN)
    assert str(summary) == "2 created, 1 updated, 3 replaced, 71 unchanged, 2 errored"


def test_each_error_is_one_line_whatever_lines_it_has() -> None:
    _, summary = narrate(FAILED)
    answer = 'RESPONSE 501: 501 Not Implemented ERROR CODE UNAVAILABLE ["not", "here"]'
    assert summary.troubles == [
        "factory: resource is not there",
        f"a@1/source: PUT https://arm/snapshots/a {answer}",
        "a@1/source: and another",
        "b@1/vm/1: operation timed out",
        "c: two things: one of them; the other",
        "Program failed with an unhandled exception: ValueError: it is so",
    ]


FAILED = """\
Diagnostics:
  azure-native:network:VirtualNetwork (factory):
    error: resource is not there

  azure-native:compute:Snapshot (a@1/source):
    error: PUT https://arm/snapshots/a
    --------------------------------------------------------------------------------
    RESPONSE 501: 501 Not Implemented
    ERROR CODE UNAVAILABLE
    --------------------------------------------------------------------------------
    ["not", "here"]
    --------------------------------------------------------------------------------
    warning: Failed to read resource after Create. Please report this issue.
    Verbose logs contain more information
    error: and another

  azure-native:devtestlab:VirtualMachine (b@1/vm/1):
    error: 1 error occurred:
    \t* operation timed out

  azure-native:compute:Image (c):
    error: two things: 2 errors occurred:
    \t* one of them
    \t* the other

  pulumi:pulumi:Stack (image-factory-dev):
    error: Program failed with an unhandled exception:
    Traceback (most recent call last):
      File "/x/__main__.py", line 1, in <module>
        raise ValueError("it is so")
    ValueError: it is so
    error: update failed
"""


def test_an_error_of_the_run_as_a_whole_has_all_its_lines() -> None:
    text = """\
error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or
  file:///state/.pulumi/locks/1.json: created by me@host (pid 1) at 2026-11-30T05:00:00Z

error: again
Resources:
    2 unchanged
"""
    said, summary = narrate(text)
    assert len(summary.troubles) == 2
    assert summary.troubles[0].endswith("(pid 1) at 2026-11-30T05:00:00Z")
    assert summary.troubles[1] == "again"
    assert str(summary) == "2 unchanged"
    assert "dev: error: again" in said


def test_an_error_before_the_run_is_shown() -> None:
    said, summary = narrate("error: no stack named 'dev' found\n")
    assert said == ["dev: error: no stack named 'dev' found"]
    assert str(summary) == "nothing"


@pytest.mark.parametrize(
    ("plan", "counts", "nothing"),
    [
        ("Plan: nothing is due; 7 versions kept as they are.", {"unchanged": 73}, True),
        ("Plan: 7 to forget; 7 versions kept as they are.", {"deleted": 21}, True),
        ("Plan: 7 to forget, 1 to build; 7 versions kept.", {"created": 3}, False),
        ("Plan: 1 to retire; 3 versions kept as they are.", {"deleted": 3}, False),
        (None, {"unchanged": 3}, True),
        (None, {"created": 1, "unchanged": 3}, False),
    ],
)
def test_when_nothing_was_due(plan: str | None, counts: dict[str, int], *, nothing: bool) -> None:
    outcome = Outcome("dev", succeeded=True, summary=Summary(counts, [plan] if plan else []))
    assert outcome.nothing_was_due is nothing
    assert conclusion([outcome]).startswith("Nothing was due") is nothing


def test_a_failed_stack_is_named() -> None:
    bad = Outcome("prod", succeeded=False, summary=Summary({"unchanged": 3}))
    good = Outcome("dev", succeeded=True, summary=Summary({"unchanged": 3}))
    assert conclusion([good, bad]).startswith("Failed: prod.")


def test_the_table_tells_lab_by_lab_what_it_holds() -> None:
    def image(name: str, **tags: str) -> dict[str, Any]:
        own = {f"image-factory-{key}": value for key, value in tags.items()}
        return {"name": name, "state": "Succeeded", "tags": own}

    lab = {"name": "web", "location": "westeurope"}
    images = [image("theirs"), image("i", definition="linux/rhel-9", version="20261123.1")]
    subscription = {
        "name": "Dev",
        "labs": [{**lab, "customImages": images}, {**lab, "name": "data", "customImages": []}],
    }
    assert lab_table({"subscriptions": [subscription]}).splitlines() == [
        "LAB   SUBSCRIPTION  REGION      IMAGE         VERSION",
        "web   Dev           westeurope  linux/rhel-9  20261123.1",
        "                                theirs        (not the factory's)",
        "data  Dev           westeurope  -             -",
    ]


def lock(state: Path, pid: int, host: str | None = None, since: str = "") -> None:
    folder = state / ".pulumi" / "locks" / "organization" / "image-factory" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    content = {"pid": pid, "hostname": host or socket.gethostname(), "username": "me"}
    content |= {"timestamp": since} if since else {}
    (folder / f"{pid}.json").write_text(json.dumps(content), encoding="utf-8")


@contextmanager
def process(program: str) -> Iterator[int]:
    """Run a program that waits, and wait ourselves until the system shows what runs."""
    running = subprocess.Popen([program, "60"])
    try:
        shown = Path(f"/proc/{running.pid}/cmdline")
        while program.encode() not in shown.read_bytes():
            assert running.poll() is None
        yield running.pid
    finally:
        running.kill()
        running.wait()


def test_a_lock_of_a_dead_process_is_stale(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock(tmp_path, ended.pid)
    assert [found.is_stale for found in locks(tmp_path, "image-factory", "dev")] == [True]


def test_a_lock_of_another_host_is_not_ours_to_judge(tmp_path: Path) -> None:
    lock(tmp_path, 1, host="elsewhere")
    assert [found.is_stale for found in locks(tmp_path, "image-factory", "dev")] == [False]


def test_a_lock_whose_number_another_program_has_now_is_stale(tmp_path: Path) -> None:
    with process("/bin/sleep") as number:
        lock(tmp_path, number)
        assert [found.is_stale for found in locks(tmp_path, "image-factory", "dev")] == [True]


def test_a_lock_of_a_living_engine_holds(tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to("/bin/sleep")
    with process(str(engine)) as number:
        lock(tmp_path, number)
        assert [found.is_stale for found in locks(tmp_path, "image-factory", "dev")] == [False]


def test_state_is_read_as_the_file_backend_writes_it(tmp_path: Path) -> None:
    assert not stack_exists(tmp_path, "p", "dev")
    assert pending_creates(tmp_path, "p", "dev") == []
    assert stack_urn(tmp_path, "p", "dev") is None
    pending = [
        {"type": "creating", "resource": {"urn": "urn:1"}},
        {"type": "deleting", "resource": {"urn": "urn:2"}},
    ]
    stack = {"urn": "urn:stack", "type": "pulumi:pulumi:Stack"}
    content = {"checkpoint": {"latest": {"pending_operations": pending, "resources": [stack]}}}
    file = tmp_path / ".pulumi" / "stacks" / "p" / "dev.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(content), encoding="utf-8")
    assert stack_exists(tmp_path, "p", "dev")
    assert pending_creates(tmp_path, "p", "dev") == ["urn:1"]
    assert stack_urn(tmp_path, "p", "dev") == "urn:stack"


def test_a_state_that_was_cut_off_is_put_back_from_the_newest_whole_one(tmp_path: Path) -> None:
    stacks, backups = tmp_path / ".pulumi/stacks/p", tmp_path / ".pulumi/backups/p/dev"
    stacks.mkdir(parents=True)
    backups.mkdir(parents=True)
    path = stacks / "dev.json"
    assert put_back(tmp_path, "p", "dev") == ""  # there is no stack yet
    path.write_text('{"checkpoint": {"lat')
    (stacks / "dev.json.bak").write_text('{"checkpoint": {"lat')
    assert put_back(tmp_path, "p", "dev") == ""  # nothing whole is there: nothing is made up
    for number in (1, 2):
        (backups / f"dev.{number}.json").write_text(f'{{"checkpoint": {{"run": {number}}}}}')
    (backups / "dev.3.json").write_text("")
    assert put_back(tmp_path, "p", "dev") == "dev.2.json"
    assert json.loads(path.read_text()) == {"checkpoint": {"run": 2}}
    assert put_back(tmp_path, "p", "dev") == ""  # a whole one is left alone


def test_notes_that_a_kill_cut_off_go_and_nothing_else(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi/stacks/p"
    stacks.mkdir(parents=True)
    for name, text in {
        "dev.json": "{}",
        "dev.json.attrs": "",
        "dev.json.bak": "",
        "dev.json.bak.attrs": '{"user.content_type": "text/plain"}',
        "prod.json.attrs": '{"user.con',
    }.items():
        (stacks / name).write_text(text)
    assert drop_cut_off_notes(tmp_path, "p", "dev") == ["dev.json.attrs"]
    left = {each.name for each in stacks.iterdir()}
    assert left == {"dev.json", "dev.json.bak", "dev.json.bak.attrs", "prod.json.attrs"}
    assert drop_cut_off_notes(tmp_path, "p", "dev") == []
    assert drop_cut_off_notes(tmp_path, "p", "prod") == ["prod.json.attrs"]


def test_a_lock_that_is_older_than_the_engine_of_its_number_is_stale(tmp_path: Path) -> None:
    """Numbers of processes come again, on a small machine to another engine."""
    engine = tmp_path / "pulumi"
    engine.symlink_to("/bin/sleep")
    with process(str(engine)) as number:
        written = datetime.fromtimestamp(engine.lstat().st_mtime, UTC)
        for hours, stale in ((0, False), (1, True)):
            since = written - timedelta(hours=hours)
            lock(tmp_path, number, since=f"{since:%Y-%m-%dT%H:%M:%S.%f}123Z")
            (found,) = locks(tmp_path, "image-factory", "dev")
            assert found.is_stale is stale, found
