"""Faults and switches over the control API."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.errors import ArmError, bad_request
from rehearsal.azure.faults.rules import parse
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router

Json = dict[str, Any]


def install(router: Router) -> None:
    """Add the routes."""
    for method, path, handler in (
        ("GET", "faults", _faults),
        ("POST", "faults", _add_faults),
        ("DELETE", "faults", _clear_faults),
        ("DELETE", "faults/{fault}", _clear_faults),
        ("GET", "switches", _switches),
        ("POST", "switches", _set_switches),
    ):
        router.add(Route(method, f"/_rehearsal/{path}", handler))


def _faults(call: Call) -> Answer:
    return Answer(200, {"value": call.azure.faults.listed()})


def _add_faults(call: Call) -> Answer:
    """Add one rule, or all of `{"rules": [...]}` or none of them."""
    rules = call.body.get("rules", [call.body])
    if not isinstance(rules, list):
        message = f"rules is a list of fault rules, got {rules!r}"
        raise bad_request(message)
    for number, rule in enumerate(rules, 1):
        # All are judged before one is added: the book keeps what a refused request put in it.
        try:
            parse(rule)
        except (TypeError, ValueError) as error:
            message = f"rule {number}: {error}" if len(rules) > 1 else str(error)
            raise bad_request(message) from error
    names = [call.azure.faults.add(rule) for rule in rules]
    return Answer(201, {"id": names[0] if names else None, "ids": names})


def _clear_faults(call: Call) -> Answer:
    name = call.parts.get("fault")
    gone = call.azure.faults.clear(name)
    if name and not gone:
        raise ArmError(404, "NotFound", f"there is no fault '{name}'")
    return Answer(200, {"cleared": gone})


def _switches(call: Call) -> Answer:
    return Answer(200, {"value": call.azure.switches.listed()})


def _set_switches(call: Call) -> Answer:
    """Set switches by name, all of them or none."""
    try:
        chosen = {name: call.azure.switches.set(name, value) for name, value in call.body.items()}
    except ValueError as error:
        raise bad_request(str(error)) from error
    return Answer(200, chosen)
