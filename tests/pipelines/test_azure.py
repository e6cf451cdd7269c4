"""Every script of the pipelines of Azure DevOps, run for real for each trigger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from tests.pipelines.agent import Job, Repository, only, shown
from tests.pipelines.azure import AzureDevOps

MAIN = "azure-pipelines.yml"


def logs(jobs: list[Job]) -> str:
    return "\n".join(job.log() for job in jobs)


@pytest.mark.timeout(1800)  # a whole life: two dozen jobs, one after another
def test_every_trigger_of_the_pipelines(
    repository: Repository, show: Callable[[str], None]
) -> None:
    azure, service, factory = AzureDevOps(repository), repository.standin, repository.factory

    # main moves; the time is up in the middle of the build, which ends by itself and is no failure.
    # So late that a busy machine has begun to build, and so slow that none has ended.
    azure.overrides["runMinutes"] = "0.25"
    factory.rehearsal("clock", "--scale", "30")
    dev, plan = azure.run(MAIN, "IndividualCI")
    step = dev.step("ci run")
    show(shown("main, the time is up", [dev]))
    assert step.code == 0, logs([dev])
    assert "result: cut-off" in step.output, logs([dev])
    assert "##vso[task.logissue type=warning;]dev: the time was up" in step.output
    assert "##vso[task.setvariable variable=result;isOutput=true]cut-off" in step.output
    # What dev has not released cannot be received: there is nothing to approve.
    assert "result: not-yet" in plan.step("ci propose").output, logs([plan])
    # The next night goes on with what was begun.
    del azure.overrides["runMinutes"]
    factory.rehearsal("clock", "--scale", "600")
    pages: list[str] = []

    def read(environment: str) -> None:
        if environment == "prod":
            pages.append((repository.path / ".ci-out/prod.md").read_text())

    azure.approve = read
    jobs = azure.run(MAIN, "Schedule", schedule="Every night")
    assert [job.name for job in jobs] == ["dev", "prod, to approve", "prod"]
    show(shown("schedule, it goes on", jobs))
    assert all(job.ok for job in jobs), logs(jobs)
    # What the approver of prod is shown is what its job is handed.
    (page,) = pages
    digest = only(jobs, "prod").step("ci run").variables["APPROVAL"].partition(":")[0]
    assert f"## prod: to approve `{digest}`" in page
    assert re.search(r"(?m)^\| deliver \| linux/base \| [\d.]+ \| finance \| ", page)
    assert len(factory.holding("team-web")) == len(factory.holding("finance")) == 1
    (version,) = json.loads((repository.path / ".ci-out/dev.catalogue.json").read_text())[
        "definitions"
    ]["linux/base"]

    # A pull request: one thread, updated by the next run.
    repository.git("checkout", "-q", "-b", "another")
    repository.define("linux/base", artifacts=["linux-java", "linux-install-nodejs"])
    jobs = azure.run(MAIN, "PullRequest", pull_request=9)
    assert [job.name for job in jobs] == ["check", "preview"]
    show(shown("pull request", jobs))
    assert all(job.ok for job in jobs), logs(jobs)
    (comment,) = service.comments[9]
    assert "## Image factory: 1 to build, 1 to deliver" in comment["body"]
    repository.define("linux/base", artifacts=["linux-java"])
    jobs = azure.run(MAIN, "PullRequest", pull_request=9)
    (comment,) = service.comments[9]
    assert "## Image factory: nothing is due" in comment["body"], comment["body"]
    repository.git("checkout", "-q", "-f", "main")

    # Drift and orphans have a schedule of their own, which brings nothing up.
    (job,) = azure.run(MAIN, "Schedule", schedule="Drift and orphans")
    assert "result: nothing-due" in job.step("ci watch").output, job.log()

    # By hand: the edit becomes a pull request.
    edit = {"what": "roll-back", "stack": "prod", "image": "linux/base", "version": version}
    (job,) = azure.run(".azure/by-hand.yml", "Manual", parameters=edit)
    show(shown("by hand: roll back", [job]))
    assert job.ok, job.log()
    assert service.pulls[-1]["targetRefName"] == "refs/heads/main"
    assert service.pulls[-1]["title"] == f"Roll linux/base back to {version} in prod"
    repository.merge()
    assert f'linux/base: "{version}"' in (repository.path / "Pulumi.prod.yaml").read_text()
    assert list(repository.root.glob("image-factory-*")) == []
