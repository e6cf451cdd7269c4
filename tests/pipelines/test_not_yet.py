"""A stack that nobody has brought up yet is no fault of a pull request: a row, and no red."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import pytest

from factory import program
from factory.cli import main
from factory.common.errors import FactoryError
from factory.ledger.source_catalogues import NotBroughtUpError, read_all
from factory.pipelines.comment import comment
from factory.pipelines.jobs import JobContext, read_outcomes, up
from factory.pipelines.outcome import Outcome, Result, judge, worst
from factory.pipelines.plan_file import VARIABLE, WAITS, note_stop, read_plan
from factory.pipelines.run_summary import summary
from factory.settings import engine_config
from tests.pipelines.test_stages import project
from tests.plan.world import START

DEV, PROD = "organization/image-factory/dev", "organization/image-factory/prod"
SAID = "dev has not been brought up yet: nothing can be said of prod"
# The engine, as far as it matters here: test was never made, prod's program said this, dev is idle.
ENGINE = """#!/bin/sh
case "$*" in
  *"--stack test"*)
    echo "error: no stack named 'test' found" >&2; exit 255;;
  *" stack export "*) echo '{"version": 3, "deployment": {}}';;
  *" preview "*"--stack prod"*) cp "$PLANS/prod.json" "$IMAGE_FACTORY_PLAN_FILE"; exit 255;;
  *" preview "*) cp "$PLANS/dev.json" "$IMAGE_FACTORY_PLAN_FILE";;
  *) echo "unexpected: $*" >&2; exit 1;;
esac
"""


def same(identity: str) -> str:
    return identity


def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a run of prod leaves that found no catalogue of dev."""
    file = tmp_path / "stopped.json"
    monkeypatch.setenv(VARIABLE, str(file))
    note_stop(PROD, WAITS, NotBroughtUpError(DEV).consequence(PROD))
    monkeypatch.delenv(VARIABLE)
    found = read_plan(file)
    assert found is not None
    return found


def test_a_source_that_never_ran_is_told_from_one_that_lost_its_catalogue() -> None:
    with pytest.raises(NotBroughtUpError, match="run `up` there first; nothing was changed") as it:
        read_all(lambda _: {}, [DEV], {}, same, START)
    assert it.value.consequence(PROD) == SAID
    assert it.value.consequence("organization/other/prod").startswith(f"{DEV} has not been")
    before = {"received": {"stack": DEV, "serial": "7"}}
    with pytest.raises(FactoryError, match="no catalogue with schema and serial") as lost:
        read_all(lambda _: {}, [DEV], before, same, START)
    assert not isinstance(lost.value, NotBroughtUpError)


def test_the_program_writes_down_that_its_source_never_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gather(*_: object) -> NoReturn:
        raise NotBroughtUpError(DEV)

    monkeypatch.setenv(VARIABLE, str(tmp_path / "plan.json"))
    monkeypatch.setattr(program, "read_sources", lambda *_: _NoWarnings)
    monkeypatch.setattr(program, "connect", lambda *_: None)
    monkeypatch.setattr(program, "gather", gather)
    monkeypatch.setattr(engine_config, "stack_name", lambda: PROD)
    with pytest.raises(pulumi.RunError, match="there is nothing to receive from it"):
        program.run(tmp_path)
    found = read_plan(tmp_path / "plan.json")
    assert found is not None
    assert found["stopped"] == {"kind": "waits", "text": SAID}
    outcome = judge("prod", found, succeeded=False, troubles=["an exception"])
    assert outcome.result is Result.NOT_YET
    assert [(each.kind, each.text) for each in outcome.notices] == [("warning", SAID)]


class _NoWarnings:
    warnings = ()


def test_the_first_pull_request_of_a_team_is_not_red(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    show: Callable[[str], None],
) -> None:
    work, plans = tmp_path / "work", tmp_path / "plans"
    for folder in (work, plans, tmp_path / "bin"):
        folder.mkdir()
    project(work, dev=None, test="dev", prod="dev")
    nothing = {**stopped(tmp_path, monkeypatch), "stopped": None, "warnings": []}
    (plans / "dev.json").write_text(json.dumps(nothing))
    (plans / "prod.json").write_text(json.dumps(stopped(tmp_path, monkeypatch)))
    engine = tmp_path / "bin" / "pulumi"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    for name in ("GITHUB_ACTIONS", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{engine.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PLANS", str(plans))
    monkeypatch.chdir(tmp_path)
    assert main(["ci", "preview", "--work", str(work)]) == 0
    assert "result: not-yet" in capsys.readouterr().err
    assert main(["ci", "preview", "--work", str(work), "--exit-codes"]) == 6

    job = JobContext(work, tmp_path / ".ci-out", print)
    found = read_outcomes(job, ["dev", "test", "prod"])
    text = comment(found, 60_000)
    show(text)
    assert "## Image factory: nothing can be said of 2 stacks yet" in text
    assert f"| prod | {SAID} |  |" in text
    assert "| test | there is no stack test yet: nothing can be said of it" in text
    assert "pulumi stack init test" in text
    assert "### prod" not in text
    assert SAID in summary(found)

    # Merged like this, the job of the stack that is not there says what to do.
    outcome = up(job, "test", None)
    assert outcome.result is Result.ERROR
    assert "`pulumi stack init test`" in outcome.notices[0].text


def test_what_failed_is_worse_than_what_is_not_there_yet() -> None:
    outcomes = [Outcome("a", Result.NOT_YET), Outcome("b", Result.PARTLY)]
    assert worst(outcomes) is Result.PARTLY
    assert worst([Outcome("a", Result.NOT_YET), Outcome("b", Result.DONE)]) is Result.NOT_YET
