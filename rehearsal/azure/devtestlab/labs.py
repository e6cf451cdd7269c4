"""Labs and their virtual networks."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.types import PREVIEW, Behaviour, Draft
from rehearsal.azure.clock import iso
from rehearsal.azure.devtestlab import errors
from rehearsal.azure.devtestlab.sources import new_lab_sources
from rehearsal.azure.model import Resource
from rehearsal.azure.network.resources import VNETS, subnet_of
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

LABS = "Microsoft.DevTestLab/labs"
NETWORKS = "Microsoft.DevTestLab/labs/virtualNetworks"


class Lab(Behaviour):
    """A lab: fills what only the service knows, and comes with two artifact sources."""

    preview = (
        "browserConnect",
        "disableAutoUpgradeCseMinorVersion",
        "isolateLabResources",
        "vmCreationResourceGroupId",
    )

    read_only = (
        "provisioningState",
        "uniqueIdentifier",
        "createdDate",
        "defaultStorageAccount",
        "defaultPremiumStorageAccount",
        "artifactsStorageAccount",
        "premiumDataDiskStorageAccount",
        "vaultName",
        "vmCreationResourceGroup",
        "publicIpId",
        "loadBalancerId",
        "networkSecurityGroupId",
    )

    def finish(self, azure: Azure, resource: Resource) -> Resource:
        """Name the storage account and the vault that the service made in the lab's group."""
        base = f"{ids.group_id(resource.id)}/providers".lower()
        short = "".join(letter for letter in resource.name.lower() if letter.isalnum())[:12]
        number = ids.digits(resource.uid, 8)
        account = f"{base}/microsoft.storage/storageaccounts/a{short}{number}"
        return resource.setting(
            defaultStorageAccount=account,
            defaultPremiumStorageAccount=account,
            artifactsStorageAccount=account,
            premiumDataDiskStorageAccount=account,
            vaultName=f"{base}/microsoft.keyvault/vaults/{short}{number[:4]}",
            vmCreationResourceGroup=_group_of_machines(resource),
            publicIpId="",
            loadBalancerId="",
            networkSecurityGroupId="",
        )

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Replace what was given; an older api-version knows nothing of the preview's settings."""
        changed = super().update(azure, old, draft)
        if draft.api_version != PREVIEW and azure.switches["labPutDetachesGallery"]:
            for gallery in azure.resources.listed(f"{old.key}/sharedgalleries"):
                service.erase(azure, gallery)
        if draft.api_version != PREVIEW and not azure.switches["labPutDropsPreviewSettings"]:
            kept = {name: old.properties[name] for name in self.preview if name in old.properties}
            changed = changed.setting(**kept)
        return changed.setting(vmCreationResourceGroup=_group_of_machines(changed))

    def made(self, azure: Azure, resource: Resource) -> None:
        """Give the new lab its sources; its network is a PUT of its own (contract 2)."""
        new_lab_sources(azure, resource)


