"""How a version comes to its labs: data moves once per region, never once per lab.

What was deleted by hand is made again from another kept copy, never by a build.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from factory.common import names
from factory.common.ownership import BuildKey
from factory.common.versions import Version
from factory.definitions.definition import Capture
from factory.observed.model import Thing
from factory.plan.model import Action, CopyPlan, LabDelivery, RegionDelivery
from factory.plan.placement.placement import LabPlacement, RegionPlacement
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import Place, VersionSituation
from factory.plan.travel import in_the_way

# By region: the copies that the ledger has.
_NOTHING_HELD: Mapping[str, Place] = {}


@dataclass(frozen=True)
class Consignment:
    """One version on its way: what it is, where its bytes are, which labs are to hold it.

    ``available`` says whether its source is there to be copied, ``local``: in this subscription.
    ``retiring`` has, by lab, the day until which an image that is to go there stays, ``also``
    regions that have a part of it without any lab.
    """

    build: BuildKey
    capture: Capture
    labs: tuple[LabSituation, ...]
    source_region: str
    local: bool
    held: VersionSituation | None = None
    available: bool = True
    retiring: Mapping[str, str] = field(default_factory=dict)
    also: frozenset[str] = frozenset()

    @property
    def identity(self) -> str:
        """Its definition's name when it was built."""
        return self.build.definition

    @cached_property
    def version(self) -> Version:
        """Its number, to be compared."""
        return Version.parse(self.build.version)

    @cached_property
    def image_name(self) -> str:
        """The name of its custom images."""
        if self.held is not None:
            return self.held.image_name
        return names.image_name(self.identity, self.version)

    def called(self, lab: LabSituation) -> Sequence[str]:
        """Give what the state calls a lab, () for its name: that may be taken by its old place."""
        known = self.held.held.lab_paths if self.held is not None else {}
        if lab.name in known:
            return known[lab.name]
        taken = (lab.name,) in known.values()
        return (lab.name, lab.spec.resource_group) if taken else ()

    @property
    def copies(self) -> Mapping[str, Place]:
        """The copies of it that the ledger has, by region."""
        return self.held.copies if self.held is not None else _NOTHING_HELD


def place_regions(
    situation: Situation, goods: Consignment, *, restore_capture: bool = False
) -> tuple[RegionPlacement, ...]:
    """Place a version in every region of this subscription that it is to be in.

    Of labs out of reach only what the ledger has there already is declared.
    """
    by_region: dict[str, list[LabSituation]] = {}
    held = goods.held.labs if goods.held is not None else frozenset()
    for lab in goods.labs:
        if lab.name in held or lab.reachable:
            by_region.setdefault(lab.spec.region, []).append(lab)
    for region in goods.also:
        by_region.setdefault(region, [])
    if restore_capture and goods.capture is Capture.GENERALIZED:
        by_region.setdefault(goods.source_region, [])
    return tuple(_region(situation, goods, each, by_region[each]) for each in sorted(by_region))


def spare_copy(version: VersionSituation, region: str) -> tuple[str, Place] | None:
    """Give a whole copy elsewhere, with its region, that one in ``region`` can be made from.

    Only an incremental snapshot crosses regions.
    """
    for home, copy in version.copies.items():
        whole = not (copy.copying or copy.broken)
        if home != region and copy.name and copy.incremental and whole:
            return home, copy
    return None


def _region(
    situation: Situation, goods: Consignment, region: str, labs: list[LabSituation]
) -> RegionPlacement:
    """Place it in one region; nothing is declared if nothing of it is there or can be brought."""
    held = goods.held.held if goods.held is not None else None
    local = goods.local and region == goods.source_region
    copy = None if local else _copy(situation, goods, region)
    backing = goods.capture is Capture.GENERALIZED
    backing_held = held is not None and held.has("image", region)
    name = names.backing_name(goods.identity, goods.version, region) if backing else ""
    found = situation.managed_images.get(name.lower())
    adopt_backing = None if backing_held else _adoptable(situation, goods, found)
    ours = found is not None and found.is_ours(situation.owner, goods.build)
    remake = found.id if found and found.broken and ours else None
    stuck = copy.lost if copy is not None else not goods.available
    backing_lost = backing and stuck and not backing_held and adopt_backing is None
    makeable = not backing_lost if backing else not stuck
    placed = tuple(_lab(situation, goods, lab, makeable=makeable) for lab in labs)
    deliveries = tuple(each.delivery for each in placed if each.delivery is not None)
    if not makeable and not deliveries:
        return RegionPlacement(None, placed)
    waits = not all(each.held for each in deliveries) or not (
        backing_held or not backing or backing_lost
    )
    parts = {
        "copy": copy is not None and not copy.lost and copy.adopt is None and _new(goods, copy),
        "managed image": backing
        and not backing_held
        and adopt_backing is None
        and not backing_lost,
    }
    asked = situation.group_read
    gone = {
        "copy": asked
        and copy is not None
        and copy.held
        and copy.name.lower() not in situation.snapshots,
        "managed image": asked and backing_held and found is None,
    }
    # What is made anew in a region whose labs have images of it already was there once.
    before = any(each.held for each in deliveries)
    return RegionPlacement(
        RegionDelivery(
            region, copy, backing, deliveries, waits, adopt_backing, remake, backing_lost
        ),
        placed,
        tuple(f"its {part} in {region}" for part, made in parts.items() if made and before),
        tuple(f"its {part} in {region}" for part, lost in gone.items() if lost),
    )


