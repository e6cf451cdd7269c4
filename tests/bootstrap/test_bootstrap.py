"""What the bootstrap declares: who may sign in, what they may do then, and what is protected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pulumi
import pytest
import yaml
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs

from bootstrap.identities import BLOB_CONTRIBUTOR, BLOB_READER, DECRYPTER, ENCRYPTER
from bootstrap.program import MADE_HERE, Look, run
from bootstrap.settings import NAMESPACE
from factory.azure.roles import Role, actions_of
from factory.common.errors import Problems
from factory.components.roles import role_id
from factory.settings.validation import check, find_project
from tests.components.harness import Recorder, in_loop

CHECKOUT = Path(__file__).parents[2]
DEV, PROD = "5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001", "c41f2a86-3b9d-4f57-8a60-d05e7b1c9002"
TENANT, PERSON = "0a9d5d1e-7a55-4f0b-b1c4-6f1f5c3e9000", "1a9d5d1e-7a55-4f0b-b1c4-6f1f5c3e9001"
TARGETS = ("finance", "support", "engineering-us")
SOURCE = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory"
TRUST = "azure-native:managedidentity:FederatedIdentityCredential"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
ROLE = "azure-native:authorization:RoleDefinition"
ENTRA = f"https://login.microsoftonline.com/{TENANT}/v2.0"
WRITES = (BLOB_CONTRIBUTOR, ENCRYPTER)

Json = dict[str, Any]


class Azure(Recorder):
    """Answers as Azure would, ids that say what they are of among it."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, Json]:
        _, outputs = super().new_resource(args)
        if args.typ.endswith(":UserAssignedIdentity"):
            outputs |= {"clientId": f"client-{args.name}", "principalId": f"of {args.name}"}
        if args.typ.endswith(":Key"):
            uri = f"https://{outputs['vaultName']}.vault.azure.net/keys/{outputs['keyName']}/v1"
            outputs["keyUriWithVersion"] = uri
        for own in ("accountName", "containerName", "vaultName", "resourceName"):
            if own in outputs and args.typ.endswith(("Account", "Container", "Vault", "Identity")):
                outputs["name"] = outputs[own]
        if args.typ == ROLE:
            return f"{outputs['scope']}/.../{outputs['roleDefinitionId']}", outputs
        return f"/id/{args.name}", outputs

    def call(self, args: MockCallArgs) -> tuple[Json, list[tuple[str, str]]]:
        assert args.token == "azure-native:authorization:getClientConfig"
        return {"tenantId": TENANT, "clientId": "", "objectId": "", "subscriptionId": DEV}, []

    def of(self, kind: str, start: str = "") -> dict[str, Json]:
        return {
            args.name: dict(args.inputs)
            for args in self.resources.values()
            if args.typ == kind and args.name.startswith(start)
        }

    def roles_of(self, identity: str) -> set[tuple[str, str]]:
        """What an identity is assigned: role by its last name, and scope."""
        names = {each["roleDefinitionId"]: each["roleName"] for each in self.of(ROLE).values()}
        found = set()
        for each in self.of(ASSIGNMENT).values():
            if each["principalId"] == f"of {identity}/identity":
                assert each["principalType"] == "ServicePrincipal"
                role = each["roleDefinitionId"].rpartition("/")[2]
                found.add((names.get(role, role), each["scope"]))
        return found


def config(**settings: Any) -> dict[str, str]:
    own = {
        "storageAccount": "contosoimagefactory",
        "keyVault": "contoso-image-factory",
        "stacks": ["dev", "prod"],
        "github": {"repository": "contoso/image-factory"},
        **settings,
    }
    found = {
        f"{NAMESPACE}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in own.items()
    }
    provider = {"azure-native:subscriptionId": PROD, "azure-native:location": "westeurope"}
    return {key: value for key, value in (found | provider).items() if value != "null"}


