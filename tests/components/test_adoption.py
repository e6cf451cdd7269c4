"""What is in Azure and not in the state is taken in as it is, under the names of the program."""

from __future__ import annotations

from factory.components.run_context import adoption

THERE = (
    "/subscriptions/s/resourcegroups/rg-x/providers/microsoft.devtestlab"
    "/labs/team-web/customimages/a-1"
)


def test_its_id_has_the_names_as_they_are_declared() -> None:
    options = adoption(THERE, "Team-Web", "A-1")
    assert options["import_"] == THERE.replace("team-web", "Team-Web").replace("a-1", "A-1")
    assert options["ignore_changes"] == ["*"]


def test_without_an_id_nothing_is_taken_in() -> None:
    assert adoption(None, "Team-Web") == {}
