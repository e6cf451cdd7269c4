"""A resource as it is stored, and the shelf that finds it again by its place and its type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from rehearsal.azure import ids
from rehearsal.azure.store import Shelf

Json = dict[str, Any]

FINAL_STATES = frozenset({"Succeeded", "Failed", "Canceled"})


@dataclass(frozen=True)
class Resource:
    """A resource: `body` is what ARM answers, `hidden` what only Azure itself knows."""

    key: str
    kind: str
    body: Json
    hidden: Json

    @property
    def id(self) -> str:
        """Its id as Azure writes it."""
        return str(self.body["id"])

    @property
    def name(self) -> str:
        """Its name with its case."""
        return str(self.body["name"])

    @property
    def location(self) -> str:
        """Its region, "" if it has none."""
        return str(self.body.get("location") or "")

    @property
    def properties(self) -> Json:
        """What stands under `properties`."""
        return cast("Json", self.body.get("properties") or {})

    @property
    def state(self) -> str:
        """Its provisioningState."""
        return str(self.properties.get("provisioningState", "Succeeded"))

    @property
    def settled(self) -> bool:
        """Whether no operation is under way on it."""
        return self.state in FINAL_STATES

    @property
    def subscription(self) -> str:
        """The subscription it is in, lower-cased."""
        return ids.subscription_of(self.key)

    @property
    def uid(self) -> str:
        """What tells it from an earlier resource of the same id."""
        return str(self.hidden.get("uid", ""))

    def setting(self, **properties: Any) -> Resource:
        """Give this resource with these properties changed."""
        return replace(self, body={**self.body, "properties": {**self.properties, **properties}})

    def knowing(self, **hidden: Any) -> Resource:
        """Give this resource with these hidden facts changed."""
        return replace(self, hidden={**self.hidden, **hidden})

    def topped(self, **top: Any) -> Resource:
        """Give this resource with these top-level fields changed."""
        return replace(self, body={**self.body, **top})


class Resources(Shelf):
    """All resources, found by key, by collection and by type within a subscription."""

    def __init__(self) -> None:
        super().__init__("resources")
        self._live: dict[str, Resource] = {}
        self._siblings: dict[str, dict[str, None]] = {}
        self._kinds: dict[tuple[str, str], dict[str, None]] = {}
        self._groups: dict[str, dict[str, None]] = {}

    def find(self, resource_id: str) -> Resource | None:
        """Give the resource of this id, in whatever case it is written."""
        return self._live.get(ids.key_of(resource_id))

    def keep(self, resource: Resource) -> Resource:
        """Add or replace a resource."""
        doc = {"kind": resource.kind, "body": resource.body, "hidden": resource.hidden}
        self.put(resource.key, doc)
        return resource

    def remove(self, resource: Resource) -> None:
        """Take a resource away."""
        self.drop(resource.key)

    def listed(self, collection: str) -> list[Resource]:
        """Give the resources of one collection, such as the custom images of one lab."""
        return [self._live[key] for key in self._siblings.get(ids.key_of(collection), ())]

    def of_kind(self, subscription: str, kind: str) -> list[Resource]:
        """Give the resources of one type in a subscription."""
        found = self._kinds.get((subscription.lower(), kind.lower()), ())
        return [self._live[key] for key in found]

    def in_group(self, group_id: str) -> list[Resource]:
        """Give all that is in a resource group."""
        return [self._live[key] for key in self._groups.get(ids.key_of(group_id), ())]

    def below(self, resource: Resource) -> list[Resource]:
        """Give the resources nested in this one, at any depth."""
        prefix = resource.key + "/"
        return [
            found
            for found in self.in_group(ids.group_id(resource.key))
            if found.key.startswith(prefix)
        ]

    def in_subscription(self, subscription: str) -> list[Resource]:
        """Give all that is in a subscription, without its groups."""
        return [
            self._live[key]
            for key in self._docs
            if ids.subscription_of(key) == subscription.lower() and "/providers/" in key
        ]

    def _set(self, key: str, doc: Json | None) -> None:
        super()._set(key, doc)
        before = self._live.get(key)
        if doc is None:
            if before is not None:
                del self._live[key]
                for index, place in self._places(before):
                    index[place].pop(key, None)
            return
        resource = Resource(key, doc["kind"], doc["body"], doc["hidden"])
        self._live[key] = resource
        if before is None:
            for index, place in self._places(resource):
                index.setdefault(place, {})[key] = None

    def _places(self, resource: Resource) -> list[tuple[dict[Any, dict[str, None]], Any]]:
        places: list[tuple[dict[Any, dict[str, None]], Any]] = [
            (self._siblings, ids.collection_of(resource.key)),
            (self._kinds, (resource.subscription, resource.kind.lower())),
        ]
        if "/providers/" in resource.key:
            places.append((self._groups, ids.key_of(ids.group_id(resource.key))))
        return places
