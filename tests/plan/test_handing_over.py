"""Several stacks that build: which one builds what, and how a definition changes hands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from factory.common import names
from factory.common.errors import FactoryError
from factory.ledger import catalogue as cat
from factory.ledger.catalogue import last_serial, received
from factory.observed.model import BuildVm
from factory.plan.model import Action, Plan
from factory.settings.stack import Settings
from tests.plan.world import DEV, LINUX, START, World, changed, dev, lab, linux, prod

A_DAY = timedelta(days=1)


def with_settings(world: World, **changes: Any) -> None:
    raw = world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    world.settings = Settings.model_validate({**raw, **changes})


def told(plan: Plan, *actions: Action) -> list[tuple[str, str, str]]:
    return [(s.identity, s.version, s.lab) for s in plan.steps if s.action in actions]


def two(**more: Any) -> tuple[World, World]:
    """Two building stacks of one folder, and neither builds what the other does."""
    first = dev("linux/a", "windows/b", builds=["windows/**"], **more)
    second = linux(first, **more)
    second.neighbours = []
    return first, second


def test_a_stack_builds_what_its_patterns_take_and_says_nothing_of_the_rest() -> None:
    first, second = two()
    plans = first.run(), second.run()
    assert [told(plan, Action.BUILD) for plan in plans] == [
        [("windows/b", "20261122.1", "")],
        [("linux/a", "20261122.1", "")],
    ]
    assert {step.identity for step in plans[0].steps} == {"windows/b"}
    assert first.holding("team") == {"windows/b": ["20261122.1"]}
    assert second.holding("unix") == {"linux/a": ["20261122.1"]}
    assert first.plan().nothing_due or first.run()
    first.run()
    assert first.plan().nothing_due


def handed_over() -> tuple[World, World, World]:
    """linux/a was built by dev, which prod receives from; it is the linux stack's from now on."""
    first = dev("linux/a", "windows/b", keep="1")
    target = prod(first, keep="1")
    first.run()
    target.run()
    with_settings(first, builds=["windows/**"])
    second = linux(first, keep="1")
    second.neighbours = []
    first.now = second.now = target.now = first.now + A_DAY
    target.further = [second]
    return first, second, target


def test_what_left_a_stacks_patterns_stays_there_until_it_is_let_go() -> None:
    first, _, _ = handed_over()
    for _ in range(5):
        changed(first, "linux/a", f"sku-{first.now:%d}")
        plan = first.run(pass_time=40 * A_DAY)
        assert told(plan, Action.BUILD, Action.RETIRE, Action.MARK) == []
    kept = {s.identity: s.reason for s in plan.steps if s.action is Action.KEEP}
    assert kept["linux/a"].startswith("another stack builds it now; kept until image-factory:letGo")
    assert first.holding("team")["linux/a"] == ["20261122.1"]
    entry = first.ledger.outputs["catalogue"]["definitions"]["linux/a"]["20261122.1"]
    assert entry["handedOver"] == "yes"


def test_labs_never_go_without_while_a_definition_is_handed_over() -> None:
    first, second, target = handed_over()
    first.run()
    second.run(failing=["linux/a"])
    plan = target.run()
    assert told(plan, Action.RETIRE) == []
    assert target.holding("finance")["linux/a"] == ["20261122.1"]
    second.run()
    plan = target.run()
    (reason,) = [s.reason for s in plan.steps if s.action is Action.RECEIVE]
    assert reason == f"released by {LINUX}"
    target.run()
    assert target.holding("finance")["linux/a"] == second.released("linux/a")


def test_what_is_let_go_retires_and_counts_as_what_nothing_replaces() -> None:
    first, second, target = handed_over()
    first.run()
    second.run(failing=["linux/a"])
    with_settings(first, letGo=["linux/**"], maxRetirements=0)
    with pytest.raises(FactoryError, match="would retire 1 images"):
        first.plan()
    with_settings(first, maxRetirements=1)
    plan = first.run()
    assert told(plan, Action.RETIRE) == [("linux/a", "20261122.1", "team")]
    # The receiver keeps the last good one, whatever its source says of it.
    assert told(target.run(), Action.RETIRE) == []
    second.run()
    target.run()
    assert told(target.run(), Action.RETIRE) == [("linux/a", "20261122.1", "finance")]
    assert target.holding("finance")["linux/a"] == second.released("linux/a")


