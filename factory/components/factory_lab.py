"""The lab that builds: adopted as it is, or made with a network of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pulumi
from pulumi_azure_native import devtestlab, network

from factory.azure.client import ArmError
from factory.azure.waiter import GaveUpError
from factory.components.gates import RefusedError, renew_gate
from factory.components.run_context import Run
from factory.components.store import resource_group
from factory.components.undeclared import undeclared
from factory.ledger.foundations import SUBNET
from factory.settings.stack import ArtifactSource, FactoryLab

_CHANGED_WITHIN = timedelta(minutes=30)
# A source may lose its token and be public from then on. The SDK says Premium too.
_SAID = ("securityToken", "labStorageType")


class FactoryLabComponent(pulumi.ComponentResource):
    """The factory lab: where build VMs run and images are captured.

    An adopted lab is only named here, never declared: even an unchanged PUT of 2018-09-15 might
    drop settings that only the preview API knows. A created one has outbound access by a NAT
    gateway, since virtual networks are private by default and artifacts must download; nothing
    comes in.
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
        self._gathered: asyncio.Task[None] | None = None
        if lab.create:
            self._create(name, lab, store_group)
        outputs: dict[str, Any] = {"lab": self.name}
        if args.tokens:
            outputs["tokens"] = pulumi.Output.secret(dict(args.tokens))
        self.register_outputs(outputs)

    @property
    def network_id(self) -> str:
        """The lab's virtual network, as build VMs name it."""
        return f"{self.id}/virtualnetworks/{self.network_name}"

    async def gather_vms(self) -> None:
        """See to it, once in a run, that a lab made here makes its VMs in the group named for them.

        An adopted lab is its owner's to change. Raises :class:`RefusedError`.
        """
        if self.spec.create and self.spec.vm_resource_group:
            if self._gathered is None:
                home = f"/subscriptions/{self._run.settings.subscription_id}/resourceGroups"
                group = f"{home}/{self.spec.vm_resource_group}"
                self._gathered = asyncio.ensure_future(self._gather(group))
            await self._gathered

    async def _gather(self, group: str) -> None:
        waiter = self._run.waiter

        async def changed() -> bool:
            lab = await waiter.call(waiter.arm.thing, self.id)
            return lab is not None and lab.provisioning_state.lower() == "succeeded"

        try:
            if await waiter.call(waiter.arm.gather_vms, self.id, group):
                await waiter.until(changed, _CHANGED_WITHIN, f"{self.id} to be changed")
        except (ArmError, GaveUpError) as error:
            raise RefusedError(str(error)) from None

    def _create(self, name: str, lab: FactoryLab, store_group: pulumi.Output[str]) -> None:
        run = self._run
        location, tags = run.settings.region, run.own_tags
        group = store_group
        if run.settings.lab_apart:
            group = resource_group(self, f"{name}/group", run, lab.group)
        vnet = self._network(name, lab, group)
        lab_args = devtestlab.LabArgs(
            name=lab.name,
            resource_group_name=group,
            location=location,
            lab_storage_type="Premium",
            tags=tags,
        )
        # Destroyed before its network: DevTest Labs locks an attached one against deletion.
        opts = self._child("lab", lab_args, depends_on=[vnet])
        made = devtestlab.Lab(f"{name}/lab", lab_args, opts=opts)
        attached_args = devtestlab.VirtualNetworkArgs(
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
        )
        attached = devtestlab.VirtualNetwork(
            f"{name}/lab-network",
            attached_args,
            opts=self._child("lab-network", attached_args, depends_on=[made]),
        )
        sources = [
            self._source(source, lab.name, group, made) for source in run.settings.artifact_sources
        ]
        self.name, self.group, self.ready = made.name, group, (attached, *sources)

    def _network(
        self, name: str, lab: FactoryLab, group: pulumi.Output[str]
    ) -> network.VirtualNetwork:
        location, tags = self._run.settings.region, self._run.own_tags
        address_args = network.PublicIPAddressInitArgs(
            public_ip_address_name=f"{lab.name}-nat",
            resource_group_name=group,
            location=location,
            sku=network.PublicIPAddressSkuArgs(name="Standard"),
            public_ip_allocation_method="Static",
            tags=tags,
        )
        address = network.PublicIPAddress(
            f"{name}/address", address_args, opts=self._child("address", address_args)
        )
        nat_args = network.NatGatewayInitArgs(
            nat_gateway_name=f"{lab.name}-nat",
            resource_group_name=group,
            location=location,
            sku=network.NatGatewaySkuArgs(name="Standard"),
            public_ip_addresses=[network.SubResourceArgs(id=address.id)],
            tags=tags,
        )
        nat = network.NatGateway(f"{name}/nat", nat_args, opts=self._child("nat", nat_args))
        guard_args = network.NetworkSecurityGroupInitArgs(
            network_security_group_name=f"{lab.name}-network",
            resource_group_name=group,
            location=location,
            security_rules=[_nothing_in()],
            tags=tags,
        )
        guard = network.NetworkSecurityGroup(
            f"{name}/security-group", guard_args, opts=self._child("security-group", guard_args)
        )
        network_args = network.VirtualNetworkInitArgs(
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
                    network_security_group=network.NetworkSecurityGroupArgs(id=guard.id),
                )
            ],
            tags=tags,
        )
        return network.VirtualNetwork(
            f"{name}/network", network_args, opts=self._child("network", network_args)
        )

    def _child(self, part: str, args: object, **options: Any) -> pulumi.ResourceOptions:
        name, run = f"factory/{part}", self._run
        # By the order of the arguments a source of the name of its type would be spelled as that.
        spelled = [
            value
            for key, value in vars(args).items()
            if isinstance(value, str) and key.endswith("name")
        ]
        adopted = run.adoption(name, *spelled)
        theirs = {"ignore_changes": undeclared(args, but=_SAID)}
        if resource_id := run.remade.get(name):
            options["hooks"] = renew_gate(name, run.waiter, run.owner, resource_id)
        return pulumi.ResourceOptions(parent=self, **options, **(adopted or theirs))

    def _source(
        self,
        source: ArtifactSource,
        lab: str,
        group: pulumi.Output[str],
        made: devtestlab.Lab,
    ) -> devtestlab.ArtifactSource:
        token = self._run.secrets[source.token] if source.token else None
        args = devtestlab.ArtifactSourceArgs(
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
        )
        return devtestlab.ArtifactSource(
            f"factory/source/{source.name}",
            args,
            # The service gives the token back, so the output is as secret as the input.
            opts=self._child(
                f"source/{source.name}",
                args,
                depends_on=[made],
                additional_secret_outputs=["securityToken"] if token else None,
            ),
        )


def _nothing_in() -> network.SecurityRuleArgs:
    """Give the rule that lets nobody in.

    Artifacts are run by the agent of a VM, which asks Azure itself: nobody has to reach it, not
    even from beside it, which Azure's own rules allow. The answers come in anyway.
    https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
    """
    return network.SecurityRuleArgs(
        name="nothing-in",
        description="Build VMs are reached by nobody; their agent asks Azure for its work.",
        access="Deny",
        direction="Inbound",
        priority=4096,
        protocol="*",
        source_address_prefix="*",
        source_port_range="*",
        destination_address_prefix="*",
        destination_port_range="*",
    )
