"""The resource types that the stand-in knows.

Names are those of the Python SDK 3.29.0 (equal to the names in ARM's JSON); tests/plugin compares
every row with the SDK's classes. Paths and API versions: the provider's defaults for 3.29.0.
"""

from __future__ import annotations

from rehearsal.plugin import pipelines
from rehearsal.plugin.kinds import Kind, Nested, split_version

_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"
_LAB = _GROUP + "/Microsoft.DevTestLab/labs/{labName}"
_SCHEDULE = (
    "dailyRecurrence hourlyRecurrence notificationSettings status targetResourceId taskType "
    "timeZoneId weeklyRecurrence"
)


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _devtestlab(name: str, path: str, body: str, read_only: str, **more: Nested) -> Kind:
    common = "azureApiVersion name provisioningState systemData type uniqueIdentifier"
    return Kind(
        token=f"azure-native:devtestlab:{name}",
        path=path,
        api_version="2018-09-15",
        body=_set(body),
        top=_set("location tags"),
        read_only=_set(f"{common} {read_only}"),
        nested=more,
    )


def _compute(
    name: str, path: str, *, body: str, top: str = "", read_only: str = "", version: str
) -> Kind:
    return Kind(
        token=f"azure-native:compute:{name}",
        path=f"{_GROUP}/Microsoft.Compute/{path}",
        api_version=version,
        body=_set(body),
        top=_set(f"location tags extendedLocation {top}"),
        read_only=_set(f"azureApiVersion name provisioningState systemData type {read_only}"),
        required=("creationData",) if name != "Image" else (),
        needs_location=True,
    )


def _gallery(name: str, path: str, body: str, *required: str, **more: str) -> Kind:
    return Kind(
        token=f"azure-native:compute:{name}",
        path=f"{_GROUP}/Microsoft.Compute/galleries/{{galleryName}}{path}",
        api_version="2024-03-03",
        body=_set(body),
        top=_set(f"location tags {more.get('top', '')}"),
        read_only=_set(
            f"azureApiVersion name provisioningState systemData type {more.get('read_only', '')}"
        ),
        required=required,
        needs_location=True,
    )


def _network(
    name: str,
    path: str,
    *,
    body: str,
    top: str,
    read_only: str,
    nested: dict[str, Nested],
    create_only: str = "location",
) -> Kind:
    return Kind(
        token=f"azure-native:network:{name}",
        path=f"{_GROUP}/Microsoft.Network/{path}",
        api_version="2024-05-01",
        body=_set(body),
        top=_set(f"id location tags {top}"),
        read_only=_set(
            f"azureApiVersion etag name provisioningState resourceGuid type {read_only}"
        ),
        write_only=_set("id"),
        nested=nested,
        create_only=_set(create_only),
        keep_if_unset=("subnets", "virtualNetworkPeerings") if name == "VirtualNetwork" else (),
    )


_SCHEDULE_PARAMETERS = Nested(_set("name location tags"))
_CREATION_PARAMETER = Nested(
    _set("name location tags"), {"scheduleParameters": _SCHEDULE_PARAMETERS}
)
_ITEM = Nested(_set("id name type etag"))
_NETWORK_RESOURCE = Nested(_set("id name type etag location tags sku zones extendedLocation"))
_SUBNET = Nested(
    _set("id name type etag"),
    {
        "applicationGatewayIPConfigurations": _ITEM,
        "delegations": _ITEM,
        "ipConfigurations": _ITEM,
        "networkSecurityGroup": Nested(
            _set("id name type etag location tags"),
            {"securityRules": _ITEM, "defaultSecurityRules": _ITEM},
        ),
        "resourceNavigationLinks": _ITEM,
        "routeTable": Nested(_set("id name type etag location tags"), {"routes": _ITEM}),
        "serviceAssociationLinks": _ITEM,
        "serviceEndpointPolicies": Nested(
            _set("id name type etag location tags"), {"serviceEndpointPolicyDefinitions": _ITEM}
        ),
    },
)

