"""VM sizes by the rule of their names, cores per region and family, and the quota on them."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.azure.compute import errors
from rehearsal.azure.compute.availability import check_available
from rehearsal.azure.world import Azure

Json = dict[str, Any]

MACHINES = "Microsoft.Compute/virtualMachines"
_SIZE = re.compile(r"Standard_([A-Z]{1,3})(\d{1,3})(?:-\d+)?([a-z]*)(?:_(v\d))?", re.IGNORECASE)


def cores(size: str, location: str) -> int:
    """Give the cores of a size such as Standard_D4s_v5; ArmError 400 if it is none."""
    return int(_parsed(size, location)[2])


def family(size: str, location: str) -> str:
    """Give the family of a size, as usages name it: standardDSv5Family."""
    letter, _, suffix, version = _parsed(size, location).groups()
    return f"standard{letter.upper()}{suffix.upper()}{(version or '').lower()}Family"


def usages(azure: Azure, subscription: str, location: str) -> list[Json]:
    """Write how much of each quota is used; deallocated machines count, as in Azure."""
    known = azure.directory.subscriptions[subscription.lower()]
    families: dict[str, int] = {}
    total, machines = 0, 0
    for machine in azure.resources.of_kind(subscription, MACHINES):
        if machine.location == location:
            size = machine.properties["hardwareProfile"]["vmSize"]
            name = family(size, location)
            families[name] = families.get(name, 0) + cores(size, location)
            total += cores(size, location)
            machines += 1
    rows = [
        ("cores", "Total Regional vCPUs", total, known.cores),
        ("virtualMachines", "Virtual Machines", machines, 25_000),
    ]
    for name in sorted({*families, "standardDSv5Family", "standardBSFamily", "standardDSv3Family"}):
        title = f"Standard {name.removeprefix('standard').removesuffix('Family')} Family vCPUs"
        rows.append((name, title, families.get(name, 0), known.cores))
    return [
        {
            "name": {"value": name, "localizedValue": title},
            "currentValue": used,
            "limit": limit,
            "unit": "Count",
        }
        for name, title, used, limit in rows
    ]


def check_quota(
    azure: Azure, subscription: str, location: str, size: str, *, instead_of: str = ""
) -> None:
    """Refuse a machine that would exceed the cores of its region or family.

    `instead_of` is the size of a machine that gives its own cores back, if it is resized.
    """
    check_available(location, size)
    more = cores(size, location) - (cores(instead_of, location) if instead_of else 0)
    for row in usages(azure, subscription, location):
        name, used, limit = row["name"]["value"], row["currentValue"], row["limit"]
        concerned = name == "cores" or name == family(size, location)
        if concerned and used + more > limit:
            quota = "Total Regional Cores" if name == "cores" else f"{name} Cores"
            raise errors.CORES_EXCEEDED.of(
                quota=quota,
                location=location,
                limit=limit,
                used=used,
                more=more,
                needed=used + more,
            )


def _parsed(size: str, location: str) -> re.Match[str]:
    found = _SIZE.fullmatch(size)
    if found is None:
        raise errors.UNKNOWN_SIZE.of(size=size, location=location)
    return found
