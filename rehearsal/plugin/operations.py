"""Waiting for ARM's long-running operations, in the order of links that azcore follows."""

from __future__ import annotations

from rehearsal.plugin.answers import Answer, ArmError, describe_error
from rehearsal.plugin.arm import Arm

_INTERVAL_SECONDS = {"PUT": 10.0, "DELETE": 30.0}
_GOOD = frozenset({"succeeded", "completed"})
_BAD = frozenset({"failed", "canceled", "cancelled"})


class OperationFailedError(ArmError):
    """Azure took the request, and its operation ended in failure."""


def wait_for_operation(
    arm: Arm, method: str, first: Answer, *, resource_url: str, api_version: str, deadline: float
) -> bool:
    """Poll until the operation behind an accepted request has ended; True if there was one.

    `first` is the answer to the request. Azure-AsyncOperation comes before Operation-Location,
    before Location, before the resource's own provisioningState (PUT only); Retry-After wins
    over the interval (10 s after PUT, 30 s after DELETE); the first poll is immediate.

    Raises OperationFailedError with Azure's error.
    """
    link, by_status = _polling_link(first)
    if method == "PUT":
        state = _provisioning_state(first)
        if state in _BAD:
            raise OperationFailedError(_failure_text(first))
        if state in _GOOD or (not link and not state):
            return False
    elif not link:
        return False
    url = arm.absolute(link, api_version) if link else resource_url
    interval = _INTERVAL_SECONDS.get(method, 30.0)
    asked = first.retry_after()
    if asked is not None:
        arm.pace.real(asked, deadline)
    while True:
        answer = arm.request("GET", url, deadline=deadline)
        if _has_ended(answer, by_status=by_status, by_location=bool(link) and not by_status):
            return True
        asked = answer.retry_after()
        if asked is not None:
            arm.pace.real(asked, deadline)
        else:
            arm.pace.scaled(interval, deadline)


def _polling_link(first: Answer) -> tuple[str, bool]:
    for header in ("Azure-AsyncOperation", "Operation-Location"):
        if first.headers.get(header):
            return first.headers[header], True
    if first.headers.get("Location") and first.status == 202:
        return first.headers["Location"], False
    return "", False


def _has_ended(answer: Answer, *, by_status: bool, by_location: bool) -> bool:
    if answer.status not in (200, 201, 202, 204):
        raise OperationFailedError(str(answer.failure()))
    if by_location:
        return answer.status != 202
    state = str(answer.body.get("status", "")).lower() if by_status else _provisioning_state(answer)
    if state in _BAD:
        raise OperationFailedError(_failure_text(answer))
    if by_status and not state:
        message = "the response did not contain a status"
        raise OperationFailedError(message)
    return state in _GOOD or not state


def _provisioning_state(answer: Answer) -> str:
    properties = answer.body.get("properties")
    state = properties.get("provisioningState", "") if isinstance(properties, dict) else ""
    return str(state).lower()


def _failure_text(answer: Answer) -> str:
    error = answer.body.get("error")
    if not isinstance(error, dict) or not error.get("code"):
        state = str(answer.body.get("status") or _provisioning_state(answer)).capitalize()
        error = {"code": state, "message": f"the operation ended as {state}, without a reason"}
    return describe_error(answer.status, error, answer.text)
