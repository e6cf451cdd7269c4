"""Users of a lab and what is theirs: identity, secrets, formulas, environments."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.devtestlab import errors
from rehearsal.azure.devtestlab.templates import find_template
from rehearsal.azure.model import Resource
from rehearsal.azure.resources.resources import empty_group, make_group
from rehearsal.azure.world import Azure

Json = dict[str, Any]


class User(Behaviour):
    """A user, who is named by the object id; the directory knows the rest of the identity."""

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Fill identity and secret store."""
        resource = super().create(azure, draft)
        lab = service.need(azure, ids.parent_of(draft.id))
        identity: Json = {"objectId": draft.name, "tenantId": draft.caller.tenant}
        for principal in azure.directory.principals():
            if principal.object_id == draft.name:
                identity |= {
                    "principalName": principal.name,
                    "principalId": principal.object_id,
                    "appId": principal.client_id,
                }
        vault = str(lab.properties.get("vaultName", ""))
        store = {"keyVaultId": vault}
        given = resource.properties
        return resource.setting(
            identity={**identity, **given.get("identity", {})},
            secretStore={**store, **given.get("secretStore", {})},
        )


class Secret(Behaviour):
    """A secret of a user. Its value is neither kept nor shown: nothing here could use it."""

    def given(self, draft: Draft) -> Json:
        """Leave the value out."""
        kept = super().given(draft)
        kept.pop("value", None)
        return kept

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Refuse an empty one."""
        if not draft.properties.get("value"):
            raise errors.MISSING.of(what="properties.value")
        return super().create(azure, draft)


class Environment(Behaviour):
    """An environment: a resource group for an ARM template, whose resources are not made here."""

    read_only = (*Behaviour.read_only, "resourceGroupId", "createdByUser")

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Find the template and make the group."""
        deployment = draft.properties.get("deploymentProperties") or {}
        reference = str(deployment.get("armTemplateId") or "")
        if not reference:
            raise errors.MISSING.of(what="properties.deploymentProperties.armTemplateId")
        lab = service.need(azure, ids.parent_of(ids.parent_of(draft.id)))
        template = find_template(azure, lab, reference)
        given = {str(each.get("name")) for each in deployment.get("parameters") or ()}
        lacking = [name for name in template.required if name not in given]
        if lacking:
            raise errors.TEMPLATE_PARAMETERS.of(name=template.name, lacking=", ".join(lacking))
        resource = super().create(azure, draft)
        group = make_group(
            azure,
            lab.subscription,
            f"{lab.name}-{draft.name}-{ids.digits(resource.uid, 6)}",
            lab.location,
            tags={"CreatedBy": "DevTestLabs"},
            managed_by=lab.id,
        )
        return resource.setting(
            armTemplateDisplayName=template.title,
            resourceGroupId=group.id,
            createdByUser=draft.caller.name,
        )

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change the tags: another template means another environment."""
        return old.topped(tags=draft.tags)

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Take the group along."""
        group = azure.resources.find(str(resource.properties.get("resourceGroupId", "/")))
        if group is not None:
            empty_group(azure, group)
