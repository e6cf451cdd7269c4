"""Tells a chat of what somebody should look at: a card for Teams, or blocks for Slack.

A chat that does not answer never fails a run. The address is a secret: who has it can write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from factory.common.errors import FactoryError
from factory.pipelines.http_client import Api
from factory.pipelines.outcome import Notice, Outcome, Result

ADDRESS, KIND = "IMAGE_FACTORY_WEBHOOK", "IMAGE_FACTORY_WEBHOOK_KIND"
SLACK, TEAMS = "slack", "teams"
_MOST = 10
_LONGEST = 500


def notify(variables: Mapping[str, str], outcomes: Sequence[Outcome], url: str) -> str | None:
    """Send what has to be heard, if an address is set; gives a warning if that failed.

    ``url`` is where the run can be seen.
    """
    address = variables.get(ADDRESS, "").strip()
    told = [(each, notice) for each in outcomes for notice in each.notices]
    if not address or not told:
        return None
    if not _is_https(address):
        return f"{ADDRESS} is not an https:// address; nobody was told"
    title = _title(outcomes)
    kind = variables.get(KIND, "").lower() or kind_of(address)
    if kind not in (SLACK, TEAMS):
        return f"{KIND}: expected {SLACK} or {TEAMS}; nobody was told"
    body = (slack if kind == SLACK else teams)(title, told, url)
    try:
        with Api("the message to the chat") as api:
            api.call("POST", address, body)
    except FactoryError as error:
        return f"{_without(address, str(error))}; the run itself is not harmed"
    return None


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _without(address: str, text: str) -> str:
    """Take out what makes an address a secret: what a service answers may repeat it."""
    parts = urlsplit(address)
    for each in (address, f"{parts.path}?{parts.query}", parts.path, parts.query):
        if len(each) > 1:
            text = text.replace(each, "***")
    return text


def kind_of(address: str) -> str:
    """Tell by its host what an address is for; what is not Slack's takes Teams' form."""
    host = urlsplit(address).hostname or ""
    return SLACK if host == "slack.com" or host.endswith(".slack.com") else TEAMS


def slack(title: str, told: Sequence[tuple[Outcome, Notice]], url: str) -> dict[str, Any]:
    """Make a message of Slack's blocks."""
    safe = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    lines = [f"*{o.stack}* {n.kind}: {n.text[:_LONGEST].translate(safe)}" for o, n in told[:_MOST]]
    lines += _more(told)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": title[:150]}},
        *({"type": "section", "text": {"type": "mrkdwn", "text": line}} for line in lines),
    ]
    if url:
        blocks.append(
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{url}|The run>"}]}
        )
    return {"text": title, "blocks": blocks}


def teams(title: str, told: Sequence[tuple[Outcome, Notice]], url: str) -> dict[str, Any]:
    """Make a message with an adaptive card, as workflows of Teams take it."""
    body: list[dict[str, Any]] = [_block(title, size="Medium", weight="Bolder")]
    for outcome, notice in told[:_MOST]:
        color = {"error": "Attention", "warning": "Warning"}.get(notice.kind, "Default")
        body.append(_block(f"{outcome.stack}: {notice.text[:_LONGEST]}", color=color))
    body += [_block(line) for line in _more(told)]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "The run", "url": url}]
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _block(text: str, **more: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def _more(told: Sequence[tuple[Outcome, Notice]]) -> list[str]:
    return [f"... and {len(told) - _MOST} more; see the run."] if len(told) > _MOST else []


def _title(outcomes: Sequence[Outcome]) -> str:
    bad = [o.stack for o in outcomes if o.result in (Result.PARTLY, Result.STOPPED, Result.ERROR)]
    if bad:
        return f"Image factory: {', '.join(bad)} did not come out well"
    return f"Image factory: {', '.join(o.stack for o in outcomes if o.notices)} wants a look"
