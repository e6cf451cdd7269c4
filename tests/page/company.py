"""A company whose site is made: two stacks, with everything that a page has a word for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from factory.common import names
from factory.common.versions import Version
from factory.ledger.history import Event
from factory.observed.model import ObservedLab, Use
from factory.page.stack_view import StackView, plan_ahead
from tests.plan.world import World, changed, dev, image, lab, prod

# What a definition, a lab and their people may be called by somebody who means harm.
EVIL = "</script><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>\u202e\x1b[2J"
EVIL_IMAGE = 'linux/"><img src=//evil.example onerror=alert(1)>'


def company() -> tuple[World, World]:
    """Bring up dev and prod: prod is one version behind, and waits for an approval."""
    labs = [lab("team-data"), lab("team-web", "linux/a", region="eastus2")]
    source = dev("linux/a", "windows/b", labs=labs, keep={"newest": 2})
    source.images["linux/a"] = image("linux/a", description="for all", artifacts=["linux-java"])
    source.images["linux/child"] = image("linux/child", base={"image": "linux/a"}, refresh="30d")
    target = prod(source, labs=[lab("finance", "linux/**")], approve={})
    for number in range(3):
        source.run()
        approved = {each: source.released(each) for each in ("linux/a", "linux/child")}
        if number < 2:
            target.settings = target.settings.model_copy(update={"approve": approved})
        target.run()
        changed(source, "windows/b", f"s{number}")
        source.images["linux/a"] = image(
            "linux/a", sku=f"s{number}", description="for all", artifacts=["linux-java"]
        )
        source.now += timedelta(days=1)
        target.now = source.now
    return source, target


def views(
    *worlds: World,
    weeks: int = 12,
    uses: Mapping[str, tuple[Use, ...]] | None = None,
    every: timedelta = timedelta(days=1),
) -> list[StackView]:
    """Read worlds as stacks; what is used is used in every lab."""
    found = []
    for world in worlds:
        labs = {
            each.name: ObservedLab(each.region, uses=uses or {}) for each in world.settings.labs
        }
        name = world.stack.rpartition("/")[2]
        begin = world.begins
        first = names.version_urn_name("linux/a", Version(begin.year * 10000 + 1122, 1))
        identity = first.partition("@")[0]
        happened = [
            Event(begin + timedelta(minutes=minutes), identity, Version(20261122, 1), what)
            for minutes, what in ((0, "attempt 1 began to build"), (30, "released"))
        ]
        update = {"startTime": begin.isoformat(), "kind": "update", "result": "succeeded"}
        updates = [{**update, "resourceChanges": {"create": 3}}]
        found.append(StackView(name, world.inputs(labs=labs), updates=updates, events=happened))
    plan_ahead(found, weeks, every)
    return found