def test_what_moves_to_another_folder_is_built_by_the_stack_of_that_folder() -> None:
    first, second = two()
    first.run()
    moved = first.images.pop("windows/b")
    now = moved.definition.model_copy(update={"formerly": ["windows/b"]})
    first.images["linux/b"] = type(moved)("linux/b", "images/linux/b.yaml", now)
    assert told(first.plan(), Action.BUILD, Action.RETIRE) == []
    built = {s[0] for s in told(second.plan(), Action.BUILD)}
    assert built == {"linux/a", "linux/b"}


def test_a_definition_that_left_git_retires_where_it_was() -> None:
    first, _ = two()
    first.run()
    del first.images["windows/b"]
    assert told(first.plan(), Action.RETIRE) == [("windows/b", "20261122.1", "team")]


def test_two_stacks_that_answer_for_one_definition_stop_the_run() -> None:
    first, second = two()
    with_settings(first, builds=[])
    first.run()
    second.run()
    target = prod(first)
    target.further = [second]
    with pytest.raises(FactoryError) as caught:
        target.plan()
    (line,) = str(caught.value).splitlines()
    assert f"both {DEV} and {LINUX} offer linux/a" in line
    assert line.endswith("nothing was changed")
    # Unconnected receivers are none of each other's business.
    assert told(prod(first).plan(), Action.RECEIVE)
    assert told(prod(second).plan(), Action.RECEIVE)


def test_one_number_for_two_images_is_the_first_ones_and_is_told() -> None:
    first, second, target = handed_over()
    second.now -= A_DAY
    first.run()
    second.run()
    assert second.released("linux/a") == first.released("linux/a")
    plan = target.plan()
    assert told(plan, Action.RECEIVE) == []
    (line,) = plan.warnings
    assert line.startswith(f"linux/a 20261122.1 of {LINUX} is left out")


@pytest.mark.parametrize(
    "serials", [{"o/p/dev": 7}, {"o/p/dev": 7, "o/p/linux": 9}], ids=["one", "several"]
)
def test_what_was_received_last_is_remembered_by_stack(serials: dict[str, int]) -> None:
    outputs = {cat.RECEIVED: received(serials)}
    assert last_serial(outputs, "o/p/dev", START) == 7
    assert last_serial(outputs, "o/p/linux", START) == serials.get("o/p/linux", 0)
    if len(serials) == 1:
        assert outputs[cat.RECEIVED] == {"stack": "o/p/dev", "serial": "7"}


def test_max_cores_is_what_builds_of_this_stack_have_at_once() -> None:
    world = dev("linux/a", "linux/b", "linux/c", maxCores="8")
    plan = world.plan()
    assert [s[0] for s in told(plan, Action.BUILD)] == ["linux/a", "linux/b"]
    (waits,) = [s for s in plan.steps if s.action is Action.WAIT]
    assert waits.reason == "it needs 4 cores, 0 of maxCores 8 are left; planned for the next run"
    vm = BuildVm("b1", {names.STACK: world.stack}, "Succeeded", size="Standard_D4s_v5")
    assert [s[0] for s in told(world.plan(vms={"b1": vm}), Action.BUILD)] == ["linux/a"]
    world.images["linux/a"] = type(world.images["linux/a"])(
        "linux/a",
        "images/linux/a.yaml",
        world.images["linux/a"].definition.model_copy(update={"verify": []}),
    )
    assert [s[0] for s in told(world.plan(), Action.BUILD)] == ["linux/a"]  # its test takes 4 more


def test_a_lab_of_a_building_stack_gets_what_that_stack_builds() -> None:
    first, second = two(labs=[lab("team", "**")])
    second.run()
    plan = first.run()
    assert told(plan, Action.DELIVER) == [("windows/b", "20261122.1", "team")]
