"""What holds whatever happens: hypothesis plays months of runs on two stacks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from factory.patterns import takes
from factory.plan import make_plan
from factory.plan_model import Action, Plan
from factory.record import expiry
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


class Months(RuleBasedStateMachine):
    """Definitions change, builds fail, labs break, come and go; time passes; both stacks run."""

    @initialize(keep=st.integers(1, 3))
    def begin(self, keep: int) -> None:
        self.keep = str(keep)
        self.dev = dev(*IDENTITIES, labs=LABS, keep=self.keep)
        for identity, fields in FIELDS.items():
            self.dev.images[identity] = image(identity, **fields)
        self.prod = prod(self.dev, LABS, keep=self.keep)
        self.number = 0

    @rule(identity=st.sampled_from(IDENTITIES))
    def change(self, identity: str) -> None:
        self.number += 1
        self.dev.images[identity] = image(
            identity, sku=f"sku-{self.number}", **FIELDS.get(identity, {})
        )

    @rule(identity=st.sampled_from(IDENTITIES))
    def remove(self, identity: str) -> None:
        if len(self.dev.images) > 1:
            self.dev.images.pop(identity, None)

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        for world in (self.dev, self.prod):
            world.now += timedelta(hours=hours)

    @rule(names=some_labs)
    def subscribe(self, names: list[str]) -> None:
        labs = [entry for entry in LABS if entry["name"] in names]
        self.dev.settings = dev(labs=labs, keep=self.keep).settings
        self.prod.settings = prod(self.dev, labs, keep=self.keep).settings

    @rule(
        failing=st.sets(st.sampled_from(IDENTITIES)),
        unverified=st.sets(st.sampled_from(IDENTITIES)),
        broken=st.sets(st.sampled_from(LABS_NAMES)),
    )
    def run_dev(self, failing: set[str], unverified: set[str], broken: set[str]) -> None:
        self.run(self.dev, failing, broken, unverified)

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
        good_before = {identity: world.released(identity) for identity in IDENTITIES}
        held_before = {entry.name: world.holding(entry.name) for entry in world.settings.labs}
        plan = world.run(failing=failing, broken_labs=broken, unverified=unverified)
        assert_consistent(plan)
        assert_unreleased_in_no_lab(world, plan)
        for identity in world.images:
            if good_before[identity]:
                assert world.released(identity), f"{identity} dropped to none"
            for entry in world.settings.labs:
                had = held_before[entry.name].get(identity)
                if had and takes(entry.images, identity):
                    assert world.holding(entry.name).get(identity), f"{entry.name} lost {identity}"

    @invariant()
    def planning_twice_gives_the_same(self) -> None:
        if not hasattr(self, "dev"):
            return
        first = self.dev.inputs()
        backwards = dict(reversed(list(self.dev.images.items())))
        second = World(
            self.dev.stack,
            backwards,
            self.dev.settings,
            self.dev.now,
            resources=dict(reversed(list(self.dev.resources.items()))),
            vms=dict(reversed(list(self.dev.vms.items()))),
        ).inputs()
        assert make_plan(first) == make_plan(first) == make_plan(second)

    @rule()
    def undisturbed_runs_come_to_rest(self) -> None:
        """Applying a plan and planning again gives nothing to do, once all leftovers are gone."""
        for world in (self.dev, self.prod):
            for _ in range(5):
                world.run(pass_time=timedelta(hours=25))
            assert world.plan().nothing_due, world.plan().steps
            assert not world.plan().unreleased
            assert not world.vms
            for entry in world.settings.labs:
                for identity in world.images:
                    newest = world.released(identity)[-1:]
                    if takes(entry.images, identity) and newest:
                        held = world.holding(entry.name)[identity]
                        assert held[-1:] == newest
                        assert len(held) <= int(self.keep)


def assert_unreleased_in_no_lab(world: World, plan: Plan) -> None:
    """What failed is never delivered, never takes a released version's place, never stays long."""
    for held in world.ledger.held.values():
        if held.record is None:
            assert not held.labs
    declared = {(version.identity, version.version) for version in plan.versions}
    for left in plan.unreleased:
        assert (left.identity, left.version) not in declared
        assert left.until <= expiry(left.spec)
    for stray in plan.strays:
        assert stray.vm not in world.vms
    offered = world.ledger.outputs["catalogue"]["definitions"]
    assert not any(str(left.version) in offered.get(left.identity, {}) for left in plan.unreleased)


def assert_consistent(plan: Plan) -> None:
    kept = {(s.identity, s.version) for s in plan.steps if s.action is Action.KEEP}
    retired = {
        (s.identity, s.version)
        for s in plan.steps
        if s.action is Action.RETIRE and "no longer takes" not in s.reason
    }
    assert not kept & retired
    declared = [(version.identity, version.version) for version in plan.versions]
    assert len(declared) == len(set(declared))
    for version in plan.versions:
        delivered = [entry.lab.name for region in version.regions for entry in region.labs]
        assert len(delivered) == len(set(delivered))
        if version.retired:
            assert not version.regions


Months.TestCase.settings = hypothesis_settings(
    max_examples=60, stateful_step_count=25, deadline=None, derandomize=True
)
TestMonths = Months.TestCase


def test_the_machine_can_fail() -> None:
    """A guard against a state machine that checks nothing."""
    world = dev("linux/a")
    world.run()
    world.images = {"linux/z": image("linux/z")}
    world.run()
    assert not world.released("linux/a")