def _new(goods: Consignment, copy: CopyPlan) -> bool:
    """Tell whether the ledger has no copy of this name."""
    return all(each.name != copy.name for each in goods.copies.values())


def _copy(situation: Situation, goods: Consignment, region: str) -> CopyPlan:
    """Name the copy of a region; one that died gets a successor of another name.

    Another region takes an incremental CopyStart, another subscription in the same region a full
    Copy: an incremental snapshot never leaves its subscription (contract of Microsoft.Compute).
    """
    incremental, held = region != goods.source_region, goods.copies.get(region)
    if held is None:
        name = names.copy_name(goods.identity, goods.version, region, 1)
        if adopt := _adoptable(situation, goods, situation.snapshots.get(name.lower())):
            return CopyPlan(name, incremental, adopt)
    elif not held.name:  # nobody waited for it to the end: what came of it is seen to by its gate
        return CopyPlan(names.copy_name(goods.identity, goods.version, region, 1), incremental)
    elif held.broken:
        match = re.search(r"-r(\d+)$", held.name)
        attempt = int(match[1]) + 1 if match else 2
        name = names.copy_name(goods.identity, goods.version, region, attempt)
    else:
        return CopyPlan(held.name, incremental, held=True)
    copy = CopyPlan(name, incremental)
    if goods.available or goods.held is None:
        return copy
    spare = spare_copy(goods.held, region)
    if spare is None:
        return replace(copy, lost=True)
    return replace(copy, incremental=True, origin=spare[1].id)


def _lab(
    situation: Situation, goods: Consignment, lab: LabSituation, *, makeable: bool
) -> LabPlacement:
    held, number = goods.held, str(goods.version)
    there = lab.thing(goods.image_name)
    if held is not None and lab.name in held.labs:
        return _held_there(situation, goods, lab, there)
    if fault := in_the_way(situation.owner, goods.build, there):
        return LabPlacement(lab.name, None, Action.REFUSE, fault)
    if there is None and not makeable:
        reason = "its source is gone, and nothing is left to make it from; the next version comes"
        return LabPlacement(lab.name, None, Action.WAIT, reason)
    called = goods.called(lab)
    delivery = LabDelivery(lab.spec, False, adopt=there.id if there else None, called=called)
    if there is None and lab.had(goods.identity, number) and not called:
        reason = "somebody deleted it there; made again from what is kept"
        return LabPlacement(lab.name, delivery, Action.RESTORE, reason)
    reason = "the lab is in another group now" if called else "the lab takes it"
    if there is not None:
        reason = "adopted: it is there with our tags"
    return LabPlacement(lab.name, delivery, Action.DELIVER, reason)


def _held_there(
    situation: Situation, goods: Consignment, lab: LabSituation, there: Thing | None
) -> LabPlacement:
    """Declare what the ledger has in a lab; what Azure never finished is made again."""
    retiring, called = goods.retiring.get(lab.name, ""), goods.called(lab)
    if lab.reachable and there and there.broken and there.is_ours(situation.owner, goods.build):
        reason = "Azure never finished it; it is cleared and made again"
        delivery = LabDelivery(
            lab.spec, held=True, remake=there.id, retiring=retiring, called=called
        )
        return LabPlacement(lab.name, delivery, Action.RESTORE, reason)
    delivery = LabDelivery(lab.spec, held=True, retiring=retiring, called=called)
    if lab.reachable and lab.images is not None and not there and not retiring:
        reason = "somebody deleted it there -> `pulumi refresh`; the next `up` makes it again"
        return LabPlacement(lab.name, delivery, Action.WARN, reason)
    known = goods.held and goods.held.held.text("provisioningState", "lab", lab.name)
    if lab.reachable and not known and not retiring:
        # The state has its id alone: the run that made it was cut off, or waited in vain.
        reason = "a run left it unfinished; its end is waited for, or it is made again"
        return LabPlacement(lab.name, delivery, Action.UPDATE, reason)
    return LabPlacement(lab.name, delivery)


def _adoptable(situation: Situation, goods: Consignment, thing: Thing | None) -> str | None:
    """Give the id of a whole one of ours that the ledger does not know (a run was killed)."""
    if thing is None or thing.broken or not thing.is_ours(situation.owner, goods.build):
        return None
    return thing.id if names.RELEASED in thing.tags else None