def declared(
    look: Look | None = None, folder: Path = CHECKOUT, **settings: Any
) -> tuple[Azure, dict[str, Any]]:
    azure, outputs = Azure(), {}

    def keep(name: str, value: Any) -> None:
        outputs[name] = value

    def program() -> Any:
        pulumi.runtime.set_all_config(config(**settings))
        run(folder, look if look else lambda _: {})
        return pulumi.Output.all(**outputs).apply(known.update)

    known: dict[str, Any] = {}
    export = pulumi.export
    pulumi.export = keep
    try:
        in_loop(azure, program)
    finally:
        pulumi.export = export
    return azure, known


def subjects(azure: Azure, identity: str) -> set[tuple[str, str, str]]:
    return {
        (each["issuer"], each["subject"], *each["audiences"])
        for each in azure.of(TRUST, f"{identity}/").values()
    }


def test_workflows_sign_in_by_environment_and_pull_requests_as_who_only_looks() -> None:
    azure, _ = declared()
    github, exchange = "https://token.actions.githubusercontent.com", "api://AzureADTokenExchange"
    start = "repo:contoso/image-factory"
    assert subjects(azure, "dev") == {(github, f"{start}:environment:dev", exchange)}
    assert subjects(azure, "prod") == {(github, f"{start}:environment:prod", exchange)}
    assert subjects(azure, "preview") == {
        (github, f"{start}:pull_request", exchange),
        (github, f"{start}:ref:refs/heads/main", exchange),
    }


def test_a_repository_with_immutable_subjects_is_believed_by_its_ids() -> None:
    github = {"repository": "contoso/image-factory", "ownerId": 123, "repositoryId": "456"}
    azure, _ = declared(github=github)
    (found,) = subjects(azure, "prod")
    assert found[1] == "repo:contoso@123/image-factory@456:environment:prod"


def test_service_connections_sign_in_by_name_or_as_azure_devops_shows_them() -> None:
    organization = "2b9d5d1e-7a55-4f0b-b1c4-6f1f5c3e9002"
    connections = {
        "dev": {"name": "factory dev"},
        "preview": {"issuer": ENTRA, "subject": "/eid1/c/pub/t/abc/a/def/sc/1/2"},
    }
    service = {"organization": "contoso", "project": "Images", "connections": connections}
    azure, _ = declared(github=None, azureDevOps={**service, "organizationId": organization})
    (dev,) = subjects(azure, "dev")
    old = f"https://vstoken.dev.azure.com/{organization}"
    assert dev == (old, "sc://contoso/Images/factory dev", "api://AzureADTokenExchange")
    (preview,) = subjects(azure, "preview")
    assert preview[:2] == (ENTRA, "/eid1/c/pub/t/abc/a/def/sc/1/2")
    assert not subjects(azure, "prod")


def test_deployments_sign_in_once_for_each_operation_and_never_to_destroy() -> None:
    azure, _ = declared(pulumiDeployments={"organization": "contoso"}, github=None)
    start = "pulumi:deploy:org:contoso:project:image-factory:stack:prod:operation"
    assert subjects(azure, "prod") == {
        ("https://api.pulumi.com/oidc", f"{start}:{operation}:scope:write", "contoso")
        for operation in ("preview", "update", "refresh", "detect-drift")
    }
    assert not subjects(azure, "preview")


def test_no_subject_has_a_wildcard_and_none_is_believed_by_two_identities() -> None:
    azure, _ = declared(pulumiDeployments={"organization": "contoso"})
    found = [(each["issuer"], each["subject"]) for each in azure.of(TRUST).values()]
    assert len(found) == len(set(found)) == 12
    assert not [each for each in found if "*" in "".join(each)]


def lab(subscription: str, name: str) -> str:
    group = f"/subscriptions/{subscription}/resourceGroups/rg-{name}"
    return f"{group}/providers/Microsoft.DevTestLab/labs/{name}"


