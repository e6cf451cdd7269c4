"""Long-running answers: which headers a call gives, and what a poll is told (contract 1.2)."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import types_of
from rehearsal.azure.errors import OPERATION_NOT_FOUND
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router

Json = dict[str, Any]

_PLACES = {
    "Microsoft.DevTestLab": "operations",
    "Microsoft.Compute": "operations",
    "Microsoft.Network": "operations",
    "Microsoft.Storage": "asyncoperations",
}
# Where galleries are polled; these say InProgress, and answer 200 once something is deleted.
_GALLERIES, _CAPS = "/microsoft.compute/galleries/", "capsOperations"
_DISK_TYPES = ("/microsoft.compute/snapshots/", "/microsoft.compute/disks/")


def retry_after(call: Call) -> dict[str, str]:
    """Give when to poll again, in real time: whole seconds, at least 1; and in milliseconds.

    Clients of azcore's kind look at milliseconds first, if there are any; all others see seconds.
    """
    wait = call.azure.times.retry_after(call.azure.clock.scale)
    return {"Retry-After": str(max(1, round(wait))), "Retry-After-Ms": f"{wait * 1000:.0f}"}


def begun(call: Call, operation: str, body: Json, status: int) -> Answer:
    """201 of what is made, 200 of what is changed: Azure-AsyncOperation and no Location."""
    url = _url(call, operation)
    return Answer(status, body, {"Azure-AsyncOperation": url, **retry_after(call)})


def accepted(call: Call, operation: str, body: Json | None = None) -> Answer:
    """202 with both headers; DELETE and POST have no body."""
    url = _url(call, operation)
    headers = {"Azure-AsyncOperation": url, "Location": f"{url}&monitor=true", **retry_after(call)}
    return Answer(202, body, headers)


def install(router: Router) -> None:
    """Add the routes that are polled."""
    base = "/subscriptions/{subscription}/providers/"
    for namespace, place in _PLACES.items():
        template = f"{base}{namespace}/locations/{{location}}/{place}/{{operation}}"
        router.add(Route("GET", template, _poll))
    # What galleries do may be followed by whoever has a right to that.
    for place, right in (("DiskOperations", ""), (_CAPS, f"{_CAPS}/read")):
        template = f"{base}Microsoft.Compute/locations/{{location}}/{place}/{{operation}}"
        action = f"Microsoft.Compute/locations/{right}" if right else ""
        router.add(Route("GET", template, _poll, action))


def _url(call: Call, operation: str) -> str:
    doc = call.azure.operations.find(operation)
    resource = str(doc["resource"]) if doc else call.path
    found = call.azure.resources.find(resource)
    location = found.location if found else "westeurope"
    namespace = next(name for name in _PLACES if f"/{name.lower()}/" in resource)
    place = _PLACES[namespace]
    if any(kind in resource for kind in _DISK_TYPES):
        place = "DiskOperations"
    if _GALLERIES in resource:
        place = _CAPS
    subscription = ids.subscription_of(resource)
    return (
        f"{call.base}/subscriptions/{subscription}/providers/{namespace}/locations/{location}"
        f"/{place}/{operation}?api-version={call.api_version}"
    )


def _poll(call: Call) -> Answer:
    doc = call.azure.operations.find(call.parts["operation"])
    if doc is None:
        raise OPERATION_NOT_FOUND.of(name=call.parts["operation"])
    running = doc["status"] == "Running"
    headers = retry_after(call) if running else {}
    if call.query.get("monitor", "").lower() == "true":
        return _monitor(call, doc, headers)
    status = "InProgress" if running and _GALLERIES in doc["resource"] else doc["status"]
    body: Json = {"name": call.parts["operation"], "status": status}
    if "DiskOperations" in call.path or "Microsoft.Compute" in call.path:
        body |= {name: doc[name] for name in ("startTime", "endTime") if name in doc}
    if "error" in doc:
        body["error"] = doc["error"]
    if "output" in doc:
        body["properties"] = {"output": doc["output"]}
    return Answer(200, body, headers)


def _monitor(call: Call, doc: Json, headers: dict[str, str]) -> Answer:
    """Answer a Location: 202 while it runs, then what the call itself would have answered."""
    if doc["status"] == "Running":
        url = f"{call.base}{call.path}?api-version={call.api_version}&monitor=true"
        return Answer(202, None, {"Location": url, **headers})
    if "error" in doc:
        return Answer(int(doc["errorStatus"]), {"error": doc["error"]})
    found = call.azure.resources.find(doc["resource"])
    if doc["verb"] == "DELETE" or found is None:
        return Answer(200 if _GALLERIES in doc["resource"] else 204)
    if doc["verb"] == "PUT":
        kind = types_of(call.azure)[found.kind.lower()]
        return Answer(200, kind.behaviour.show(call.azure, found, ""))
    return Answer(200, doc.get("output"))
