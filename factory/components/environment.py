"""A lab environment: an ARM template of the lab's repository, deployed by the lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pulumi
from pulumi_azure_native import devtestlab

from factory.azure.client import ArmError
from factory.components.gates import RefusedError, gate
from factory.components.run_context import Run
from factory.definitions.definition import SecretRef
from factory.settings.environments import LabEnvironment

_USER_WITHIN = timedelta(minutes=10)
_GONE_WITHIN = timedelta(hours=2)


class Environment(pulumi.ComponentResource):
    """One environment in one lab. A changed one has another name in Azure, and is replaced."""

    def __init__(
        self,
        run: Run,
        spec: LabEnvironment,
        secrets: Mapping[str, pulumi.Output[str]],
        ready: Sequence[pulumi.Resource] = (),
        replaced: str | None = None,
    ) -> None:
        """Declare it; ``replaced`` is the id of what has to go before it is made."""
        super().__init__("imagefactory:index:Environment", spec.logical_name, {})
        lab = run.settings.lab_named(spec.lab)
        lab_id = run.lab_id(lab)
        self._run, self._user_id = run, f"{lab_id}/users/{spec.user}"
        self._replaced = replaced
        parameters = [
            devtestlab.ArmTemplateParameterPropertiesArgs(
                name=name, value=secrets[value.secret] if isinstance(value, SecretRef) else value
            )
            for name, value in sorted(spec.parameters.items())
        ]
        devtestlab.Environment(
            spec.logical_name,
            name=spec.azure_name,
            lab_name=lab.name,
            resource_group_name=lab.resource_group,
            user_name=spec.user,
            location=getattr(lab, "region", run.settings.region),
            deployment_properties=devtestlab.EnvironmentDeploymentPropertiesArgs(
                arm_template_id=f"{lab_id}/artifactsources/{spec.source}/armtemplates/{spec.template}",
                parameters=parameters,
            ),
            tags=run.own_tags,
            opts=self._options(run, spec, ready),
        )
        self.register_outputs({})

    async def _owner_known(self) -> None:
        """A lab user that was never in the lab is unknown to it, and can own nothing."""
        try:
            await self._run.waiter.user_known(self._user_id, _USER_WITHIN)
        except ArmError as error:
            raise RefusedError(str(error)) from None

    async def _room(self) -> None:
        """Delete the one that is replaced, where its template has names that exist only once."""
        if self._replaced is None:
            return
        try:
            await self._run.waiter.gone(self._replaced, _GONE_WITHIN)
        except ArmError as error:
            raise RefusedError(str(error)) from None

    def _options(
        self, run: Run, spec: LabEnvironment, ready: Sequence[pulumi.Resource]
    ) -> pulumi.ResourceOptions:
        # The provider would delete first: for it, what is in a lab has a fixed name. With
        # continue-on-error an engine never ends whose delete half was refused: the gate deletes.
        options = pulumi.ResourceOptions(
            parent=self,
            hooks=gate(f"{spec.logical_name} may be made", self._owner_known, self._room),
            depends_on=list(ready),
            delete_before_replace=False,
            # `@me` is someone else in the pipeline than at a desk; the owner stays who it was.
            # It stays where it was made, wherever the settings now say that its lab is.
            ignore_changes=["location", *(["userName"] if spec.user == "@me" else [])],
            additional_secret_outputs=["deploymentProperties"] if spec.secrets else None,
        )
        spelled = (spec.lab, spec.user, spec.azure_name)
        adopted = pulumi.ResourceOptions(**run.adoption(spec.logical_name, *spelled))
        return pulumi.ResourceOptions.merge(options, adopted)
