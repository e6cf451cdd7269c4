"""The identities of the pipelines: what they believe, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

import pulumi
from pulumi_azure_native import authorization, managedidentity

from bootstrap.access import Right
from bootstrap.settings import Operator, Settings
from bootstrap.state import State
from bootstrap.trust import Trust

# Roles that Azure brings along, by the ids that they have everywhere.
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
# Roles of our own: Key Vault Crypto User may also change a key, or take it out of use.
DECRYPTER, ENCRYPTER = "Image Factory Secrets Reader", "Image Factory Secrets"
_KEY = "Microsoft.KeyVault/vaults/keys"
_DECRYPTS = (f"{_KEY}/read", f"{_KEY}/decrypt/action")
_OWN_ROLES = {
    "decrypter": (DECRYPTER, "Decrypts the secrets in a state", _DECRYPTS),
    "encrypter": (
        ENCRYPTER,
        "Encrypts and decrypts the secrets in a state",
        (*_DECRYPTS, f"{_KEY}/encrypt/action"),
    ),
}


@dataclass(frozen=True)
class Shared:
    """What all identities have in common; ``roles`` are the ids of all roles, by name.

    ``groups`` are those that are made here, before anything is assigned on them.
    """

    settings: Settings
    state: State
    roles: Mapping[str, pulumi.Input[str]]
    groups: Sequence[pulumi.Resource] = ()


def secrets_roles(settings: Settings) -> dict[str, pulumi.Input[str]]:
    """Declare the roles of those who use a key of the state, and never change one; ids by name."""
    scope = f"/subscriptions/{settings.subscription_id}"
    return {
        name: authorization.RoleDefinition(
            label,
            role_definition_id=str(uuid5(NAMESPACE_URL, f"{scope}/{name}")),
            role_name=name,
            role_type="CustomRole",
            description=f"{about}: assigned on the key of that state.",
            scope=scope,
            assignable_scopes=[scope],
            permissions=[authorization.PermissionArgs(data_actions=list(actions))],
        ).id
        for label, (name, about, actions) in _OWN_ROLES.items()
    }


class PipelineIdentity(pulumi.ComponentResource):
    """A managed identity that no secret opens: tokens of the CI are exchanged for Azure's.

    ``own`` is the stack whose state it writes, if any, ``reads`` those whose state it reads,
    ``decrypts`` whether with their secrets; the rights in Azure are those of the factory.
    """

    def __init__(
        self,
        name: str,
        shared: Shared,
        trusts: Sequence[Trust],
        rights: Sequence[Right],
        *,
        own: str | None = None,
        reads: Sequence[str] = (),
        decrypts: bool = False,
    ) -> None:
        super().__init__("imagefactory:bootstrap:Identity", name)
        self._name, self._shared = name, shared
        settings = shared.settings
        # Who recreates an identity changes its ids: every variable in every pipeline is wrong then.
        made = managedidentity.UserAssignedIdentity(
            f"{name}/identity",
            resource_name_=f"id-image-factory-{name}",
            resource_group_name=shared.state.group.name,
            location=settings.region,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.client_id: pulumi.Output[str] = made.client_id
        self.principal_id: pulumi.Output[str] = made.principal_id
        self._believe(made, trusts)
        for right in rights:
            self._may(right.role.name.lower(), right.scope, shared.roles[right.role.value])
        places = shared.state.places
        if own is not None:
            self._may("own state", places[own].container.id, _built_in(settings, BLOB_CONTRIBUTOR))
            self._may("own secrets", places[own].key.id, shared.roles[ENCRYPTER])
        for stack in reads:
            at = places[stack].container.id
            self._may(f"state of {stack}", at, _built_in(settings, BLOB_READER))
            if decrypts:
                self._may(f"secrets of {stack}", places[stack].key.id, shared.roles[DECRYPTER])
        self.register_outputs({"clientId": self.client_id, "principalId": self.principal_id})

    def _believe(
        self, identity: managedidentity.UserAssignedIdentity, trusts: Sequence[Trust]
    ) -> None:
        last: list[pulumi.Resource] = []
        for trust in trusts:
            made = managedidentity.FederatedIdentityCredential(
                f"{self._name}/{trust.name}",
                federated_identity_credential_resource_name=trust.name,
                resource_name_=identity.name,
                resource_group_name=self._shared.state.group.name,
                issuer=trust.issuer,
                subject=trust.subject,
                audiences=[trust.audience],
                # Azure refuses two at once below one identity.
                opts=pulumi.ResourceOptions(parent=self, depends_on=last),
            )
            last = [made]

    def _may(self, what: str, scope: pulumi.Input[str], role: pulumi.Input[str]) -> None:
        suffix = "" if not isinstance(scope, str) else f"/{uuid5(NAMESPACE_URL, scope).hex[:8]}"
        label = f"{self._name}/{what}{suffix}"
        who = (self.principal_id, "ServicePrincipal")
        opts = pulumi.ResourceOptions(parent=self, depends_on=list(self._shared.groups))
        assign(label, who, scope, role, opts)


def let_operate(operator: Operator, shared: Shared) -> None:
    """Declare what somebody needs who works with the state by hand."""
    settings, state = shared.settings, shared.state
    who = (operator.id, operator.type.value)
    for name, place in {"": state.own, **state.places}.items():
        label = f"operators/{operator.id}/state{f' of {name}' if name else ''}"
        assign(label, who, place.container.id, _built_in(settings, BLOB_CONTRIBUTOR))
    # On the vault: all keys that are there, and those of stacks to come.
    assign(f"operators/{operator.id}/secrets", who, state.vault.id, shared.roles[ENCRYPTER])


def assign(
    label: str,
    who: tuple[pulumi.Input[str], str],
    scope: pulumi.Input[str],
    role: pulumi.Input[str],
    opts: pulumi.ResourceOptions | None = None,
) -> None:
    """Declare a role assignment to a principal of a kind; its name is the same in every run."""
    # Azure changes neither who nor what in place.
    replaced = pulumi.ResourceOptions(
        replace_on_changes=["principalId", "roleDefinitionId"], delete_before_replace=True
    )
    authorization.RoleAssignment(
        label,
        role_assignment_name=pulumi.Output.from_input(scope).apply(
            lambda found: str(uuid5(NAMESPACE_URL, f"{found.lower()}|{label}"))
        ),
        scope=scope,
        principal_id=who[0],
        principal_type=who[1],
        role_definition_id=role,
        opts=pulumi.ResourceOptions.merge(opts, replaced),
    )


def _built_in(settings: Settings, role: str) -> str:
    base = f"/subscriptions/{settings.subscription_id}/providers/Microsoft.Authorization"
    return f"{base}/roleDefinitions/{role}"
