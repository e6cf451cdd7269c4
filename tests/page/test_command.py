"""Where ``page`` writes, and what it takes of a run of CI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory.cli import main
from factory.cli import page as command
from factory.cli.common.options import Place
from factory.page.stack_view import StackView
from factory.pipelines.jobs import JobContext, write_outcome
from factory.pipelines.outcome import Notice, Outcome, Result
from factory.plan.reports.json_report import PLAN_SCHEMA
from tests.page.company import views
from tests.plan.world import dev

STACK_FILE = "config:\n  azure-native:location: westeurope\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two stacks, of which one can be read."""
    (tmp_path / "Pulumi.yaml").write_text("name: image-factory\nruntime: python\n")
    for stack in ("dev", "prod"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(STACK_FILE)
    world = dev("linux/a", "linux/b")
    world.run()

    def view(where: Place, ci: Path | None) -> StackView:
        if where.stack == "prod":
            return StackView("prod", trouble="it cannot be read")
        (found,) = views(world, weeks=0)
        found.job = command._job(where, ci) if ci else {}
        return found

    monkeypatch.setattr(command, "_view", view)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def test_what_is_not_of_the_site_any_more_goes_and_nothing_else(project: Path) -> None:
    site = project / "site"
    assert main(["page", "--out", "site", "--weeks", "0"]) == 0
    first = made(site)
    assert {"index.html", "images/linux--b.html", "runs/prod.html"} < first
    (site / "images" / "mine.html").write_text("mine")
    (project / "outside.html").write_text("outside")
    # A list that somebody has changed deletes nothing but what may be the site's.
    listed = json.loads((site / "data/files.json").read_text())
    listed["files"] += ["../outside.html", "images/../../outside.html", "/etc/passwd"]
    (site / "data/files.json").write_text(json.dumps(listed))
    assert main(["page", "--out", "site", "--weeks", "0", "--stack", "dev"]) == 0
    assert made(site) == (first - {"runs/prod.html", "data/runs/prod.json"}) | {"images/mine.html"}
    assert (project / "outside.html").read_text() == "outside"


def test_a_folder_of_somebody_else_is_not_written_into(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "full").mkdir()
    (project / "full" / "letter.txt").write_text("dear")
    for name in ("full", "Pulumi.yaml"):
        assert main(["page", "--out", name]) == 1
        assert "there is something else than a site" in capsys.readouterr().err
    assert made(project / "full") == {"letter.txt"}


def test_not_one_stack_that_can_be_read_is_an_error_and_the_page_says_why(project: Path) -> None:
    assert main(["page", "--out", "site", "--stack", "prod"]) == 1
    assert "it cannot be read" in (project / "site/index.html").read_text()


def test_what_a_run_of_ci_left_is_shown(project: Path) -> None:
    job = JobContext(project, project / "out", lambda _: None)
    write_outcome(job, Outcome("dev", Result.PARTLY, (Notice("error", "no room in westeurope"),)))
    step = {"action": "build", "image": "linux/a", "version": "1", "lab": None, "why": "told"}
    plan = {"schema": PLAN_SCHEMA, "steps": [step], "warnings": []}
    job.file("dev", "plan.json").write_text(json.dumps(plan))
    job.file("dev", "log").write_text("first\n" + "x" * 300_000 + "\nlast <b>")
    assert main(["page", "--out", "site", "--ci", "out", "--weeks", "0"]) == 0
    text = (project / "site/runs/dev.html").read_text()
    assert "partly-failed" in text
    assert "no room in westeurope" in text
    assert "last &lt;b&gt;" in text
    assert "first" not in text.split('id="log"')[1]
    run = json.loads((project / "site/data/runs/dev.json").read_text())
    assert run["lastPlan"]["steps"] == [step]
    overview = json.loads((project / "site/data/overview.json").read_text())
    assert ("run", "no room in westeurope") in {
        (each["kind"], each["why"]) for each in overview["attention"]
    }
