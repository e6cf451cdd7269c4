"""What happened when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from factory.ledger.history import history_text
from tests.plan.world import START, World, changed, dev, image


def exported(world: World, times: dict[str, str]) -> dict[str, Any]:
    """The world's state as an export, everything made when ``times`` first knew of it."""
    now = world.now.isoformat().replace("+00:00", "Z")
    for urn in world.resources:
        times.setdefault(urn, now)
    resources = [
        {"urn": urn, "created": times[urn], **resource} for urn, resource in world.resources.items()
    ]
    return {"deployment": {"resources": resources}}


def updates(count: int) -> list[dict[str, Any]]:
    found = []
    for number in range(count):
        start = START + number * timedelta(hours=1)
        found.append(
            {
                "kind": "update",
                "result": "succeeded",
                "startTime": start.isoformat().replace("+00:00", "Z"),
                "endTime": (start + timedelta(seconds=90)).isoformat().replace("+00:00", "Z"),
                "resourceChanges": {"create": 4, "same": 7} if number == 0 else {"same": 9},
                "message": f"commit {number}\n\nmore",
            }
        )
    return found[::-1]


def test_each_update_tells_what_it_left_behind() -> None:
    world = dev("linux/a")
    times: dict[str, str] = {}
    world.run(pass_time=timedelta(minutes=1))
    exported(world, times)
    world.now = START + timedelta(hours=1)
    changed(world, "linux/a", "next")
    world.run(pass_time=timedelta(minutes=1))
    lines = history_text(updates(2), exported(world, times)).splitlines()
    assert lines[0] == "2026-11-22 08:00 update succeeded in 90 s: 4 create (commit 0)"
    assert lines[1].startswith("    linux/a 20261122.1: ")
    assert "base 1.2.3, commit c0ffee" in lines[1]
    assert lines[1].endswith("; delivered to team")
    assert lines[2] == "2026-11-22 09:00 update succeeded in 90 s: no changes (commit 1)"
    assert lines[3].startswith("    linux/a 20261122.2: ")
    assert len(lines) == 4


def test_one_image_leaves_out_the_updates_without_it() -> None:
    world = dev("linux/a", "linux/b")
    world.run(pass_time=timedelta(minutes=1))
    text = history_text(updates(3), exported(world, {}), "linux/b")
    assert len(text.splitlines()) == 2
    assert "linux/a" not in text


def test_what_is_older_than_the_history_comes_first() -> None:
    world = dev("linux/a")
    world.run(pass_time=timedelta(minutes=1))
    text = history_text(updates(2)[:1], exported(world, {}))
    assert text.splitlines()[0] == "before what the stack's history holds"


def test_no_history_at_all() -> None:
    assert history_text([], {"deployment": {}}) == "Nothing happened yet."


def test_a_failed_verification_is_told_with_its_reason() -> None:
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", verify=[])
    world.run(unverified={"linux/a"})
    text = history_text(updates(1), exported(world, {}))
    assert "attempt 1 began to verify it" in text
    assert "failed: verification failed: E42" in text


def test_a_command_line_knows_that_a_version_failed_and_when_but_not_why() -> None:
    """The engine gives whoever exports a state no secrets, in the form of a mapping."""
    world = dev("linux/a")
    world.images["linux/a"] = image("linux/a", verify=[], keepFailed="3d")
    world.run(unverified={"linux/a"})
    said = next(iter(world.ledger.held.values())).failure
    (failed,) = [urn for urn in world.resources if urn.endswith("/failed")]
    hidden = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    world.resources[failed]["outputs"] = {"output": {**hidden, "ciphertext": "v1:xyz"}}
    known = next(iter(world.ledger.held.values())).failure
    assert said is not None
    assert known is not None
    assert known.at == said.at
    text = history_text(updates(1), exported(world, {}))
    assert "failed: why is a secret of the state" in text
