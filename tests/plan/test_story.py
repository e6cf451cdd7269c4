"""One definition's story."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

import pytest

from factory.common.errors import FactoryError
from factory.plan.forecast import runs
from factory.plan.reports.image_story import story
from tests.dated import on
from tests.plan.world import World, changed, dev, image, lab, prod

pytestmark = pytest.mark.dated

WEEKS = timedelta(weeks=12)


def told(world: World, identity: str = "linux/a") -> list[str]:
    inputs = world.inputs()
    ahead = islice(runs([inputs], world.now + WEEKS, timedelta(days=1)), 1, None)
    text = story(inputs, world.plan(), identity, ahead)
    return [" ".join(line.split()) for line in text.splitlines()]


def test_never_built() -> None:
    lines = told(dev("linux/a"))
    assert lines[0] == "linux/a (images/linux/a.yaml)"
    assert on("Now: build 20261122.1: never built") in lines
    assert on("deliver 20261122.1 to team: the lab takes it") in lines
    assert "Rules: keeps the newest 3; no refresh by age; taken by team" in lines
    assert lines[-1] == "No version here yet."


def test_at_rest_it_says_when_time_alone_will_act() -> None:
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", refresh="30d")
    world.run()
    world.run()
    lines = told(world)
    assert "Now: unchanged and fresh" in lines
    due = next(line for line in lines if line.startswith("Next:"))
    assert due.startswith(on("Next: 2026-12-22 build 20261222.1: refresh is due: every 30d"))
    version = next(line for line in lines if line.startswith(on("20261122.1")))
    assert (
        on("released 2026-11-22 08:00 1.2.3 factory, team keep: number 1 of the newest 3")
        in version
    )


def test_without_refresh_nothing_comes_by_itself() -> None:
    world = dev("linux/a")
    world.run()
    world.run()
    assert any(on("nothing before 2027-02-14")[:-3] in line for line in told(world))


def test_retired_and_unfinished_versions_have_their_state() -> None:
    world = dev("linux/a", keep="1")
    for number in range(2):
        changed(world, "linux/a", f"sku-{number}")
        world.run()
    world.run()
    changed(world, "linux/a", "third")
    world.run(failing={"linux/a"})
    lines = told(world)
    states = {line.split()[0]: line.split()[1] for line in lines if line.startswith(on("20261122"))}
    assert states == {
        on("20261122.1"): "retired",
        on("20261122.2"): "released",
        on("20261122.3"): "unfinished",
    }


def test_a_receiving_stack_names_the_offer_and_waits_out_its_soak() -> None:
    source = dev("linux/a")
    source.run()
    there = prod(source, [lab("finance")], after="5d")
    there.now = source.now
    lines = told(there)
    assert on(f"Offer: 20261122.1 by {source.stack}") in lines
    assert any(
        line.startswith(on("Now: wait 20261122.1")) and "soaks for 5d" in line for line in lines
    )
    assert any(line.startswith(on("Next: 2026-11-27 receive 20261122.1")) for line in lines)


def test_a_layered_image_names_its_parent() -> None:
    world = dev("linux/a", "linux/b")
    world.images["linux/b"] = image("linux/b", base={"image": "linux/a"})
    world.run()
    changed(world, "linux/a", "next")
    lines = told(world, "linux/b")
    assert any("built on linux/a" in line for line in lines)
    assert any(
        line.startswith(on("Now: build 20261122.2: ")) and "linux/a" in line for line in lines
    )


def test_removed_from_git_but_still_there() -> None:
    world = dev("linux/a", "linux/b")
    world.run()
    del world.images["linux/a"]
    lines = told(world)
    assert lines[0] == "linux/a (removed from git)"
    assert any(on("retire 20261122.1 from team") in line for line in lines)


def test_an_unknown_image_gets_a_suggestion() -> None:
    with pytest.raises(FactoryError, match=r"did you mean linux/a\?"):
        told(dev("linux/a"), "linux/aa")
    with pytest.raises(FactoryError, match="a definition's path"):
        told(dev("linux/a"), "zzz")


def test_an_unreleased_version_says_why_it_failed_and_until_when_it_is_kept() -> None:
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", verify=["linux-java"], keepFailed="3d")
    world.run(unverified={"linux/a"})
    lines = told(world)
    assert any("verified by linux-java; keeps failed ones for 3d" in line for line in lines)
    (version,) = (line for line in lines if line.startswith(on("20261122.1")))
    assert version.startswith(on("20261122.1 unreleased 2026-11-22 08:00 1.2.3 factory wait: "))
    assert "verification failed: E42; kept for a look" in version
    assert version.endswith(on("until 2026-11-25 08:00 UTC"))