def test_each_stack_may_do_what_its_stack_file_needs_where_it_needs_it_and_no_more() -> None:
    azure, _ = declared()
    assert azure.roles_of("dev") == {
        *((role.value, SOURCE) for role in (Role.STORE, Role.BUILD, Role.LAB, Role.DISKS)),
        *((Role.RECEIVE.value, lab(DEV, name)) for name in ("team-web", "team-data")),
        # Marketplace and quota: Azure has them in a subscription alone.
        (Role.OFFERS.value, f"/subscriptions/{DEV}"),
        *own("dev"),
    }
    assert azure.roles_of("prod") == {
        (Role.STORE.value, f"/subscriptions/{PROD}/resourceGroups/rg-image-factory-copies"),
        *((Role.RECEIVE.value, lab(PROD, name)) for name in TARGETS),
        (Role.SOURCE.value, SOURCE),
        # What dev offers is read as it lies there: nothing of its secrets.
        (BLOB_READER, "/id/state/dev/container"),
        *own("prod"),
    }
    for role in (Role.OFFERS, Role.LOOK):
        changing = [each for each in actions_of(role) if not each.endswith("/read")]
        assert not changing, "in a whole subscription nothing is changed"


def test_builds_in_the_lab_of_others_are_allowed_in_that_lab_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopted = {"name": "shared", "resourceGroup": "rg-shared"}
    adopted |= {"virtualNetwork": "team-net", "subnet": "build"}
    told: list[str] = []
    monkeypatch.setattr(pulumi, "warn", told.append)
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    stack = yaml.safe_load((tmp_path / "Pulumi.dev.yaml").read_text())
    for group, disks in (("", f"/subscriptions/{DEV}"), ("rg-vms", f"{SOURCE[:-16]}rg-vms")):
        stack["config"]["image-factory:factoryLab"] = {
            **adopted,
            **({"vmResourceGroup": group} if group else {}),
        }
        (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))
        found = declared(folder=tmp_path)[0].roles_of("dev")
        assert (Role.BUILD.value, lab(DEV, "shared")) in found
        assert not [scope for role, scope in found if role == Role.LAB.value]
        assert [scope for role, scope in found if role == Role.DISKS.value] == [disks]
    assert len(told) == 1
    assert "a resource group for each VM" in told[0]


def test_groups_are_made_here_so_that_nobody_has_to_be_able_to_make_any() -> None:
    """No right of Azure's is for making one certain group."""
    absent: Look = lambda scope: {} if "/providers/" in scope else None  # noqa: E731
    kind = "azure-native:resources:ResourceGroup"
    azure, _ = declared(absent)
    made = {each["resourceGroupName"]: each for each in azure.of(kind, "groups/").values()}
    assert set(made) == {"rg-image-factory", "rg-image-factory-copies"}
    assert (Role.STORE.value, SOURCE) in azure.roles_of("dev"), "in the same run"
    assert azure.of("pulumi:providers:azure-native").popitem()[1]["subscriptionId"] == DEV
    tags = made["rg-image-factory"]["tags"]
    assert set(tags) == {MADE_HERE}
    again, _ = declared(lambda _: {"tags": tags})
    assert again.of(kind, "groups/") == azure.of(kind, "groups/")
    theirs, _ = declared(lambda _: {"tags": {"image-factory-stack": "dev"}})
    assert not theirs.of(kind, "groups/"), "a stack made it before"
    assert (Role.STORE.value, SOURCE) in theirs.roles_of("dev")


def own(stack: str) -> set[tuple[str, str]]:
    place = f"/id/state/{stack}"
    return {(BLOB_CONTRIBUTOR, f"{place}/container"), (ENCRYPTER, f"{place}/key")}


