"""What Microsoft.Network refuses, in its words."""

from __future__ import annotations

from rehearsal.azure.errors import Refusal

# A resource names another one that is not there.
INVALID_REFERENCE = Refusal(
    400,
    "InvalidResourceReference",
    "Resource {reference} referenced by resource {resource} was not found. Please make sure that"
    " the referenced resource exists, and that both resources are in the same region.",
    "quoted",
)

# A public address goes after what uses it.
PUBLIC_IP_IN_USE = Refusal(
    400,
    "PublicIPAddressCannotBeDeleted",
    "Public IP address {resource} can not be deleted since it is still allocated to resource"
    " {user}.",
    "quoted",
)

# A security group goes after the subnets that use it.
SECURITY_GROUP_IN_USE = Refusal(
    400,
    "InUseNetworkSecurityGroupCannotBeDeleted",
    "Network security group {resource} cannot be deleted because it is in use by the following"
    " resources: {user}. In order to delete the Network security group, remove the association with"
    " the resource(s). To learn how to do this, see aka.ms/deletensg.",
    "quoted",
)

# A subnet goes after the network cards in it.
SUBNET_IN_USE = Refusal(
    400,
    "InUseSubnetCannotBeDeleted",
    "Subnet {subnet} is in use by {user} and cannot be deleted. In order to delete the subnet,"
    " delete all the resources within the subnet. See aka.ms/deletesubnet.",
    "quoted",
)

# A NAT gateway goes after the subnets that use it.
NAT_GATEWAY_IN_USE = Refusal(
    400,
    "InUseNatGatewayCannotBeDeleted",
    "Nat Gateway {resource} is in use by subnet {user} and cannot be deleted.",
    "quoted",
)
