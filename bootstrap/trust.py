"""Whose tokens an identity believes: issuer, subject and audience, letter by letter; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bootstrap.services import AzureDevOps, Deployments, GitHub
from bootstrap.settings import PREVIEW, Settings
from factory.common.errors import Problems

GITHUB = "https://token.actions.githubusercontent.com"
AZURE_DEV_OPS = "https://vstoken.dev.azure.com"
PULUMI = "https://api.pulumi.com/oidc"
EXCHANGE = "api://AzureADTokenExchange"
MOST = 20
"""Federated credentials that one identity can have."""


@dataclass(frozen=True)
class Trust:
    """One federated credential; ``name`` is its name in Azure."""

    name: str
    issuer: str
    subject: str
    audience: str = EXCHANGE


def trusts(settings: Settings, identity: str) -> list[Trust]:
    """Give every credential of an identity: the name of a stack, or ``preview``.

    An identity that changes things believes what ran in the environment of its stack alone, which
    the repository can tie to a branch and to an approval. Pull requests, and what runs on the
    branch outside of any environment, are believed by the one that only looks.
    """
    found: list[Trust] = []
    if settings.github:
        found += _of_github(settings.github, identity)
    if settings.azure_dev_ops:
        found += _of_azure_dev_ops(settings.azure_dev_ops, identity)
    if settings.pulumi_deployments and identity != PREVIEW:
        found += _of_deployments(settings.pulumi_deployments, identity)
    return found


def check(settings: Settings, place: str, problems: Problems) -> None:
    """Note tokens that two identities would believe: who only looks must not become another."""
    believed: dict[tuple[str, str], str] = {}
    for name in settings.names:
        for each in trusts(settings, name):
            other = believed.setdefault((each.issuer, each.subject), name)
            if other != name:
                problems.error(
                    place,
                    f"{other} and {name} would both believe {each.subject}",
                    "give each identity a connection of its own",
                )


def _of_github(github: GitHub, identity: str) -> Iterator[Trust]:
    owner, repository = github.repository.split("/")
    if github.owner_id and github.repository_id:
        owner, repository = f"{owner}@{github.owner_id}", f"{repository}@{github.repository_id}"
    start = f"repo:{owner}/{repository}"
    if identity != PREVIEW:
        yield Trust("github-environment", GITHUB, f"{start}:environment:{identity}")
        return
    yield Trust("github-pull-request", GITHUB, f"{start}:pull_request")
    yield Trust("github-branch", GITHUB, f"{start}:ref:refs/heads/{github.branch}")


def _of_azure_dev_ops(service: AzureDevOps, identity: str) -> Iterator[Trust]:
    connection = service.connections.get(identity)
    if connection is None:
        return
    if connection.issuer and connection.subject:
        yield Trust("azure-devops", connection.issuer, connection.subject)
        return
    subject = f"sc://{service.organization}/{service.project}/{connection.name}"
    yield Trust("azure-devops", f"{AZURE_DEV_OPS}/{service.organization_id}", subject)


def _of_deployments(service: Deployments, stack: str) -> Iterator[Trust]:
    start = f"pulumi:deploy:org:{service.organization}:project:{service.project}:stack:{stack}"
    for operation in service.operations:
        yield Trust(
            f"pulumi-{operation.value}",
            PULUMI,
            f"{start}:operation:{operation.value}:scope:write",
            service.organization,
        )