def test_no_identity_can_write_the_state_of_another_stack() -> None:
    person = [{"id": PERSON, "type": "User"}]
    azure, _ = declared(operators=person, pulumiDeployments={"organization": "contoso"})
    names = {each["roleDefinitionId"]: each["roleName"] for each in azure.of(ROLE).values()}
    readers = {BLOB_READER, DECRYPTER, *(role.value for role in Role)}
    written: dict[str, set[str]] = {}
    for each in azure.of(ASSIGNMENT).values():
        role = each["roleDefinitionId"].rpartition("/")[2]
        if names.get(role, role) not in readers:
            written.setdefault(each["principalId"], set()).add(each["scope"])
    ways = {"container", "key"}
    assert written.pop(PERSON) == {
        "/id/state/vault",
        *(f"/id/state{at}/container" for at in ("", "/dev", "/prod")),
    }
    assert written == {
        f"of {stack}/identity": {f"/id/state/{stack}/{way}" for way in ways}
        for stack in ("dev", "prod")
    }
    # Nothing of the factory's own roles reaches a state: it lies in no group of theirs.
    for role in Role:
        assert not [each for each in actions_of(role) if "Storage" in each or "KeyVault" in each]
        assert not [each for each in actions_of(role) if "*" in each or "Authorization" in each]
    # Each place is one of its own, by what Azure calls it.
    containers = azure.of("azure-native:storage:BlobContainer").values()
    assert sorted(each["containerName"] for each in containers) == [
        "state",
        "state-dev",
        "state-prod",
    ]
    keys = azure.of("azure-native:keyvault:Key").values()
    assert len({each["keyName"] for each in keys}) == len(keys) == 3


def test_a_key_is_used_and_never_changed() -> None:
    azure, _ = declared()
    for label, ways in {"decrypter": ["decrypt"], "encrypter": ["decrypt", "encrypt"]}.items():
        (found,) = azure.inputs(ROLE, label)["permissions"]
        start = "Microsoft.KeyVault/vaults/keys"
        uses = [f"{start}/{way}/action" for way in ways]
        assert found == {"dataActions": [f"{start}/read", *uses]}


def test_who_previews_may_write_nowhere() -> None:
    azure, _ = declared()
    found = azure.roles_of("preview")
    assert found == {
        (Role.LOOK.value, f"/subscriptions/{DEV}"),
        (Role.LOOK.value, f"/subscriptions/{PROD}"),
        *((BLOB_READER, f"/id/state/{stack}/container") for stack in ("dev", "prod")),
        *((DECRYPTER, f"/id/state/{stack}/key") for stack in ("dev", "prod")),
    }
    assert not [role for role, _ in found if role in WRITES]
    assert {action.rpartition("/")[2] for action in actions_of(Role.LOOK)} == {"read"}


def test_labs_with_environments_are_opened_to_the_stack_that_makes_them(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    stack = yaml.safe_load((tmp_path / "Pulumi.dev.yaml").read_text())
    shops = [{"name": name, "lab": "team-web", "template": "shop"} for name in ("one", "two")]
    stack["config"]["image-factory:environments"] = shops
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))
    azure, _ = declared(folder=tmp_path)
    assert (Role.ENVIRONMENTS.value, lab(DEV, "team-web")) in azure.roles_of("dev")
    assert not [scope for _, scope in azure.roles_of("prod") if "team-web" in scope]


def test_the_last_of_a_chain_copies_from_who_built_and_from_nobody_else(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    middle = yaml.safe_load((tmp_path / "Pulumi.prod.yaml").read_text())
    middle["config"]["image-factory:resourceGroup"] = "rg-middle"
    (tmp_path / "Pulumi.test.yaml").write_text(yaml.safe_dump(middle))
    last = yaml.safe_load((tmp_path / "Pulumi.prod.yaml").read_text())
    last["config"]["image-factory:receivesFrom"] = "test"
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump(last))
    azure, _ = declared(folder=tmp_path, stacks=["dev", "test", "prod"])
    found = azure.roles_of("prod")
    # What the one in the middle passes on is copied from where it was built, and read of by itself.
    assert [at for role, at in found if role == Role.SOURCE.value] == [SOURCE]
    read = [at for role, at in found if role == BLOB_READER]
    assert read == ["/id/state/test/container"]


