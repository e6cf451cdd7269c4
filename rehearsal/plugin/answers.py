"""HTTP answers, how they are worded as errors, and when a request is sent again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3

from rehearsal.plugin.pace import Pace

_RETRIES = 3
_RETRY_BASE_SECONDS = 20.0
_RETRY_LONGEST_SECONDS = 120.0
_RETRY_STATUS = frozenset({408, 429, 500, 502, 503, 504})


class ArmError(Exception):
    """An answer that is a failure, or no answer at all, worded as the real plugin does."""


class NoAnswerError(ArmError):
    """The connection failed each time; nobody knows whether the request took effect."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers, and the body as text."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of the body; empty if there is none."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def error_code(self) -> str:
        """`error.code` of the body, or an empty string."""
        error = self.body.get("error")
        return str(error.get("code", "")) if isinstance(error, dict) else ""

    def failure(self) -> ArmError:
        """Word this answer as an error."""
        return ArmError(describe_error(self.status, self.body.get("error"), self.text))

    def retry_after(self) -> float | None:
        """Seconds of Retry-After, given as a number or as a date; None if absent."""
        given = self.headers.get("Retry-After")
        if given is None:
            return None
        try:
            return max(0.0, float(given))
        except ValueError:
            return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())


def describe_error(status: int, error: Any, raw: str) -> str:
    """Write `Status=409 Code="X" Message="..."`, or the raw body if it has no error object."""
    if isinstance(error, dict) and error.get("code"):
        message = json.dumps(error.get("message", ""), ensure_ascii=False)
        return f'Status={status} Code="{error["code"]}" Message={message}'
    return f"Status={status} {raw.strip()[:2000]}".strip()


def send_with_retries(send: Callable[[], Answer], pace: Pace, deadline: float) -> Answer:
    """Send a request as azcore does: three more tries after a passing failure.

    Retry-After is honoured in real seconds; one of more than two minutes ends the tries.
    Raises NoAnswerError if no answer came at all.
    """
    attempt = 1
    while True:
        asked: float | None = None
        try:
            answer = send()
        except urllib3.exceptions.HTTPError as error:
            if attempt > _RETRIES:
                message = f"no answer: {_cause(error)}"
                raise NoAnswerError(message) from error
        else:
            asked = answer.retry_after()
            final = attempt > _RETRIES or not _is_retriable(answer)
            if final or (asked or 0.0) > _RETRY_LONGEST_SECONDS:
                return answer
        if asked is not None:
            pace.real(asked, deadline)
        else:
            pace.scaled(backoff_seconds(attempt), deadline)
        attempt += 1


def backoff_seconds(attempt: int) -> float:
    """Wait after the n-th try in Azure's seconds: azcore's exponential back-off with jitter."""
    jitter = 0.8 + random.random() / 2  # noqa: S311  # no secret hangs on it
    return min(((1 << attempt) - 1) * _RETRY_BASE_SECONDS * jitter, _RETRY_LONGEST_SECONDS)


def _is_retriable(answer: Answer) -> bool:
    busy = answer.status == 409 and answer.error_code == "AnotherOperationInProgress"
    return answer.status in _RETRY_STATUS or busy


def _cause(error: Exception) -> str:
    return str(error.__cause__ or error).partition("\n")[0][:300]
