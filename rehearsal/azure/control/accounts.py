"""The record of requests, its counters, and the cost of what ran, over the control API."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.control.prices import Prices
from rehearsal.azure.errors import bad_request
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.record import COLUMNS, Record
from rehearsal.azure.http.routing import Route, Router

Json = dict[str, Any]

_USUAL = 1000  # requests in an answer, unless asked for more


class Accounts:
    """The routes that tell what was asked, and what it costs."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._prices = Prices.read()

    def install(self, router: Router) -> None:
        """Add the routes."""
        router.add(Route("GET", "/_rehearsal/requests", self._requests))
        router.add(Route("GET", "/_rehearsal/counts", self._counts))
        router.add(Route("GET", "/_rehearsal/cost", self._cost))

    def _requests(self, call: Call) -> Answer:
        query = dict(call.query)
        # Query names come lower-cased, columns have capitals.
        columns = {name.lower(): name for name in (*COLUMNS, "since")}
        last = query.pop("last", str(_USUAL))
        unknown = sorted(set(query) - set(columns))
        if unknown or not last.isdigit():
            known = ", ".join((*COLUMNS, "since", "last"))
            message = f"requests are asked for by {known}; not by {', '.join(unknown) or last}"
            raise bad_request(message)
        wanted = {columns[name]: value for name, value in query.items()}
        return Answer(200, {"value": self._record.find(wanted, int(last))})

    def _counts(self, call: Call) -> Answer:  # noqa: ARG002 - a handler
        return Answer(200, {"value": self._record.counts()})

    def _cost(self, call: Call) -> Answer:
        azure = call.azure
        rows = [self._prices.priced(each) for each in azure.metering.read(azure.now())]
        names = {key: each.name for key, each in azure.directory.subscriptions.items()}
        for row in rows:
            row["subscriptionName"] = names.get(row["subscription"], row["subscription"])
        total = round(sum(row["cost"] for row in rows), 2)
        return Answer(200, {"currency": self._prices.currency, "total": total, "value": rows})
