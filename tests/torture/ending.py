"""How a run ended: everything that stands, without what differs from run to run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.engine.stacks import pending_creates
from rehearsal.workspace import PROJECT
from tests.e2e.harness import DEV, PROD, FactoryUnderTest
from tests.e2e.leftovers import orphans_of
from tests.torture.phases import STACKS

Json = dict[str, Any]
Thing = tuple[str, str, str, str]

_VERSION = "image-factory-version"
_DEFINITION = "image-factory-definition"
_NUMBER = re.compile(r"-(\d{8})-(\d+)")
_RANDOM = re.compile(r"\d{6,}|(?<=/)[bv][0-9a-f]{14}")
# A copy that died is made again by another name; should both stand, there is one too many.
_COPY_AGAIN = re.compile(r"-r\d+$")
_DISK_API = "2024-03-02"


@dataclass(frozen=True)
class Ending:
    """What stands at the end: things by kind, place, name and state, and what built them.

    ``vms`` are the names of all build VMs that were ever ordered, ``unsettled`` what a state still
    has to see to, ``orphans`` what carries a stack's tags and is in no state.
    """

    things: Counter[Thing]
    vms: frozenset[str]
    unsettled: tuple[str, ...]
    orphans: tuple[str, ...]

    def missing(self, whole: Ending) -> list[Thing]:
        """Give what an undisturbed run has and this one has not."""
        return list((whole.things - self.things).elements())

    def lost(self, whole: Ending) -> list[str]:
        """Name what is missing."""
        return [" ".join(thing) for thing in self.missing(whole)]

    def leaked(self, whole: Ending) -> list[str]:
        """Name what an undisturbed run has not and this one has."""
        more = [" ".join(thing) for thing in (self.things - whole.things).elements()]
        return [*more, *(f"orphan {each}" for each in self.orphans), *self.unsettled]

    def same(self, whole: Ending) -> bool:
        """Tell whether it is what an undisturbed run would have made."""
        return not self.missing(whole) and not self.leaked(whole)


def ending(factory: FactoryUnderTest, *, orphans: bool = True) -> Ending:
    """Look at everything: both subscriptions, both states, the record.

    Looking for orphans takes seconds, and may be left out.
    """
    unsettled = [
        f"{stack}: {urn.rsplit('::', 1)[1]} is still being created, says the state"
        for stack in STACKS
        for urn in pending_creates(factory.home.state, PROJECT, stack)
    ]
    found = [each for stack in STACKS for each in _orphans(factory, stack)] if orphans else []
    return Ending(Counter(_things(factory)), _ordered(factory), tuple(unsettled), tuple(found))


def _orphans(factory: FactoryUnderTest, stack: str) -> list[str]:
    return [f"{each.label}: {each.why}" for each in orphans_of(factory, stack)]


def _things(factory: FactoryUnderTest) -> Iterator[Thing]:
    found = list(_raw(factory))
    versions = {split[:3] for _, _, name, _ in found if (split := _split(name)) is not None}
    ranks: dict[tuple[str, str, str], int] = {}
    for stem, day, number in sorted(versions, key=lambda it: (it[0], it[1], int(it[2]))):
        ranks[stem, day, number] = sum(other[0] == stem for other in ranks) + 1
    for kind, place, name, state in found:
        split = _split(name)
        if split is None:
            yield kind, place, _RANDOM.sub("#", f"/{name}")[1:], state
        else:
            stem, day, number, tail = split
            rank = ranks[stem, day, number]
            yield kind, place, f"{stem}-#{rank}{_COPY_AGAIN.sub('', tail)}", state


def _split(name: str) -> tuple[str, str, str, str] | None:
    """Take the name of what is of a version apart: versions differ from run to run by day."""
    found = _NUMBER.search(name)
    if found is None:
        return None
    return name[: found.start()], found[1], found[2], name[found.end() :]


def _raw(factory: FactoryUnderTest) -> Iterator[Thing]:
    for subscription in factory.azure()["subscriptions"]:
        for group in subscription["resourceGroups"]:
            yield "group", subscription["name"], group, ""
        for kind in ("snapshots", "managedImages"):
            for each in subscription[kind]:
                yield kind, each["location"], each["id"].rsplit("/", 1)[1], _state(each)
        for lab in subscription["labs"]:
            yield "lab", subscription["name"], lab["name"], lab["state"]
            for kind in ("customImages", "virtualMachines"):
                for each in lab[kind]:
                    yield kind, lab["name"], each["name"], _state(each)
    for subscription in (DEV, PROD):
        path = f"/subscriptions/{subscription}/providers/Microsoft.Compute/disks"
        for disk in factory.arm("GET", path, _DISK_API)["value"]:
            yield "disk", disk["location"], disk["name"], ""


def _state(each: Json) -> str:
    """Give the state of what is ours, and all there is to know of what is not."""
    tags = each["tags"]
    if _VERSION in tags:
        released = "released" if "image-factory-released" in tags else ""
        return f"{each['state']} {tags.get(_DEFINITION)} {released}".rstrip()
    return f"{each['state']} {json.dumps(tags, sort_keys=True)}"


def _ordered(factory: FactoryUnderTest) -> frozenset[str]:
    found = factory.control().control(
        "GET", "requests", None, method="PUT", path="/virtualmachines/b", last="20000"
    )["value"]
    return frozenset(each["path"].rsplit("/", 1)[1] for each in found)
