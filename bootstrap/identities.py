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
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
DECRYPTER = "Image Factory Secrets Reader"
"""A role of our own: Key Vault Crypto User may also change a key, or take it out of use."""
_DECRYPTS = (
    "Microsoft.KeyVault/vaults/keys/read",
    "Microsoft.KeyVault/vaults/keys/decrypt/action",
)


@dataclass(frozen=True)
class Shared:
    """What all identities have in common; ``roles`` are the ids of the factory's, by name."""

    settings: Settings
    state: State
    roles: Mapping[str, pulumi.Input[str]]
    decrypter: pulumi.Input[str]


def decrypter(settings: Settings) -> authorization.RoleDefinition:
    """Declare the role of those who read encrypted state, and change nothing."""
    scope = f"/subscriptions/{settings.subscription_id}"
    return authorization.RoleDefinition(
        "decrypter",
        role_definition_id=str(uuid5(NAMESPACE_URL, f"{scope}/{DECRYPTER}")),
        role_name=DECRYPTER,
        role_type="CustomRole",
        description="Decrypts the secrets in the state: assigned on the key vault of the state.",
        scope=scope,
        assignable_scopes=[scope],
        permissions=[authorization.PermissionArgs(data_actions=list(_DECRYPTS))],
    )


class PipelineIdentity(pulumi.ComponentResource):
    """A managed identity that no secret opens: tokens of the CI are exchanged for Azure's.

    ``writes`` says whether it may write state; the rights in Azure are those of the factory.
    """

    def __init__(
        self,
        name: str,
        shared: Shared,
        trusts: Sequence[Trust],
        rights: Sequence[Right],
        *,
        writes: bool,
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
        blobs = BLOB_CONTRIBUTOR if writes else BLOB_READER
        self._may("state", shared.state.container.id, _built_in(settings, blobs))
        secrets = _built_in(settings, CRYPTO_USER) if writes else shared.decrypter
        self._may("secrets", shared.state.vault.id, secrets)
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
        assign(label, who, scope, role, pulumi.ResourceOptions(parent=self))


def let_operate(operator: Operator, shared: Shared) -> None:
    """Declare what somebody needs who works with the state by hand."""
    settings, state = shared.settings, shared.state
    for what, scope, role in (
        ("state", state.container.id, BLOB_CONTRIBUTOR),
        ("secrets", state.vault.id, CRYPTO_USER),
    ):
        label = f"operators/{operator.id}/{what}"
        assign(label, (operator.id, operator.type.value), scope, _built_in(settings, role))


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
