"""What is still to be done by hand, ready to paste; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bootstrap.services import AzureDevOps, Deployments, GitHub
from bootstrap.settings import PREVIEW, Settings
from factory.settings.engine_command import STACK, place_name


@dataclass(frozen=True)
class Made:
    """What this program has made, as text; identities and subscriptions by their names.

    ``backend_url`` has ``{stack}`` in it, ``own`` are address and key of this program's own state,
    ``keys`` those of the secrets of each stack.
    """

    tenant: str
    backend_url: str
    own: tuple[str, str]
    keys: Mapping[str, str]
    clients: Mapping[str, str]
    subscriptions: Mapping[str, str]


def commands(settings: Settings, made: Made) -> dict[str, list[str]]:
    """Give the commands by what they set up. Nothing in them is secret."""
    found: dict[str, list[str]] = {"state": _state(settings, made)}
    if settings.github:
        found["github"] = _github(settings.github, made)
    if settings.azure_dev_ops:
        found["azureDevOps"] = _azure_dev_ops(settings.azure_dev_ops, made)
    if settings.pulumi_deployments:
        found["pulumiDeployments"] = _deployments(settings.pulumi_deployments, made)
    return found


def _state(settings: Settings, made: Made) -> list[str]:
    url, key = made.own
    found = [f"pulumi login '{url}'", f"pulumi stack init pipelines --secrets-provider '{key}'"]
    for name in settings.stacks:
        place = made.backend_url.replace(STACK, place_name(name))
        found.append(f"pulumi login '{place}'")
        found.append(f"pulumi stack init {name} --secrets-provider '{made.keys[name]}'")
    return found


def _github(github: GitHub, made: Made) -> list[str]:
    def variable(name: str, value: str, environment: str = "") -> str:
        where = f" --env {environment}" if environment else ""
        return f"gh variable set {name}{where} --repo {github.repository} --body '{value}'"

    # A job outside of any environment is given the identity that only looks.
    found = [
        variable("AZURE_TENANT_ID", made.tenant),
        variable("AZURE_CLIENT_ID", made.clients[PREVIEW]),
        variable("PULUMI_BACKEND_URL", made.backend_url),
    ]
    for name, client in made.clients.items():
        if name != PREVIEW:
            found.append(variable("AZURE_CLIENT_ID", client, name))
    return found


def _azure_dev_ops(service: AzureDevOps, made: Made) -> list[str]:
    organization = f"--organization https://dev.azure.com/{service.organization}"
    place = f"{organization} --project '{service.project}'"
    # Client ids stand in the service connections, and the task hands them to its script.
    variables = f"PULUMI_BACKEND_URL='{made.backend_url}' AZURE_TENANT_ID={made.tenant}"
    group = f"az pipelines variable-group create {place} --name image-factory --authorize true"
    return [f"{group} --variables {variables}"]


def _deployments(service: Deployments, made: Made) -> list[str]:
    return [
        f"pulumi deployment settings edit --stack {service.organization}/{service.project}/{name}"
        f" --oidc-azure-client-id {client} --oidc-azure-tenant-id {made.tenant}"
        f" --oidc-azure-subscription-id {made.subscriptions[name]}"
        for name, client in made.clients.items()
        if name != PREVIEW
    ]
