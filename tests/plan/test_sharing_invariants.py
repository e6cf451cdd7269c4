"""What holds whatever happens between stacks that share the work: definitions change hands.

Two stacks build, each on what the other built too, and one receives from both.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from factory.common.errors import FactoryError
from factory.plan.inputs import Inputs
from factory.plan.model import Action
from factory.plan.planner import make_plan
from tests.plan.test_handing_over import with_settings
from tests.plan.test_invariants import assert_consistent, good, there
from tests.plan.world import World, dev, image, lab, linux, prod

PARENT, CHILD, ALONE = IDENTITIES = ["base/x", "linux/child", "linux/a"]
BASES: dict[str, dict[str, Any]] = {CHILD: {"base": {"image": PARENT}}}
identities = st.sampled_from(IDENTITIES)
some = st.sets(identities)


class Sharing(RuleBasedStateMachine):
    """Definitions change, change hands and are let go; builds fail, labs break, time passes."""

    @initialize(keep=st.integers(1, 2), first=st.sets(identities))
    def begin(self, keep: int, first: set[str]) -> None:
        more = {"keep": str(keep), "maxRetirements": "1000"}
        self.number = 0
        self.dev = dev(*IDENTITIES, labs=[lab("home")], **more)
        self.dev.images |= {name: image(name, **fields) for name, fields in BASES.items()}
        self.linux = linux(self.dev, labs=[lab("unix", region="eastus2")], **more)
        self.dev.neighbours = [self.linux]
        self.prod = prod(self.dev, [lab("finance"), lab("us", region="eastus2")], **more)
        self.prod.further = [self.linux]
        self.owned = first
        self.let_go: set[str] = set()
        self.divide()

    def divide(self) -> None:
        owned = {"dev": self.owned, "linux": set(IDENTITIES) - self.owned}
        for world, names in ((self.dev, owned["dev"]), (self.linux, owned["linux"])):
            with_settings(
                world,
                builds=[*sorted(names), "nothing/*"],
                letGo=sorted(self.let_go - names),
            )

    @rule(identity=identities)
    def change(self, identity: str) -> None:
        self.number += 1
        fields = BASES.get(identity, {})
        if fields:
            made = image(identity, **fields, size=f"Standard_D{self.number}s_v5")
        else:
            made = image(identity, sku=f"sku-{self.number}")
        self.dev.images[identity] = made

    @rule(identity=identities)
    def hand_over(self, identity: str) -> None:
        self.owned ^= {identity}
        self.divide()

    @rule(names=some)
    def let_some_go(self, names: set[str]) -> None:
        self.let_go = names
        self.divide()

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        for world in self.worlds():
            world.now += timedelta(hours=hours)

    @rule(failing=some, broken=st.booleans(), second=st.booleans())
    def build(self, failing: set[str], broken: bool, second: bool) -> None:
        world = self.linux if second else self.dev
        labs = ["factory", *(each.name for each in world.settings.labs)] if broken else []
        self.run(world, failing, labs)

    @rule(broken=st.booleans())
    def receive(self, broken: bool) -> None:
        if self.dev.resources and self.linux.resources:
            try:
                self.run(self.prod, set(), ["finance"] if broken else [])
            except FactoryError as error:
                # One of the two has not run since the definition changed hands.
                if not str(error).startswith("both "):
                    raise

    def run(self, world: World, failing: set[str], broken: list[str]) -> None:
        here = world.inputs()
        before = held_in_labs(here)
        assert_consistent(world.run(failing=failing, broken_labs=broken))
        for name, identity in sorted(before - held_in_labs(world.inputs())):
            let_go = here.elsewhere(identity) and here.takes(world.settings.let_go, identity)
            assert let_go, f"{name} lost {identity}"

    def worlds(self) -> tuple[World, World, World]:
        return self.dev, self.linux, self.prod

    @invariant()
    def catalogues_offer_what_is_ones_own(self) -> None:
        for world in (self.dev, self.linux) if hasattr(self, "dev") else ():
            offered = world.ledger.outputs.get("catalogue", {}).get("definitions", {})
            for versions in offered.values():
                assert all(entry["stack"] == world.stack for entry in versions.values())
            inputs = world.inputs()
            assert make_plan(inputs) == make_plan(inputs)

    @rule()
    def undisturbed_runs_come_to_rest(self) -> None:
        for _ in range(6):
            for world in self.worlds():
                self.run(world, set(), [])
                world.now += timedelta(hours=25)
        for world in self.worlds():
            plan = world.plan()
            assert plan.nothing_due, plan.steps
            assert not any(step.action is Action.WAIT for step in plan.steps)
        for identity in IDENTITIES:
            owner = self.dev if identity in self.owned else self.linux
            newest = own(owner, identity)[-1]
            for name in ("finance", "us"):
                assert str(there(self.prod, name, identity)[-1].version) == newest
        builder = self.dev if CHILD in self.owned else self.linux
        record = [held for held in good(builder, CHILD) if not held.foreign][-1].record
        assert record is not None
        owner = self.dev if PARENT in self.owned else self.linux
        assert record.parent == f"{PARENT}@{own(owner, PARENT)[-1]}"


def held_in_labs(inputs: Inputs) -> set[tuple[str, str]]:
    """Give (lab, definition) for all that the labs of others hold at least one version of."""
    labs = {each.name for each in inputs.settings.labs}
    found = ((identity, inputs.held_of(identity)) for identity in IDENTITIES)
    return {(lab, name) for name, held in found for each in held for lab in each.labs & labs}


def own(world: World, identity: str) -> list[str]:
    return [str(held.version) for held in good(world, identity) if not held.foreign]


Sharing.TestCase.settings = hypothesis_settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestSharing = Sharing.TestCase


def test_the_machine_can_fail() -> None:
    machine = Sharing()
    machine.begin(1, {ALONE})
    machine.run(machine.dev, set(), [])
    machine.dev.images.pop(ALONE)
    with pytest.raises(AssertionError, match=f"home lost {ALONE}"):
        machine.run(machine.dev, set(), [])
