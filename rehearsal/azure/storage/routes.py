"""Storage accounts, their blob service and containers. Nothing listens at their addresses."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha512
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.routes import GROUP
from rehearsal.azure.arm.types import Behaviour, Draft, Plain, ResourceType, Style
from rehearsal.azure.clock import iso
from rehearsal.azure.errors import ArmError, bad_request
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

ACCOUNTS = "Microsoft.Storage/storageAccounts"
_SERVICES = f"{ACCOUNTS}/blobServices"
_NAME = re.compile(r"[a-z0-9]{3,24}")


def _name_fault(azure: Azure, name: str) -> ArmError | None:
    """Give what is said against the name of a new account, None if nothing is."""
    if not _NAME.fullmatch(name):
        message = (
            f"{name} is not a valid storage account name. Storage account name must be between 3"
            " and 24 characters in length and use numbers and lower-case letters only."
        )
        return bad_request(message, "AccountNameInvalid")
    for subscription in azure.directory.subscriptions:
        if name in {each.name for each in azure.resources.of_kind(subscription, ACCOUNTS)}:
            message = f"The storage account named {name} is already taken."
            return ArmError(409, "StorageAccountAlreadyTaken", message)
    return None


class Account(Behaviour):
    """An account; its name is taken in all of Azure, and it has a blob service from the start."""

    read_only = ("provisioningState", "creationTime", "primaryEndpoints", "primaryLocation")

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, or refuse the name."""
        fault = _name_fault(azure, draft.name)
        if fault is not None:
            raise fault
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


def install(router: Router) -> None:
    """Add what is no resource: whether a name is free, and the keys of an account."""
    whole = "/subscriptions/{subscription}/providers/Microsoft.Storage/checkNameAvailability"
    account = f"{GROUP}{ACCOUNTS}/{{name}}"
    read = "Microsoft.Storage/checknameavailability/read"
    router.add(Route("POST", whole, _check_name, read))
    router.add(Route("POST", f"{account}/listKeys", _keys, f"{ACCOUNTS}/listKeys/action"))


def _check_name(call: Call) -> Answer:
    fault = _name_fault(call.azure, str(call.body.get("name") or ""))
    if fault is None:
        return Answer(200, {"nameAvailable": True})
    reason = "AlreadyExists" if fault.status == 409 else "AccountNameInvalid"
    return Answer(200, {"nameAvailable": False, "reason": reason, "message": fault.message})


def _keys(call: Call) -> Answer:
    """Give the keys of an account: its own as long as it stands, though nothing asks for them."""
    account = service.need(call.azure, f"{GROUP}{ACCOUNTS}/{{name}}".format(**call.parts))
    keys = []
    for name in ("key1", "key2"):
        value = b64encode(sha512(f"{account.uid}{name}".encode()).digest()).decode()
        keys.append({"keyName": name, "value": value, "permissions": "FULL"})
    return Answer(200, {"keys": keys})


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
