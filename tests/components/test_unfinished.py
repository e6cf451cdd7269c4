"""What a run did not wait for to the end is waited for, and made again if that never ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pulumi
import pytest

from factory.azure.advice import interrupted
from factory.common import names
from factory.common.ownership import Owner
from factory.components.gates import RefusedError, settle
from factory.observed.model import Thing
from tests.components.harness import FakeArm, waiter

STACK = "o/p/dev"
OURS = {names.STACK: STACK}
PART = {**OURS, names.DEFINITION: "linux/a", names.VERSION: "20261122.1", names.RELEASED: "yes"}
HOUR = timedelta(hours=1)
CANCELLED = "resource created but read failed context canceled: context canceled"


class Making(FakeArm):
    """Something that Azure is at work on: ``states`` are what it shows, the last one for ever."""

    def __init__(self, *states: str, tags: dict[str, str], created: str = "") -> None:
        super().__init__()
        self.states = list(states)
        self.tags = tags
        self.created = created

    def thing(self, resource_id: str) -> Thing | None:
        if resource_id in self.deleted:
            return None
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return Thing(resource_id, self.tags, state, created=self.created)


def settled(
    arm: FakeArm, name: str = "linux/a@20261122.1/vm/1", known: tuple[str, ...] = ()
) -> list[str]:
    args = pulumi.ResourceHookArgs("urn", "/thing", name, "azure-native:x:Y")
    asyncio.run(settle(waiter(arm), Owner(STACK), args, HOUR, known))
    return arm.deleted


def test_what_a_cut_off_run_left_at_work_is_waited_for_and_stays() -> None:
    arm = Making("Creating", "Creating", "Succeeded", tags=PART)
    assert settled(arm) == []
    assert arm.states == ["Succeeded"]


@pytest.mark.parametrize("state", ["Creating", "Updating"])
@pytest.mark.parametrize("name", ["linux/a@20261122.1/lab/team", "factory/nat"])
def test_what_never_ends_is_cleared_for_the_put_that_makes_it_again(name: str, state: str) -> None:
    assert settled(Making(state, tags=OURS if "nat" in name else PART), name) == ["/thing"]


def test_what_azure_began_long_ago_is_not_waited_for_again() -> None:
    arm = Making(*["Creating"] * 2, "Succeeded", tags=PART, created="2026-11-22T06:00:00+00:00")
    assert settled(arm) == ["/thing"]


def test_a_part_that_failed_meanwhile_is_made_again() -> None:
    assert settled(Making("Creating", "Failed", tags=PART)) == ["/thing"]


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("factory/store", OURS),  # others may have something in a group
        ("factory/lab", OURS),  # it had been whole: nothing is being created
        ("environment/team/shop", OURS),
        ("linux/a@20261122.1/lab/team", {**PART, names.STACK: "o/p/other"}),
    ],
)
def test_what_others_may_have_a_part_in_is_never_cleared(name: str, tags: dict[str, str]) -> None:
    assert settled(Making("Updating", tags=tags), name) == []


@pytest.mark.parametrize("part", ["source", "capture"])
@pytest.mark.parametrize("state", ["Failed", "Creating", "Updating"])
def test_what_a_released_version_is_made_of_is_never_cleared(part: str, state: str) -> None:
    """A change of its tags failed or was cut off; the VM that it was made from is gone."""
    name, record = f"linux/a@20261122.1/{part}", "linux/a@20261122.1/record"
    assert settled(Making(state, tags=PART), name, (name, record)) == []
    assert settled(Making(state, tags=PART), name, (name,)) == ["/thing"]


def test_a_lab_that_never_was_whole_is_cleared_only_if_it_is_empty() -> None:
    assert settled(Making("Creating", tags=OURS), "factory/lab") == ["/thing"]
    full = Making("Creating", tags=OURS)
    full.things["/thing/customimages/theirs"] = Thing("/thing/customimages/theirs")
    with pytest.raises(RefusedError, match="it was not touched"):
        settled(full, "factory/lab")


@pytest.mark.parametrize(
    ("error", "cut"),
    [
        (CANCELLED, True),
        (f"1 error occurred:\n\t* {CANCELLED}\n\n", True),
        ("operation timed out", False),
        ('Status=409 Code="Conflict" Message="busy"', False),
    ],
)
def test_an_interrupt_is_no_refusal_of_azures(error: str, *, cut: bool) -> None:
    assert interrupted(error) is cut
