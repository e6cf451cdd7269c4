"""Tells a chat of what somebody should look at: a card for Teams, or blocks for Slack.

A chat that does not answer never fails a run. The address is a secret: who has it can write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from factory.common.errors import FactoryError, harmless, unlinked
from factory.pipelines.http_client import Api
from factory.pipelines.outcome import Notice, Outcome, Result

ADDRESS, KIND = "IMAGE_FACTORY_WEBHOOK", "IMAGE_FACTORY_WEBHOOK_KIND"
SLACK, TEAMS = "slack", "teams"
_MOST = 10
_LONGEST = 500
# A shorter piece of an address is a word such as `hooks` or `workflows`, and no secret.
_SECRET = 8
_APART = "\u200b"  # takes no room, and no chat makes a link of what it parts


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
        with Api("the message to the chat", secrets=_parts(address)) as api:
            api.call("POST", address, body)
    except FactoryError as error:
        return f"{error}; the run itself is not harmed"
    return None


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _parts(address: str) -> list[str]:
    """Give what makes an address a secret, piece by piece: a service may repeat any of it."""
    parts = urlsplit(address)
    values = [value for _, value in parse_qsl(parts.query)]
    path = unquote(parts.path)
    pieces = (*parts.path.split("/"), *path.split("/"), *values)
    return [address, parts.path, path, parts.query, *(p for p in pieces if len(p) >= _SECRET)]


def kind_of(address: str) -> str:
    """Tell by its host what an address is for; what is not Slack's takes Teams' form."""
    host = urlsplit(address).hostname or ""
    return SLACK if host == "slack.com" or host.endswith(".slack.com") else TEAMS


def slack(title: str, told: Sequence[tuple[Outcome, Notice]], url: str) -> dict[str, Any]:
    """Make a message of Slack's blocks."""
    safe = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    parted = str.maketrans({mark: f"{mark}{_APART}" for mark in "@#*_~`"})
    lines = [
        f"*{o.stack}* {n.kind}: {_dead(n.text).translate(parted).translate(safe)}"
        for o, n in told[:_MOST]
    ]
    lines += _more(told)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": title[:150]}},
        *(
            # Verbatim: of a name or an address in it Slack makes no link by itself.
            {"type": "section", "text": {"type": "mrkdwn", "text": line, "verbatim": True}}
            for line in lines
        ),
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
        text = re.sub(r"([\\\[\]()*_`~#<>])", r"\\\1", _dead(notice.text))
        body.append(_block(f"{outcome.stack}: {text}", color=color))
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


def _dead(text: str) -> str:
    """Shorten a text, of which no chat is to make a link: a script may have said it."""
    return unlinked(harmless(text[:_LONGEST]), _APART)


def _block(text: str, **more: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def _more(told: Sequence[tuple[Outcome, Notice]]) -> list[str]:
    return [f"... and {len(told) - _MOST} more; see the run."] if len(told) > _MOST else []


def _title(outcomes: Sequence[Outcome]) -> str:
    bad = [o.stack for o in outcomes if o.result in (Result.PARTLY, Result.STOPPED, Result.ERROR)]
    if bad:
        return f"Image factory: {', '.join(bad)} did not come out well"
    return f"Image factory: {', '.join(o.stack for o in outcomes if o.notices)} wants a look"
