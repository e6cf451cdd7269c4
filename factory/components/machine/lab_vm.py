"""What a VM of ours is, said once: for the engine's resource and for an order of our own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic.alias_generators import to_camel

from factory.common.names import image_name, parse_part
from factory.components.factory_lab import FactoryLabComponent
from factory.components.run_context import Run
from factory.components.stack_tags import merged
from factory.ledger.record import Spec, expiry, tags_for

_USER = "imagefactory"


@dataclass(frozen=True)
class Parent:
    """The released version a layered image is built on: its custom image, and what stands for it.

    ``record`` is None for one that another stack holds in the same lab.
    """

    image_id: pulumi.Input[str]
    record: pulumi.CustomResource | None = None


def neighbour(lab: FactoryLabComponent, name: str) -> Parent | None:
    """Give a version (identity@version) that another stack holds in the same factory lab."""
    place = parse_part(name)
    return Parent(f"{lab.id}/customimages/{image_name(*place[:2])}") if place else None


@dataclass(frozen=True)
class Origin:
    """What a VM is made from: a marketplace image or a custom image, and what must be there."""

    gallery: Mapping[str, str] | None = None
    custom_image_id: pulumi.Input[str] | None = None
    after: tuple[pulumi.CustomResource, ...] = ()


@dataclass(frozen=True)
class MachineArgs:
    """Whose VM it is, where it runs, and the attempt that it begins or goes on with.

    ``held`` says that the state has the VM of that attempt.
    """

    run: Run
    lab: FactoryLabComponent
    spec: Spec
    attempt: int
    held: bool = False

    def tags(self, attempt: int) -> dict[str, Any]:
        """Give the tags of the VM of one attempt."""
        return tags_for(self.spec, self.run.owner, str(attempt))

    def properties(self, origin: Origin, does: str) -> dict[str, Any]:
        """Give the properties of a VM by the SDK's names, without size and password."""
        spec, definition, lab = self.spec, self.spec.content, self.lab
        return {
            "lab_virtual_network_id": lab.network_id,
            "lab_subnet_name": lab.subnet,
            "gallery_image_reference": origin.gallery,
            "custom_image_id": origin.custom_image_id,
            "plan_id": spec.purchase_plan().get("name"),
            "storage_type": definition.disk_type.value,
            "user_name": _USER,
            "disallow_public_ip_address": True,
            "allow_claim": False,
            # Azure itself deletes a VM that everything else forgot.
            "expiration_date": expiry(spec).isoformat(timespec="seconds"),
            "notes": f"image factory: {does} {spec.definition} {spec.version}",
        }

    def body(
        self, attempt: int, size: str, properties: Mapping[str, Any], image: str | None
    ) -> dict[str, Any]:
        """Give the body of an order by ARM's names; ``image`` is the custom image's resolved id."""
        found = {**properties, "custom_image_id": image, "size": size}
        found["password"] = new_password()
        return {
            "location": self.run.settings.region,
            "tags": merged(self.tags(attempt), self.run.settings.tags, ()),
            "properties": _camel(found),
        }


def new_password() -> str:
    """Make a password that nobody ever signs in with."""
    return f"{secrets.token_urlsafe(24)}-aA1"


def _camel(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {to_camel(key): _camel(each) for key, each in value.items() if each is not None}
