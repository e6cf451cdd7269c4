"""Settings are written as the state spells them: another letter case is the same thing to Azure."""

from __future__ import annotations

from typing import Any

import pytest

from factory.ledger.name_in_state import as_spelled, spelled
from factory.settings.stack import Group, Settings
from tests.plan.world import World, dev, lab


def _delivered(*labs: str) -> World:
    world = dev("linux/a", labs=[lab(name) for name in labs])
    world.run()
    world.run()
    return world


def _names(settings: Settings) -> list[str]:
    return [each.name for each in settings.labs]


@pytest.mark.parametrize("written", ["Team-Web", "TEAM-WEB", "team-web"])
def test_a_lab_in_another_letter_case_is_the_lab_of_the_state(written: str) -> None:
    world = _delivered("team-web", "other")
    changed = dev("linux/a", labs=[lab(written), lab("other")]).settings
    assert _names(as_spelled(changed, world.ledger)) == ["team-web", "other"]


def test_nothing_is_due_for_another_letter_case_and_nothing_is_lost() -> None:
    world = _delivered("team-web")
    changed = dev("linux/a", labs=[lab("Team-Web")]).settings
    world.settings = as_spelled(changed, world.ledger)
    assert world.plan().nothing_due


def test_a_lab_that_the_state_has_just_so_stays() -> None:
    world = _delivered("team-web")
    named = dev("linux/a", labs=[lab("team-web"), lab("team-data")]).settings
    assert as_spelled(named, world.ledger) == named


def test_what_hangs_on_a_labs_name_follows() -> None:
    world = _delivered("team-web")
    urn = f"urn:pulumi:{world.stack}::p::azure-native:devtestlab:Environment::"
    world.resources[f"{urn}environment/team-web/shop"] = {
        "type": "azure-native:devtestlab:Environment",
        "outputs": {"name": "shop-1a2b"},
    }
    source: dict[str, Any] = {"type": "azure-native:devtestlab:ArtifactSource", "outputs": {}}
    world.resources[f"urn:pulumi:{world.stack}::p::x::factory/source/team repo"] = source
    changed = dev(
        "linux/a",
        labs=[lab("Team-Web")],
        adopt={"Team-Web": ["old"]},
        environments=[{"lab": "Team-Web", "name": "Shop", "template": "t", "user": "@me"}],
        artifactSources=[{"name": "Team Repo", "uri": "https://git.example/r", "token": "t"}],
    ).settings
    spelled = as_spelled(changed, world.ledger)
    assert [each.logical_name for each in spelled.environments] == ["environment/team-web/shop"]
    assert spelled.adopt == {"team-web": ["old"]}
    assert [each.name for each in spelled.artifact_sources] == ["team repo"]


def test_groups_and_the_factorys_own_lab_are_written_as_they_were_last_declared() -> None:
    world = _delivered("team-web")
    world.resources["urn:pulumi:dev::p::imagefactory:index:Store::factory"] = {
        "type": "imagefactory:index:Store",
        "outputs": {"group": "RG-FACTORY", "spelled": spelled(world.settings)},
    }
    changed = dev(
        "linux/a",
        labs=[{**lab("team-web"), "resourceGroup": "RG-Team-Web"}],
        resourceGroup="Rg-Factory",
        factoryLab={"name": "Factory", "resourceGroup": "RG-factory", "create": True},
        environments=[{"lab": "Factory", "name": "shop", "template": "t", "user": "@me"}],
    ).settings
    found = as_spelled(changed, world.ledger)
    assert found.model_copy(update={"environments": []}) == world.settings
    assert found.environments[0].lab == "factory"
    # A group of another name is another group, and what stops such a run says so.
    moved = changed.model_copy(update={"group": Group(name="rg-other")})
    assert as_spelled(moved, world.ledger).resource_group == "rg-other"
