"""What Microsoft.Resources refuses, in its words."""

from __future__ import annotations

from collections.abc import Iterable

from rehearsal.azure.errors import ArmError


def invalid_group_name(name: str) -> ArmError:
    """400: not a name for a resource group."""
    message = (
        f"The provided resource group name '{name}' has these invalid characters or is longer than"
        " 90. The name can only be a letter, digit, '-', '.', '(', ')' or '_', and must not end"
        " with a '.'."
    )
    return ArmError(400, "InvalidResourceGroup", message)


def invalid_group_location(location: str, regions: Iterable[str]) -> ArmError:
    """400: no such region."""
    message = (
        f"The provided location '{location}' is not available for resource group. List of available"
        f" regions is '{','.join(regions)}'."
    )
    return ArmError(400, "LocationNotAvailableForResourceGroup", message)


def provider_not_found(namespace: str) -> ArmError:
    """404: no such resource provider."""
    message = f"The resource namespace '{namespace}' is invalid."
    return ArmError(404, "InvalidResourceNamespace", message)
