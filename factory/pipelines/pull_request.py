"""Puts the comment on its pull request: the one of an earlier run is replaced, never repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import quote

from factory.common.errors import FactoryError
from factory.pipelines.http_client import Api
from factory.pipelines.service import AZURE, GITHUB, Service

# What a job may have of its service.
TOKENS = ("GITHUB_TOKEN", "SYSTEM_ACCESSTOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
_PAGE = 100
_VERSION = "api-version=7.1"
_WHAT = "the comment on the pull request"
_CLOSED = 4  # a thread that is closed stands in nobody's way to complete the pull request


def post(service: Service, text: str, mark: str, number: int | None = None) -> str:
    """Create or update the comment that carries ``mark`` and is our own; says which was done.

    Anybody can write the mark. Whose token we have wrote it: another's comment is left alone.
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
    graph = service.variables.get("GITHUB_GRAPHQL_URL", "https://api.github.com/graphql")
    with api:
        # Of a job's token, `GET /user` is refused: it is no person's.
        found = api.call("POST", graph, {"query": "{ viewer { login } }"})
        own_login = _login(((found or {}).get("data") or {}).get("viewer"))
        for each in _pages(api, comments):
            theirs = _login(each.get("user"))
            if own_login and own_login == theirs and str(each.get("body") or "").startswith(mark):
                own = f"{repository}/issues/comments/{each['id']}"
                api.call("PATCH", own, {"body": text})
                return "updated"
        api.call("POST", comments, {"body": text})
    return "created"


def _login(user: Mapping[str, Any] | None) -> str:
    """Give a name by which a user is told from others: one interface says `[bot]`, one does not."""
    return str((user or {}).get("login") or "").removesuffix("[bot]")


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
    collection = needed(service, "SYSTEM_COLLECTIONURI", "run this in a pipeline").rstrip("/")
    with api:
        us = api.call("GET", f"{collection}/_apis/connectionData?{_VERSION}-preview")
        own_id = ((us or {}).get("authenticatedUser") or {}).get("id")
        for thread in api.call("GET", f"{threads}?{_VERSION}")["value"]:
            first: dict[str, Any] = next(iter(thread.get("comments") or ()), {})
            if thread.get("isDeleted") or not str(first.get("content") or "").startswith(mark):
                continue
            if own_id is None or (first.get("author") or {}).get("id") != own_id:
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
