"""What is approved is what is done: a digest over a plan's decisions, and nothing that drifts."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from factory.cli import main
from factory.common.errors import FactoryError
from factory.pipelines import jobs
from factory.pipelines.approval import approval_of, check, check_form, decisions
from factory.pipelines.jobs import JobContext
from factory.pipelines.outcome import Outcome, Result
from factory.pipelines.run_summary import proposal
from factory.plan.reports.json_report import plan_data
from tests.pipelines.test_stages import project
from tests.plan.world import World, changed, dev, prod

Json = dict[str, Any]


def planned(world: World, **observed: Any) -> Json:
    inputs = world.inputs(**observed)
    return plan_data(inputs, world.plan(**observed))


def two() -> tuple[World, World]:
    """A stack that built three versions, and one that has two of them, and keeps one."""
    source = dev("linux/a")
    target = prod(source, keep="1")
    for number in range(3):
        changed(source, "linux/a", f"s{number}")
        source.run()
        if number < 2:
            target.run()
    return source, target


def digest(plan: Json) -> str:
    return approval_of(plan).partition(":")[0]


def test_the_digest_is_of_what_is_received_delivered_and_retired_as_which_release() -> None:
    _, target = two()
    found = planned(target)
    first, last = "20261122.1", "20261122.3"
    told = {(action, version, where) for action, _, version, where, *_ in decisions(found)}
    assert {
        ("receive", last, ""),
        ("deliver", last, "finance"),
        ("retire", first, "finance"),
    } <= told
    (release,) = {each[5] for each in decisions(found) if each[2] == last}
    assert re.fullmatch(r"[0-9a-f]{32}", release)


def test_what_changes_by_itself_does_not_change_the_digest() -> None:
    _, target = two()
    before = planned(target)
    target.now += timedelta(days=3)
    after = planned(target)
    assert after["now"] != before["now"]
    after["cost"] = {**after["cost"], "storedGibBefore": 999}
    after["steps"] = [{**step, "why": "in other words"} for step in reversed(after["steps"])]
    assert digest(after) == digest(before)
    check(approval_of(before), after)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("action", "retire"),
        ("version", "20270101.1"),
        ("lab", "engineering"),
        ("release", "0" * 32),
        ("sourceUniqueId", "another snapshot"),
        ("resource", "another thing"),
    ],
)
def test_any_other_decision_is_another_plan(key: str, value: str) -> None:
    _, target = two()
    approved = planned(target)
    other = planned(target)
    step = next(each for each in other["steps"] if each["action"] == "deliver")
    step[key] = value
    with pytest.raises(FactoryError, match="this is not what was approved") as caught:
        check(approval_of(approved), other)
    assert "nothing was changed; run the pipeline again" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_more_and_less_than_what_was_approved_are_told() -> None:
    source, target = two()
    approved = approval_of(planned(target))
    changed(source, "linux/a", "more")
    source.run()
    with pytest.raises(FactoryError) as caught:
        check(approved, planned(target))
    said = str(caught.value)
    third, fourth = "20261122.3", "20261122.4"
    assert re.search(rf"it would also [^>]*deliver linux/a {fourth} \(finance, \w{{12}}\)", said)
    assert re.search(rf"it would not [^>]*deliver linux/a {third} \(finance, \w{{12}}\)", said)
    assert "retire" not in said  # as was approved


def test_less_alone_is_another_plan_too() -> None:
    """The old one goes, say, and the new one does not come."""
    _, target = two()
    approved = planned(target)
    less = {**approved, "steps": [s for s in approved["steps"] if s["action"] != "deliver"]}
    with pytest.raises(FactoryError, match="it would not deliver") as caught:
        check(approval_of(approved), less)
    assert "also" not in str(caught.value)


def test_a_plan_with_nothing_to_do_is_none_that_anybody_approves() -> None:
    _, target = two()
    approved = approval_of(planned(target))
    target.run()
    target.run()
    done = planned(target)
    assert approval_of(done) == ""
    check(approved, done)  # a job that is run again


def test_what_does_nothing_wants_no_approval() -> None:
    plan = {"steps": [stepped("refuse", 1), stepped("forget", 2)]}
    assert approval_of(plan) == ""


def stepped(action: str, number: int) -> Json:
    release = hashlib.sha256(str(number).encode()).hexdigest()
    version = f"20261122.{number}"
    return {"action": action, "changes": True, "version": version, "release": release}


def test_of_a_long_plan_the_digest_alone_is_handed_on() -> None:
    plan = {"steps": [stepped("receive", number) for number in range(1000)]}
    value = approval_of(plan)
    assert re.fullmatch(r"[0-9a-f]{64}", value)
    check(value, plan)
    with pytest.raises(FactoryError, match=r"it would receive .*, 990 more -> "):
        check("0" * 64, plan)


@pytest.mark.parametrize("cut", [0, 7, 10_000])
def test_what_the_digest_is_not_of_is_not_believed(cut: int) -> None:
    _, target = two()
    plan = planned(target)
    packed = approval_of(plan).partition(":")[2]
    with pytest.raises(FactoryError, match=r"\(0{12}\): it would deliver"):
        check(f"{'0' * 64}:{packed[cut:]}", plan)


@pytest.mark.parametrize("text", ["yes", "0" * 63, f"{'0' * 64}:$(x)", f"{'0' * 64}\n", "A" * 64])
def test_what_never_was_an_approval_is_told(text: str) -> None:
    with pytest.raises(FactoryError, match="--approved: expected the digest"):
        check_form(text)


def test_the_page_shows_all_of_it_by_its_digest() -> None:
    _, target = two()
    plan = planned(target)
    text = proposal(Outcome(target.stack, Result.DONE, (), plan))
    assert f"to approve `{digest(plan)}`" in text
    for action, _, version, *_ in decisions(plan):
        assert re.search(rf"(?m)^\| {action} \| .*{re.escape(version)}", text)
    assert "GiB stored" in text
    assert len(re.findall(r"(?m)^\| retire ", text)) >= 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "prod is the end of a line, and no plan of it was approved (--approved)"),
        (("--approved", "yes"), "--approved: expected the digest that `ci propose` gave"),
    ],
)
def test_a_pipeline_brings_no_end_of_a_line_up_unapproved(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    project(tmp_path, dev=None, prod="dev")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr(jobs, "up", lambda *_: pytest.fail("it was brought up"))
    own = ("--work", str(tmp_path), "--out", str(tmp_path / "out"))
    assert main(["ci", "run", "--stack", "prod", *own, *words]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("result", Result)
def test_only_a_plan_that_the_run_would_come_to_is_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: Result
) -> None:
    """One image that is refused is no reason to keep the others from anybody's approval."""
    _, target = two()
    plan = planned(target)
    monkeypatch.setattr(jobs, "_preview", lambda *_: Outcome("prod", result, (), plan))
    outcome, approval = jobs.propose(JobContext(tmp_path, tmp_path, print), "prod")
    assert outcome.result is result
    sound = result in (Result.DONE, Result.PARTLY)
    assert (approval == approval_of(plan)) is sound
    told = [notice.text for notice in outcome.notices]
    assert told == ([f"its plan wants an approval, as {approval[:12]}"] if sound else [])
