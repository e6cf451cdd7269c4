"""Storage accounts, their blob service and containers. Nothing listens at their addresses."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Behaviour, Draft, Plain, ResourceType, Style
from rehearsal.azure.clock import iso
from rehearsal.azure.errors import ArmError, bad_request
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

ACCOUNTS = "Microsoft.Storage/storageAccounts"
_SERVICES = f"{ACCOUNTS}/blobServices"
_NAME = re.compile(r"[a-z0-9]{3,24}")


class Account(Behaviour):
    """An account; its name is taken in all of Azure, and it has a blob service from the start."""

    read_only = ("provisioningState", "creationTime", "primaryEndpoints", "primaryLocation")

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, or refuse the name."""
        if not _NAME.fullmatch(draft.name):
            message = (
                f"{draft.name} is not a valid storage account name. Storage account name must be"
                " between 3 and 24 characters in length and use numbers and lower-case letters"
                " only."
            )
            raise bad_request(message, "AccountNameInvalid")
        for subscription in azure.directory.subscriptions:
            if draft.name in {
                each.name for each in azure.resources.of_kind(subscription, ACCOUNTS)
            }:
                message = f"The storage account named {draft.name} is already taken."
                raise ArmError(409, "StorageAccountAlreadyTaken", message)
        return (
            super()
            .create(azure, draft)
            .setting(
                creationTime=iso(azure.now()),
                primaryLocation=draft.location,
                primaryEndpoints={"blob": f"https://{draft.name}.blob.core.windows.net/"},
            )
        )

    def made(self, azure: Azure, resource: Resource) -> None:
        """Give it its blob service, which nobody makes or deletes."""
        path = f"{resource.id}/blobServices/default"
        body: Json = {
            "id": path,
            "name": "default",
            "type": _SERVICES,
            "location": resource.location,
        }
        body["sku"] = resource.body.get("sku")
        azure.resources.keep(
            Resource(ids.key_of(path), _SERVICES, {**body, "properties": {}}, {"uid": path})
        )


class Container(Plain):
    """A container; public access is refused where the account forbids it."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, or refuse."""
        account = azure.resources.find(ids.parent_of(ids.parent_of(draft.id)))
        allowed = account is not None and account.properties.get("allowBlobPublicAccess")
        if draft.properties.get("publicAccess", "None") != "None" and not allowed:
            message = "Public access is not permitted on this storage account."
            raise ArmError(409, "PublicAccessNotPermitted", message)
        return super().create(azure, draft)


TYPES = (
    ResourceType(
        ACCOUNTS,
        f"{ACCOUNTS}/{{name}}",
        Style.ACCEPTED,
        behaviour=Account("network"),
        top=("sku", "kind", "identity"),
        tracked=True,
    ),
    ResourceType(
        _SERVICES,
        f"{ACCOUNTS}/{{account}}/blobServices/{{name}}",
        behaviour=Plain(),
        deletable=False,
    ),
    ResourceType(
        f"{_SERVICES}/containers",
        f"{ACCOUNTS}/{{account}}/blobServices/{{service}}/containers/{{name}}",
        behaviour=Container(),
    ),
)
