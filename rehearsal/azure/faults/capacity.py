"""What Azure says when a region has no room for a machine (contract 4.4)."""

from __future__ import annotations

from rehearsal.azure.errors import ArmError

CAPACITY = (
    "AllocationFailed",
    "ZonalAllocationFailed",
    "OverconstrainedAllocationRequest",
    "SkuNotAvailable",
)
_ALLOCATION = {
    "AllocationFailed": (
        "Allocation failed. We do not have sufficient capacity for the requested VM size in this"
        " region. Read more about improving likelihood of allocation success at"
        " https://aka.ms/allocation-guidance"
    ),
    "ZonalAllocationFailed": (
        "Allocation failed. We do not have sufficient capacity for the requested VM size in this"
        " zone. Read more about improving likelihood of allocation success at"
        " https://aka.ms/allocation-guidance"
    ),
    "OverconstrainedAllocationRequest": (
        "Allocation failed. VM(s) with the following constraints cannot be allocated, because the"
        " condition is too restrictive. Please remove some constraints and try again."
    ),
}


def no_capacity(code: str, size: str, location: str) -> ArmError:
    """409: one of CAPACITY."""
    if code == "SkuNotAvailable":
        return sku_not_available(size, location)
    return ArmError(409, code, _ALLOCATION[code])


def sku_not_available(size: str, location: str) -> ArmError:
    """409: this size is not to be had in this region."""
    message = (
        "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions:"
        f" {size}' is currently not available in location '{location}'. Please try another size or"
        " deploy to a different location or different zone. See"
        " https://aka.ms/azureskunotavailable for details."
    )
    return ArmError(409, "SkuNotAvailable", message)
