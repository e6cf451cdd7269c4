"""Wishes by hand on GitHub: each becomes a pull request with its preview; merging makes it so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from tests.e2e.test_main_job import catalogue
from tests.pipelines.agent import Repository, only, shown
from tests.pipelines.github import GitHub


@pytest.mark.timeout(1800)
def test_wishes_by_hand(repository: Repository, show: Callable[[str], None]) -> None:
    github, service, factory = GitHub(repository), repository.standin, repository.factory
    github.secrets["IMAGE_FACTORY_WEBHOOK"] = f"{service.url}/chat"
    for stack in ("dev", "prod"):
        factory.must_up(stack)
    (version,) = catalogue(factory)["linux/base"]

    # By hand: a revocation of the only version becomes a pull request with its preview, which
    # says that a guard would stop it; merged all the same, the run stops and changes nothing.
    edit = {"what": "revoke", "stack": "dev", "image": "linux/base"}
    edit |= {"version": version, "reason": "it phones home"}
    (job,) = github.run("by-hand.yml", "workflow_dispatch", edit)
    show(shown("by hand: revoke", [job]))
    assert service.pulls[-1]["title"] == f"Revoke linux/base {version} in dev", job.log()
    (comment,) = service.comments[101]
    assert "last good version" in comment["body"], comment["body"]
    assert "**stopped**" in comment["body"]
    repository.merge()
    jobs = github.run("factory.yml", "push")
    show(shown("push: a guard stops it", jobs))
    failed = only(jobs, "dev").step("ci run")
    assert failed.code == 4
    assert "::error title=Image factory::dev: image-factory:revoke:" in failed.output
    assert len(factory.holding("team-web")) == 1
    assert "dev did not come out well" in json.dumps(service.messages[-2:])

    # A rebuild, asked for by hand, brings the good version that the guard wants to see first.
    repository.git("revert", "--no-edit", "HEAD")
    repository.git("push", "-q", "origin", "main")
    edit = {"what": "rebuild", "stack": "dev", "image": "linux/base", "version": "", "reason": ""}
    (job,) = github.run("by-hand.yml", "workflow_dispatch", edit)
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
    show(shown("push: the rebuild", jobs))
    assert all(each.ok for each in jobs), "\n".join(each.log() for each in jobs)
    assert len(factory.holding("team-web")) == 2
    # Rolled back in one stack: its labs get the old version, the others keep the new one.
    edit = {"what": "roll-back", "stack": "prod", "image": "linux/base"}
    (job,) = github.run(
        "by-hand.yml", "workflow_dispatch", {**edit, "version": version, "reason": ""}
    )
    assert job.ok, job.log()
    assert f'linux/base: "{version}"' in (repository.path / "Pulumi.prod.yaml").read_text()
