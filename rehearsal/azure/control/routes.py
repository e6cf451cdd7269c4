"""The control API: clock and state of a rehearsal, for its owner alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.azure.clock import iso, present
from rehearsal.azure.control import tuning
from rehearsal.azure.control.accounts import Accounts
from rehearsal.azure.control.overview import overview
from rehearsal.azure.errors import bad_request
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.record import Record
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.times import seconds

Json = dict[str, Any]

# A rehearsal begins this long before the present, so that its estate is older than its first call.
HEAD_START = 86_400.0


class Control:
    """The routes under /_rehearsal/. `on_stop` is called once a stop was answered.

    `on_sync` reads the artifact folders again and gives the commit of each repository.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.on_stop: Callable[[], None] | None = None
        self.on_sync: Callable[[], dict[str, str]] | None = None

    def install(self, router: Router) -> None:
        """Add the routes."""
        router.add(Route("GET", "/_rehearsal/health", _health, open=True))
        for method, path, handler in (
            ("GET", "state", self._state),
            ("POST", "reset", self._reset),
            ("POST", "seeded", self._seeded),
            ("GET", "clock", _clock),
            ("POST", "clock", _set_clock),
            ("GET", "operations", _operations),
            ("POST", "artifacts/sync", self._sync),
            ("POST", "stop", self._stop),
        ):
            router.add(Route(method, f"/_rehearsal/{path}", handler))
        tuning.install(router)
        Accounts(self.record).install(router)

    def _state(self, call: Call) -> Answer:
        return Answer(200, overview(call.azure))

    def _reset(self, call: Call) -> Answer:
        call.azure.reset(present(call.azure.knowledge.first_day) - HEAD_START)
        self.record.clear()
        return Answer(200, overview(call.azure))

    def _seeded(self, call: Call) -> Answer:
        """The estate stands: go to the present, and remember that it need not be made again."""
        lead = present(call.azure.knowledge.first_day) - call.azure.now()
        call.azure.clock.advance(max(0.0, lead))
        call.azure.run_due()
        call.azure.meta.put("seeded", {"at": iso(call.azure.now())})
        call.azure.metering.restart(call.azure.now())
        self.record.clear()
        return Answer(200, overview(call.azure))

    def _sync(self, call: Call) -> Answer:  # noqa: ARG002 - a handler
        if self.on_sync is None:
            message = "this server was not started as a process and has no artifact folders"
            raise bad_request(message)
        try:
            return Answer(200, {"commits": self.on_sync()})
        except (OSError, ValueError, RuntimeError) as error:
            raise bad_request(str(error)) from error

    def _stop(self, call: Call) -> Answer:  # noqa: ARG002 - a handler
        if self.on_stop is None:
            message = "this server was not started as a process and cannot stop itself"
            raise bad_request(message)
        self.on_stop()
        return Answer(202, {})


def _health(call: Call) -> Answer:
    return Answer(200, {"status": "ok", "seeded": call.azure.meta.get("seeded") is not None})


def _clock(call: Call) -> Answer:
    clock = call.azure.clock
    moment = call.azure.now()
    return Answer(
        200,
        {
            "now": iso(moment),
            "epoch": moment,
            "scale": clock.scale,
            "frozen": clock.frozen,
            "running": len(call.azure.operations.running()),
        },
    )


def _set_clock(call: Call) -> Answer:
    asked, clock = call.body, call.azure.clock
    unknown = sorted(set(asked) - {"advance", "scale", "frozen"})
    if unknown:
        message = f"a clock has no {', '.join(unknown)} (it has advance, scale, frozen)"
        raise bad_request(message)
    try:
        if "advance" in asked:
            given = asked["advance"]
            clock.advance(seconds(given) if isinstance(given, str) else float(given))
        if "scale" in asked or "frozen" in asked:
            clock.run(scale=asked.get("scale"), frozen=asked.get("frozen"))
    except (TypeError, ValueError) as error:
        raise bad_request(str(error)) from error
    call.azure.run_due()
    return _clock(call)


def _operations(call: Call) -> Answer:
    return Answer(
        200, {"value": [{"name": name, **doc} for name, doc in call.azure.operations.running()]}
    )
