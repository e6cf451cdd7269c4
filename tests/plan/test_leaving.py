"""How an image leaves a lab: one rule, whatever asks for it, and histories that look for a hole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from factory.common import names
from factory.common.errors import FactoryError
from factory.common.versions import Version
from factory.ledger.model import Held, Ledger
from factory.observed.model import Observed, ObservedLab, Thing, Use
from factory.plan.model import Action, Plan
from factory.plan.simulate import played as foresee
from factory.plan.situation.revocation import revoked
from tests.components.harness import declare
from tests.plan.test_invariants import with_settings
from tests.plan.world import World, changed, dev, image, lab, prod

CUSTOM = "azure-native:devtestlab:CustomImage"
FIRST, SECOND = "20261122.1", "20261122.2"
FORMULA = (Use("formula", "dev-box"),)
VM = (Use("vm", "web-1"),)
DAY = timedelta(days=1)


def versions(world: World, count: int, *, broken: tuple[str, ...] = ()) -> World:
    for number in range(count):
        changed(world, "linux/a", f"s{number}")
        world.run(broken_labs=broken if number else ())
    return world


def retired(plan: Plan) -> list[tuple[str, str, str]]:
    return [(s.version, s.lab, s.reason) for s in plan.steps if s.action is Action.RETIRE]


def used(world: World, number: str, uses: tuple[Use, ...]) -> Plan:
    """Run once while a version is used in the lab `team`."""
    name = names.image_name("linux/a", Version.parse(number))
    plain = world.observed
    labs = {each.name: ObservedLab(each.region) for each in world.settings.labs}
    labs["team"] = ObservedLab("westeurope", uses={name: uses})
    world.observed = lambda **more: replace(plain(**more), labs=labs)  # type: ignore[method-assign]
    try:
        return world.run()
    finally:
        world.observed = plain  # type: ignore[method-assign]


def test_a_pin_takes_nothing_from_a_lab_in_which_the_pinned_one_did_not_arrive() -> None:
    world = dev("linux/a", labs=[lab("team"), lab("late")])
    world.settings = dev("linux/a", labs=[lab("team")]).settings
    versions(world, 2)
    with_settings(world, labs=[lab("team"), lab("late")])
    world.run()
    assert world.holding("late") == {"linux/a": [SECOND]}
    with_settings(world, pin={"linux/a": FIRST})
    plan = world.run(broken_labs=["late"])
    assert retired(plan) == [(SECOND, "team", f"rolled back to {FIRST}")]
    assert world.holding("late") == {"linux/a": [SECOND]}
    (stays,) = [s.reason for s in plan.steps if s.lab == "late" and s.action is Action.KEEP]
    assert stays == f"rolled back to {FIRST}; it stays for now: the newest that lab late holds"
    world.run()
    assert world.holding("late") == {"linux/a": [FIRST, SECOND]}
    world.run()
    assert world.holding("late") == {"linux/a": [FIRST]}


def keeps_fewer(world: World) -> str:
    with_settings(world, labs=[{**lab("team"), "keep": "1"}])
    return FIRST


def is_pinned(world: World) -> str:
    with_settings(world, pin={"linux/a": FIRST})
    return SECOND


def takes_it_no_more(world: World) -> str:
    with_settings(world, labs=[lab("team", "linux/b")])
    return SECOND


def is_removed(world: World) -> str:
    del world.images["linux/a"]
    return SECOND


WAYS = [keeps_fewer, is_pinned, takes_it_no_more, is_removed]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_leaves_a_lab_while_it_is_used(way: Callable[[World], str]) -> None:
    for uses, grace in ((FORMULA, None), (VM, "7d"), (VM, None)):
        world = versions(dev("linux/a", "linux/b"), 2)
        world.run()
        if grace:
            with_settings(world, graceForVms=grace)
        number = way(world)
        kept = uses is FORMULA or grace is not None
        for _ in range(3):
            plan = used(world, number, uses)
            assert (number in world.holding("team").get("linux/a", [])) is kept, (way, uses)
            told = [s.reason for s in plan.steps if s.version == number]
            assert not kept or any("made from it" in r or "deleted after" in r for r in told), told
        world.now += 8 * DAY
        plan = used(world, number, uses)
        there = number in world.holding("team").get("linux/a", [])
        assert there is (uses is FORMULA), (way, uses)
        if uses is VM and grace:
            assert [step[:2] for step in retired(plan) if step[0] == number] == [(number, "team")]


def test_what_is_revoked_is_taken_away_from_what_uses_it_too() -> None:
    world = versions(dev("linux/a"), 2)
    with_settings(world, revoke={"linux/a": {"versions": [SECOND], "reason": "CVE"}})
    assert retired(used(world, SECOND, FORMULA)) == [(SECOND, "team", "revoked: CVE")]


def test_images_are_counted_in_every_lab_that_loses_them() -> None:
    """Ten versions in nineteen labs: 190 images, which were ten."""
    world = dev("linux/a", "linux/b", labs=[lab(f"lab-{n:02}") for n in range(19)], keep="10")
    for number in range(10):
        changed(world, "linux/a", f"s{number}")
        world.run()
    del world.images["linux/a"]
    with pytest.raises(FactoryError, match=r"retire 190 images, counted in each lab.*: 190"):
        world.plan()
    with_settings(world, maxRetirements="190")
    assert len(retired(world.run())) == 190


def test_a_lab_gets_a_good_one_before_the_revoked_one_goes_though_nothing_else_happens() -> None:
    source = versions(dev("linux/a"), 2)
    world = dev("linux/a", labs=[lab("team"), lab("late")])
    source.settings = world.settings
    source.run()
    bad = {"linux/a": {"versions": [SECOND], "reason": "CVE"}}
    with_settings(source, hold=["linux/*"], revoke=bad)
    plan = source.run(broken_labs=["late"])
    assert retired(plan) == [(SECOND, "team", "revoked: CVE")]
    assert source.holding("late") == {"linux/a": [SECOND]}
    inputs, plan = source.inputs(), source.plan()
    made = declare(inputs, plan)
    for number in (FIRST, SECOND):
        tags = made.inputs(CUSTOM, f"linux/a@{number}/lab/late")["tags"]
        assert tags[names.VERSION] == number
    foreseen = foresee(inputs, plan).held["linux/a", Version.parse(SECOND)]
    assert foreseen.labs == {"late"}
    source.run()
    assert source.holding("late") == {"linux/a": [FIRST, SECOND]}
    assert retired(source.run()) == [(SECOND, "late", "revoked: CVE")]
    assert source.holding("late") == {"linux/a": [FIRST]}
    assert source.plan().nothing_due


def test_a_receiver_that_is_on_hold_falls_back_too() -> None:
    source = dev("linux/a")
    target = prod(source, labs=[lab("first")])
    for number in range(2):
        changed(source, "linux/a", f"s{number}")
        source.run()
        target.run()
    target.settings = prod(source, labs=[lab("first"), lab("late")]).settings
    target.run()
    with_settings(source, revoke={"linux/a": {"versions": [SECOND], "reason": "CVE"}})
    source.run()
    with_settings(target, hold=["**"])
    target.run()
    assert target.holding("late") == {"linux/a": [FIRST, SECOND]}
    target.run()
    assert target.holding("late") == target.holding("first") == {"linux/a": [FIRST]}


def test_the_age_of_a_definition_is_that_of_its_newest_good_version() -> None:
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", refresh="7d")
    world.run(pass_time=7 * DAY)
    world.run(pass_time=DAY)  # the second, a day ago
    second = world.released("linux/a")[-1]
    with_settings(world, revoke={"linux/a": {"versions": [second], "reason": "CVE"}})
    (reason,) = [s.reason for s in world.run().steps if s.action is Action.BUILD]
    assert reason == "refresh is due: every 7d, built 2026-11-22"


def test_a_revoked_version_is_replaced_by_a_newer_one_alone() -> None:
    """It was retired as replaced with older ones there alone, and the next run built it anew."""
    world = versions(dev("linux/a", keep="1"), 2)
    with_settings(world, revoke={"linux/a": {"versions": [SECOND], "reason": "CVE"}})
    for _ in range(3):
        plan = world.run()
        assert not [s for s in plan.steps if s.action is Action.BUILD]
    changed(world, "linux/a", "mended")
    world.run()
    assert (SECOND, "", "revoked: CVE, and replaced since") in retired(world.run())


def renamed(world: World, now: str = "unix/a", *, then: str = "linux/a", **fields: Any) -> None:
    old = world.images.pop(then).definition
    raw = old.model_dump(mode="json", by_alias=True, exclude_unset=True)
    world.images[now] = image(now, **{**raw, **fields})


@pytest.mark.parametrize("formerly", [[], ["linux/aa"]], ids=["none", "misspelt"])
def test_a_definition_that_moved_without_its_line_empties_no_lab(formerly: list[str]) -> None:
    source = dev("linux/a", labs=[lab("team"), lab("old", "linux/*")])
    target = prod(source)
    versions(source, 2)
    for world in (target, source, target):
        world.run()
    more: dict[str, Any] = {"formerly": formerly, "size": "Standard_D8s_v5"} if formerly else {}
    renamed(source, **more)
    for world, name in ((source, "team"), (target, "finance")):
        had = world.holding(name)["linux/a"]
        plan = world.run(failing=["unix/a"])
        assert retired(plan) == []
        (line,) = [each for each in plan.warnings if "formerly" in each]
        assert "linux/a is gone from git, and images/unix/a.yaml " in line
        assert "write `formerly: [linux/a]` there" in line
        assert ("has formerly: linux/aa" in line) is bool(formerly)
        assert world.holding(name)["linux/a"] == had
    source.run(broken_labs=["team"])
    plan = source.run()  # it is released, and not in this lab yet
    assert retired(plan) == []
    assert {*source.holding("team")} == {"linux/a", "unix/a"}
    with_settings(source, maxRetirements="0")
    if not formerly:  # a lab that takes only what it was called: that loses it, and it is counted
        with pytest.raises(FactoryError, match=r"would retire 2 images, .* in old"):
            source.run()
        with_settings(source, maxRetirements="2")
    reason = "its definition was removed from git; unix/a takes its place"
    assert {step[1:] for step in retired(source.run())} == {("team", reason), ("old", reason)}
    assert {*source.holding("team")} == {"unix/a"}
    for _ in range(3):
        target.run()
        assert target.holding("finance")
    assert {*target.holding("finance")} == {"unix/a"}


def test_one_that_moved_twice_without_a_line_empties_no_lab_that_has_but_the_oldest() -> None:
    world = versions(dev("linux/a", labs=[lab("team"), lab("far")]), 1)
    oldest = world.holding("far")["linux/a"]
    renamed(world, "mid/a")
    world.run(broken_labs=["far"])
    changed(world, "mid/a", "next")  # what the last name is to be no more the image of the first
    for _ in range(2):
        world.run(broken_labs=["far"])
    assert world.holding("far") == {"linux/a": oldest}
    renamed(world, "unix/a", then="mid/a")
    plan = world.run(broken_labs=["far"])
    assert any("`formerly: [linux/a, mid/a]`" in each for each in plan.warnings)
    for _ in range(2):
        world.run(broken_labs=["far"])
        assert world.holding("far") == {"linux/a": oldest}
    world.run()
    assert "linux/a" in world.holding("far")
    world.run()
    assert {*world.holding("far")} == {"unix/a"}


def test_a_number_is_used_up_by_what_the_name_in_azure_is_made_of() -> None:
    world = dev("linux/a")
    world.run()
    world.images = {"linux-a": image("linux-a")}
    (build,) = [s for s in world.plan().steps if s.action is Action.BUILD]
    assert (build.identity, build.version) == ("linux-a", SECOND)


# --- random histories ---

HISTORIES = int(os.environ.get("IMAGE_FACTORY_HISTORIES", "40"))
IDENTITIES = ("linux/a", "windows/b")
LABS = {
    "team": lab("team"),
    "linux": lab("linux", "linux/**"),
    "away": {**lab("away", region="eastus2"), "keep": "1"},
}
_Image = tuple[str, str, str]  # lab, identity as built, number


@dataclass
class Watched(World):
    """A stack whose labs are seen as in Azure: what is half made, used, or may not be read."""

    half: set[tuple[str, str]] = field(default_factory=set)
    uses: dict[tuple[str, str], tuple[Use, ...]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    read: tuple[dict[str, dict[str, Any]], Ledger] | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger, read once a run: a history asks for it some hundred times."""
        if self.read is None or self.read[0] is not self.resources:
            self.read = (self.resources, super().ledger)
        return self.read[1]

    def observed(self, **changes: Any) -> Observed:
        plain = super().observed(**changes)
        labs = {each.name: self._lab(each.name, each.region) for each in self.settings.labs}
        there = {name: found for name, found in labs.items() if name not in self.unread}
        unread = dict.fromkeys(self.unread & {*labs}, "AuthorizationFailed")
        return replace(plain, labs=there, unread=unread)

    def _lab(self, name: str, region: str) -> ObservedLab:
        things = {}
        for held in self.ledger.held.values():
            if name in held.labs:
                found = image_of(held)
                state = "Failed" if (name, found) in self.half else "Succeeded"
                tags = {names.STACK: self.stack, names.DEFINITION: held.identity}
                tags |= {names.VERSION: str(held.version)}
                things[found] = Thing(f"/{name}/{found}", tags, state)
        uses = {found: use for (where, found), use in self.uses.items() if where == name}
        return ObservedLab(region, things, uses)


