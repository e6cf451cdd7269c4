"""Which api-version each part of ARM is asked with: the ones that the answers were read from."""

from __future__ import annotations

LAB_API = "2018-09-15"
LAB_PREVIEW_API = "2018-10-15-preview"
COMPUTE_API = "2024-11-01"
DISK_API = "2024-03-02"
GROUP_API = "2024-03-01"
NETWORK_API = "2024-05-01"


def api_of(resource_id: str) -> str:
    """Give the api-version for a resource by its id."""
    lowered = resource_id.lower()
    if "/providers/" not in lowered:
        return GROUP_API
    if "/microsoft.devtestlab/" in lowered:
        return LAB_API
    if "/microsoft.network/" in lowered:
        return NETWORK_API
    return DISK_API if "/snapshots/" in lowered or "/disks/" in lowered else COMPUTE_API
