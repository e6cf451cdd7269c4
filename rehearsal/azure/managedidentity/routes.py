"""User-assigned identities and federated credentials."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Draft, Plain, ResourceType
from rehearsal.azure.errors import ArmError, bad_request
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
CREDENTIALS = "federatedIdentityCredentials"
_MOST = 20  # credentials of one identity


class Identity(Plain):
    """An identity; the directory draws its ids."""

    read_only = ("clientId", "principalId", "tenantId")

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, with ids that a later one of its name will not have."""
        made = super().create(azure, draft)
        tenant = draft.caller.tenant
        return made.setting(clientId=new_uid(), principalId=new_uid(), tenantId=tenant)


class Credential(Plain):
    """Whose tokens an identity believes. (The words of refusals are not recorded ones.)"""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, or refuse what could not be believed or is believed already."""
        self._check(azure, draft)
        if len(_siblings(azure, draft.id)) >= _MOST:
            message = f"Too many federated identity credentials: at most {_MOST} are allowed."
            raise bad_request(message, "TooManyFederatedIdentityCredentials")
        return super().create(azure, draft)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change it, or refuse likewise."""
        self._check(azure, draft)
        return super().update(azure, old, draft)

    def _check(self, azure: Azure, draft: Draft) -> None:
        given = draft.properties
        audiences = given.get("audiences")
        if not isinstance(audiences, list) or len(audiences) != 1:
            msg = "A federated identity credential has exactly one audience."
            raise bad_request(msg)
        if not str(given.get("issuer", "")).startswith("https://") or not given.get("subject"):
            msg = "An issuer (https) and a subject are required."
            raise bad_request(msg)
        believed = (given["issuer"], given["subject"])
        for other in _siblings(azure, draft.id):
            same = (other.properties["issuer"], other.properties["subject"]) == believed
            if same and not ids.same(other.id, draft.id):
                message = f"Issuer and subject combination already exists: '{other.name}'."
                raise ArmError(409, "Conflict", message)


def _siblings(azure: Azure, credential: str) -> list[Resource]:
    return azure.resources.listed(ids.collection_of(credential))


TYPES = (
    ResourceType(IDENTITIES, f"{IDENTITIES}/{{name}}", behaviour=Identity(), tracked=True),
    ResourceType(
        f"{IDENTITIES}/{CREDENTIALS}",
        f"{IDENTITIES}/{{identity}}/{CREDENTIALS}/{{name}}",
        behaviour=Credential(),
        patchable=False,
    ),
)
