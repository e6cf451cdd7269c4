"""Azure's built-in roles (rehearsal/roles.yaml): the same ids and names in every tenant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

TABLE = Path(__file__).parents[2] / "roles.yaml"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
# When Azure says that they were made: before all that a rehearsal makes. The day is Reader's.
_MADE = "2015-02-02T21:55:09.8806423Z"
_RIGHTS = ("actions", "notActions", "dataActions", "notDataActions")


@dataclass(frozen=True)
class BuiltIn:
    """A role that stands in every subscription: its id, its name, and what it allows."""

    id: str
    name: str
    description: str
    permissions: Json

    def body(self, scope: str) -> Json:
        """Write it as it is seen from a scope: its id is the subscription's, or the tenant's."""
        above = "/".join(scope.split("/")[:3])
        properties = {
            "roleName": self.name,
            "type": "BuiltInRole",
            "description": self.description,
            "assignableScopes": ["/"],
            "permissions": [self.permissions],
            "createdOn": _MADE,
            "updatedOn": _MADE,
            "createdBy": None,
            "updatedBy": None,
        }
        path = f"{above}/providers/{DEFINITIONS}/{self.id}"
        return {"id": path, "name": self.id, "type": DEFINITIONS, "properties": properties}


@cache
def built_in() -> dict[str, BuiltIn]:
    """Give the built-in roles by id."""
    rows = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return {
        row["id"]: BuiltIn(
            row["id"],
            row["name"],
            row["description"],
            {right: row.get(right, []) for right in _RIGHTS},
        )
        for row in rows
    }
