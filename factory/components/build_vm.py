"""What a build VM is, said once: for the engine's resource and for an order of our own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pulumi
from pydantic.alias_generators import to_camel

from factory.components.factory_lab import FactoryLabComponent
from factory.context import Run
from factory.models import ParentBase
from factory.record import Spec, tags_for

_USER = "imagefactory"


@dataclass(frozen=True)
class Parent:
    """The released version a layered image is built on: its custom image and its record."""

    image_id: pulumi.Input[str]
    record: pulumi.Resource


@dataclass(frozen=True)
class BuildArgs:
    """One build: what it is made from, where, and the attempt it begins or goes on with.

    ``vm_held`` says that the state has the VM of that attempt.
    """

    run: Run
    lab: FactoryLabComponent
    spec: Spec
    attempt: int
    parent: Parent | None = None
    vm_held: bool = False

    def tags(self, attempt: int) -> dict[str, Any]:
        """Give the tags of the VM of one attempt."""
        return tags_for(self.spec, stack=self.run.stack, attempt=str(attempt))

    def properties(self) -> dict[str, Any]:
        """Give the properties of a build VM by the SDK's names, without size and password."""
        spec, definition, lab = self.spec, self.spec.content, self.lab
        # Azure itself deletes a VM that everything else forgot.
        expires = datetime.fromisoformat(spec.built) + (definition.retries + 2) * (
            definition.time_limit
        )
        return {
            "lab_virtual_network_id": lab.network_id,
            "lab_subnet_name": lab.subnet,
            "gallery_image_reference": self._marketplace_image(),
            "custom_image_id": self.parent.image_id if self.parent else None,
            "plan_id": spec.purchase_plan().get("name"),
            "storage_type": definition.disk_type.value,
            "user_name": _USER,
            "disallow_public_ip_address": True,
            "allow_claim": False,
            "expiration_date": (expires + timedelta(days=1)).isoformat(timespec="seconds"),
            "notes": f"image factory: builds {spec.definition} {spec.version}",
        }

    def body(self, attempt: int, size: str, parent_image: str | None) -> dict[str, Any]:
        """Give the body of an order by ARM's names; ``parent_image`` is the resolved id."""
        found = {**self.properties(), "custom_image_id": parent_image, "size": size}
        found["password"] = new_password()
        return {
            "location": self.run.settings.region,
            "tags": self.tags(attempt),
            "properties": _camel(found),
        }

    def _marketplace_image(self) -> dict[str, str] | None:
        definition = self.spec.content
        base = definition.base
        if isinstance(base, ParentBase):
            return None
        return {
            "publisher": base.publisher,
            "offer": base.offer,
            "sku": base.sku,
            "os_type": definition.os.azure,
            "version": self.spec.base_version,
        }


def new_password() -> str:
    """Make a password that nobody ever signs in with."""
    return f"{secrets.token_urlsafe(24)}-aA1"


def _camel(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {to_camel(key): _camel(each) for key, each in value.items() if each is not None}
