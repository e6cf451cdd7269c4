"""What the owner of a lab says of all its VMs: enabled policies, and when they are shut down."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LabRules:
    """The rules of one lab; None or an absent key where it has none.

    ``sizes`` are the VM sizes that it allows, ``images`` the marketplace images
    (``publisher:offer:sku``), all in lower case. ``counts`` say how many VMs there may be at once,
    by the policy's fact. ``shutdown`` is the time and the zone at which all VMs are stopped.
    ``shut_in`` is the subnet of build VMs if nothing there leads to the internet, ``exposed`` that
    subnet if it is known to have no network security group.
    """

    sizes: frozenset[str] | None = None
    images: frozenset[str] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    shutdown: str = ""
    shut_in: str = ""
    exposed: str = ""


def lab_rules(
    policies: Iterable[Mapping[str, Any]], shutdown: Mapping[str, Any] | None
) -> LabRules:
    """Read a lab's policies and its schedule of shutdown; what cannot be read is no rule."""
    sizes = images = None
    counts: dict[str, int] = {}
    for properties in filter(_applies, map(_properties, policies)):
        fact, threshold = str(properties.get("factName") or ""), str(properties.get("threshold"))
        if fact.lower() == "labvmsize":
            sizes = _values(threshold, lambda text: text)
        elif fact.lower() == "galleryimage":
            images = _values(threshold, _urn)
        elif "vmcount" in fact.lower() and threshold.isdecimal():
            counts[fact] = int(threshold)
    schedule = _properties(shutdown or {})
    at = str((schedule.get("dailyRecurrence") or {}).get("time") or "")
    told = f"{at[:2]}:{at[2:]} {schedule.get('timeZoneId') or 'UTC'}" if at else "some time"
    return LabRules(sizes, images, counts, told if _applies(schedule) else "")


def is_shut_in(network: Mapping[str, Any], subnet: str) -> bool:
    """Tell whether a virtual network says that a subnet of it has no way to the internet.

    Private by its own word, without a NAT gateway and without routes of its own, that may lead
    to a firewall (https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access).
    """
    found = _subnet(network, subnet)
    led = found.get("natGateway") or found.get("routeTable")
    return found.get("defaultOutboundAccess") is False and not led


def is_exposed(network: Mapping[str, Any], subnet: str) -> bool:
    """Tell whether a virtual network has a subnet that no network security group looks after."""
    found = _subnet(network, subnet)
    return bool(found) and not found.get("networkSecurityGroup")


def _subnet(network: Mapping[str, Any], subnet: str) -> Mapping[str, Any]:
    for each in _properties(network).get("subnets") or ():
        if str(each.get("name")).lower() == subnet.lower():
            return _properties(each)
    return {}


def _properties(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return found.get("properties") or {}


def _applies(properties: Mapping[str, Any]) -> bool:
    return str(properties.get("status", "")).lower() == "enabled"


def _values(threshold: str, read: Any) -> frozenset[str] | None:
    try:
        return frozenset(read(str(each)).lower() for each in json.loads(threshold))
    except (ValueError, TypeError, AttributeError):
        return None


def _urn(text: str) -> str:
    image = json.loads(text)
    return ":".join(str(image.get(part) or "") for part in ("publisher", "offer", "sku"))
