"""What was used: machine hours, GiB hours and GiB copied, counted as resources change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.model import Resource
from rehearsal.azure.store import Shelf

Json = dict[str, Any]

_STORED = {
    "Microsoft.Compute/disks": "disk",
    "Microsoft.Compute/snapshots": "snapshot",
    "Microsoft.Compute/images": "image",
}
_STANDING = {
    "Microsoft.Network/natGateways": "natGateway",
    "Microsoft.Network/publicIPAddresses": "publicAddress",
}


@dataclass(frozen=True)
class Reading:
    """What a resource uses at present: `amount` of `what` in every hour."""

    meter: str
    what: str
    amount: float


def reading(resource: Resource) -> Reading | None:
    """Give what a resource uses as it stands; None if that costs nothing."""
    kind = resource.kind
    if kind == "Microsoft.Compute/virtualMachines":
        if resource.hidden.get("power") == "deallocated":
            return None
        size = resource.properties["hardwareProfile"]["vmSize"]
        os = resource.properties["storageProfile"]["osDisk"]["osType"]
        return Reading("virtualMachine", f"{size} {os}", 1.0)
    if kind in _STORED:
        size = resource.properties.get("diskSizeGB")
        if kind.endswith("images"):
            disk = (resource.properties.get("storageProfile") or {}).get("osDisk") or {}
            size = disk.get("diskSizeGB")
        sku = (resource.body.get("sku") or {}).get("name", "Standard_LRS")
        return Reading(_STORED[kind], str(sku), float(size or 0))
    if kind == "Microsoft.Compute/galleries/images/versions":
        publishing = resource.properties["publishingProfile"]
        disks = resource.properties["storageProfile"]
        size = float(disks["osDiskImage"]["sizeInGB"])
        size += sum(float(each.get("sizeInGB") or 0) for each in disks.get("dataDiskImages", ()))
        replicas = sum(int(each["regionalReplicaCount"]) for each in publishing["targetRegions"])
        return Reading("galleryVersion", str(publishing["storageAccountType"]), size * replicas)
    if kind in _STANDING:
        return Reading(_STANDING[kind], "", 1.0)
    return None


class Metering:
    """Usage so far, by subscription, region, meter and what; and the readings that run on."""

    def __init__(self, usage: Shelf, running: Shelf) -> None:
        self._usage = usage
        self._running = running

    def observe(self, key: str, resource: Resource | None, moment: float) -> None:
        """Take note of a resource that was made, changed or (None) removed at a moment."""
        before = self._running.get(key)
        now = reading(resource) if resource is not None else None
        copy = resource.hidden.get("copy") if resource is not None else None
        if before is not None:
            changed = now is None or resource is None or before["uid"] != resource.uid
            changed = changed or [now.meter, now.what, now.amount] != before["reading"]  # type: ignore[union-attr]
            if before.get("copy") and (copy is None or copy["state"] != "running"):
                self._copied(before, copy, moment)
                changed = True
            if not changed:
                return
            self._add(before["place"], before["reading"], moment - before["since"])
            self._running.drop(key)
        if now is None or resource is None:
            return
        doc: Json = {
            "uid": resource.uid,
            "place": [resource.subscription, resource.location],
            "reading": [now.meter, now.what, now.amount],
            "since": moment,
        }
        if copy is not None and copy["state"] == "running":
            doc["copy"] = {
                **{name: copy[name] for name in ("from", "began", "ends")},
                "gib": now.amount,
            }
        self._running.put(key, doc)

    def read(self, moment: float) -> list[Json]:
        """Give the usage up to a moment: hours of machines, GiB hours of what is stored."""
        totals = {key: float(doc["amount"]) for key, doc in self._usage.items()}
        for _, doc in self._running.items():
            key = _key(doc["place"], doc["reading"])
            hours = (moment - doc["since"]) / 3600
            totals[key] = totals.get(key, 0.0) + hours * doc["reading"][2]
        return [
            dict(zip(("subscription", "region", "meter", "what"), key.split("|"), strict=True))
            | {"amount": amount}
            for key, amount in sorted(totals.items())
        ]

    def restart(self, moment: float) -> None:
        """Count from a moment on; what stands runs on."""
        self._usage.wipe()
        for key, doc in self._running.items():
            self._running.put(key, {**doc, "since": moment})

    def _copied(self, before: Json, copy: Json | None, moment: float) -> None:
        """Count what went from region to region: all of it, or as much as came until it ended."""
        known = before["copy"]
        share = min(1.0, (moment - known["began"]) / (known["ends"] - known["began"]))
        if copy is not None:
            share = 1.0 if copy["state"] == "done" else copy["percent"] / 100
        route = f"{known['from']} to {before['place'][1]}"
        self._add(before["place"], ["copied", route, known["gib"] * share], 3600)

    def _add(self, place: list[str], what: list[Any], seconds: float) -> None:
        key = _key(place, what)
        amount = (self._usage.get(key) or {"amount": 0.0})["amount"]
        self._usage.put(key, {"amount": amount + what[2] * seconds / 3600})


def _key(place: list[str], what: list[Any]) -> str:
    return "|".join((ids.key_of(place[0]).strip("/"), place[1], what[0], what[1]))
