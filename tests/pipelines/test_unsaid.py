"""What the engine does and the plan does not say is named, in previews and in runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from factory.pipelines.jobs import JobContext, preview, up
from factory.pipelines.outcome import Notice, Outcome, Result

VERSION = "linux/a@20261122.1"
ENGINE = """#!/bin/sh
case "$*" in *" preview "*|*" up "*) ;; *) echo "{}"; exit 0;; esac
cp "$GIVEN/plan.json" "$IMAGE_FACTORY_PLAN_FILE"
while [ $# -gt 1 ]; do
  [ "$1" = --event-log ] && cp "$GIVEN/events.json" "$2"
  shift
done
"""


def event(op: str, name: str, kind: str = "azure-native:devtestlab:CustomImage") -> dict[str, Any]:
    urn = f"urn:pulumi:dev::image-factory::{kind}::{name}"
    return {"resourcePreEvent": {"metadata": {"op": op, "urn": urn, "type": kind}}}


def line(action: str, lab: str | None = None, changes: bool = True) -> dict[str, Any]:
    about = {"image": "linux/a", "version": "20261122.1", "lab": lab, "why": "it is due"}
    return {"action": action, "changes": changes, **about, "resource": VERSION}


def ran(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[dict[str, Any]],
    events: list[dict[str, Any]],
) -> list[Outcome]:
    """Preview and run a stack whose program says ``lines`` and whose engine does ``events``."""
    plan = {"schema": "image-factory/plan/1", "steps": lines, "stopped": None}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    # The last one was cut off by a kill.
    text = "\n".join(map(json.dumps, events)) + '\n{"resourcePre'
    (tmp_path / "events.json").write_text(text)
    engine = tmp_path / "bin/pulumi"
    engine.parent.mkdir()
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{engine.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIVEN", str(tmp_path))
    job = JobContext(tmp_path, tmp_path / "out", lambda _: None)
    found = [*preview(job, ["dev"]), up(job, "dev", None)]
    assert not list(job.out.glob("*events*")), "what is declared stays with nobody"
    return found


def test_what_no_line_explains_is_named_and_a_loss_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [
        event("same", f"{VERSION}/capture"),
        event("delete", f"{VERSION}/lab/team"),
        event("delete", f"{VERSION}/lab/home"),
        event("update", "factory/store"),
        event("create", "team", "imagefactory:index:Delivery"),
    ]
    keep, retire = line("keep", changes=False), line("retire", "team")
    for outcome in ran(tmp_path, monkeypatch, [keep, retire], events):
        assert outcome.result is Result.PARTLY
        assert outcome.notices == (
            Notice("error", f"not in the plan: delete {VERSION}/lab/home -> report it"),
            Notice("warning", "not in the plan: update factory/store -> report it"),
        )


def test_nothing_is_due_only_if_the_engine_has_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [event("update", f"{VERSION}/lab/team")]
    found = ran(tmp_path, monkeypatch, [line("keep", changes=False)], events)
    assert [each.result for each in found] == [Result.DONE, Result.DONE]


def test_what_the_lines_say_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [event("create", f"{VERSION}/{part}") for part in ("record", "lab/team")]
    found = ran(tmp_path, monkeypatch, [line("build"), line("deliver", "team")], events)
    assert [(each.result, each.notices) for each in found] == [(Result.DONE, ())] * 2
