"""Resource ids: paths that Azure compares without regard to case (contract 1.3)."""

from __future__ import annotations

import hashlib


def key_of(resource_id: str) -> str:
    """Give the form under which an id is stored and compared."""
    return "/" + resource_id.strip("/").lower()


def name_of(resource_id: str) -> str:
    """Give the last segment."""
    return resource_id.rsplit("/", 1)[-1]


def parent_of(resource_id: str) -> str:
    """Drop the last type and name."""
    return resource_id.rsplit("/", 2)[0]


def collection_of(resource_id: str) -> str:
    """Drop the last name: the path under which siblings are listed."""
    return resource_id.rsplit("/", 1)[0]


def subscription_of(resource_id: str) -> str:
    """Give the subscription of an id, "" if it has none."""
    return _after(resource_id, "subscriptions")


def group_of(resource_id: str) -> str:
    """Give the resource group of an id, "" if it has none."""
    return _after(resource_id, "resourcegroups")


def group_id(resource_id: str) -> str:
    """Give the id of the resource group that holds this id."""
    return f"/subscriptions/{subscription_of(resource_id)}/resourceGroups/{group_of(resource_id)}"


def described(resource_id: str) -> str:
    """Give what follows /providers/, as ARM names a resource in its errors."""
    return resource_id.split("/providers/", 1)[-1]


def same(one: str, other: str) -> bool:
    """Compare two ids as Azure does."""
    return key_of(one) == key_of(other)


def digits(seed: str, count: int) -> str:
    """Give `count` digits that depend on the seed alone, where Azure draws a random number."""
    return str(int(hashlib.sha256(seed.encode()).hexdigest(), 16))[-count:]


def _after(resource_id: str, segment: str) -> str:
    parts = resource_id.strip("/").split("/")
    for name, value in zip(parts[::2], parts[1::2], strict=False):
        if name.lower() == segment:
            return value
    return ""
