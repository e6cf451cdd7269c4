"""The program: read, check, declare."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi_azure_native import Provider, authorization, resources
from pydantic.alias_generators import to_snake

from bootstrap import access, trust
from bootstrap.commands import Made, commands
from bootstrap.identities import PipelineIdentity, Shared, let_operate, secrets_roles
from bootstrap.settings import NAMESPACE, PREVIEW, Settings, parse
from bootstrap.state import State
from factory.azure.api_versions import api_of
from factory.azure.client import ArmClient, ArmError
from factory.azure.cloud import find_cloud, find_credential, provider_lookup
from factory.azure.roles import Role
from factory.common.errors import FactoryError, Problems
from factory.components.roles import Roles, role_id
from factory.settings.stack import Settings as Factory
from factory.settings.stack_file import PROVIDER_KEYS
from factory.settings.stack_levels import below, level_fault

Look = Callable[[str], Mapping[str, Any] | None]
MADE_HERE = "image-factory-bootstrap"
"""The tag of a group that this program made: it is there in the next run, and still declared."""
_TEXTS = ("resourceGroup", "storageAccount", "redundancy", "container", "keyVault", "key")
_ALL_DISKS = (
    "its lab makes a resource group for each VM, so its role for disks is assigned in the whole "
    "subscription -> name one group for all VMs of the lab: factoryLab.vmResourceGroup"
)
_OBJECTS = ("stacks", "operators", "github", "azureDevOps", "pulumiDeployments")


def run(folder: Path, look: Look | None = None) -> None:
    """Declare everything; ``folder`` is where the factory's stack files are.

    ``look`` gives what stands in Azure, None for nothing; ARM is asked if it is not given.
    Raises :class:`pulumi.RunError`, one line per problem, before anything is declared.
    """
    try:
        settings, stacks = _read(folder)
        look = functools.cache(look or _in_azure())
        made = {group: at for group, at in access.groups(stacks).items() if _is_ours(look(group))}
        known = {group.lower() for group in made}
        wanted = {name: access.rights(name, stacks) for name in settings.stacks}
        parted = {
            name: access.split(
                found, lambda scope: scope.lower() in known or look(scope) is not None
            )
            for name, found in wanted.items()
        }
    except (FactoryError, ArmError) as error:
        raise pulumi.RunError(str(error)) from None
    for name, (now, later) in parted.items():
        for right in later:
            pulumi.warn(
                f"{name}: {right.scope} is not there yet, so {right.role.value} is not assigned "
                "on it -> run this again once it is made"
            )
        for right in now:
            if right.role is Role.DISKS and "/resourceGroups/" not in right.scope:
                pulumi.warn(f"{name}: {_ALL_DISKS}")
    _declare(settings, stacks, {name: now for name, (now, _) in parted.items()}, made)


def _is_ours(group: Mapping[str, Any] | None) -> bool:
    """Tell whether a group is for this program to make, or made by it: not one of a stack's own."""
    return group is None or (group.get("tags") or {}).get(MADE_HERE) == pulumi.get_stack()


def _read(folder: Path) -> tuple[Settings, dict[str, Factory]]:
    problems = Problems()
    place = f"Pulumi.{pulumi.get_stack()}.yaml"
    settings = parse(_raw(), place, problems)
    stacks: dict[str, Factory] = {}
    if settings is not None:
        trust.check(settings, place, problems)
        stacks = access.read_stacks(folder, settings.stacks, problems)
        home = settings.subscription_id
        for name, here in below(home, stacks).items():
            problems.error(f"{place}: azure-native:subscriptionId", *level_fault(name, here, home))
    problems.raise_if_any("The bootstrap's settings have errors")
    if settings is None:
        raise AssertionError
    return settings, stacks


def _raw() -> dict[str, Any]:
    own, provider = pulumi.Config(NAMESPACE), pulumi.Config("azure-native")
    raw: dict[str, Any] = {name: own.get(name) for name in _TEXTS}
    raw |= {name: own.get_object(name) for name in _OBJECTS}
    raw["makeRoles"] = own.get("makeRoles")
    raw["region"] = provider.get("location")
    raw["subscriptionId"] = provider.get("subscriptionId")
    return {name: value for name, value in raw.items() if value not in (None, "")}


