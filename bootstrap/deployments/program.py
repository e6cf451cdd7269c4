"""The program: one file per stack, as the resources that Pulumi Cloud has for it."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_pulumiservice as cloud

from bootstrap.access import read_stacks, sources
from bootstrap.deployments.file import DeployFile, DeploySettings, check, read_deploy_file
from factory.common.errors import FactoryError, Problems


def run(folder: Path) -> None:
    """Declare every stack's settings and schedules; ``folder`` is where the files are.

    Raises :class:`pulumi.RunError`, one line per problem, before anything is declared.
    """
    own = pulumi.Config()
    organization, project = own.get("organization"), own.get("project") or "image-factory"
    problems = Problems()
    place = f"Pulumi.{pulumi.get_stack()}.yaml"
    names = own.get_object("stacks")
    if not organization:
        problems.error(place, "image-factory-deployments:organization is required")
    if not (isinstance(names, list) and names and all(isinstance(each, str) for each in names)):
        problems.error(place, "image-factory-deployments:stacks: expected a list such as [dev]")
        names = []
    found = {name: read_deploy_file(folder, name, problems) for name in names}
    factory = read_stacks(folder, names, problems)
    for name, file in found.items():
        if file is not None and name in factory:
            check(name, file, factory[name], problems)
    try:
        problems.raise_if_any("The deployment settings have errors")
    except FactoryError as error:
        raise pulumi.RunError(str(error)) from None
    where = (str(organization), project)
    made = {name: StackDeployments(name, where, file) for name, file in found.items() if file}
    for name, file in found.items():
        if file is not None and file.after_sources:
            for source in sources(factory[name]):
                _follow(where, source, name, made[name])


class StackDeployments(pulumi.ComponentResource):
    """How Pulumi Cloud runs one stack, and when."""

    def __init__(self, stack: str, where: tuple[str, str], file: DeployFile) -> None:
        super().__init__("imagefactory:bootstrap:Deployments", stack)
        organization, project = where
        settings = file.settings
        self.settings = cloud.DeploymentSettings(
            f"{stack}/settings",
            organization=organization,
            project=project,
            stack=stack,
            source_context=cloud.DeploymentSettingsSourceContextArgs(
                git=cloud.DeploymentSettingsGitSourceArgs(
                    branch=settings.source_context.git.branch,
                    repo_dir=settings.source_context.git.repo_dir,
                )
            ),
            github=_github(settings),
            executor_context=_executor(settings),
            operation_context=_operation(settings),
            opts=pulumi.ResourceOptions(parent=self),
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.settings])
        for index, schedule in enumerate(file.schedules):
            cloud.DeploymentSchedule(
                f"{stack}/schedule/{index}",
                organization=organization,
                project=project,
                stack=stack,
                schedule_cron=schedule.cron,
                pulumi_operation=cloud.PulumiOperation(schedule.operation.value),
                opts=after,
            )
        if file.drift:
            cloud.DriftSchedule(
                f"{stack}/drift",
                organization=organization,
                project=project,
                stack=stack,
                schedule_cron=file.drift.cron,
                auto_remediate=file.drift.remediate,
                opts=after,
            )
        self.register_outputs({})


def _follow(where: tuple[str, str], source: str, stack: str, made: StackDeployments) -> None:
    """Let Pulumi Cloud run `up` of a stack whenever one that it reads has run.

    After one that failed too: the other images were released all the same.
    """
    organization, project = where
    home, _, short = source.rpartition("/")
    cloud.Webhook(
        f"{stack}/after/{short}",
        organization_name=organization,
        project_name=home.rpartition("/")[2] or project,
        stack_name=short,
        display_name=f"{stack} follows {short}",
        format=cloud.WebhookFormat.PULUMI_DEPLOYMENTS,
        payload_url=f"{project}/{stack}",
        filters=[cloud.WebhookFilters.UPDATE_SUCCEEDED, cloud.WebhookFilters.UPDATE_FAILED],
        active=True,
        # What is started has to have its settings.
        opts=pulumi.ResourceOptions(parent=made, depends_on=[made.settings]),
    )


def _github(settings: DeploySettings) -> cloud.DeploymentSettingsGithubArgs | None:
    github = settings.git_hub
    if github is None:
        return None
    return cloud.DeploymentSettingsGithubArgs(
        repository=github.repository,
        deploy_commits=github.deploy_commits,
        preview_pull_requests=github.preview_pull_requests,
        pull_request_template=github.pull_request_template,
        paths=list(github.paths),
    )


def _executor(settings: DeploySettings) -> cloud.DeploymentSettingsExecutorContextArgs | None:
    executor = settings.executor_context
    if executor is None:
        return None
    reference = executor.executor_image.reference
    return cloud.DeploymentSettingsExecutorContextArgs(executor_image=reference)


def _operation(settings: DeploySettings) -> cloud.DeploymentSettingsOperationContextArgs:
    operation = settings.operation_context
    azure, options = operation.oidc.azure, operation.options
    return cloud.DeploymentSettingsOperationContextArgs(
        pre_run_commands=list(operation.pre_run_commands),
        environment_variables=dict(operation.environment_variables),
        oidc=cloud.OperationContextOIDCArgs(
            azure=cloud.AzureOIDCConfigurationArgs(
                client_id=azure.client_id,
                tenant_id=azure.tenant_id,
                subscription_id=azure.subscription_id,
            )
        ),
        options=cloud.OperationContextOptionsArgs(
            skip_install_dependencies=options.skip_install_dependencies,
            skip_intermediate_deployments=options.skip_intermediate_deployments,
            delete_after_destroy=options.delete_after_destroy,
            shell=options.shell,
        ),
    )
