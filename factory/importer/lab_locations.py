"""Asks Azure where the labs of Labs.json are: the original found them by name alone."""

from __future__ import annotations

from typing import Any

from factory.azure.client import ArmClient, ArmError
from factory.azure.cloud import find_cloud, find_credential, provider_lookup
from factory.importer.labs import OldLab, is_subscription
from factory.importer.notes import Notes
from factory.settings.stack import normal_region

API = "2018-09-15"


def signed_in() -> ArmClient:
    """Give a client for Azure, signed in as for ``plan``. Raises :class:`FactoryError`."""
    lookup = provider_lookup(lambda _: None)
    cloud = find_cloud(lookup)
    return ArmClient(cloud, find_credential(lookup, cloud))


def locate(labs: list[OldLab], notes: Notes) -> None:
    """Fill in region and resource group of every lab that Azure knows; the others are noted.

    Raises :class:`FactoryError` or :class:`ArmError` if there is no sign-in.
    """
    client = signed_in()
    for subscription in sorted({lab.subscription for lab in labs}):
        its = [lab for lab in labs if lab.subscription == subscription]
        if not is_subscription(subscription):
            notes.lost(its[0].where, subscription, "is no subscription's id, so Azure is not asked")
            continue
        try:
            path = f"/subscriptions/{subscription}/providers/Microsoft.DevTestLab/labs"
            there = list(client.list(path, API))
        except ArmError as error:
            notes.lost(its[0].where, subscription, f"its labs cannot be listed: {error}")
            continue
        for lab in its:
            _fill(lab, there, notes)


def _fill(lab: OldLab, there: list[dict[str, Any]], notes: Notes) -> None:
    named = [each for each in there if str(each.get("name", "")).lower() == lab.name.lower()]
    groups = {str(each["id"]).split("/")[4]: each for each in named}
    if lab.group and len(named) > 1:
        groups = {name: each for name, each in groups.items() if name.lower() == lab.group.lower()}
    if len(groups) != 1:
        why = (
            f"there is more than one of that name, in {', '.join(sorted(groups))}"
            if groups
            else "there is no lab of that name"
        )
        notes.lost(lab.where, lab.name, f"{why} in subscription {lab.subscription}")
        return
    ((group, found),) = groups.items()
    if lab.group and lab.group.lower() != group.lower():
        notes.lost(
            lab.where, "ResourceGroup", f"the lab is in {group}, which the original never read"
        )
    if not lab.group or lab.group.lower() != group.lower():
        lab.group = group
    lab.region = normal_region(str(found.get("location", "")))
