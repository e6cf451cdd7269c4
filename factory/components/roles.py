"""The factory's roles as Azure role definitions; made once, by somebody who may."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

import pulumi
from pulumi_azure_native import authorization

from factory.azure.roles import Role, actions_of


def role_id(role: Role, subscriptions: Sequence[str]) -> str:
    """Give the id in Azure of a role that was made for these subscriptions: the first one's."""
    home = f"/subscriptions/{subscriptions[0]}/providers"
    return f"{home}/Microsoft.Authorization/roleDefinitions/{_guid(role, subscriptions)}"


def _guid(role: Role, subscriptions: Sequence[str]) -> str:
    # Role names are unique in a tenant, and so is this id: the same in every run.
    return str(uuid5(NAMESPACE_URL, f"/subscriptions/{subscriptions[0]}/{role.value}"))


class Roles(pulumi.ComponentResource):
    """One role definition per :class:`Role`, assignable in all subscriptions of the factory.

    Apart from the stacks: who runs them must not be able to widen what they may do.
    """

    def __init__(
        self,
        name: str,
        subscriptions: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("imagefactory:index:Roles", name, {}, opts)
        scopes = [f"/subscriptions/{subscription}" for subscription in subscriptions]
        self.ids: dict[str, pulumi.Output[str]] = {}
        for role in Role:
            made = authorization.RoleDefinition(
                f"{name}/{role.name.lower()}",
                role_definition_id=_guid(role, subscriptions),
                role_name=role.value,
                role_type="CustomRole",
                description=role.purpose,
                scope=scopes[0],
                assignable_scopes=scopes,
                permissions=[authorization.PermissionArgs(actions=actions_of(role))],
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.ids[role.value] = made.id
        self.register_outputs({"ids": self.ids})


def program() -> None:
    """Declare the roles for the subscriptions in the configuration of this project.

    Raises :class:`pulumi.RunError` in one line if there are none.
    """
    subscriptions = pulumi.Config().get_object("subscriptions") or []
    if not isinstance(subscriptions, list) or not all(
        isinstance(each, str) and each for each in subscriptions
    ):
        subscriptions = []
    if not subscriptions:
        msg = "image-factory-roles:subscriptions: expected a list of subscription ids"
        raise pulumi.RunError(msg)
    pulumi.export("roles", Roles("roles", subscriptions).ids)
