"""Makes a branch with a change of one file, and a pull request for it: a person says yes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from factory.common.errors import FactoryError
from factory.common.git import GitError, git
from factory.common.secret_mask import Mask
from factory.pipelines.pull_request import TOKENS, azure_api, github_api
from factory.pipelines.service import AZURE, GITHUB, Service
from factory.plan.reports.markdown import cell

_WHAT = "the pull request"
_SECONDS = 120.0


@dataclass(frozen=True)
class Proposal:
    """A change that somebody is to say yes to; ``base`` is the branch that it is for."""

    title: str
    body: str
    base: str


def propose(service: Service, file: Path, proposal: Proposal, now: datetime) -> tuple[int, str]:
    """Commit the changed file to a branch of its own, push it, and open a pull request.

    Gives its number and address. Raises :class:`FactoryError`, also where a token of this job would
    be read by everybody.
    """
    _check_for_tokens(service, proposal)
    if service.form not in (GITHUB, AZURE):
        msg = "neither GitHub nor Azure DevOps runs this -> commit the changed file yourself"
        raise FactoryError(msg)
    stem = re.sub(r"[^a-z0-9]+", "-", proposal.title.lower()).strip("-")[:60]
    branch = f"image-factory/{stem}-{now:%Y%m%d%H%M%S}"
    who = ("-c", "user.name=image-factory", "-c", "user.email=image-factory@users.noreply")
    message = ("-m", proposal.title, "-m", proposal.body)
    try:
        git(file.parent, "checkout", "-q", "-b", branch, seconds=_SECONDS)
        words = (*who, "commit", "-q", *message, "--", file.name)
        git(file.parent, *words, seconds=_SECONDS)
        git(file.parent, "push", "-q", "origin", f"HEAD:refs/heads/{branch}", seconds=_SECONDS)
    except GitError as error:
        msg = f"the branch {branch}: {error}"
        raise FactoryError(msg) from None
    opened = _on_github if service.form == GITHUB else _on_azure
    return opened(service, branch, proposal)


def _check_for_tokens(service: Service, proposal: Proposal) -> None:
    """Refuse a text in which the service filled in a secret: $(System.AccessToken), say."""
    secrets = [service.variables[name] for name in TOKENS if service.variables.get(name)]
    told = f"{proposal.title}\n{proposal.body}"
    if Mask(secrets)(told) != told:
        msg = "the text has a token of this job in it -> write it without $( ) and ${{ }}"
        raise FactoryError(msg)


def _on_github(service: Service, branch: str, proposal: Proposal) -> tuple[int, str]:
    api, repository = github_api(service, _WHAT)
    content = {"title": proposal.title, "body": cell(proposal.body), "base": proposal.base}
    with api:
        found = api.call("POST", f"{repository}/pulls", {**content, "head": branch})
    return int(found["number"]), str(found["html_url"])


def _on_azure(service: Service, branch: str, proposal: Proposal) -> tuple[int, str]:
    api, repository = azure_api(service, _WHAT)
    content = {
        "sourceRefName": f"refs/heads/{branch}",
        "targetRefName": f"refs/heads/{proposal.base}",
        "title": proposal.title,
        "description": cell(proposal.body),
    }
    with api:
        found = api.call("POST", f"{repository}/pullrequests?api-version=7.1", content)
    number = int(found["pullRequestId"])
    return number, f"{service.variables.get('BUILD_REPOSITORY_URI', '')}/pullrequest/{number}"
