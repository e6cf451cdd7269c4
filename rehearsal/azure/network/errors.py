"""What Microsoft.Network refuses, in its words."""

from __future__ import annotations

from rehearsal.azure.errors import ArmError


def invalid_reference(resource: str, reference: str) -> ArmError:
    """400: a resource names another one that is not there."""
    message = (
        f"Resource {reference} referenced by resource {resource} was not found. Please make sure"
        " that the referenced resource exists, and that both resources are in the same region."
    )
    return ArmError(400, "InvalidResourceReference", message)


def public_ip_in_use(resource: str, user: str) -> ArmError:
    """400: a public address goes after what uses it."""
    message = (
        f"Public IP address {resource} can not be deleted since it is still allocated to resource"
        f" {user}."
    )
    return ArmError(400, "PublicIPAddressCannotBeDeleted", message)


def nat_gateway_in_use(resource: str, user: str) -> ArmError:
    """400: a NAT gateway goes after the subnets that use it."""
    message = f"Nat Gateway {resource} is in use by subnet {user} and cannot be deleted."
    return ArmError(400, "InUseNatGatewayCannotBeDeleted", message)
