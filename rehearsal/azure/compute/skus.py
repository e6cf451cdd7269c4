"""The sizes of machines as a subscription lists them: one row for each size and region."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rehearsal.azure.arm.routes import paged
from rehearsal.azure.compute.availability import is_missing
from rehearsal.azure.compute.sizes import cores, family
from rehearsal.azure.errors import SUBSCRIPTION_NOT_FOUND
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.world import REGIONS

Json = dict[str, Any]

TABLE = Path(__file__).parents[2] / "sizes.yaml"


def listed(call: Call) -> Answer:
    """List the sizes; a $filter is on the location, as Azure's is."""
    subscription = call.parts["subscription"]
    if subscription.lower() not in call.azure.directory.subscriptions:
        raise SUBSCRIPTION_NOT_FOUND.of(subscription=subscription)
    rows = [_row(size, memory, region) for region in REGIONS for size, memory in _sizes().items()]
    return paged(call, rows, lambda row: {"location": row["locations"][0]}, lambda row: row)


@cache
def _sizes() -> dict[str, int]:
    return dict(yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def _row(size: str, memory: int, region: str) -> Json:
    """Write a size in a region; what the region has none of is restricted, and not left out."""
    capabilities = {
        "vCPUs": cores(size, region),
        "MemoryGB": memory,
        "HyperVGenerations": "V1,V2",
        "CpuArchitectureType": "x64",
        "PremiumIO": True,  # all that are listed have it
    }
    restricted = {
        "type": "Location",
        "values": [region],
        "restrictionInfo": {"locations": [region]},
        "reasonCode": "NotAvailableForSubscription",
    }
    return {
        "resourceType": "virtualMachines",
        "name": size,
        "tier": "Standard",
        "size": size.removeprefix("Standard_"),
        "family": family(size, region),
        "locations": [region],
        "locationInfo": [{"location": region, "zones": [], "zoneDetails": []}],
        "capabilities": [
            {"name": name, "value": str(value)} for name, value in capabilities.items()
        ],
        "restrictions": [restricted] if is_missing(region, size) else [],
    }
