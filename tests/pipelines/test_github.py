"""Every script of the workflows, run for real for each trigger: nobody signs in by a secret."""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.harness import PROD, lab_path
from tests.e2e.test_main_job import catalogue
from tests.pipelines.agent import Job, Repository
from tests.pipelines.github import GitHub


def only(jobs: list[Job], name: str) -> Job:
    return next(job for job in jobs if job.name == name)


@pytest.mark.timeout(900)  # a whole life: two dozen jobs, one after another
def test_every_trigger_of_the_workflows(repository: Repository) -> None:
    github, service, factory = GitHub(repository), repository.standin, repository.factory
    github.secrets["IMAGE_FACTORY_WEBHOOK"] = f"{service.url}/chat"

    # main moves: the building stack, cut off with its agent in the middle of the build.
    jobs = github.run("factory.yml", "push", cut_off=lambda: bool(factory.build_vms()))
    assert not only(jobs, "dev").ok
    # The next night goes on with the very build, and prod receives from it.
    jobs = github.run("factory.yml", "schedule")
    assert [job.name for job in jobs] == ["dev", "prod"]
    log = "\n".join(job.log() for job in jobs)
    assert all(job.ok for job in jobs), log
    assert "releasing the lock of" in only(jobs, "dev").step("ci run").output, log
    assert len(factory.holding("team-web")) == len(factory.holding("finance")) == 1
    kept = {path.name for path in (repository.path / ".ci-out").iterdir()}
    assert {f"dev.{kind}" for kind in ("log", "plan.json", "catalogue.json")} <= kept
    # A pull request: checked, previewed, one comment that is updated and not repeated.
    repository.git("checkout", "-q", "-b", "another")
    repository.define("linux/base", artifacts=["linux-java", "linux-install-nodejs"])
    jobs = github.run("pull-request.yml", "pull_request")
    assert [job.name for job in jobs if not job.ok] == [], "\n".join(job.log() for job in jobs)
    (comment,) = service.comments[7]
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
    (job,) = github.run("watch.yml", "schedule")
    assert "result: nothing-due" in job.step("ci watch").output, job.log()
    assert service.messages == []
    image = factory.holding("finance")[0]
    delete_image(repository, image)
    (job,) = github.run("watch.yml", "schedule")
    assert job.ok, job.log()
    assert "::warning title=Image factory::prod: by hand: linux/base@" in job.log()
    assert "lab/finance is gone" in json.dumps(service.messages[-1])
    assert f"{service.url}/chat" not in job.log()

    for token in service.tokens:
        assert token not in log
    # Only the agent that was taken away could not remove its token, which is good for minutes.
    assert len(list(repository.root.glob("image-factory-*"))) == 1


@pytest.mark.timeout(900)
def test_wishes_by_hand(repository: Repository) -> None:
    github, service, factory = GitHub(repository), repository.standin, repository.factory
    github.secrets["IMAGE_FACTORY_WEBHOOK"] = f"{service.url}/chat"
    for stack in ("dev", "prod"):
        factory.must_up(stack)
    (version,) = catalogue(factory)["linux/base"]

    # By hand: a revocation of the only version becomes a pull request with its preview, which
    # says that a guard would stop it; merged all the same, the run stops and changes nothing.
    wish = {"what": "revoke", "stack": "dev", "image": "linux/base"}
    wish |= {"version": version, "reason": "it phones home"}
    (job,) = github.run("by-hand.yml", "workflow_dispatch", wish)
    assert service.pulls[-1]["title"] == f"Revoke linux/base {version} in dev", job.log()
    (comment,) = service.comments[101]
    assert "last good version" in comment["body"], comment["body"]
    assert "**stopped**" in comment["body"]
    repository.merge()
    jobs = github.run("factory.yml", "push")
    failed = only(jobs, "dev").step("ci run")
    assert failed.code == 4
    assert "::error title=Image factory::dev: image-factory:revoke:" in failed.output
    assert len(factory.holding("team-web")) == 1
    assert "dev did not come out well" in json.dumps(service.messages[-2:])

    # A rebuild, asked for by hand, brings the good version that the guard wants to see first.
    repository.git("revert", "--no-edit", "HEAD")
    repository.git("push", "-q", "origin", "main")
    wish = {"what": "rebuild", "stack": "dev", "image": "linux/base", "version": "", "reason": ""}
    (job,) = github.run("by-hand.yml", "workflow_dispatch", wish)
    assert job.ok, job.log()
    assert service.pulls[-1]["title"] == "Rebuild linux/base in dev"
    assert "nothing is due" in service.comments[102][0]["body"]
    repository.merge()
    # The rehearsal's clock runs ahead of the agent's, whose hour was written down.
    file = repository.path / "Pulumi.dev.yaml"
    now = str(factory.control().control("GET", "clock")["now"])[:16]
    file.write_text(re.sub(r'(linux/base: )"[^"]+"', rf'\1"{now}"', file.read_text()))
    repository.commit("by Azure's clock")
    jobs = github.run("factory.yml", "push")
    assert all(each.ok for each in jobs), "\n".join(each.log() for each in jobs)
    assert len(factory.holding("team-web")) == 2
    # Rolled back in one stack: its labs get the old version, the others keep the new one.
    wish = {"what": "roll-back", "stack": "prod", "image": "linux/base"}
    (job,) = github.run(
        "by-hand.yml", "workflow_dispatch", {**wish, "version": version, "reason": ""}
    )
    assert job.ok, job.log()
    assert f'linux/base: "{version}"' in (repository.path / "Pulumi.prod.yaml").read_text()


def delete_image(repository: Repository, image: str) -> None:
    path = f"{lab_path(PROD, 'finance')}/customimages/{image}"
    repository.factory.arm("DELETE", path)
    repository.factory.until(lambda: image not in repository.factory.holding("finance"))
