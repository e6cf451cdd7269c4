"""Puts the comment on its pull request: the one of an earlier run is replaced, never repeated."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import quote

from factory.common.errors import FactoryError
from factory.pipelines.http_client import Api
from factory.pipelines.service import AZURE, GITHUB, Service

_PAGE = 100
_VERSION = "api-version=7.1"
_WHAT = "the comment on the pull request"
_CLOSED = 4  # a thread that is closed stands in nobody's way to complete the pull request


def post(service: Service, text: str, mark: str, number: int | None = None) -> str:
    """Create or update the comment that carries ``mark``; says which was done.

    ``number`` is the pull request where the run is not for one. Raises :class:`FactoryError`.
    """
    number = number or service.pull_request
    if number is None:
        msg = "this run is for no pull request -> leave --post out, or name one by --number"
        raise FactoryError(msg)
    if service.form == GITHUB:
        return _on_github(service, number, text, mark)
    if service.form == AZURE:
        return _on_azure(service, number, text, mark)
    msg = "neither GitHub nor Azure DevOps runs this -> leave --post out and use what is printed"
    raise FactoryError(msg)


def needed(service: Service, name: str, todo: str) -> str:
    """Give a variable that the service sets. Raises :class:`FactoryError` if it does not."""
    value = service.variables.get(name, "")
    if not value:
        msg = f"{name} is not set -> {todo}"
        raise FactoryError(msg)
    return value


def github_api(service: Service, what: str) -> tuple[Api, str]:
    """Give GitHub's API and the address of this repository in it. Raises FactoryError."""
    todo = "give the step `GITHUB_TOKEN: ${{ github.token }}` in its env"
    token = needed(service, "GITHUB_TOKEN", todo)
    base = service.variables.get("GITHUB_API_URL", "https://api.github.com")
    repository = needed(service, "GITHUB_REPOSITORY", "run this in a workflow")
    return Api(what, token), f"{base}/repos/{repository}"


def azure_api(service: Service, what: str) -> tuple[Api, str]:
    """Give the API of Azure DevOps and the address of this repository in it."""
    todo = "give the step `SYSTEM_ACCESSTOKEN: $(System.AccessToken)` in its env"
    return Api(what, needed(service, "SYSTEM_ACCESSTOKEN", todo)), repository_url(service)


def _on_github(service: Service, number: int, text: str, mark: str) -> str:
    """Comments of an issue, which a pull request is too. https://docs.github.com/rest/issues."""
    api, repository = github_api(service, _WHAT)
    comments = f"{repository}/issues/{number}/comments"
    with api:
        for each in _pages(api, comments):
            if str(each.get("body") or "").startswith(mark):
                own = f"{repository}/issues/comments/{each['id']}"
                api.call("PATCH", own, {"body": text})
                return "updated"
        api.call("POST", comments, {"body": text})
    return "created"


def _pages(api: Api, url: str) -> Iterator[dict[str, Any]]:
    for page in count(1):
        found = api.call("GET", f"{url}?per_page={_PAGE}&page={page}")
        yield from found
        if len(found) < _PAGE:
            return


def _on_azure(service: Service, number: int, text: str, mark: str) -> str:
    """Threads of a pull request, the first comment of which is ours."""
    api, repository = azure_api(service, _WHAT)
    threads = f"{repository}/pullRequests/{number}/threads"
    with api:
        for thread in api.call("GET", f"{threads}?{_VERSION}")["value"]:
            first: dict[str, Any] = next(iter(thread.get("comments") or ()), {})
            if thread.get("isDeleted") or not str(first.get("content") or "").startswith(mark):
                continue
            own = f"{threads}/{thread['id']}/comments/{first['id']}"
            api.call("PATCH", f"{own}?{_VERSION}", {"content": text})
            return "updated"
        first = {"parentCommentId": 0, "content": text, "commentType": 1}
        api.call("POST", f"{threads}?{_VERSION}", {"comments": [first], "status": _CLOSED})
    return "created"


def repository_url(service: Service) -> str:
    """Give the address of this repository in Azure Repos. Raises :class:`FactoryError`."""
    todo = "run this in a pipeline"
    if service.variables.get("BUILD_REPOSITORY_PROVIDER", "TfsGit") != "TfsGit":
        msg = "the repository is not in Azure Repos -> use the workflows of its own service"
        raise FactoryError(msg)
    base = needed(service, "SYSTEM_COLLECTIONURI", todo).rstrip("/")
    project = quote(needed(service, "SYSTEM_TEAMPROJECT", todo))
    return f"{base}/{project}/_apis/git/repositories/{needed(service, 'BUILD_REPOSITORY_ID', todo)}"
