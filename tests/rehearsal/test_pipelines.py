"""What pipelines sign in with and keep their state in, as ARM answers for it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.rehearsal.cloud import DEV, Cloud

GROUP = f"/subscriptions/{DEV}/resourceGroups/rg"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/contoso"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/contoso"
HOME = {"location": "westeurope"}
GITHUB = "https://token.actions.githubusercontent.com"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    found = Cloud(tmp_path / "azure.db")
    assert found.arm("PUT", GROUP, HOME).status == 201
    yield found
    found.close()


def believe(cloud: Cloud, name: str, **changed: Any) -> Any:
    given = {"issuer": GITHUB, "subject": "repo:a/b:pull_request", "audiences": ["api://x"]}
    path = f"{IDENTITY}/federatedIdentityCredentials/{name}"
    return cloud.arm("PUT", path, {"properties": {**given, **changed}})


def test_an_identity_made_anew_is_another_one(cloud: Cloud) -> None:
    first = cloud.arm("PUT", IDENTITY, HOME).body["properties"]
    again = cloud.arm("PUT", IDENTITY, HOME).body["properties"]
    assert first == again
    assert cloud.arm("DELETE", IDENTITY).status == 200
    other = cloud.arm("PUT", IDENTITY, HOME).body["properties"]
    assert other["clientId"] != first["clientId"]


def test_a_credential_is_believed_once_and_has_one_audience(cloud: Cloud) -> None:
    assert believe(cloud, "one").status == 404
    cloud.arm("PUT", IDENTITY, HOME)
    assert believe(cloud, "one").status == 201
    assert believe(cloud, "one", subject="repo:a/b:ref:refs/heads/main").status == 200
    assert believe(cloud, "two").status == 201
    assert believe(cloud, "three").status == 409
    assert believe(cloud, "three", subject="x", audiences=["a", "b"]).status == 400
    assert believe(cloud, "three", issuer="http://x").status == 400
    for index in range(18):
        assert believe(cloud, f"more-{index}", subject=str(index)).status == 201
    assert believe(cloud, "too-many", subject="y").code == "TooManyFederatedIdentityCredentials"


def test_an_account_has_a_blob_service_and_containers(cloud: Cloud) -> None:
    body = {**HOME, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
    assert cloud.arm("PUT", ACCOUNT, body).status == 202
    cloud.advance("1 min")
    assert cloud.arm("GET", ACCOUNT).body["properties"]["provisioningState"] == "Succeeded"
    service = f"{ACCOUNT}/blobServices/default"
    assert cloud.arm("GET", service).status == 200
    changed = cloud.arm("PUT", service, {"properties": {"isVersioningEnabled": True}})
    assert changed.body["properties"]["isVersioningEnabled"] is True
    container = f"{service}/containers/state"
    public = cloud.arm("PUT", container, {"properties": {"publicAccess": "Blob"}})
    assert public.code == "PublicAccessNotPermitted"
    assert cloud.arm("PUT", container, {"properties": {"publicAccess": "None"}}).status == 201
    elsewhere = ACCOUNT.replace("resourceGroups/rg", "resourceGroups/other")
    cloud.arm("PUT", f"/subscriptions/{DEV}/resourceGroups/other", HOME)
    assert cloud.arm("PUT", elsewhere, body).code == "StorageAccountAlreadyTaken"


def test_the_name_of_an_account_is_asked_for_and_its_keys(cloud: Cloud) -> None:
    check = f"/subscriptions/{DEV}/providers/Microsoft.Storage/checkNameAvailability"

    def reason(name: str) -> str | None:
        body = {"name": name, "type": "Microsoft.Storage/storageAccounts"}
        found = cloud.arm("POST", check, body).body
        assert found["nameAvailable"] is ("reason" not in found)
        return found.get("reason")  # type: ignore[no-any-return]

    name = ACCOUNT.rpartition("/")[2]
    assert (reason(name), reason("No")) == (None, "AccountNameInvalid")
    cloud.arm("PUT", ACCOUNT, {**HOME, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"})
    cloud.advance("1 min")
    assert reason(name) == "AlreadyExists"
    keys = cloud.arm("POST", f"{ACCOUNT}/listKeys").body["keys"]
    assert [each["keyName"] for each in keys] == ["key1", "key2"]
    assert len(b64decode(keys[0]["value"])) == 64
    assert keys == cloud.arm("POST", f"{ACCOUNT}/listKeys").body["keys"]
    assert keys[0]["value"] != keys[1]["value"]


def test_purge_protection_stays_and_a_key_is_never_changed(cloud: Cloud) -> None:
    protected = {**HOME, "properties": {"enablePurgeProtection": True}}
    assert cloud.arm("PUT", VAULT, protected).status == 201
    assert cloud.arm("PUT", VAULT, {**HOME, "properties": {}}).status == 200
    cloud.arm("PUT", VAULT, protected)
    off = {**HOME, "properties": {"enablePurgeProtection": False}}
    assert cloud.arm("PUT", VAULT, off).status == 400
    first = cloud.arm("PUT", f"{VAULT}/keys/k", {"properties": {"kty": "RSA"}}).body
    again = cloud.arm("PUT", f"{VAULT}/keys/k", {"properties": {"kty": "EC"}}).body
    assert first["properties"] == again["properties"]
    home = "https://contoso.vault.localhost:1/"
    assert first["properties"]["keyUriWithVersion"].startswith(f"{home}keys/k/")
    assert cloud.arm("GET", VAULT).body["properties"]["vaultUri"] == home


def test_a_contributor_gives_nobody_rights(cloud: Cloud) -> None:
    path = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{uuid4()}"
    assert cloud.arm("PUT", path, {"properties": {}}).status == 403
    assert cloud.arm("GET", path).status == 404
