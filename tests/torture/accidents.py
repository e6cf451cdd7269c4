"""The kinds of accident that are tried: one request of one run each, and how it strikes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.torture.phases import Phase
from tests.torture.requests import CHANGING, Request

Json = dict[str, Any]

_BROKEN = {"code": "InternalServerError", "message": "a fault on demand"}
_BUSY = {"status": 409, "code": "Conflict", "message": "another operation is in progress"}
_DENIED = {
    "status": 403,
    "code": "AuthorizationFailed",
    "message": "The client does not have authorization to perform this action.",
}
_NO_LAB = {
    "status": 404,
    "code": "ParentResourceNotFound",
    "message": "Can not perform requested operation on nested resource. Parent resource not found.",
}


@dataclass(frozen=True)
class Kind:
    """One kind of accident. ``hold`` kills the run at the request; else ``fault`` answers it.

    ``again`` kills the recovery too, after it changed so many things. ``once`` strikes one request,
    otherwise all of the same method and path until the run is over.
    """

    name: str
    hold: str = ""
    again: bool = False
    fault: Json | None = None
    once: bool = True
    operations: bool = False
    gone: bool = False

    def fits(self, request: Request) -> bool:
        """Tell whether it can strike this request.

        Only operations can fail late or hang. A deletion that is answered by 404 has nothing to
        delete: a lab that is gone took all of it along, and an answer that says so of what stands
        would be a lie that Azure does not tell.
        """
        if self.gone and request.method == "DELETE":
            return False
        return not self.operations or request.type != "microsoft.resources/resourcegroups"

    def rule(self, request: Request) -> Json:
        """Give the fault rule that strikes a request."""
        whom = request.rule()
        if not self.once:
            del whom["nth"]
        return {**whom, **(self.fault or {})}


KILLED = (
    Kind("killed before", hold="before"),
    Kind("killed after", hold="after"),
    Kind("killed after, recovery killed too", hold="after", again=True),
)
ANSWERED = (
    Kind("429 with Retry-After", fault={"status": 429, "code": "TooMany", "retryAfter": 1}),
    Kind("429 without Retry-After", fault={"status": 429, "code": "TooMany"}),
    Kind("500", fault={"status": 500}),
    Kind("502", fault={"status": 502, "code": "BadGateway"}),
    Kind("503", fault={"status": 503, "code": "ServerBusy"}),
    Kind("dropped before", fault={"drop": "before"}),
    Kind("dropped after", fault={"drop": "after"}),
    Kind("fails late", fault={"failLater": _BROKEN}, operations=True),
    Kind("hangs", fault={"hang": True}, operations=True),
    Kind("403 all along", fault=_DENIED, once=False),
    Kind("404, its lab is gone", fault=_NO_LAB, once=False, gone=True),
    Kind("409 busy", fault=_BUSY),
)
KINDS = {kind.name: kind for kind in (*KILLED, *ANSWERED)}


@dataclass(frozen=True)
class Accident:
    """One thing to try."""

    kind: Kind
    phase: Phase
    request: Request

    def __str__(self) -> str:
        return f"{self.phase.name}: {self.kind.name}: {self.request}"


def product(requests: Sequence[tuple[Phase, Sequence[Request]]]) -> Iterator[Accident]:
    """Give the whole product: every request for a kill, every kind of request for an answer."""
    for phase, found in requests:
        for kind in KILLED:
            yield from (Accident(kind, phase, request) for request in found)
    routes: set[str] = set()
    for phase, found in requests:
        for request in found:
            if request.route in routes:
                continue
            routes.add(request.route)
            yield from (Accident(kind, phase, request) for kind in ANSWERED if kind.fits(request))


def again(seed: int) -> Json:
    """Give the rule for a recovery that is killed too: after its first, second or third change."""
    return {"method": list(CHANGING), "path": "/subscriptions/*", "nth": 1 + seed % 3}
