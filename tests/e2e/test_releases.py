"""What an earlier release left behind is taken over as it is (tests/e2e/releases)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.harness import FactoryUnderTest
from tests.e2e.releases import archive
from tests.e2e.test_cli import cli
from tests.e2e.test_recover import changing
from tests.invariant import COUNT


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryUnderTest]:
    """Give a factory that is not started yet."""
    under_test = FactoryUnderTest(tmp_path)
    monkeypatch.setenv("REHEARSAL_HOME", str(under_test.home.root))
    yield under_test
    under_test.rehearsal("stop")


def urns(factory: FactoryUnderTest, stack: str) -> list[str]:
    return sorted(each["urn"] for each in factory.resources(stack))


# What a stack of an earlier release sees at its first `up`, by its logical names, and nothing else.
SINCE: dict[str, dict[str, dict[str, str]]] = {
    "cfba319": {"dev": {"factory/security-group": "create", "factory/network": "update"}},
}


def due(factory: FactoryUnderTest, stack: str) -> dict[str, str]:
    """What a plan changes, by logical name."""
    steps = json.loads(cli(factory, "plan", "--stack", stack, "--json").output)["steps"]
    return {step["resource"]: step["action"] for step in steps if step["changes"]}


@pytest.mark.parametrize("name", archive.names())
def test_a_state_of_an_earlier_release_has_nothing_due_but_what_is_new(
    bare: FactoryUnderTest, name: str
) -> None:
    release = archive.read(name)
    archive.restore(release, bare)
    written = 0
    for stack in release.stacks:
        new = SINCE.get(name, {}).get(stack, {})
        assert due(bare, stack) == new
        if new:
            # Azure takes its time, but not so much of it that anything gets old.
            bare.rehearsal("clock", "--run", "--scale", "20")
            bare.must_up(stack)
            bare.rehearsal("clock", "--freeze")
            written += len(new)
        planned = cli(bare, "plan", "--stack", stack)
        assert "Plan: nothing is due" in planned.output, planned.output
        preview = bare.preview(stack, "--expect-no-changes")
        assert preview.ok, preview.output
        made = {part for part, action in new.items() if action == "create"}
        made |= {"factory/state"} if made else set()  # what makes anything new has an id of its own
        kept = [each for each in urns(bare, stack) if each.rpartition("::")[2] not in made]
        assert kept == release.urns(stack)
        before = urns(bare, stack)
        ran = bare.up(stack, "--expect-no-changes")
        assert ran.ok, ran.output
        assert urns(bare, stack) == before
    assert len(changing(bare)) == written


def test_a_component_of_another_name_would_show(bare: FactoryUnderTest) -> None:
    """The test above can fail: a component's type is part of the URNs of all below it."""
    release = archive.read(archive.names()[-1])
    before = json.dumps(release.stacks["prod"])
    renamed = before.replace("imagefactory:index:Version", "imagefactory:index:Release")
    assert renamed != before
    stacks = {**release.stacks, "prod": json.loads(renamed)}
    archive.restore(replace(release, stacks=stacks), bare)
    told = replace(COUNT)
    with pytest.raises(AssertionError, match="the plan does not explain: create ") as unexplained:
        bare.preview("prod", "--expect-no-changes")
    assert "imagefactory:index:Version" in str(unexplained.value)
    COUNT.compared, COUNT.unexplained = told.compared, told.unexplained  # it is meant to be so
