"""Waiting for ARM's long-running operations, in the order of links that azcore follows."""

from __future__ import annotations

from rehearsal.plugin.answers import Answer, ArmError
from rehearsal.plugin.arm import Arm

_INTERVAL_SECONDS = {"PUT": 10.0, "DELETE": 30.0}
_ACCEPTED = (200, 201, 202, 204)
_PASSING = (408, 429, 500, 502, 503, 504)  # a result that is not there yet, not a failure
_GOOD = frozenset({"succeeded", "completed"})
_BAD = frozenset({"failed", "canceled", "cancelled"})


def wait_for_operation(
    arm: Arm, method: str, first: Answer, *, resource_url: str, api_version: str, deadline: float
) -> Answer:
    """Poll until the operation behind an accepted request has ended; gives the last answer.

    `first` is the answer to the request. Azure-AsyncOperation comes before Operation-Location,
    before Location, before the resource's own provisioningState (PUT only); Retry-After wins
    over the interval (10 s after PUT, 30 s after DELETE); the first poll is immediate. A PUT with
    one of the first two is then read once more, which is azcore's own reading of what came of it.

    Raises ArmError with Azure's error if it ended in failure.
    """
    link, by_status = _polling_link(first)
    answer = first
    if not _needs_no_poll(method, first, link):
        url = arm.absolute(link, api_version) if link else resource_url
        interval = _INTERVAL_SECONDS.get(method, 30.0)
        asked = first.retry_after()
        if asked is not None:
            arm.pace.real(asked, deadline)
        answer = arm.request("GET", url, deadline=deadline)
        while not _has_ended(answer, by_status=by_status, by_location=bool(link) and not by_status):
            asked = answer.retry_after()
            if asked is not None:
                arm.pace.real(asked, deadline)
            else:
                arm.pace.scaled(interval, deadline)
            answer = arm.request("GET", url, deadline=deadline)
    if method == "PUT" and by_status:
        answer = arm.request("GET", resource_url, deadline=deadline)
        if answer.status not in _ACCEPTED:
            raise answer.failure()
    return answer


def _needs_no_poll(method: str, first: Answer, link: str) -> bool:
    if method != "PUT":
        return not link
    state = _provisioning_state(first)
    if state in _BAD:
        raise first.failure()
    return state in _GOOD or (not link and not state)


def _polling_link(first: Answer) -> tuple[str, bool]:
    for header in ("Azure-AsyncOperation", "Operation-Location"):
        if first.headers.get(header):
            return first.headers[header], True
    if first.headers.get("Location") and first.status == 202:
        return first.headers["Location"], False
    return "", False


def _has_ended(answer: Answer, *, by_status: bool, by_location: bool) -> bool:
    if by_location and answer.status in _PASSING:
        return False
    if answer.status not in _ACCEPTED:
        raise answer.failure()
    if by_location:
        return answer.status != 202
    state = str(answer.body.get("status", "")).lower() if by_status else _provisioning_state(answer)
    if state in _BAD:
        raise answer.failure()
    if by_status and not state:
        message = "the response did not contain a status"
        raise ArmError(message)
    return state in _GOOD or not state


def _provisioning_state(answer: Answer) -> str:
    properties = answer.body.get("properties")
    state = properties.get("provisioningState", "") if isinstance(properties, dict) else ""
    return str(state).lower()
