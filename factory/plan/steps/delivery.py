"""How a version comes to its labs: data moves once per region, never once per lab."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from factory.common import names
from factory.common.versions import Version
from factory.definitions.definition import Capture
from factory.ledger.model import Held
from factory.ledger.record import Record
from factory.observed.model import Thing
from factory.plan.inputs import Inputs
from factory.plan.model import Action, CopyPlan, LabDelivery, RegionDelivery, Step
from factory.plan.steps.repair import had, region_told, spare_copy
from factory.settings.stack import TargetLab


@dataclass
class Consignment:
    """One version on its way: what it is, where its bytes are, which labs are to hold it.

    ``available`` says whether its source is there to be copied, ``retiring`` has, by lab, the day
    until which an image that is to go there stays, ``also`` regions that have a part of it without
    any lab.
    """

    identity: str
    version: Version
    capture: Capture
    labs: list[TargetLab]
    held: Held | None
    source_region: str
    same_subscription: bool
    available: bool = True
    retiring: Mapping[str, str] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    steps: list[Step] = field(default_factory=list)


def regions(
    inputs: Inputs, goods: Consignment, *, restore_capture: bool
) -> tuple[RegionDelivery, ...]:
    """Plan what every region of this subscription gets; notes deliver and refuse steps."""
    by_region: dict[str, list[TargetLab]] = {}
    for lab in _reached(inputs, goods):
        by_region.setdefault(lab.region, []).append(lab)
    for region in goods.also:
        by_region.setdefault(region, [])
    if restore_capture and goods.capture is Capture.GENERALIZED:
        by_region.setdefault(goods.source_region, [])
    planned = [_region(inputs, goods, region, by_region[region]) for region in sorted(by_region)]
    return tuple(region for region in planned if region is not None)


def _reached(inputs: Inputs, goods: Consignment) -> list[TargetLab]:
    """Give the labs to declare: of those out of reach only what the ledger has there already."""
    held = goods.held.labs if goods.held is not None else ()
    return [lab for lab in goods.labs if lab.name in held or lab.name not in inputs.out_of_reach]


def _region(
    inputs: Inputs, goods: Consignment, region: str, labs: list[TargetLab]
) -> RegionDelivery | None:
    """Plan one region; None if nothing of the version is there and nothing can be brought there."""
    held = goods.held
    local = goods.same_subscription and region == goods.source_region
    copy = None if local else _copy(inputs, goods, region)
    backing = goods.capture is Capture.GENERALIZED
    backing_held = held is not None and held.has("image", region)
    name = names.backing_name(goods.identity, goods.version, region)
    found = inputs.observed.managed_images.get(name.lower()) if backing else None
    adopt_backing = None if backing_held else _adoptable(inputs, goods, found)
    remake = found.id if found and found.broken and _same(inputs, goods, found) else None
    stuck = copy.lost if copy is not None else not goods.available
    backing_lost = backing and stuck and not backing_held and adopt_backing is None
    makeable = not backing_lost if backing else not stuck
    deliveries = tuple(
        delivery
        for lab in labs
        if (delivery := _lab(inputs, goods, lab, makeable=makeable)) is not None
    )
    if not makeable and not deliveries:
        return None
    complete = all(delivery.held for delivery in deliveries) and (
        backing_held or not backing or backing_lost
    )
    goods.steps += region_told(
        held,
        region,
        deliveries,
        copied=copy is not None and not copy.lost and copy.adopt is None and _new(held, copy),
        backed=backing and not backing_held and adopt_backing is None and not backing_lost,
    )
    return RegionDelivery(
        region, copy, backing, deliveries, not complete, adopt_backing, remake, backing_lost
    )


def _new(held: Held | None, copy: CopyPlan) -> bool:
    """Tell whether the ledger has no copy of this name."""
    parts = held.parts.items() if held is not None else ()
    return not any(path[0] == "copy" and part.get("name") == copy.name for path, part in parts)


def _copy(inputs: Inputs, goods: Consignment, region: str) -> CopyPlan:
    """Name the copy of a region; one that died gets a successor of another name.

    Another region takes an incremental CopyStart, another subscription in the same region a full
    Copy: an incremental snapshot never leaves its subscription (contract of Microsoft.Compute).
    """
    incremental = region != goods.source_region
    name = goods.held.text("name", "copy", region) if goods.held else None
    if name is None:
        name = names.copy_name(goods.identity, goods.version, region, 1)
        found = inputs.observed.snapshots.get(name.lower())
        if adopt := _adoptable(inputs, goods, found):
            return CopyPlan(name, incremental, adopt)
        return _made(inputs, goods, region, CopyPlan(name, incremental))
    found = inputs.observed.snapshots.get(name.lower())
    if found is not None and found.broken:
        match = re.search(r"-r(\d+)$", name)
        attempt = int(match[1]) + 1 if match else 2
        name = names.copy_name(goods.identity, goods.version, region, attempt)
        return _made(inputs, goods, region, CopyPlan(name, incremental))
    return CopyPlan(name, incremental, held=True)


def _made(inputs: Inputs, goods: Consignment, region: str, copy: CopyPlan) -> CopyPlan:
    """Say what a copy is made from: the source, another copy where that is gone, or nothing."""
    if goods.available or goods.held is None:
        return copy
    spare = spare_copy(inputs, goods.held, region)
    if spare is None:
        return replace(copy, lost=True)
    return replace(copy, incremental=True, origin=spare[1])


def _lab(
    inputs: Inputs, goods: Consignment, lab: TargetLab, *, makeable: bool
) -> LabDelivery | None:
    held, version = goods.held, str(goods.version)
    if held is not None and lab.name in held.labs:
        if lab.name in inputs.out_of_reach:
            return LabDelivery(lab, held=True, retiring=goods.retiring.get(lab.name, ""))
        found = inputs.image_in(lab.name, held)
        if not (inputs.lab_has(lab.name, held) or found or goods.retiring.get(lab.name)):
            reason = "somebody deleted it there -> `pulumi refresh`; the next `up` makes it again"
            goods.steps.append(Step(Action.WARN, goods.identity, version, reason, lab.name))
        if found is None or not found.broken or not _same(inputs, goods, found):
            return LabDelivery(lab, held=True, retiring=goods.retiring.get(lab.name, ""))
        reason = "Azure never finished it; it is cleared and made again"
        goods.steps.append(Step(Action.RESTORE, goods.identity, version, reason, lab.name))
        return LabDelivery(lab, held=True, remake=found.id)
    name = names.image_name(goods.identity, goods.version)
    there = (inputs.images_in(lab.name) or {}).get(name.lower())
    if there is not None and not _same(inputs, goods, there):
        reason = f"a custom image {name} that is not ours is in the way; delete or rename it there"
        goods.steps.append(Step(Action.REFUSE, goods.identity, version, reason, lab.name))
        return None
    if there is None and not makeable:
        reason = "its source is gone, and nothing is left to make it from; the next version comes"
        goods.steps.append(Step(Action.WAIT, goods.identity, version, reason, lab.name))
        return None
    if there is None and had(inputs, lab.name, goods.identity, version):
        reason = "somebody deleted it there; made again from what is kept"
        goods.steps.append(Step(Action.RESTORE, goods.identity, version, reason, lab.name))
        return LabDelivery(lab, held=False)
    reason = "adopted: it is there with our tags" if there else "the lab takes it"
    goods.steps.append(Step(Action.DELIVER, goods.identity, version, reason, lab.name))
    return LabDelivery(lab, held=False, adopt=there.id if there else None)


def _same(inputs: Inputs, goods: Consignment, thing: Thing) -> bool:
    return thing.belongs_to(inputs.stack) and thing.is_of(goods.identity, str(goods.version))


def _adoptable(inputs: Inputs, goods: Consignment, thing: Thing | None) -> str | None:
    """Give the id of a whole one of ours that the ledger does not know (a run was killed)."""
    if thing is None or thing.broken or not _same(inputs, goods, thing):
        return None
    return thing.id if names.RELEASED in thing.tags else None


def capture_fault(security_type: str, capture: Capture) -> str | None:
    """Say why a disk cannot become an image, with the remedy; None if it can.

    "Creation of managed images are not supported for virtual machine with TrustedLaunch security
    type": a generalised custom image is a managed image.
    """
    if security_type in {"", "Standard"} or capture is Capture.SPECIALIZED:
        return None
    return (
        f"its disk is {security_type} and Azure makes no managed image of that -> base it on an "
        "sku without it, or set capture: specialized"
    )


def travel_fault(record: Record, region: str, subscription: str) -> str | None:
    """Say why a version cannot come to a region and subscription, with the remedy; None if it can.

    Customer-managed keys stay within one subscription and region.
    """
    if fault := capture_fault(record.security_type, record.capture):
        return fault
    home = record.source_id.split("/")[2].lower()
    if "CustomerKey" in record.encryption and (
        region != record.region or subscription.lower() != home
    ):
        return (
            "its disk is encrypted with a customer-managed key, which cannot leave its "
            "subscription and region -> use platform-managed keys in the factory's subscription"
        )
    return None
