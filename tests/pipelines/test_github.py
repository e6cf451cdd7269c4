"""Every script of the workflows, run for real for each trigger: nobody signs in by a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import yaml

from tests.e2e.harness import ENGINEERING_US, PROD, lab_path
from tests.pipelines.agent import Repository, only, shown
from tests.pipelines.github import GitHub


@pytest.mark.timeout(1800)  # a whole life: two dozen jobs, one after another
def test_every_trigger_of_the_workflows(
    repository: Repository, show: Callable[[str], None]
) -> None:
    github, service, factory = GitHub(repository), repository.standin, repository.factory
    github.secrets["IMAGE_FACTORY_WEBHOOK"] = f"{service.url}/chat"

    # main moves: the building stack, cut off with its agent in the middle of the build.
    jobs = github.run("factory.yml", "push", cut_off=once(lambda: bool(factory.build_vms())))
    assert not only(jobs, "dev").ok
    # What dev has not made yet cannot be received, which is no failure of prod: nobody is asked.
    assert [job.name for job in jobs] == ["dev", "prod, to approve"]
    assert only(jobs, "prod, to approve").ok
    assert "result: not-yet" in only(jobs, "prod, to approve").step("ci propose").output
    show(shown("push, the agent of dev taken away", jobs))
    # The next night goes on with the very build, and prod is to receive from it. While its plan
    # waits for a reviewer, something else comes to be planned: that, nobody has approved.
    held = repository.path / "Pulumi.prod.yaml"
    stack_file = held.read_text()

    def more(environment: str) -> None:
        if environment == "prod":
            content = yaml.safe_load(stack_file)
            content["config"]["image-factory:labs"].append(ENGINEERING_US)
            held.write_text(yaml.safe_dump(content))

    github.approve = more
    jobs = github.run("factory.yml", "schedule")
    log = "\n".join(job.log() for job in jobs)
    assert [job.name for job in jobs] == ["dev", "prod, to approve", "prod"], log
    assert "releasing the lock of" in only(jobs, "dev").step("ci run").output, log
    assert only(jobs, "prod, to approve").ok, log
    run = only(jobs, "prod").step("ci run")
    assert run.code == 4, log
    assert re.search(
        r"::error title=Image factory::prod: this is not what was approved \(\w{12}\): "
        r"it would also deliver linux/base [\d.]+ \(engineering-us, \w{12}\) "
        r"-> nothing was changed; run the pipeline again, and approve what it proposes then\n",
        run.output,
    ), log
    show(shown("schedule, another plan than the approved one", jobs))
    assert factory.holding("finance") == []
    held.write_text(stack_file)
    # Approved as it is.
    github.approve = lambda _: show(github.summary)
    jobs = github.run("factory.yml", "schedule")
    show(shown("schedule, approved", jobs))
    log += "\n".join(job.log() for job in jobs)
    assert all(job.ok for job in jobs), log
    assert len(factory.holding("team-web")) == len(factory.holding("finance")) == 1
    kept = {path.name for path in (repository.path / ".ci-out").iterdir()}
    assert {f"dev.{kind}" for kind in ("log", "plan.json", "catalogue.json")} <= kept
    # A pull request: checked, previewed, one comment that is updated and not repeated.
    repository.git("checkout", "-q", "-b", "another")
    repository.define("linux/base", artifacts=["linux-java", "linux-install-nodejs"])
    jobs = github.run("pull-request.yml", "pull_request")
    assert [job.name for job in jobs if not job.ok] == [], "\n".join(job.log() for job in jobs)
    (comment,) = service.comments[7]
    show(shown("pull request", jobs))
    show(comment["body"])
    assert "## Image factory: 1 to build, 1 to deliver" in comment["body"], comment["body"]
    assert "| build | linux/base |" in comment["body"]
    assert "VM minutes for 1 build" in comment["body"]
    github.run("pull-request.yml", "pull_request")
    assert len(service.comments[7]) == 1
    assert "PATCH /api/repos/contoso/image-factory/issues/comments/1" in service.asked
    repository.git("checkout", "-q", "-f", "main")

    jobs = github.run("factory.yml", "schedule")
    assert "result: nothing-due" in only(jobs, "dev").step("ci run").output
    assert "prod nothing-due" in github.summary

    # The watch finds nothing; then what somebody did by hand, told to the chat, nothing saved.
    service.messages.clear()  # that prod had to wait for dev's first run
    (job,) = github.run("watch.yml", "schedule")
    assert "result: nothing-due" in job.step("ci watch").output, job.log()
    assert service.messages == []
    image = factory.holding("finance")[0]
    delete_image(repository, image)
    (job,) = github.run("watch.yml", "schedule")
    show(shown("schedule of the watch", [job]))
    assert job.ok, job.log()
    assert "::warning title=Image factory::prod: by hand: linux/base@" in job.log()
    assert "lab/finance is gone" in json.dumps(service.messages[-1])
    assert f"{service.url}/chat" not in job.log()

    for token in service.tokens:
        assert token not in log
    # Only the agent that was taken away could not remove its token, which is good for minutes.
    assert len(list(repository.root.glob("image-factory-*"))) == 1


def once(happened: Callable[[], bool]) -> Callable[[], bool]:
    """Tell of something the first time alone: one agent is taken away, and not those after it."""
    told: list[bool] = []

    def now() -> bool:
        if told or not happened():
            return False
        told.append(True)
        return True

    return now


def delete_image(repository: Repository, image: str) -> None:
    path = f"{lab_path(PROD, 'finance')}/customimages/{image}"
    repository.factory.arm("DELETE", path)
    repository.factory.until(lambda: image not in repository.factory.holding("finance"))
