"""What the program never says of a resource is left as Azure has it."""

from __future__ import annotations

import asyncio

import pulumi
from pulumi_azure_native import devtestlab, network

from factory.components.undeclared import undeclared


def _network() -> network.VirtualNetworkInitArgs:
    return network.VirtualNetworkInitArgs(
        virtual_network_name="net",
        resource_group_name=pulumi.Output.from_input("rg"),
        address_space=network.AddressSpaceArgs(address_prefixes=["10.0.0.0/16"]),
        subnets=[
            network.SubnetArgs(name="a", nat_gateway=network.SubResourceArgs(id="nat")),
            network.SubnetArgs(address_prefix="10.0.0.0/24"),
        ],
        tags={"a": "1"},
    )


def test_what_is_said_is_looked_at_and_the_rest_is_not() -> None:
    async def found_in_a_loop() -> list[str]:  # an output needs one
        return undeclared(_network())

    found = asyncio.run(found_in_a_loop())
    for left in (
        *(
            "location",
            "virtualNetworkPeerings",
            "enableDdosProtection",
            "privateEndpointVNetPolicies",
        ),
        *("subnets[0].type", "subnets[0].id", "subnets[0].addressPrefix", "subnets[1].name"),
        *("subnets[1].natGateway", "addressSpace.ipamPoolPrefixAllocations"),
    ):
        assert left in found
    for said in ("tags", "subnets", "addressSpace", "resourceGroupName", "virtualNetworkName"):
        assert not [path for path in found if path in (said, f"{said}.a")]
    for said in ("subnets[0].name", "subnets[0].natGateway", "subnets[1].addressPrefix"):
        assert said not in found
    assert len(found) == len(set(found))


def test_what_the_sdk_says_by_itself_nobody_said() -> None:
    args = devtestlab.LabArgs(resource_group_name="rg", lab_storage_type="Premium")
    assert "labStorageType" in undeclared(args)
    assert "labStorageType" not in undeclared(args, but=["labStorageType"])
    other = devtestlab.LabArgs(resource_group_name="rg", lab_storage_type="Standard")
    assert "labStorageType" not in undeclared(other)


def test_what_is_said_at_times_can_be_taken_away() -> None:
    args = devtestlab.ArtifactSourceArgs(lab_name="lab", resource_group_name="rg", uri="https://x")
    assert "securityToken" in undeclared(args)
    assert "securityToken" not in undeclared(args, but=["securityToken"])
    assert "armTemplateFolderPath" in undeclared(args, but=["securityToken"])