def _in_azure() -> Look:
    @functools.cache
    def client() -> ArmClient:
        lookup = provider_lookup(pulumi.Config("azure-native").get)
        cloud = find_cloud(lookup)
        return ArmClient(cloud, find_credential(lookup, cloud))

    def look(scope: str) -> Mapping[str, Any] | None:
        # Only a plain 404 is a no: whatever else goes wrong stops the run, and takes no right away.
        return client().get(scope, api_of(scope))

    return look


def _declare(
    settings: Settings,
    stacks: Mapping[str, Factory],
    rights: Mapping[str, list[access.Right]],
    groups: Mapping[str, str],
) -> None:
    tenant = authorization.get_client_config_output().tenant_id
    state = State("state", settings, settings.stacks, tenant)
    roles = {**_roles(settings, stacks), **secrets_roles(settings)}
    shared = Shared(settings, state, roles, list(_groups(settings, groups)))
    made = {
        name: PipelineIdentity(
            name,
            shared,
            trust.trusts(settings, name),
            rights[name],
            own=name,
            reads=access.source_names(stacks[name]),
        )
        for name in settings.stacks
    }
    made[PREVIEW] = PipelineIdentity(
        PREVIEW,
        shared,
        trust.trusts(settings, PREVIEW),
        access.looking(stacks),
        reads=settings.stacks,
        decrypts=True,
    )
    for operator in settings.operators:
        let_operate(operator, shared)
    homes = {name: stacks[name].subscription_id for name in settings.stacks}
    homes[PREVIEW] = homes[settings.stacks[0]]
    pulumi.export("tenantId", tenant)
    pulumi.export("backendUrl", state.backend_url)
    keys = {name: place.secrets_provider for name, place in state.places.items()}
    pulumi.export("secretsProvider", state.own.secrets_provider)
    pulumi.export("secretsProviders", keys)
    clients = {name: identity.client_id for name, identity in made.items()}
    pulumi.export("clientIds", clients)
    told = pulumi.Output.all(
        tenant=tenant,
        url=state.backend_url,
        own=state.own.backend_url,
        key=state.own.secrets_provider,
        keys=keys,
        clients=clients,
    ).apply(
        lambda found: commands(
            settings,
            Made(
                found["tenant"],
                found["url"],
                (found["own"], found["key"]),
                found["keys"],
                found["clients"],
                homes,
            ),
        )
    )
    pulumi.export("commands", told)


def _groups(settings: Settings, groups: Mapping[str, str]) -> Iterator[pulumi.Resource]:
    """Declare the groups that stacks are to work in; given up here, they stay in Azure."""
    elsewhere: dict[str, pulumi.ProviderResource] = {}
    for group, region in groups.items():
        _, _, subscription, _, name = group.split("/")
        provider = None
        if subscription.lower() != settings.subscription_id.lower():
            provider = elsewhere.get(subscription) or _provider(subscription)
            elsewhere[subscription] = provider
        yield resources.ResourceGroup(
            f"groups/{subscription}/{name.lower()}",
            resource_group_name=name,
            location=region,
            tags={MADE_HERE: pulumi.get_stack()},
            # What stacks say of their groups from then on is theirs.
            opts=pulumi.ResourceOptions(
                provider=provider,
                protect=True,
                retain_on_delete=True,
                ignore_changes=["location", "tags"],
            ),
        )


def _provider(subscription: str) -> pulumi.ProviderResource:
    """Declare a provider that differs from the one of the settings by its subscription alone."""
    config, given = pulumi.Config("azure-native"), dict[str, Any]()
    for key in PROVIDER_KEYS - {"location", "subscriptionId"}:
        read = config.get_bool if key.startswith(("use", "disable")) else config.get_secret
        given[to_snake(key)] = read(key)
    return Provider(f"in/{subscription}", subscription_id=subscription, **given)


def _roles(settings: Settings, stacks: Mapping[str, Factory]) -> Mapping[str, pulumi.Input[str]]:
    subscriptions = access.subscriptions(stacks)
    if settings.make_roles:
        return Roles("roles", subscriptions).ids
    return {role.value: role_id(role, subscriptions) for role in Role}
