"""Where the pipelines keep their state, and the key that encrypts the secrets in it."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import keyvault, resources, storage

from bootstrap.settings import Settings

# Long enough to notice on Monday what went wrong before the holidays.
_DAYS_KEPT = 30
_VAULT_DAYS_KEPT = 90


class State(pulumi.ComponentResource):
    """A container that only Entra identities reach, and a key vault that nobody can purge.

    All of it is protected: who loses the state loses what tells the factory's images from others'.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        tenant: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("imagefactory:bootstrap:State", name, {}, opts)
        self._settings = settings
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        self.group = resources.ResourceGroup(
            f"{name}/group",
            resource_group_name=settings.resource_group,
            location=settings.region,
            opts=self._kept,
        )
        self.container = self._container(name)
        self.vault, self.key = self._key(name, tenant)
        self.backend_url: pulumi.Output[str] = self.container.name.apply(
            lambda container: f"azblob://{container}?storage_account={settings.storage_account}"
        )
        # With its version: a key that is rotated must still open what the old one closed.
        self.secrets_provider: pulumi.Output[str] = self.key.key_uri_with_version.apply(
            lambda uri: uri.replace("https://", "azurekeyvault://", 1)
        )
        self.register_outputs(
            {"backendUrl": self.backend_url, "secretsProvider": self.secrets_provider}
        )

    def _container(self, name: str) -> storage.BlobContainer:
        settings = self._settings
        account = storage.StorageAccount(
            f"{name}/account",
            account_name=settings.storage_account,
            resource_group_name=self.group.name,
            location=settings.region,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=settings.redundancy.value),
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=False,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            opts=self._kept,
        )
        days = storage.DeleteRetentionPolicyArgs(enabled=True, days=_DAYS_KEPT)
        # Before the container: from its first blob on, everything overwritten can be had back.
        versions = storage.BlobServiceProperties(
            f"{name}/versions",
            account_name=account.name,
            blob_services_name="default",
            resource_group_name=self.group.name,
            is_versioning_enabled=True,
            delete_retention_policy=days,
            container_delete_retention_policy=days,
            opts=self._kept,
        )
        return storage.BlobContainer(
            f"{name}/container",
            account_name=account.name,
            container_name=settings.container,
            resource_group_name=self.group.name,
            public_access=storage.PublicAccess.NONE,
            opts=pulumi.ResourceOptions.merge(
                self._kept, pulumi.ResourceOptions(depends_on=[versions])
            ),
        )

    def _key(self, name: str, tenant: pulumi.Input[str]) -> tuple[keyvault.Vault, keyvault.Key]:
        settings = self._settings
        vault = keyvault.Vault(
            f"{name}/vault",
            vault_name=settings.key_vault,
            resource_group_name=self.group.name,
            location=settings.region,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=tenant,
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                enable_purge_protection=True,
                soft_delete_retention_in_days=_VAULT_DAYS_KEPT,
            ),
            opts=self._kept,
        )
        key = keyvault.Key(
            f"{name}/key",
            key_name=settings.key,
            vault_name=vault.name,
            resource_group_name=self.group.name,
            properties=keyvault.KeyPropertiesArgs(
                kty=keyvault.JsonWebKeyType.RSA,
                key_size=3072,
                key_ops=[
                    keyvault.JsonWebKeyOperation.ENCRYPT,
                    keyvault.JsonWebKeyOperation.DECRYPT,
                ],
            ),
            opts=self._kept,
        )
        return vault, key
