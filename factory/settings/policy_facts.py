"""What an expression of ``policies.yaml`` may ask about: plain values, without any secret.

The names here are documented in docs/policies.md; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory.common.expression import Open
from factory.definitions.definition import Base, Definition
from factory.definitions.lineage import Image, parent_of, root_base
from factory.settings.stack import Settings, TargetLab


def image_facts(images: Mapping[str, Image], image: Image, settings: Settings) -> dict[str, Any]:
    """Say what a definition says, with all that it inherits."""
    definition = image.definition
    base = definition.base if isinstance(definition.base, Base) else None
    return {
        "identity": image.identity,
        "file": image.file,
        "os": definition.os.value,
        "base": _base(base),
        "root": _base(root_base(images, image)),
        "parent": parent_of(image) or "",
        "description": definition.description,
        "author": definition.author,
        "size": definition.size,
        "sizes": list(definition.sizes),
        "diskType": definition.disk_type.value,
        "capture": definition.capture.value,
        "artifacts": _artifacts(definition),
        "verified": definition.verification is not None,
        "tests": [each.name for each in definition.verification or ()],
        "tags": Open(settings.tags | definition.tags),
        "retries": definition.retries,
        "refresh": str(definition.refresh) if definition.refresh else "",
    }


def _base(base: Base | None) -> dict[str, str]:
    names = ("publisher", "offer", "sku", "version")
    return {name: getattr(base, name) if base else "" for name in names}


def _artifacts(definition: Definition) -> list[dict[str, Any]]:
    return [
        {
            "name": each.artifact.name,
            "source": each.artifact.source,
            "parameters": Open(
                (name, value if isinstance(value, str) else "")
                for name, value in each.artifact.parameters.items()
            ),
            "always": each.loc[0] == "always",
        }
        for each in definition.building
    ]


def stack_facts(settings: Settings, name: str) -> dict[str, Any]:
    """Say what a stack is; ``name`` is its short one."""
    return {
        "name": name,
        "subscription": settings.subscription_id,
        "region": settings.region,
        "resourceGroup": settings.resource_group,
        "builds": settings.builds,
        "trial": bool(settings.only),
        "receivesFrom": list(settings.receives_from),
        "labs": [lab.name for lab in settings.labs],
        "tags": Open(settings.tags),
        "locked": settings.locked,
        "protectImages": settings.protect_images,
    }


def lab_facts(lab: TargetLab) -> dict[str, Any]:
    """Say what the settings say of a lab."""
    return {
        "name": lab.name,
        "resourceGroup": lab.resource_group,
        "region": lab.region,
        "images": list(lab.images),
    }
