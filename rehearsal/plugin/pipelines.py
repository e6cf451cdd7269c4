"""The types that pipelines sign in with and keep their state in; rows as in table.py."""

from __future__ import annotations

from rehearsal.plugin.kinds import Kind

_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"
_IDENTITY = f"{_GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}"
_ACCOUNT = f"{_GROUP}/Microsoft.Storage/storageAccounts/{{accountName}}"
_VAULT = f"{_GROUP}/Microsoft.KeyVault/vaults/{{vaultName}}"
_ROLES = "/{scope}/providers/Microsoft.Authorization"
_TRACES = "createdBy createdOn updatedBy updatedOn"


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_IDENTITIES = (
    Kind(
        token="azure-native:managedidentity:UserAssignedIdentity",  # noqa: S106  # a type token
        path=_IDENTITY,
        api_version="2023-01-31",
        body=frozenset(),
        top=_set("location tags"),
        read_only=_set("azureApiVersion clientId name principalId systemData tenantId type"),
        needs_location=True,
    ),
    Kind(
        token="azure-native:managedidentity:FederatedIdentityCredential",  # noqa: S106  # a type token
        path=f"{_IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}",
        api_version="2023-01-31",
        body=_set("audiences issuer subject"),
        top=frozenset(),
        read_only=_set("azureApiVersion name systemData type"),
        required=("audiences", "issuer", "subject"),
    ),
)
_STORAGE = (
    Kind(
        token="azure-native:storage:StorageAccount",  # noqa: S106  # a type token
        path=_ACCOUNT,
        api_version="2024-01-01",
        body=_set(
            "accessTier allowBlobPublicAccess allowCrossTenantReplication allowSharedKeyAccess "
            "allowedCopyScope azureFilesIdentityBasedAuthentication customDomain "
            "defaultToOAuthAuthentication dnsEndpointType enableExtendedGroups "
            "enableHttpsTrafficOnly enableNfsV3 encryption immutableStorageWithVersioning "
            "isHnsEnabled isLocalUserEnabled isSftpEnabled keyPolicy largeFileSharesState "
            "minimumTlsVersion networkRuleSet publicNetworkAccess routingPreference sasPolicy"
        ),
        top=_set("extendedLocation identity kind location sku tags"),
        read_only=_set(
            "accountMigrationInProgress azureApiVersion blobRestoreStatus creationTime "
            "failoverInProgress geoReplicationStats isSkuConversionBlocked keyCreationTime "
            "lastGeoFailoverTime name primaryEndpoints primaryLocation "
            "privateEndpointConnections provisioningState secondaryEndpoints secondaryLocation "
            "statusOfPrimary statusOfSecondary storageAccountSkuConversionStatus type"
        ),
        required=("kind", "sku"),
        needs_location=True,
        wire={
            "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
            "enableNfsV3": "isNfsV3Enabled",
            "networkRuleSet": "networkAcls",
        },
    ),
    Kind(
        token="azure-native:storage:BlobServiceProperties",  # noqa: S106  # a type token
        path=f"{_ACCOUNT}/blobServices/{{blobServicesName}}",
        api_version="2024-01-01",
        body=_set(
            "automaticSnapshotPolicyEnabled changeFeed containerDeleteRetentionPolicy cors "
            "defaultServiceVersion deleteRetentionPolicy isVersioningEnabled "
            "lastAccessTimeTrackingPolicy restorePolicy"
        ),
        top=frozenset(),
        read_only=_set("azureApiVersion name sku type"),
        singleton=True,
    ),
    Kind(
        token="azure-native:storage:BlobContainer",  # noqa: S106  # a type token
        path=f"{_ACCOUNT}/blobServices/default/containers/{{containerName}}",
        api_version="2024-01-01",
        body=_set(
            "defaultEncryptionScope denyEncryptionScopeOverride enableNfsV3AllSquash "
            "enableNfsV3RootSquash immutableStorageWithVersioning metadata publicAccess"
        ),
        top=frozenset(),
        read_only=_set(
            "azureApiVersion deleted deletedTime etag hasImmutabilityPolicy hasLegalHold "
            "immutabilityPolicy lastModifiedTime leaseDuration leaseState leaseStatus legalHold "
            "name remainingRetentionDays type version"
        ),
    ),
)
_VAULTS = (
    Kind(
        token="azure-native:keyvault:Vault",  # noqa: S106  # a type token
        path=_VAULT,
        api_version="2024-11-01",
        body=frozenset(),
        top=_set("location properties tags"),
        read_only=_set("azureApiVersion name systemData type"),
        required=("properties",),
        needs_location=True,
        properties_output=True,
    ),
    Kind(
        token="azure-native:keyvault:Key",  # noqa: S106  # a type token
        path=f"{_VAULT}/keys/{{keyName}}",
        api_version="2024-11-01",
        body=frozenset(),
        top=_set("properties tags"),
        read_only=_set(
            "attributes azureApiVersion curveName keyOps keySize keyUri keyUriWithVersion kty "
            "location name releasePolicy rotationPolicy type"
        ),
        write_only=_set("properties"),
        required=("properties",),
    ),
)
_AUTHORIZATION = (
    Kind(
        token="azure-native:authorization:RoleAssignment",  # noqa: S106  # a type token
        path=f"{_ROLES}/roleAssignments/{{roleAssignmentName}}",
        api_version="2022-04-01",
        body=_set(
            "condition conditionVersion delegatedManagedIdentityResourceId description "
            "principalId principalType roleDefinitionId"
        ),
        top=frozenset(),
        read_only=_set(f"azureApiVersion name scope systemData type {_TRACES}"),
        required=("principalId", "roleDefinitionId"),
    ),
    Kind(
        token="azure-native:authorization:RoleDefinition",  # noqa: S106  # a type token
        path=f"{_ROLES}/roleDefinitions/{{roleDefinitionId}}",
        api_version="2022-05-01-preview",
        body=_set("assignableScopes description permissions roleName roleType"),
        top=frozenset(),
        read_only=_set(f"azureApiVersion name systemData type {_TRACES}"),
        wire={"roleType": "type"},
    ),
)

KINDS = (*_IDENTITIES, *_STORAGE, *_VAULTS, *_AUTHORIZATION)
