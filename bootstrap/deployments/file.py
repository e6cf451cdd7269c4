"""Reads ``Pulumi.<stack>.deploy.yaml``: how Pulumi Deployments runs a stack, and when.

Under ``settings`` stands what the command line of Pulumi once read from this file, in its words;
``schedules`` and ``drift`` never were in it. Pulumi itself reads the file no more: the program
beside this module brings it to Pulumi Cloud.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, ValidationError

from bootstrap.access import sources
from bootstrap.services import Guid
from factory.common import messages
from factory.common.errors import Problems
from factory.common.fields import Strict, Switch, Text, formed
from factory.common.yaml_file import read_yaml
from factory.settings.stack import Settings as Factory

PLACEHOLDER = "00000000-0000-0000-0000-000000000000"


def _cron(text: str) -> str:
    try:
        CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError:
        msg = f"expected five fields such as 0 2 * * * (UTC), got {text!r}"
        raise ValueError(msg) from None
    return text


Cron = Annotated[str, AfterValidator(_cron)]
VariableName = Annotated[str, formed(r"^[A-Za-z_][A-Za-z0-9_]{0,99}$", "a variable's name")]


class Git(Strict):
    """Which branch is deployed; ``repoDir`` is the folder with Pulumi.yaml."""

    branch: Annotated[
        str, formed(r"^refs/heads/[A-Za-z0-9._/-]{1,200}$", "a branch as refs/heads/main")
    ]
    repo_dir: Text = "."


class SourceContext(Strict):
    """Where the program comes from."""

    git: Git


class GitHub(Strict):
    """What starts a deployment by itself; needs the Pulumi GitHub App on the repository."""

    repository: Annotated[str, formed(r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", "OWNER/REPOSITORY")]
    deploy_commits: Switch = False
    preview_pull_requests: Switch = False
    pull_request_template: Switch = False
    paths: list[Text] = []


class Image(Strict):
    """The container image that deployments run in."""

    reference: Text


class ExecutorContext(Strict):
    """What deployments run in."""

    executor_image: Image


class Azure(Strict):
    """As whom deployments sign in: what the bootstrap has made for the stack."""

    client_id: Guid
    tenant_id: Guid
    subscription_id: Guid


class Oidc(Strict):
    """Sign-in by federation alone."""

    azure: Azure


class Options(Strict):
    """Odds and ends of an operation."""

    skip_install_dependencies: Switch = False
    skip_intermediate_deployments: Switch = False
    delete_after_destroy: Switch = False
    shell: Text | None = None


class OperationContext(Strict):
    """Commands before the operation, its variables, and as whom it signs in. No secret in it."""

    pre_run_commands: list[Text] = []
    environment_variables: dict[VariableName, str] = {}
    oidc: Oidc
    options: Options = Options()


class DeploySettings(Strict):
    """What Pulumi Cloud calls the deployment settings of a stack."""

    source_context: SourceContext
    git_hub: GitHub | None = None
    executor_context: ExecutorContext | None = None
    operation_context: OperationContext


class Scheduled(StrEnum):
    """What may happen by itself. To destroy is no such thing."""

    PREVIEW = "preview"
    UPDATE = "update"
    REFRESH = "refresh"


class Schedule(Strict):
    """An operation at certain times (UTC)."""

    operation: Scheduled
    cron: Cron


class Drift(Strict):
    """When what stands in Azure is compared with the state; ``remediate`` runs `up` on a find."""

    cron: Cron
    remediate: Switch = False


class DeployFile(Strict):
    """All of one file; ``after_sources`` runs `up` whenever a stack that it reads has run."""

    settings: DeploySettings
    schedules: Annotated[list[Schedule], Field(max_length=20)] = []
    drift: Drift | None = None
    after_sources: Switch = False


def read_deploy_file(folder: Path, stack: str, problems: Problems) -> DeployFile | None:
    """Read and check a stack's file; every fault goes to ``problems``."""
    path = folder / f"Pulumi.{stack}.deploy.yaml"
    if not path.is_file():
        problems.error(path.name, f"stack {stack} has no such file", "copy that of another stack")
        return None
    read = read_yaml(path, path.name, problems)
    if read is None:
        return None
    try:
        return DeployFile.model_validate(read.data)
    except ValidationError as error:
        for fault in error.errors():
            loc = messages.where_of(fault["loc"], [read.marks])
            what, todo = messages.explained(fault, loc, DeployFile)
            named = ".".join(map(str, loc)) or path.name
            problems.error(read.place(loc), messages.said_of(named, what), todo)
    return None


def check(stack: str, file: DeployFile, factory: Factory, problems: Problems) -> None:
    """Note what cannot work: ids that nobody filled in, another subscription's, no source."""
    place = f"Pulumi.{stack}.deploy.yaml"
    if file.after_sources and not sources(factory):
        problems.error(
            place,
            f"afterSources is set, but {stack} reads no other stack",
            f"take it out; see receivesFrom and parentsFrom in Pulumi.{stack}.yaml",
        )
    azure = file.settings.operation_context.oidc.azure
    for name, value in (("clientId", azure.client_id), ("tenantId", azure.tenant_id)):
        if value == PLACEHOLDER:
            problems.error(
                place,
                f"settings.operationContext.oidc.azure.{name} is still a placeholder",
                "write what `pulumi -C bootstrap stack output` shows",
            )
    if azure.subscription_id.lower() != factory.subscription_id.lower():
        problems.error(
            place,
            f"settings.operationContext.oidc.azure.subscriptionId is {azure.subscription_id}, but "
            f"the stack is in {factory.subscription_id}",
            f"write the one of Pulumi.{stack}.yaml",
        )
