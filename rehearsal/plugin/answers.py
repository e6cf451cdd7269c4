"""HTTP answers, how they are worded as errors, and when a request is sent again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import urllib3

from rehearsal.plugin.pace import Pace

_RETRIES = 3
_RETRY_BASE_SECONDS = 20.0
_RETRY_LONGEST_SECONDS = 120.0
_KNOWN_STATUS = frozenset(HTTPStatus)
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
    request: str = ""
    """Method and address of what was asked, for the error."""

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
        """The code in the header, else of the body's error; an empty string if there is none."""
        error = self.body.get("error", self.body)
        code = error.get("code") if isinstance(error, dict) else None
        return self.headers.get("x-ms-error-code") or (code if isinstance(code, str) else "")

    def failure(self) -> ArmError:
        """Word this answer as the provider's error: code and message as they are, unescaped.

        What is no JSON object comes out as azcore words it, in many lines (newResponseError in
        provider/pkg/azure/client_azcore.go leaves such an error as it is).
        """
        payload = self.body
        if not payload:
            return ArmError(self._in_many_lines())
        error = payload.get("error")
        told = error.get("message") if isinstance(error, dict) else None
        code = self.error_code
        message = self.text if told is None else told
        return ArmError(
            f'Status={self.status} Code="{code}" Message="{message}"'
            if code
            else f'Status={self.status} Message="{message}"'
        )

    def _in_many_lines(self) -> str:
        """Word it as azcore's ResponseError, sdk/azcore/internal/exported/response_error.go."""
        line = "-" * 80
        phrase = HTTPStatus(self.status).phrase if self.status in _KNOWN_STATUS else ""
        code = f"ERROR CODE: {self.error_code}" if self.error_code else "ERROR CODE UNAVAILABLE"
        shown = self.text or "Response contained no body"
        lines = (
            self.request.partition("?")[0],
            line,
            f"RESPONSE {self.status}: {self.status} {phrase}".rstrip(),
            code,
            line,
            shown,
            line,
        )
        return "\n".join(lines) + "\n"

    def retry_after(self) -> float | None:
        """Seconds of Retry-After, given as a number or as a date; None if absent.

        Milliseconds win where they are said (azcore's shared.RetryAfter).
        """
        for name in ("Retry-After-Ms", "X-Ms-Retry-After-Ms"):
            if str(self.headers.get(name, "")).isdecimal():
                return int(self.headers[name]) / 1000
        given = self.headers.get("Retry-After")
        if given is None:
            return None
        try:
            return max(0.0, float(given))
        except ValueError:
            return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())


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