def image_of(held: Held) -> str:
    return names.image_name(held.identity, held.version).lower()


def patterns_of(world: World) -> dict[str, list[str]]:
    return {each.name: each.images for each in world.settings.labs}


class History:
    """Two stacks, one checkout, and all that people and Azure do to them."""

    def __init__(self, keep: int, more: Mapping[str, Any]) -> None:
        rules = {"keep": str(keep), "sourceGrace": "1000d", "maxRetirements": "0", **more}
        plain = dev(*IDENTITIES, labs=list(LABS.values()), **rules)
        # Of different shapes: who makes the same image as one that is gone is taken for its heir.
        images = {each: image(each, sku=each[-1]) for each in IDENTITIES}
        self.dev = Watched(plain.stack, images, plain.settings)
        target = prod(self.dev, list(LABS.values()), **rules)
        self.prod = Watched(target.stack, self.dev.images, target.settings, source=self.dev)
        self.family = dict(zip(IDENTITIES, IDENTITIES, strict=True))
        self.number = 0

    def present(self, first: str) -> str | None:
        return next((name for name in self.dev.images if self.family[name] == first), None)

    def change(self, first: str) -> None:
        """Edit a definition; not one that moved without its line and that nobody has built yet."""
        now = self.present(first)
        if now is None or not (now == first or self.built(now)):
            return
        self.number += 1
        past = self.dev.images[now].definition.formerly
        self.dev.images[now] = image(now, sku=f"s{self.number}", formerly=past)

    def built(self, now: str) -> bool:
        return any(self.dev.released(name) for name in self.dev.images[now].names)

    def move(self, first: str, *, told: bool) -> None:
        """Move it; without its line only the first time, and only as it was built last.

        After that its versions have several names, and nothing tells of the older ones whose they
        were: they leave as those of a removed definition do. So if it was edited before it moved.
        """
        now = self.present(first)
        if now is None or not self.built(now):
            return
        last = [each.record.fingerprint for each in self.dev.ledger.of(now) if each.record][-1:]
        told = told or now != first or last != [self.dev.images[now].fingerprint]
        self.number += 1
        old = self.dev.images.pop(now)
        name = f"{first}{self.number}"
        past = [now, *old.definition.formerly] if told else []
        sku = old.definition.base.urn.rpartition(":")[2]
        self.family[name] = first
        self.dev.images[name] = image(name, sku=sku, formerly=past)

    def remove(self, first: str) -> None:
        now = self.present(first)
        if now is not None and len(self.dev.images) > 1:
            del self.dev.images[now]

    def images(self, world: Watched) -> dict[_Image, Held]:
        return {
            (name, held.identity, str(held.version)): held
            for held in world.ledger.held.values()
            for name in held.labs
        }

    def good(self, world: Watched) -> dict[tuple[str, str], list[Held]]:
        """What is whole in each lab of a definition by any of its names, and not revoked."""
        inputs = world.inputs()
        found: dict[tuple[str, str], list[Held]] = {}
        for (name, identity, _), held in self.images(world).items():
            if (name, image_of(held)) not in world.half and not revoked(inputs, held):
                found.setdefault((name, self.family[identity]), []).append(held)
        return found

    def run(self, world: Watched, failing: set[str], broken: set[str]) -> None:
        if world is self.prod and not self.dev.resources:
            return
        allowed = self.allowed(world)
        if allowed is None:
            return
        inputs, before = world.inputs(), self.images(world)
        had = self.good(world)
        now = {name for each in failing if (name := self.present(each))}
        with_settings(world, maxRetirements=str(allowed))
        plan = world.run(failing=now, broken_labs=broken | world.unread)
        with_settings(world, maxRetirements="0")
        world.half -= {each for each in world.half if each[0] not in broken | world.unread}
        after, has = self.images(world), self.good(world)
        left = {key: held for key, held in before.items() if key not in after}
        self.check_told(world, plan, left, allowed, has)
        for (name, *_), held in left.items():
            if name in patterns_of(world):
                assert revoked(inputs, held) or (name, image_of(held)) not in world.uses
                assert name not in world.unread
        for (name, first), held_before in had.items():
            patterns, present = patterns_of(world).get(name, []), self.present(first)
            takes = present is not None and inputs.takes(patterns, present)
            if takes and any(inputs.takes(patterns, held.identity) for held in held_before):
                assert has.get((name, first)), f"{name} is without {first}"

    def allowed(self, world: Watched) -> int | None:
        """Give how many a run would take for nothing, as it says; None if it stops all the same."""
        allowed = 0
        for _ in range(2):
            try:
                world.plan()
            except FactoryError as error:
                counted = re.search(r"would retire (\d+) images", str(error))
                with_settings(world, maxRetirements=counted[1] if counted else "0")
                allowed = int(counted[1]) if counted else 0
            else:
                return allowed
        return None

    def check_told(
        self,
        world: Watched,
        plan: Plan,
        left: Mapping[_Image, Held],
        allowed: int,
        has: Mapping[tuple[str, str], list[Held]],
    ) -> None:
        """Each one that left is told once, with its reason, and counted if nothing replaces it."""
        inputs = world.inputs()
        steps = [s for s in plan.steps if s.action is Action.RETIRE and s.lab]
        told = sorted((s.lab, s.identity, s.version) for s in steps)
        assert told == sorted((name, inputs.present(who), number) for name, who, number in left)
        assert all(s.reason for s in steps)
        lost = 0
        for name, identity, _ in left:
            now = inputs.present(identity)
            takes = inputs.takes(patterns_of(world).get(name, []), identity)
            lost += not takes or (
                now not in world.images and not has.get((name, self.family[identity]))
            )
        # Of one version nothing may be in any lab: those count too.
        assert lost <= allowed, (lost, allowed, told)


