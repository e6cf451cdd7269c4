"""What Microsoft.Resources refuses, in its words."""

from __future__ import annotations

from rehearsal.azure.errors import Refusal

# Not a name for a resource group.
INVALID_GROUP_NAME = Refusal(
    400,
    "InvalidResourceGroup",
    "The provided resource group name '{name}' has these invalid characters or is longer than 90."
    " The name can only be a letter, digit, '-', '.', '(', ')' or '_', and must not end with a"
    " '.'.",
    "quoted",
)

# No such region.
INVALID_GROUP_LOCATION = Refusal(
    400,
    "LocationNotAvailableForResourceGroup",
    "The provided location '{location}' is not available for resource group. List of available"
    " regions is '{regions}'.",
    "quoted",
)

# No such resource provider.
PROVIDER_NOT_FOUND = Refusal(
    404,
    "InvalidResourceNamespace",
    "The resource namespace '{namespace}' is invalid.",
    "quoted",
)
