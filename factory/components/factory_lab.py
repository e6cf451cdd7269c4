"""The lab that builds: adopted as it is, or made with a network of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_azure_native import devtestlab, network, resources

from factory.components.filled_in import filled_in
from factory.components.gates import renew_gate
from factory.components.run_context import Run
from factory.ledger.foundations import SUBNET
from factory.settings.stack import ArtifactSource, FactoryLab


class FactoryLabComponent(pulumi.ComponentResource):
    """The factory lab: where build VMs run and images are captured.

    An adopted lab is only named here, never declared: even an unchanged PUT of 2018-09-15 might
    drop settings that only the preview API knows. A created one has outbound access by a NAT
    gateway, since virtual networks are private by default and artifacts must download.
    """

    def __init__(
        self,
        name: str,
        args: Run,
        lab: FactoryLab,
        store_group: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("imagefactory:index:FactoryLab", name, {}, opts)
        self._run = args
        self.spec = lab
        self.id = args.lab_id(lab)
        self.network_name = lab.virtual_network or f"{lab.name}-network"
        self.subnet = lab.subnet or SUBNET
        self.name: pulumi.Input[str] = lab.name
        self.group: pulumi.Input[str] = lab.resource_group
        self.ready: Sequence[pulumi.CustomResource] = ()
        if lab.create:
            self._create(name, lab, store_group)
        self.register_outputs({"lab": self.name})

    @property
    def network_id(self) -> str:
        """The lab's virtual network, as build VMs name it."""
        return f"{self.id}/virtualnetworks/{self.network_name}"

    def _create(self, name: str, lab: FactoryLab, store_group: pulumi.Output[str]) -> None:
        run = self._run
        location, tags = run.settings.region, run.own_tags
        if lab.resource_group.lower() == run.settings.resource_group.lower():
            group = store_group
        else:
            group = resources.ResourceGroup(
                f"{name}/group",
                resource_group_name=lab.resource_group,
                location=location,
                tags=tags,
                opts=self._child("group"),
            ).name
        vnet = self._network(name, lab, group)
        made = devtestlab.Lab(
            f"{name}/lab",
            name=lab.name,
            resource_group_name=group,
            location=location,
            lab_storage_type="Premium",
            tags=tags,
            # Destroyed before its network: DevTest Labs locks an attached one against deletion.
            opts=self._child("lab", depends_on=[vnet]),
        )
        attached = devtestlab.VirtualNetwork(
            f"{name}/lab-network",
            name=self.network_name,
            # By its name: should the lab fail, an output of it would fail here too, unclearly.
            lab_name=lab.name,
            resource_group_name=group,
            location=location,
            external_provider_resource_id=vnet.id,
            subnet_overrides=[
                devtestlab.SubnetOverrideArgs(
                    resource_id=pulumi.Output.concat(vnet.id, "/subnets/", SUBNET),
                    lab_subnet_name=SUBNET,
                    use_in_vm_creation_permission="Allow",
                    use_public_ip_address_permission="Deny",
                )
            ],
            tags=tags,
            opts=self._child("lab-network", depends_on=[made]),
        )
        sources = [
            self._source(source, lab.name, group, made) for source in run.settings.artifact_sources
        ]
        self.name, self.group, self.ready = made.name, group, (attached, *sources)

    def _network(
        self, name: str, lab: FactoryLab, group: pulumi.Output[str]
    ) -> network.VirtualNetwork:
        location, tags = self._run.settings.region, self._run.own_tags
        address = network.PublicIPAddress(
            f"{name}/address",
            public_ip_address_name=f"{lab.name}-nat",
            resource_group_name=group,
            location=location,
            sku=network.PublicIPAddressSkuArgs(name="Standard"),
            public_ip_allocation_method="Static",
            tags=tags,
            opts=self._child("address"),
        )
        nat = network.NatGateway(
            f"{name}/nat",
            nat_gateway_name=f"{lab.name}-nat",
            resource_group_name=group,
            location=location,
            sku=network.NatGatewaySkuArgs(name="Standard"),
            public_ip_addresses=[network.SubResourceArgs(id=address.id)],
            tags=tags,
            opts=self._child("nat"),
        )
        return network.VirtualNetwork(
            f"{name}/network",
            virtual_network_name=f"{lab.name}-network",
            resource_group_name=group,
            location=location,
            address_space=network.AddressSpaceArgs(address_prefixes=[lab.network.address_space]),
            subnets=[
                network.SubnetArgs(
                    name=SUBNET,
                    address_prefix=lab.network.subnet,
                    default_outbound_access=False,
                    nat_gateway=network.SubResourceArgs(id=nat.id),
                )
            ],
            tags=tags,
            opts=self._child("network"),
        )

    def _child(self, part: str, **options: Any) -> pulumi.ResourceOptions:
        name, run = f"factory/{part}", self._run
        filled = {"ignore_changes": filled_in(part, recovered=run.recovered)}
        if resource_id := run.remade.get(name):
            options["hooks"] = renew_gate(name, run.waiter, run.stack, resource_id)
        return pulumi.ResourceOptions(parent=self, **options, **(run.adoption(name) or filled))

    def _source(
        self,
        source: ArtifactSource,
        lab: str,
        group: pulumi.Output[str],
        made: devtestlab.Lab,
    ) -> devtestlab.ArtifactSource:
        token = self._run.secrets[source.token] if source.token else None
        return devtestlab.ArtifactSource(
            f"factory/source/{source.name}",
            name=source.name,
            lab_name=lab,
            resource_group_name=group,
            location=self._run.settings.region,
            display_name=source.name,
            uri=source.uri,
            source_type=source.type.value,
            branch_ref=source.branch,
            folder_path=source.folder,
            security_token=token,
            status="Enabled",
            tags=self._run.own_tags,
            # The service gives the token back, so the output is as secret as the input.
            opts=self._child(
                f"source/{source.name}",
                depends_on=[made],
                additional_secret_outputs=["securityToken"] if token else None,
            ),
        )
