"""What holds whatever happens: hypothesis plays months of runs on two stacks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from factory.definitions.lineage import Image
from factory.ledger.model import Held
from factory.ledger.record import expiry
from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from factory.plan.situation.revocation import revoked
from factory.settings.stack import Settings
from rehearsal.first_day import FIRST_DAY
from tests.dated import DAYS, EIGHT
from tests.plan.world import World, dev, image, lab, prod

IDENTITIES = ["linux/a", "linux/b", "windows/c"]
LABS = [lab("home"), lab("home-linux", "linux/**"), lab("away", region="eastus2")]
LABS_NAMES = [entry["name"] for entry in LABS]
# One that is verified, and one that is kept for a look besides when it failed.
FIELDS: dict[str, dict[str, Any]] = {
    "linux/b": {"verify": []},
    "windows/c": {"verify": ["linux-java"], "keepFailed": "40h"},
}
some_labs = st.lists(st.sampled_from(LABS_NAMES), unique=True, min_size=1)
# What somebody may delete by hand. (The source: tests/plan/test_drift.py, where it is told what
# that costs.)
LOSABLE = ("lab", "image", "copy", "capture")


class Months(RuleBasedStateMachine):
    """Definitions change and move, builds fail, labs break, come and go; both stacks run.

    Versions are revoked and restored, images are deleted by hand, and time passes.
    """

    @initialize(
        keep=st.integers(1, 3),
        marked=st.sampled_from([None, "12h", "3d"]),
        first=st.sampled_from(sorted({FIRST_DAY, *DAYS})),
    )
    def begin(self, keep: int, marked: str | None, first: date) -> None:
        self.keep = str(keep)
        more: dict[str, Any] = {"keep": self.keep, "maxRetirements": "1000", "allowNone": ["**"]}
        if marked:
            more["retireAfter"] = marked
        self.dev = dev(*IDENTITIES, labs=LABS, **more)
        for identity, fields in FIELDS.items():
            self.dev.images[identity] = image(identity, **fields)
        self.prod = prod(self.dev, LABS, **more)
        self.dev.now = self.prod.now = datetime.combine(first, EIGHT)
        self.number = 0

    def definition(self, first: str) -> str | None:
        """Find a definition by the name that it had first; None if it was removed."""
        found = [each.identity for each in self.dev.images.values() if first in each.names]
        return found[0] if found else None

    @rule(first=st.sampled_from(IDENTITIES))
    def change(self, first: str) -> None:
        self.number += 1
        identity = self.definition(first)
        past = self.dev.images[identity].definition.formerly if identity else []
        identity = identity or first
        self.dev.images[identity] = image(
            identity, sku=f"sku-{self.number}", formerly=past, **FIELDS.get(first, {})
        )

    @rule(first=st.sampled_from(IDENTITIES))
    def move(self, first: str) -> None:
        identity = self.definition(first)
        if identity is None:
            return
        self.number += 1
        old = self.dev.images.pop(identity)
        sku = old.definition.base.urn.rpartition(":")[2]
        now = f"{first}-{self.number}"
        self.dev.images[now] = image(
            now, sku=sku, formerly=list(old.names), **FIELDS.get(first, {})
        )
        for world in (self.dev, self.prod):
            if world.resources:  # a move alone builds nothing
                built = {s.identity for s in world.plan().steps if s.action is Action.BUILD}
                assert now not in built or old.identity in self.due_before(world, old)

    def due_before(self, world: World, old: Image) -> set[str]:
        """Tell what was to be built before the move: the same definitions, one by its old name."""
        images = {
            name: each for name, each in world.images.items() if old.identity not in each.names
        }
        before = World(
            world.stack,
            {**images, old.identity: old},
            world.settings,
            world.now,
            resources=world.resources,
            source=world.source,
        )
        return {s.identity for s in before.plan().steps if s.action is Action.BUILD}

    @rule(first=st.sampled_from(IDENTITIES))
    def remove(self, first: str) -> None:
        identity = self.definition(first)
        if identity is not None and len(self.dev.images) > 1:
            self.dev.images.pop(identity)

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        for world in (self.dev, self.prod):
            world.now += timedelta(hours=hours)

    @rule(names=some_labs)
    def subscribe(self, names: list[str]) -> None:
        labs = [entry for entry in LABS if entry["name"] in names]
        for world in (self.dev, self.prod):
            with_settings(world, labs=labs)

    @rule(first=st.sampled_from(IDENTITIES), data=st.data())
    def revoke(self, first: str, data: st.DataObject) -> None:
        """Revoke some versions of a definition, or none any more."""
        identity = self.definition(first) or first
        known = sorted({str(held.version) for held in self.dev.inputs().held_of(identity)})
        bad = data.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
        entry = {identity: {"versions": bad, "reason": "bad"}} if bad else {}
        with_settings(self.dev, revoke=entry)

    @rule(target_stack=st.booleans(), pick=st.integers(0, 50))
    def lose(self, target_stack: bool, pick: int) -> None:
        """Somebody deletes something by hand, and a refresh takes it out of the state."""
        world = self.prod if target_stack else self.dev
        parts = [urn for urn in world.resources if urn.rpartition("@")[2].split("/")[1:2] != []]
        losable = sorted(u for u in parts if u.rpartition("@")[2].split("/")[1] in LOSABLE)
        if losable:
            del world.resources[losable[pick % len(losable)]]

    @rule(
        failing=st.sets(st.sampled_from(IDENTITIES)),
        unverified=st.sets(st.sampled_from(IDENTITIES)),
        broken=st.sets(st.sampled_from(LABS_NAMES)),
    )
    def run_dev(self, failing: set[str], unverified: set[str], broken: set[str]) -> None:
        now = [{self.definition(each) or each for each in few} for few in (failing, unverified)]
        self.run(self.dev, now[0], broken, now[1])

    @rule(broken=st.sets(st.sampled_from(LABS_NAMES)))
    def run_prod(self, broken: set[str]) -> None:
        if self.dev.resources:
            self.run(self.prod, set(), broken)

    def run(
        self,
        world: World,
        failing: set[str],
        broken: set[str],
        unverified: Collection[str] = (),
    ) -> None:
        before = world.inputs()
        good_before = {identity: good(world, identity) for identity in world.images}
        held_before = {
            (entry.name, identity): there(world, entry.name, identity)
            for entry in world.settings.labs
            for identity in world.images
        }
        plan = world.run(failing=failing, broken_labs=broken, unverified=unverified)
        assert_consistent(plan)
        assert_unreleased_in_no_lab(world, plan)
        for identity in world.images:
            if good_before[identity]:
                assert good(world, identity), f"{identity} dropped to none"
            for entry in world.settings.labs:
                had = held_before[entry.name, identity]
                told = all(revoked(before, held) for held in had)
                if had and not told and before.takes(entry.images, identity):
                    assert there(world, entry.name, identity), f"{entry.name} lost {identity}"

    @invariant()
    def planning_twice_gives_the_same(self) -> None:
        if not hasattr(self, "dev"):
            return
        for world in (self.dev, self.prod):
            if world is self.prod and not self.dev.resources:
                continue
            first = world.inputs()
            second = World(
                world.stack,
                dict(reversed(list(world.images.items()))),
                world.settings,
                world.now,
                resources=dict(reversed(list(world.resources.items()))),
                vms=dict(reversed(list(world.vms.items()))),
                source=world.source,
            ).inputs()
            assert make_plan(first) == make_plan(first) == make_plan(second)

    @rule()
    def undisturbed_runs_come_to_rest(self) -> None:
        """Applying a plan and planning again gives nothing to do, once all leftovers are gone."""
        for world in (self.dev, self.prod):
            for _ in range(8):
                world.run(pass_time=timedelta(hours=25))
            plan = world.plan()
            assert plan.nothing_due, plan.steps
            waiting = {(s.identity, s.lab) for s in plan.steps if s.action is Action.WAIT}
            assert not plan.unreleased
            assert not world.vms
            for entry in world.settings.labs:
                for identity in world.images:
                    newest = good(world, identity)[-1:]
                    inputs = world.inputs()
                    if (identity, entry.name) in waiting or not newest:
                        continue
                    if inputs.takes(entry.images, identity):
                        held = there(world, entry.name, identity)
                        assert [each.version for each in held][-1:] == [newest[0].version]
                        assert len(held) <= int(self.keep)


def with_settings(world: World, **changes: Any) -> None:
    raw = world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    world.settings = Settings.model_validate({**raw, **changes})


def good(world: World, identity: str) -> list[Held]:
    """Give the released versions of a definition under all its names that are not revoked."""
    inputs = world.inputs()
    return [
        held
        for held in inputs.held_of(identity)
        if held.record and not held.retired and not revoked(inputs, held)
    ]


def there(world: World, lab_name: str, identity: str) -> list[Held]:
    """Give the versions of a definition that a lab holds, oldest first."""
    return [held for held in world.inputs().held_of(identity) if lab_name in held.labs]


def assert_unreleased_in_no_lab(world: World, plan: Plan) -> None:
    """What failed is never delivered, never takes a released version's place, never stays long."""
    for held in world.ledger.held.values():
        if held.record is None:
            assert not held.labs
    declared = {(version.identity, version.version) for version in plan.versions}
    for left in plan.unreleased:
        assert (left.identity, left.version) not in declared
        assert left.until <= expiry(left.spec)
    for unmanaged in plan.unmanaged_vms:
        assert unmanaged.vm not in world.vms
    offered = world.ledger.outputs["catalogue"]["definitions"]
    assert not any(str(left.version) in offered.get(left.identity, {}) for left in plan.unreleased)


def assert_consistent(plan: Plan) -> None:
    kept = {(s.identity, s.version) for s in plan.steps if s.action is Action.KEEP and not s.lab}
    going = {
        (s.identity, s.version)
        for s in plan.steps
        if s.action in {Action.RETIRE, Action.REMOVE}
        and not s.reason.startswith(("the lab ", "revoked: ", "what is kept of it in "))
    }
    assert not kept & going
    marked = {(s.identity, s.version) for s in plan.steps if s.action is Action.MARK and not s.lab}
    assert not marked & (kept | going)
    declared = [(version.identity, version.version) for version in plan.versions]
    assert len(declared) == len(set(declared))
    for version in plan.versions:
        delivered = [entry.lab.name for region in version.regions for entry in region.labs]
        assert len(delivered) == len(set(delivered))
        if version.retired:
            assert not version.regions


Months.TestCase.settings = hypothesis_settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestMonths = Months.TestCase


def test_the_machine_can_fail() -> None:
    """A guard against a state machine that checks nothing."""
    world = dev("linux/a")
    world.run()
    world.images = {"linux/z": image("linux/z", sku="other")}
    world.run()
    assert not world.released("linux/a")
