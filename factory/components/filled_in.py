"""What Azure fills in by itself, and what the engine reads as input of a resource it takes in.

Of a resource that a lost state is made again from these are left as Azure has them: the program
never says them, and a write that says the same once more is a write all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

FILLED_IN: Mapping[str, tuple[str, ...]] = {
    "snapshot": (
        "diskSizeGB",
        "encryption",
        "networkAccessPolicy",
        "publicNetworkAccess",
        "purchasePlan",
        "securityProfile",
        "sku.tier",
        "supportedCapabilities",
    ),
    "image": (
        "storageProfile.dataDisks",
        "storageProfile.osDisk.caching",
        "storageProfile.osDisk.diskSizeGB",
        "storageProfile.osDisk.storageAccountType",
        "storageProfile.zoneResilient",
    ),
    "address": ("ipAddress", "sku.tier", "idleTimeoutInMinutes", "publicIPAddressVersion"),
    "nat": ("idleTimeoutInMinutes",),
    "network": ("subnets[0].id", "enableDdosProtection"),
    "lab": (
        "announcement",
        "environmentPermission",
        "extendedProperties",
        "mandatoryArtifactsResourceIdsLinux",
        "mandatoryArtifactsResourceIdsWindows",
        "premiumDataDisks",
        "support",
    ),
    "lab-network": ("allowedSubnets", "description"),
}


def filled_in(kind: str, *, recovered: bool) -> list[str]:
    """Give the properties of a kind of resource to leave alone, none unless it was taken in."""
    return list(FILLED_IN.get(kind, ())) if recovered else []
