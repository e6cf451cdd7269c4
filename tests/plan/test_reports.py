"""The plan as JSON and as Markdown."""

from __future__ import annotations

import json

from factory.plan.model import Action, Plan, Step
from factory.plan.reports.json_report import PLAN_SCHEMA, plan_json
from factory.plan.reports.markdown import plan_markdown
from factory.plan.reports.table import HEADS, table
from tests.plan.world import changed, dev


def test_json_has_every_step_and_says_which_change_something() -> None:
    world = dev("linux/a", "linux/b")
    world.run()
    world.run()
    changed(world, "linux/a", "next")
    plan = world.plan()
    found = json.loads(plan_json(world.inputs(), plan))
    assert found["schema"] == PLAN_SCHEMA == "image-factory/plan/1"
    assert found["stack"] == world.stack
    assert found["nothingDue"] is False
    assert [step["action"] for step in found["steps"]] == [str(step.action) for step in plan.steps]
    assert found["steps"][0] == {
        "action": "build",
        "changes": True,
        "image": "linux/a",
        "version": "20261122.2",
        "lab": None,
        "why": "definition changed: base.sku",
        "resource": "linux/a@20261122.2",
        "release": None,
        "sourceUniqueId": None,
    }
    records = {(v.identity, str(v.version)): v.record for v in plan.versions}
    kept = [step for step in found["steps"] if step["action"] == "keep"]
    assert kept
    for step in kept:
        record = records[step["image"], step["version"]]
        assert record is not None
        assert step["release"] == record.digest
    assert {step["action"] for step in found["steps"] if not step["changes"]} == {"keep", "nothing"}
    assert found["cost"]["builds"] == 1
    assert found["cost"]["storedGibAfter"] > found["cost"]["storedGibBefore"]


def test_markdown_shows_changes_and_folds_the_rest_away() -> None:
    world = dev("linux/a", "linux/b")
    world.run()
    world.run()
    changed(world, "linux/a", "next")
    plan = world.plan()
    text = plan_markdown(world.stack, plan)
    shown, folded = text.split("<details>")
    assert text.startswith(f"<!-- image-factory plan: {world.stack} -->")
    assert "| build | linux/a | 20261122.2 | - | definition changed: base.sku |" in shown
    assert "Cost: about" in shown
    assert "keep" not in shown.replace("versions kept", "")
    assert "| keep | linux/b | 20261122.1 |" in folded
    assert text.rstrip().endswith("</details>")


def test_markdown_of_a_plan_without_changes_has_no_table_in_sight() -> None:
    world = dev("linux/a")
    world.run()
    world.run()
    shown = plan_markdown(world.stack, world.plan()).split("<details>")[0]
    assert "nothing is due" in shown
    assert "|" not in shown


def test_what_others_wrote_cannot_leave_its_cell_nor_call_anybody() -> None:
    evil = "a|b <img src=x> @team #1 [x](http://y)\n| new | row | `"
    plan = Plan((), (Step(Action.REFUSE, "linux/a", "", evil),), warnings=(evil,))
    text = plan_markdown("dev", plan)
    line = next(line for line in text.splitlines() if line.startswith("| refuse"))
    assert line.replace("\\|", "").count("|") == 6
    assert "\n| new" not in text
    for dangerous in ("<img", "@team", " #1", "x]("):
        assert dangerous not in text
    assert "&#60;img" in text


def test_a_huge_plan_still_fits_into_a_comment() -> None:
    build = [Step(Action.BUILD, f"linux/{n}", "20261122.1", "x" * 60) for n in range(1000)]
    keep = [Step(Action.KEEP, f"linux/{n}", "20261122.1", "y" * 60) for n in range(1000)]
    text = plan_markdown("dev", Plan((), (*build, *keep)))
    assert len(text) < 65_536
    assert "more lines" in text
    assert text.rstrip().endswith("</details>")


def test_a_name_or_a_reason_is_no_command_to_a_terminal() -> None:
    rows = [("deliver", "linux/a", "1", "lab", "is in use by \x1b[2Jvm\r\u202e\x9b1m")]
    (_, line) = table(HEADS, rows)
    assert line.endswith("is in use by \\u001b[2Jvm\\u000d\\u202e\\u009b1m")
