"""Extensions of machines: one of a handler, on a machine that runs. What they do is not done."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.compute import errors
from rehearsal.azure.compute.sizes import MACHINES
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

EXTENSIONS = f"{MACHINES}/extensions"


class Extension(Behaviour):
    """An extension. What it is given in secret is neither kept nor shown."""

    def given(self, draft: Draft) -> Json:
        """Leave the secret settings out."""
        kept = super().given(draft)
        kept.pop("protectedSettings", None)
        return kept

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it, unless its machine is off or has one of its handler."""
        self._check(azure, draft)
        return super().create(azure, draft)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change it, while its machine runs."""
        self._check(azure, draft)
        return super().update(azure, old, draft).setting(provisioningState="Succeeded")

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Add the instance view if it is asked for."""
        if "instanceview" not in expand:
            return resource.body
        state = resource.state
        status = {
            "code": f"ProvisioningState/{state.lower()}",
            "level": "Info",
            "displayStatus": f"Provisioning {state.lower()}",
        }
        return resource.setting(instanceView={"name": resource.name, "statuses": [status]}).body

    def _check(self, azure: Azure, draft: Draft) -> None:
        machine = service.need(azure, ids.parent_of(draft.id))
        for name in ("publisher", "type", "typeHandlerVersion"):
            if not draft.properties.get(name):
                raise errors.MISSING_PARAMETER.of(name=name)
        if machine.hidden["power"] != "running":
            raise errors.MACHINE_OFF.of()
        handler = _handler(draft.properties)
        for other in azure.resources.listed(ids.collection_of(draft.id)):
            same = _handler(other.properties).lower() == handler.lower()
            if same and not ids.same(other.id, draft.id):
                os = machine.properties["storageProfile"]["osDisk"]["osType"]
                raise errors.SEVERAL_EXTENSIONS.of(os=os, name=other.name, handler=handler)


def _handler(properties: Json) -> str:
    return f"{properties['publisher']}.{properties['type']}"
