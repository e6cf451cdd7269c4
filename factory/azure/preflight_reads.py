"""Reads of Azure for what may forbid a build: artifacts, policies, terms, permissions.

Each gives None where Azure has no answer, so that what was not checked can be said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from factory.azure.client import ArmClient, ArmError
from factory.definitions.definition import Base
from factory.observed.artifact_manifest import Manifest
from factory.observed.lab_rules import LabRules, is_exposed, is_shut_in, lab_rules
from factory.observed.permissions import Grant
from factory.settings.stack import FactoryLab

_T = TypeVar("_T")
_LAB_API = "2018-09-15"
_NETWORK_API = "2024-05-01"
_COMPUTE_API = "2024-11-01"
_TERMS_API = "2021-01-01"
_AUTHORIZATION_API = "2022-04-01"
# Types that every VM of an image has; `TrustedLaunchSupported` and the like leave it to the order.
_ALWAYS = frozenset({"TrustedLaunch", "ConfidentialVM"})
# Answers that say "not for you" or "not here", which is not the same as "no".
_NO_ANSWER = frozenset({403, 404, 405, 501})


def manifest(name: str, properties: Mapping[str, Any]) -> Manifest:
    """Read an artifact as a lab lists it."""
    parameters = properties.get("parameters")
    specs = parameters if isinstance(parameters, dict) else {}
    return Manifest(
        name=name,
        os=str(properties.get("targetOsType") or ""),
        parameters={str(key): spec for key, spec in specs.items() if isinstance(spec, dict)},
    )


def rules(client: ArmClient, own: FactoryLab, lab: str) -> LabRules | None:
    """Read what a lab's policies and its schedule say of every VM; None if that is not told.

    Of one that is adopted, also whether its subnet has a way out, and none in.
    """

    def read() -> LabRules:
        policies = list(client.list(f"{lab}/policysets/default/policies", _LAB_API))
        return lab_rules(policies, client.get(f"{lab}/schedules/LabVmsShutdown", _LAB_API))

    found = _answer(read)
    network = _network(client, own, lab) if found else None
    if found is None or network is None:
        return found
    subnet = own.subnet or ""
    shut_in, exposed = is_shut_in(network, subnet), is_exposed(network, subnet)
    return replace(found, shut_in=subnet if shut_in else "", exposed=subnet if exposed else "")


def _network(client: ArmClient, own: FactoryLab, lab: str) -> Mapping[str, Any] | None:
    """Read the network of an adopted lab; None as far as it is not told."""
    if own.create or not own.subnet:
        return None

    def read() -> Mapping[str, Any] | None:
        given = client.get(f"{lab}/virtualnetworks/{own.virtual_network}", _LAB_API) or {}
        network = (given.get("properties") or {}).get("externalProviderResourceId")
        return client.get(str(network), _NETWORK_API) if network else None

    return _answer(read)


def offer(
    client: ArmClient, subscription: str, region: str, base: Base, version: str
) -> tuple[dict[str, str], str]:
    """Read the plan that a marketplace image is sold under, and the security type of its VMs.

    {} for one that is not sold, "" for one whose VMs may be standard ones.
    """
    path = (
        f"/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{region}"
        f"/publishers/{base.publisher}/artifacttypes/vmimage/offers/{base.offer}"
        f"/skus/{base.sku}/versions/{version}"
    )
    found = (client.get(path, _COMPUTE_API) or {}).get("properties") or {}
    features = {
        str(each.get("name")): str(each.get("value")) for each in found.get("features") or ()
    }
    security = features.get("SecurityType", "")
    plan = {str(key): str(value) for key, value in (found.get("plan") or {}).items()}
    return plan, security if security in _ALWAYS else ""


def terms_accepted(client: ArmClient, subscription: str, plan: Mapping[str, str]) -> bool | None:
    """Tell whether a plan's terms were accepted in a subscription; None if that is not told."""
    path = (
        f"/subscriptions/{subscription}/providers/Microsoft.MarketplaceOrdering"
        f"/offerTypes/virtualmachine/publishers/{plan['publisher']}/offers/{plan['product']}"
        f"/plans/{plan['name']}/agreements/current"
    )

    def read() -> bool:
        found = client.get(path, _TERMS_API)
        return bool(found and (found.get("properties") or {}).get("accepted"))

    return _answer(read)


def grants(client: ArmClient, scope: str) -> tuple[Grant, ...] | None:
    """Read what the identity may do at a scope; None if that is not told."""
    path = f"{scope}/providers/Microsoft.Authorization/permissions"
    items = _answer(lambda: list(client.list(path, _AUTHORIZATION_API)))
    if items is None:
        return None
    return tuple(
        Grant(tuple(item.get("actions") or ()), tuple(item.get("notActions") or ()))
        for item in items
    )


def _answer(read: Callable[[], _T]) -> _T | None:
    """Give what a read gives, None where Azure has no answer."""
    try:
        return read()
    except ArmError as error:
        if error.status in _NO_ANSWER:
            return None
        raise