def test_what_is_not_there_yet_is_assigned_in_a_later_run() -> None:
    azure, _ = declared(lambda scope: None if "finance" in scope else {})
    found = {at for role, at in azure.roles_of("prod") if role == Role.RECEIVE.value}
    assert found == {lab(PROD, name) for name in TARGETS if name != "finance"}


def test_roles_that_are_made_elsewhere_are_only_referred_to() -> None:
    azure, _ = declared(makeRoles=False)
    assert set(azure.of(ROLE)) == {"decrypter", "encrypter"}
    made = {each["roleDefinitionId"] for each in azure.of(ASSIGNMENT).values()}
    ours, _ = declared()
    ids = {name: each["roleDefinitionId"] for name, each in ours.of(ROLE, "roles/").items()}
    for role in Role:
        wanted = role_id(role, [DEV, PROD])
        assert wanted.endswith(ids[f"roles/{role.name.lower()}"])
        assert (wanted in made) == (role is not Role.ENVIRONMENTS)


def test_assignments_have_names_of_their_own_that_stay_the_same() -> None:
    first, again = (
        {name: each["roleAssignmentName"] for name, each in declared()[0].of(ASSIGNMENT).items()}
        for _ in range(2)
    )
    assert first == again
    assert len({UUID(name) for name in first.values()}) == len(first) > 8


def test_the_state_is_reached_by_entra_alone_and_what_is_overwritten_can_be_had_back() -> None:
    azure, _ = declared()
    account = azure.inputs("azure-native:storage:StorageAccount", "state/account")
    assert account["allowSharedKeyAccess"] is account["allowBlobPublicAccess"] is False
    assert account["enableHttpsTrafficOnly"] is True
    assert account["minimumTlsVersion"] == "TLS1_2"
    kept = azure.inputs("azure-native:storage:BlobServiceProperties", "state/versions")
    assert kept["isVersioningEnabled"] is True
    for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        assert kept[policy]["enabled"] is True
        assert kept[policy]["days"] >= 30
    containers = azure.of("azure-native:storage:BlobContainer")
    assert {each["publicAccess"] for each in containers.values()} == {"None"}
    assert len(containers) == 3
    vault = azure.inputs("azure-native:keyvault:Vault", "state/vault")["properties"]
    assert vault["enableRbacAuthorization"] is vault["enablePurgeProtection"] is True
    assert vault["enableSoftDelete"] is True