firsts = st.sampled_from(IDENTITIES)
worlds = st.sampled_from(["dev", "prod"])
lab_names = st.sampled_from(sorted(LABS))
EVENTS = st.one_of(
    st.tuples(st.just("change"), firsts),
    st.tuples(st.just("change"), firsts),
    st.tuples(st.just("move"), firsts, st.booleans()),
    st.tuples(st.just("remove"), firsts),
    st.tuples(st.just("use"), worlds, st.integers(0, 9), st.sampled_from([FORMULA, VM])),
    st.tuples(st.just("unuse"), worlds),
    st.tuples(st.just("half"), worlds, st.integers(0, 9)),
    st.tuples(st.just("unread"), worlds, st.sets(lab_names, max_size=1)),
    st.tuples(st.just("labs"), worlds, st.sets(lab_names, min_size=1), st.booleans()),
    st.tuples(st.just("pin"), worlds, firsts, st.integers(0, 5)),
    st.tuples(st.just("hold"), worlds, st.sets(firsts)),
    st.tuples(st.just("revoke"), firsts, st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 60)),
)
# What happens, and then a run of either stack or of both: builds that fail, labs that refuse.
ROUNDS = st.tuples(
    st.lists(EVENTS, max_size=2),
    st.sampled_from([["dev", "prod"], ["dev", "prod"], ["dev"], ["prod"]]),
    st.sets(firsts, max_size=1),
    st.sets(lab_names, max_size=2),
)


