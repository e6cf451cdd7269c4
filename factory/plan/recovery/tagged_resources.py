"""What carries a stack's tags in Azure, and where the parts are that its ledger holds.

Pure. Both sides are named in one way, so that they can be compared: kind, place, name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from factory.common import names
from factory.common.ownership import Owner
from factory.ledger.model import Held, Ledger
from factory.observed.model import Observed, Thing


class Kind(StrEnum):
    """What an orphan is, in the order in which they can be deleted."""

    VM = "build VM"
    LAB_IMAGE = "lab image"
    CAPTURE = "captured image"
    MANAGED_IMAGE = "managed image"
    SNAPSHOT = "snapshot"
    FOUNDATION = "foundation"


@dataclass(frozen=True)
class Found:
    """A tagged resource as it was seen, whether or not a state knows it."""

    kind: Kind
    place: str
    name: str
    thing: Thing
    vm_size: str = ""

    @property
    def key(self) -> tuple[Kind, str, str]:
        """Where it is, to be compared with what the ledger knows."""
        return self.kind, self.place.lower(), self.name.lower()

    @property
    def identity(self) -> str:
        """The definition it was made from."""
        return self.thing.tags.get(names.DEFINITION, "")

    @property
    def version(self) -> str:
        """The version it is of."""
        return self.thing.tags.get(names.VERSION, "")


def tagged(observed: Observed, owner: Owner, factory_lab: str) -> Iterator[Found]:
    """Give everything of versions that may be this state's; VMs come filtered already."""
    for vm in observed.vms.values():
        seen = Thing(vm.id, vm.tags, vm.provisioning_state)
        yield Found(Kind.VM, factory_lab, vm.name, seen, vm.size)
    collections: list[tuple[Kind, str, Mapping[str, Thing]]] = [
        (Kind.CAPTURE, factory_lab, observed.captures),
        (Kind.SNAPSHOT, "", observed.snapshots),
        (Kind.MANAGED_IMAGE, "", observed.managed_images),
    ]
    collections += [
        (Kind.LAB_IMAGE, name, lab.images)
        for name, lab in observed.labs.items()
        if lab is not None and lab.images is not None
    ]
    for kind, place, things in collections:
        for name, thing in things.items():
            if thing.may_be(owner):
                yield Found(kind, place, name, thing)


def in_state(ledger: Ledger, stack: str, factory_lab: str) -> Iterator[tuple[Kind, str, str]]:
    """Give the places of everything that the ledger holds."""
    lab = factory_lab.lower()
    for held in ledger.held.values():
        image = names.image_name(held.identity, held.version)
        for path in held.parts:
            match path:
                case ("vm", attempt):
                    usual = names.vm_name(stack, held.identity, held.version, int(attempt))
                    yield Kind.VM, lab, _name(held, path, usual)
                case ("capture",):
                    yield Kind.CAPTURE, lab, _name(held, path, image)
                case ("source",):
                    yield Kind.SNAPSHOT, "", _name(held, path, image)
                case ("copy", region):
                    usual = names.copy_name(held.identity, held.version, region, 1)
                    yield Kind.SNAPSHOT, "", _name(held, path, usual)
                case ("image", region):
                    usual = names.backing_name(held.identity, held.version, region)
                    yield Kind.MANAGED_IMAGE, "", _name(held, path, usual)
                case ("lab", target, *_):
                    # A parent that another stack built is delivered to the factory lab itself.
                    kind = Kind.CAPTURE if target.lower() == lab else Kind.LAB_IMAGE
                    yield kind, target.lower(), _name(held, path, image)


def _name(held: Held, path: tuple[str, ...], usual: str) -> str:
    return (held.text("name", *path) or usual).lower()
