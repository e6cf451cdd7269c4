"""Vaults and keys as ARM knows them; secrets are beside this. No key encrypts anything here."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from rehearsal.azure.arm.types import Behaviour, Draft, Plain, ResourceType
from rehearsal.azure.errors import ArmError, bad_request
from rehearsal.azure.ids import name_of, parent_of
from rehearsal.azure.keyvault.hosts import address
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

VAULTS = "Microsoft.KeyVault/vaults"


class Vault(Behaviour):
    """A vault; its name is taken in all of Azure, and purge protection never goes again."""

    read_only = ("provisioningState", "vaultUri")

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, or refuse the name."""
        for subscription in azure.directory.subscriptions:
            known = azure.resources.of_kind(subscription, VAULTS)
            if draft.name.lower() in {each.name.lower() for each in known}:
                message = (
                    f"The vault name '{draft.name}' is already in use. Vault names are globally"
                    " unique so it is possible that the name is already taken."
                )
                raise ArmError(409, "VaultAlreadyExists", message)
        return super().create(azure, draft)

    def addressed(self, body: Json, base: str) -> Json:
        """Say where it is."""
        uri = f"{address(base, str(body['name']))}/"
        return {**body, "properties": {**body["properties"], "vaultUri": uri}}

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change it, or refuse."""
        if old.properties.get("enablePurgeProtection") and not draft.properties.get(
            "enablePurgeProtection", True
        ):
            message = (
                'The property "enablePurgeProtection" cannot be set to false. Enabling the purge'
                " protection for a vault is an irreversible action."
            )
            raise bad_request(message)
        return super().update(azure, old, draft)


class Key(Plain):
    """A key. ARM makes the first version and never changes one."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, with a version."""
        made = super().create(azure, draft)
        return made.setting(attributes={"enabled": True, "created": int(azure.now())})

    def addressed(self, body: Json, base: str) -> Json:
        """Say where it is, and where its version."""
        vault, name = name_of(parent_of(str(body["id"]))), str(body["name"])
        uri = f"{address(base, vault)}/keys/{name}"
        created = body["properties"]["attributes"]["created"]
        version = sha256(f"{body['id']} {created}".encode()).hexdigest()[:32]
        uris = {"keyUri": uri, "keyUriWithVersion": f"{uri}/{version}"}
        return {**body, "properties": {**body["properties"], **uris}}

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:  # noqa: ARG002 - one signature
        """Leave it as it is: "If the key already exists, no write operations are performed"."""
        return old


TYPES = (
    ResourceType(VAULTS, f"{VAULTS}/{{name}}", behaviour=Vault(), tracked=True),
    ResourceType(
        f"{VAULTS}/keys",
        f"{VAULTS}/{{vault}}/keys/{{name}}",
        behaviour=Key(),
        deletable=False,
        patchable=False,
    ),
)