_DISK = (
    "completionPercent creationData dataAccessAuthMode diskAccessId diskSizeGB encryption "
    "encryptionSettingsCollection hyperVGeneration networkAccessPolicy osType "
    "publicNetworkAccess purchasePlan securityProfile supportedCapabilities supportsHibernation"
)
_DISK_STATE = "diskSizeBytes diskState managedBy timeCreated uniqueId"
_VM = (
    "allowClaim artifacts createdDate customImageId dataDiskParameters disallowPublicIpAddress "
    "environmentId expirationDate galleryImageReference isAuthenticationWithSshKey labSubnetName "
    "labVirtualNetworkId networkInterface notes ownerObjectId ownerUserPrincipalName password "
    "planId scheduleParameters size sshKey storageType userName"
)

_KINDS = (
    Kind(
        token="azure-native:resources:ResourceGroup",  # noqa: S106  # a type token
        path="/subscriptions/{subscriptionId}/resourcegroups/{resourceGroupName}",
        api_version="2024-03-01",
        body=frozenset(),
        top=_set("location managedBy tags"),
        read_only=_set("azureApiVersion name properties type"),
        needs_location=True,
        properties_output=True,
    ),
    _network(
        "PublicIPAddress",
        "publicIPAddresses/{publicIpAddressName}",
        body="ddosSettings deleteOption dnsSettings idleTimeoutInMinutes ipAddress ipTags "
        "linkedPublicIPAddress migrationPhase natGateway publicIPAddressVersion "
        "publicIPAllocationMethod publicIPPrefix servicePublicIPAddress",
        top="extendedLocation sku zones",
        read_only="ipConfiguration",
        create_only="location publicIPAddressVersion publicIPPrefix sku",
        nested={
            "linkedPublicIPAddress": _NETWORK_RESOURCE,
            "servicePublicIPAddress": _NETWORK_RESOURCE,
            "natGateway": _NETWORK_RESOURCE,
            "ipConfiguration": _ITEM,
        },
    ),
    _network(
        "NatGateway",
        "natGateways/{natGatewayName}",
        body="idleTimeoutInMinutes publicIpAddresses publicIpPrefixes",
        top="sku zones",
        read_only="subnets",
        nested={},
        create_only="",
    ),
    _network(
        "NetworkSecurityGroup",
        "networkSecurityGroups/{networkSecurityGroupName}",
        body="flushConnection securityRules",
        top="",
        read_only="defaultSecurityRules flowLogs networkInterfaces subnets",
        nested={"securityRules": _ITEM, "defaultSecurityRules": _ITEM},
    ),
    _network(
        "VirtualNetwork",
        "virtualNetworks/{virtualNetworkName}",
        body="addressSpace bgpCommunities ddosProtectionPlan dhcpOptions enableDdosProtection "
        "enableVmProtection encryption flowTimeoutInMinutes ipAllocations "
        "privateEndpointVNetPolicies subnets virtualNetworkPeerings",
        top="extendedLocation",
        read_only="flowLogs",
        nested={"subnets": _SUBNET, "virtualNetworkPeerings": _ITEM, "flowLogs": _NETWORK_RESOURCE},
    ),
    _devtestlab(
        "Lab",
        _LAB.replace("{labName}", "{name}"),
        "announcement environmentPermission extendedProperties labStorageType "
        "mandatoryArtifactsResourceIdsLinux mandatoryArtifactsResourceIdsWindows "
        "premiumDataDisks support",
        "artifactsStorageAccount createdDate defaultPremiumStorageAccount defaultStorageAccount "
        "loadBalancerId networkSecurityGroupId premiumDataDiskStorageAccount publicIpId "
        "vaultName vmCreationResourceGroup",
    ),
    _devtestlab(
        "VirtualNetwork",
        _LAB + "/virtualnetworks/{name}",
        "allowedSubnets description externalProviderResourceId subnetOverrides",
        "createdDate externalSubnets",
    ),
    _devtestlab(
        "ArtifactSource",
        _LAB + "/artifactsources/{name}",
        "armTemplateFolderPath branchRef displayName folderPath securityToken sourceType status "
        "uri",
        "createdDate",
    ),
    _devtestlab(
        "VirtualMachine",
        _LAB + "/virtualmachines/{name}",
        _VM,
        "applicableSchedule artifactDeploymentStatus computeId computeVm createdByUser "
        "createdByUserId fqdn lastKnownPowerState osType virtualMachineCreationSource",
        scheduleParameters=_SCHEDULE_PARAMETERS,
    ),
    _devtestlab(
        "CustomImage",
        _LAB + "/customimages/{name}",
        "author customImagePlan dataDiskStorageInfo description isPlanAuthorized managedImageId "
        "managedSnapshotId vhd vm",
        "creationDate",
    ),
    _devtestlab(
        "Policy",
        _LAB + "/policysets/{policySetName}/policies/{name}",
        "description evaluatorType factData factName status threshold",
        "createdDate",
    ),
    _devtestlab("Schedule", _LAB + "/schedules/{name}", _SCHEDULE, "createdDate"),
    _devtestlab(
        "GlobalSchedule",
        _GROUP + "/Microsoft.DevTestLab/schedules/{name}",
        _SCHEDULE,
        "createdDate",
    ),
    _devtestlab(
        "Formula",
        _LAB + "/formulas/{name}",
        "description formulaContent osType vm",
        "author creationDate",
        formulaContent=_CREATION_PARAMETER,
    ),
    _devtestlab("User", _LAB + "/users/{name}", "identity secretStore", "createdDate"),
    _devtestlab("Secret", _LAB + "/users/{userName}/secrets/{name}", "value", ""),
    _devtestlab(
        "Environment",
        _LAB + "/users/{userName}/environments/{name}",
        "armTemplateDisplayName deploymentProperties",
        "createdByUser resourceGroupId",
    ),
    _compute(
        "Snapshot",
        "snapshots/{snapshotName}",
        body=f"{_DISK} copyCompletionError incremental",
        top="sku",
        read_only=f"{_DISK_STATE} incrementalSnapshotFamilyId",
        version="2024-03-02",
    ),
    _compute(
        "Disk",
        "disks/{diskName}",
        body=f"{_DISK} burstingEnabled diskIOPSReadOnly diskIOPSReadWrite diskMBpsReadOnly "
        "diskMBpsReadWrite maxShares optimizedForFrequentAttach tier",
        top="sku zones",
        read_only=f"{_DISK_STATE} burstingEnabledTime lastOwnershipUpdateTime managedByExtended "
        "propertyUpdatesInProgress shareInfo",
        version="2024-03-02",
    ),
    _compute(
        "Image",
        "images/{imageName}",
        body="hyperVGeneration sourceVirtualMachine storageProfile",
        version="2024-11-01",
    ),
    _gallery(
        "Gallery",
        "",
        "description sharingProfile softDeletePolicy",
        top="identity",
        read_only="identifier sharingStatus",
    ),
    _gallery(
        "GalleryImage",
        "/images/{galleryImageName}",
        "allowUpdateImage architecture description disallowed endOfLifeDate eula features "
        "hyperVGeneration identifier osState osType privacyStatementUri purchasePlan recommended "
        "releaseNoteUri",
        *("identifier", "osState", "osType"),
    ),
    _gallery(
        "GalleryImageVersion",
        "/images/{galleryImageName}/versions/{galleryImageVersionName}",
        "publishingProfile restore safetyProfile securityProfile storageProfile",
        "storageProfile",
        read_only="replicationStatus validationsProfile",
    ),
)

KINDS = {kind.token: kind for kind in (*_KINDS, *pipelines.KINDS)}


def find_kind(token: str) -> tuple[Kind, str]:
    """Find a type and the API version to use; KeyError if the stand-in does not know it."""
    plain, version = split_version(token)
    kind = KINDS[plain]
    return kind, version or kind.api_version