def test_state_key_and_identities_are_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Any = MockMonitor.RegisterResource
    protected: set[str] = set()

    def register(monitor: Any, request: Any) -> Any:
        if request.protect:
            protected.add(request.name)
        return asked(monitor, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", register)
    declared()
    kept = {"group", "account", "versions", "container", "vault", "key"}
    kept |= {f"{stack}/{what}" for stack in ("dev", "prod") for what in ("container", "key")}
    owners = {f"{name}/identity" for name in ("dev", "prod", "preview")}
    assert protected == {f"state/{what}" for what in kept} | owners


def test_operators_reach_the_state_and_nothing_else() -> None:
    azure, _ = declared(operators=[{"id": PERSON, "type": "User"}])
    found = [each for each in azure.of(ASSIGNMENT).values() if each["principalId"] == PERSON]
    assert {each["principalType"] for each in found} == {"User"}
    places = {f"/id/state{at}/container" for at in ("", "/dev", "/prod")}
    assert {each["scope"] for each in found} == {*places, "/id/state/vault"}


def test_the_outputs_are_ready_to_paste() -> None:
    connections = {"dev": {"issuer": ENTRA, "subject": "/eid1/x"}}
    service = {"organization": "contoso", "project": "Image Factory", "connections": connections}
    _, outputs = declared(azureDevOps=service, pulumiDeployments={"organization": "contoso"})
    url = "azblob://state-{stack}?storage_account=contosoimagefactory"
    key = "azurekeyvault://contoso-image-factory.vault.azure.net/keys/pulumi-secrets{}/v1"
    assert (outputs["backendUrl"], outputs["secretsProvider"]) == (url, key.format(""))
    keys = {stack: key.format(f"-{stack}") for stack in ("dev", "prod")}
    assert outputs["secretsProviders"] == keys
    assert outputs["tenantId"] == TENANT
    assert set(outputs["clientIds"]) == {"dev", "prod", "preview"}
    told = outputs["commands"]
    assert told["state"] == [
        "pulumi login 'azblob://state?storage_account=contosoimagefactory'",
        f"pulumi stack init pipelines --secrets-provider '{key.format('')}'",
        "pulumi login 'azblob://state-dev?storage_account=contosoimagefactory'",
        f"pulumi stack init dev --secrets-provider '{keys['dev']}'",
        "pulumi login 'azblob://state-prod?storage_account=contosoimagefactory'",
        f"pulumi stack init prod --secrets-provider '{keys['prod']}'",
    ]
    start, repo = "gh variable set", "--repo contoso/image-factory --body"
    assert f"{start} PULUMI_BACKEND_URL {repo} '{url}'" in told["github"]
    # Without an environment a job is who only looks.
    assert f"{start} AZURE_CLIENT_ID {repo} 'client-preview/identity'" in told["github"]
    for name in ("dev", "prod"):
        client = f"AZURE_CLIENT_ID --env {name} {repo} 'client-{name}/identity'"
        assert f"{start} {client}" in told["github"]
    assert "--project 'Image Factory'" in told["azureDevOps"][0]
    assert f"PULUMI_BACKEND_URL='{url}'" in told["azureDevOps"][0]
    assert "--stack contoso/image-factory/prod" in told["pulumiDeployments"][1]


def test_every_fault_is_told_at_once_and_nothing_is_declared() -> None:
    azure = Azure()

    def program() -> None:
        faulty = config(
            storageAccount="Not_Good",
            keyVault="-kv",
            stacks=["dev", "nowhere", "preview"],
            github={"repository": "contoso/*"},
        )
        pulumi.runtime.set_all_config(faulty)
        run(CHECKOUT, lambda _: {})

    with pytest.raises(pulumi.RunError) as error:
        in_loop(azure, program)
    for part in ("storageAccount: ", "keyVault: ", "github.repository: expected OWNER/REPOSITORY"):
        assert part in str(error.value)
    assert not azure.resources


@pytest.mark.parametrize(
    ("home", "below"),
    [(PROD, set()), (DEV, {"prod"}), ("9" * 8 + PROD[8:], set())],
    ids=["prod's", "dev's", "one of its own"],
)
def test_no_identity_lies_in_a_subscription_below_its_stack(home: str, below: set[str]) -> None:
    azure = Azure()

    def program() -> None:
        pulumi.runtime.set_all_config({**config(), "azure-native:subscriptionId": home})
        run(CHECKOUT, lambda _: {})

    if not below:
        in_loop(azure, program)
        return
    with pytest.raises(pulumi.RunError) as error:
        in_loop(azure, program)
    for stack in below:
        assert f"whoever may write there could become {stack}" in str(error.value)
    assert not azure.resources


def test_validate_tells_of_an_identity_below_its_stack(tmp_path: Path) -> None:
    names = (
        "Pulumi.yaml",
        "Pulumi.dev.yaml",
        "Pulumi.prod.yaml",
        "bootstrap/Pulumi.pipelines.yaml",
    )
    (tmp_path / "bootstrap").mkdir()
    for name in names:
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    project = find_project(tmp_path, None, CHECKOUT / "images")
    told = Problems()
    check(project, told)
    assert not [each for each in told.warnings if "could become" in str(each)]
    file = tmp_path / names[-1]
    file.write_text(file.read_text().replace(PROD, DEV))
    told = Problems()
    check(project, told)
    (found,) = [str(each) for each in told.warnings if "could become" in str(each)]
    assert "bootstrap/Pulumi.pipelines.yaml:5:3: the identity and the state of prod" in found