def do(history: History, op: tuple[Any, ...]) -> None:
    """Let one thing happen: to the checkout, or to one of the stacks."""
    kind, *args = op
    if kind == "wait":
        for each in (history.dev, history.prod):
            each.now += timedelta(hours=args[0])
    elif kind == "move":
        history.move(args[0], told=args[1])
    elif kind in {"change", "remove"}:
        getattr(history, kind)(args[0])
    else:
        world: Watched = history.dev if kind == "revoke" else getattr(history, args.pop(0))
        to_stack(history, world, kind, args)


def to_stack(history: History, world: Watched, kind: str, args: list[Any]) -> None:
    there = sorted(history.images(world))
    match kind:
        case "use" | "half" if there:
            name, identity, number = there[args[0] % len(there)]
            key = (name, names.image_name(identity, Version.parse(number)).lower())
            world.half |= {key} if kind == "half" else set()
            world.uses |= {key: args[1]} if kind == "use" else {}
        case "unuse":
            world.uses.clear()
        case "unread":
            world.unread = args[0]
        case "labs":
            patterns = {"images": ["linux/**"]} if args[1] else {}
            with_settings(world, labs=[{**LABS[name], **patterns} for name in sorted(args[0])])
        case "pin" | "revoke":
            first, pick = args
            known = [h for h in world.ledger.held.values() if history.family[h.identity] == first]
            found = sorted({(h.identity, str(h.version)) for h in known if h.record})
            identity, number = found[pick % len(found)] if found and pick < 4 else ("", "")
            value: Any = {"versions": [number], "reason": "bad"} if kind == "revoke" else number
            with_settings(world, **{kind: {identity: value} if identity else {}})
        case "hold":
            with_settings(world, hold=[f"{first}*" for first in sorted(args[0])])


@given(
    keep=st.integers(1, 3),
    marked=st.sampled_from([None, "12h", "3d"]),
    rounds=st.lists(ROUNDS, min_size=5, max_size=14),
)
@hypothesis_settings(
    max_examples=HISTORIES,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # to make a history shorter takes many minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def play(
    ended: Callable[[], None], keep: int, marked: str | None, rounds: list[tuple[Any, ...]]
) -> None:
    more = {"graceForVms": "9999d"} | ({"retireAfter": marked} if marked else {})
    history = History(keep, more)
    for events, stacks, failing, broken in rounds:
        for event in events:
            do(history, event)
        for name in stacks:
            history.run(getattr(history, name), failing, broken)
    ended()


def test_no_history_takes_the_last_good_or_a_used_image_from_a_lab() -> None:
    ended: list[int] = []
    play(lambda: ended.append(1))
    print(f"{len(ended)} histories")
    assert len(ended) >= HISTORIES
