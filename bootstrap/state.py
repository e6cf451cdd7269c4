"""Where each stack keeps its state, and the key that encrypts the secrets in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault, resources, storage

from bootstrap.settings import Settings
from factory.settings.engine_command import STACK, place_name

# Long enough to notice on Monday what went wrong before the holidays.
_DAYS_KEPT = 30
_VAULT_DAYS_KEPT = 90


@dataclass(frozen=True)
class StatePlace:
    """Where one stack's state is kept, and the key of its secrets: nobody else's is there."""

    container: storage.BlobContainer
    key: keyvault.Key
    backend_url: pulumi.Output[str]
    secrets_provider: pulumi.Output[str]


class State(pulumi.ComponentResource):
    """Containers that only Entra identities reach, and a key vault that nobody can purge.

    A state is code to the engine that reads it, so each stack has a container and a key of its own,
    and this program, which gives rights, has one that only operators reach.

    All of it is protected: who loses the state loses what tells the factory's images from others'.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        stacks: Sequence[str],
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
        self._account, versions = self._storage(name)
        # Before containers: from their first blob on, everything overwritten can be had back.
        self._versioned = pulumi.ResourceOptions(depends_on=[versions])
        self.vault = self._vault(name, tenant)
        self.own = self._place(name, settings.container, settings.key)
        self.places = {
            stack: self._place(
                f"{name}/{stack}",
                f"{settings.container}-{place_name(stack)}",
                f"{settings.key}-{place_name(stack)}",
            )
            for stack in stacks
        }
        self.backend_url = pulumi.Output.from_input(
            f"azblob://{settings.container}-{STACK}?storage_account={settings.storage_account}"
        )
        self.register_outputs({"backendUrl": self.backend_url})

    def _place(self, name: str, container_name: str, key_name: str) -> StatePlace:
        settings = self._settings
        container = storage.BlobContainer(
            f"{name}/container",
            account_name=self._account.name,
            container_name=container_name,
            resource_group_name=self.group.name,
            public_access=storage.PublicAccess.NONE,
            opts=pulumi.ResourceOptions.merge(self._kept, self._versioned),
        )
        key = keyvault.Key(
            f"{name}/key",
            key_name=key_name,
            vault_name=self.vault.name,
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
        return StatePlace(
            container,
            key,
            container.name.apply(
                lambda found: f"azblob://{found}?storage_account={settings.storage_account}"
            ),
            # With its version: a key that is rotated must still open what the old one closed.
            key.key_uri_with_version.apply(
                lambda uri: uri.replace("https://", "azurekeyvault://", 1)
            ),
        )

    def _storage(self, name: str) -> tuple[storage.StorageAccount, storage.BlobServiceProperties]:
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
        return account, versions

    def _vault(self, name: str, tenant: pulumi.Input[str]) -> keyvault.Vault:
        settings = self._settings
        return keyvault.Vault(
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
