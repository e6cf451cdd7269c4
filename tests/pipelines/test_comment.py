"""One comment: what it says, and that it fits; how runs are judged and told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests

from factory.common.annotations import annotation
from factory.pipelines.comment import LIMITS, MARK, comment
from factory.pipelines.outcome import Notice, Outcome, Result, judge, worst
from factory.pipelines.plan_file import ERROR, GUARD
from factory.pipelines.run_summary import summary
from factory.pipelines.service import Service, no_command
from factory.pipelines.webhook import kind_of, notify, slack, teams


def step(action: str, image: str, why: str = "because", lab: str | None = None) -> dict[str, Any]:
    changes = action not in ("keep", "wait", "warn", "nothing")
    base = {"image": image, "version": "20261123.1", "lab": lab, "why": why}
    return {"action": action, "changes": changes, **base}


def plan(*steps: dict[str, Any], stopped: dict[str, str] | None = None) -> dict[str, Any]:
    cost: dict[str, Any] = {"builds": 1, "vmMinutes": 14, "copiedGib": 64, "storedGibBefore": 10}
    cost |= {"storedGibAfter": 20, "guessedSizes": []}
    return {"steps": list(steps), "cost": cost, "warnings": [], "stopped": stopped}


def test_the_comment_sums_up_and_lists_what_changes() -> None:
    dev = judge(
        "dev",
        plan(
            step("build", "linux/base"),
            step("deliver", "linux/base", lab="web"),
            step("retire", "linux/old", "number 4 of the newest 3"),
            step("keep", "linux/old"),
        ),
        succeeded=True,
    )
    prod = judge("prod", plan(step("keep", "linux/old")), succeeded=True)
    text = comment([dev, prod], 60_000, "https://example.com/run")
    assert text.startswith(MARK)
    assert "## Image factory: 1 to build, 1 to deliver, 1 to retire" in text
    assert "| dev | 1 to build, 1 to deliver, 1 to retire | about 14 VM minutes" in text
    assert "| prod | nothing is due |  |" in text
    assert "| retire | linux/old | 20261123.1 | - | number 4 of the newest 3 |" in text
    assert "### prod" not in text
    assert "2 versions stay as they are." in text


@pytest.mark.parametrize("service", ["github", "azure"])
def test_a_comment_that_would_not_fit_says_how_much_is_left_out(service: str) -> None:
    many = [step("build", f"windows/{number}", "x" * 200) for number in range(600)]
    found = [judge(f"s{n}", plan(*many), succeeded=True) for n in range(4)]
    text = comment(found, LIMITS[service])
    assert len(text) <= LIMITS[service]
    shown = text.count("| build | windows/")
    assert f"**{2400 - shown} more lines did not fit here**" in text
    assert shown > 100


def test_what_others_wrote_calls_nobody_in_the_comment() -> None:
    found = judge("dev", plan(step("build", "a", "@everybody | <script>")), succeeded=True)
    text = comment([found], 60_000)
    assert "@everybody" not in text
    assert "<script>" not in text


def test_a_run_is_judged_by_its_plan_and_its_exit() -> None:
    build = plan(step("build", "a"))
    guard = plan(stopped={"kind": GUARD, "text": "dev cannot run: 1 problem\n  here: too many"})
    fault = plan(stopped={"kind": ERROR, "text": "Azure does not answer"})
    assert judge("s", plan(step("keep", "a")), succeeded=True).result is Result.NOTHING
    assert judge("s", plan(step("forget", "a")), succeeded=True).result is Result.NOTHING
    assert judge("s", build, succeeded=True).result is Result.DONE
    partly = judge("s", build, succeeded=False, troubles=["a refused: no"])
    assert partly.result is Result.PARTLY
    assert partly.notices == (Notice("error", "a refused: no"),)
    # A preview warns and ends well; that the run will fail stands in the plan.
    foreseen = judge(
        "s", plan(step("refuse", "a", "no", "web"), step("build", "b")), succeeded=True
    )
    assert foreseen.result is Result.PARTLY
    assert foreseen.exit_code(distinct=False) == 3
    assert foreseen.notices == (Notice("error", "a 20261123.1 for lab web refused: no"),)
    stopped = judge("s", guard, succeeded=False, troubles=["program ended with 1"])
    assert stopped.result is Result.STOPPED
    assert stopped.notices == (Notice("error", "here: too many"),)
    assert judge("s", fault, succeeded=False).result is Result.ERROR
    assert judge("s", None, succeeded=False).result is Result.ERROR
    assert judge("s", build, succeeded=False, cut_off=True).result is Result.CUT_OFF
    assert worst([stopped, partly]) is Result.STOPPED
    assert [each.exit_code(distinct=True) for each in (partly, stopped)] == [3, 4]
    codes = [(Outcome("s", r).exit_code(distinct=False), r) for r in Result]
    assert [result for code, result in codes if code == 0] == [
        "nothing-due",
        "done",
        "not-yet",
        "cut-off",
    ]
    assert len({Outcome("s", r).exit_code(distinct=True) for r in Result}) == len(Result)


def test_a_version_that_waits_for_approval_is_noticed() -> None:
    why = "20261123.2 waits for approval in image-factory:approve"
    found = judge("prod", plan(step("wait", "a", why)), succeeded=True)
    assert found.notices == (Notice("warning", f"a: {why}"),)


def test_annotations_of_both_services_stay_on_one_line_and_escape() -> None:
    text = "50% of\nit; [x]"
    github = annotation("github", "error", text)
    assert github == "::error title=Image factory::50%25 of\\nit; [x]"
    azure = annotation("azure", "warning", text)
    assert azure == "##vso[task.logissue type=warning;]50%AZP25 of\\nit%3B [x%5D"
    assert annotation("text", "error", "a") == "error: a"


@pytest.mark.parametrize(
    "text",
    ["##vso[task.setvariable variable=a]b", "x ##vso[task.complete]", "##[error]x", "  ::error::x"],
)
def test_what_a_build_says_is_no_command(text: str) -> None:
    said = no_command(text)
    assert "##vso[" not in said
    assert "##[" not in said
    assert not said.strip().startswith("::")


def test_the_pull_request_is_found_in_what_the_service_sets() -> None:
    github = {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/12/merge"}
    azure = {"TF_BUILD": "True", "SYSTEM_PULLREQUEST_PULLREQUESTID": "34"}
    assert Service(github).pull_request == 12
    assert Service({**github, "GITHUB_REF": "refs/heads/main"}).pull_request is None
    assert Service(azure).pull_request == 34
    assert Service({"TF_BUILD": "True"}).pull_request is None
    assert Service({}).form == "text"


def test_cards_for_both_chats() -> None:
    bad = Outcome("dev", Result.PARTLY, tuple(Notice("error", f"<b> {n}") for n in range(12)))
    told = [(bad, notice) for notice in bad.notices]
    card = teams("t", told, "https://run")["attachments"][0]["content"]
    assert card["type"] == "AdaptiveCard"
    assert len(card["body"]) == 12
    assert card["body"][-1]["text"] == "... and 2 more; see the run."
    assert card["actions"][0]["url"] == "https://run"
    blocks = slack("t", told, "https://run")["blocks"]
    assert blocks[1]["text"]["text"] == "*dev* error: &lt;b&gt; 0"
    assert kind_of("https://hooks.slack.com/services/T/B/x") == "slack"
    assert kind_of("https://slack.com.example.org/x") == "teams"
    assert kind_of("https://prod-1.westeurope.logic.azure.com/x") == "teams"


def test_a_chat_that_fails_is_a_warning_without_its_address() -> None:
    bad = Outcome("dev", Result.STOPPED, (Notice("error", "x"),))
    address = "https://no-such-host.invalid/secret-path"
    fault = notify({"IMAGE_FACTORY_WEBHOOK": address}, [bad], "")
    assert fault is not None
    assert "secret-path" not in fault
    assert notify({"IMAGE_FACTORY_WEBHOOK": "http://x/secret"}, [bad], "") is not None
    for wrong in ("https://[secret", "https://:99999/secret", "https://"):
        fault = notify({"IMAGE_FACTORY_WEBHOOK": wrong}, [bad], "")
        assert fault == "IMAGE_FACTORY_WEBHOOK is not an https:// address; nobody was told"
    assert notify({}, [bad], "") is None
    assert notify({"IMAGE_FACTORY_WEBHOOK": address}, [Outcome("a", Result.DONE)], "") is None


HOSTILE = (
    "see https://evil.example/x or www.evil.example, [log in](https://evil.example) @contoso/admins"
    " #12 !34 <img src=x> **now** \x1b]8;;https://evil.example\x07ok\x1b[2J"
)


def test_nothing_that_a_script_says_is_live_in_a_comment_or_a_card() -> None:
    bad = judge("dev", plan(step("warn", "linux/a", HOSTILE)), succeeded=False, troubles=[HOSTILE])
    told = [(bad, notice) for notice in bad.notices]
    card = json.dumps(teams("t", told, ""), ensure_ascii=False)
    blocks = json.dumps(slack("t", told, ""), ensure_ascii=False)
    for text in (comment([bad], 60_000), summary([bad]), card, blocks):
        assert "evil.example" in text
        told_by_us = text.replace("http://adaptivecards.io", "")
        assert re.search(r"https?://|www\.evil", told_by_us) is None, text
        assert "\x1b" not in text
        assert "[log in]" not in text or text is blocks  # which is no markup to Slack
        assert "<img" not in text or text is card  # which renders no HTML
        assert re.search(r"@contoso|#12", text) is None or text is card  # which knows no mentions
    assert "!34" not in comment([bad], 60_000)


def test_what_a_service_repeats_of_the_webhooks_address_is_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = "/triggers/manual%2Fkey-3f9a8c7d/invoke"
    address = f"https://prod-1.example.com{path}?sp=%2Ftriggers&sig=Zk9-canary_4711xQ"
    said = f"no {'x' * 250} key-3f9a8c7d, nor Zk9-canary_4711xQ of {address}"

    def refuse(*_: object, **__: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code = 403
        answer._content = json.dumps({"message": said}).encode()
        return answer

    monkeypatch.setattr(requests.Session, "request", refuse)
    bad = Outcome("dev", Result.STOPPED, (Notice("error", "x"),))
    fault = notify({"IMAGE_FACTORY_WEBHOOK": address}, [bad], "")
    assert fault is not None
    assert "prod-1.example.com said 403 no xxx" in fault
    assert not any(piece in fault for piece in ("3f9a", "canary", "Zk9", "triggers"))