class LabNetwork(Behaviour):
    """A network of a lab: one that stands already, or one that the lab service makes."""

    read_only = (*Behaviour.read_only, "externalSubnets")

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it; without externalProviderResourceId the Azure network is made too."""
        resource = super().create(azure, draft)
        given = draft.properties.get("externalProviderResourceId")
        if given:
            vnet = azure.resources.find(str(given))
            if vnet is None or vnet.location != draft.location:
                raise errors.NO_SUCH_NETWORK.of(reference=str(given))
        else:
            vnet = _own_network(azure, draft)
            resource = resource.setting(externalProviderResourceId=vnet.id).knowing(own=True)
        return self._with_subnets(resource, vnet)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change all but the network it stands for."""
        changed = super().update(azure, old, draft)
        given = old.properties["externalProviderResourceId"]
        vnet = azure.resources.find(given)
        changed = changed.setting(externalProviderResourceId=given)
        return changed if vnet is None else self._with_subnets(changed, vnet)

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Add the subnets of the Azure network if they are asked for."""
        if "externalsubnets" not in expand:
            return resource.body
        vnet = azure.resources.find(resource.properties["externalProviderResourceId"])
        subnets = vnet.properties["subnets"] if vnet else []
        found = [{"id": subnet["id"], "name": subnet["name"]} for subnet in subnets]
        return resource.setting(externalSubnets=found).body

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Take along the Azure network if the lab service made it."""
        vnet = azure.resources.find(resource.properties["externalProviderResourceId"])
        if vnet is not None and resource.hidden.get("own"):
            azure.resources.remove(vnet)

    def _with_subnets(self, resource: Resource, vnet: Resource) -> Resource:
        """Open the subnets that nothing was said of: the first network of a lab is usable."""
        known = [(subnet["id"], subnet["name"]) for subnet in vnet.properties.get("subnets", ())]
        allowed = [
            {"resourceId": path, "labSubnetName": name, "allowPublicIp": "Allow"}
            for path, name in known
        ]
        overrides = [
            {
                "resourceId": path,
                "labSubnetName": name,
                "useInVmCreationPermission": "Allow",
                "usePublicIpAddressPermission": "Allow",
            }
            for path, name in known
        ]
        return resource.setting(
            allowedSubnets=resource.properties.get("allowedSubnets") or allowed,
            subnetOverrides=resource.properties.get("subnetOverrides") or overrides,
        )


def _group_of_machines(lab: Resource) -> str:
    """Give the group that all VMs of a lab are made in; unless it names one, each has its own."""
    return str(lab.properties.get("vmCreationResourceGroupId") or ids.group_id(lab.id))


def place_of(
    azure: Azure, lab: Resource, network: str, subnet: str
) -> tuple[Resource, Resource, Json]:
    """Find where a machine is to stand: the lab's network, the Azure network and the subnet.

    An empty `network` or `subnet` means the first that allows machines. ArmError if there is none.
    """
    if network:
        found = azure.resources.find(network)
        if found is None:
            raise errors.NOT_IN_LAB.of(what="virtual network", reference=network)
        candidates = [found]
    else:
        candidates = azure.resources.listed(f"{lab.key}/virtualnetworks")
    for used in candidates:
        vnet = azure.resources.find(used.properties["externalProviderResourceId"])
        for override in used.properties["subnetOverrides"] if vnet else ():
            name = str(override.get("labSubnetName") or ids.name_of(override["resourceId"]))
            open_ = override.get("useInVmCreationPermission", "Default") == "Allow"
            wanted = subnet.lower() in ("", name.lower())
            real = subnet_of(vnet, ids.name_of(override["resourceId"])) if vnet else None
            if vnet and open_ and wanted and real:
                return used, vnet, real
    if not candidates:
        raise errors.NO_NETWORK.of()
    raise errors.NO_SUBNET.of(subnet=subnet or "any", network=candidates[0].name)


def _own_network(azure: Azure, draft: Draft) -> Resource:
    path = f"{ids.group_id(draft.id)}/providers/{VNETS}/{draft.name}"
    subnet = f"{draft.name}Subnet"
    body: Json = {
        "id": path,
        "name": draft.name,
        "type": VNETS,
        "location": draft.location,
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/20"]},
            "subnets": [
                {
                    "id": f"{path}/subnets/{subnet}",
                    "name": subnet,
                    "type": f"{VNETS}/subnets",
                    "properties": {
                        "addressPrefix": "10.0.0.0/20",
                        "provisioningState": "Succeeded",
                    },
                }
            ],
            "provisioningState": "Succeeded",
        },
    }
    # The lab service uses a network API from before networks were private (contract 4.2).
    hidden = {"uid": new_uid(), "version": "2018-08-01", "made": iso(azure.now())}
    return azure.resources.keep(Resource(ids.key_of(path), VNETS, body, hidden))
