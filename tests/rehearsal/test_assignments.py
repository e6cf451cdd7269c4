"""Role assignments decide: at their scope and below, for principals and managed identities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from rehearsal.azure.identity.federation import ASSERTION
from tests.rehearsal.cloud import DEV, ESTATE, FACTORY, Cloud
from tests.rehearsal.test_federation import ISSUER, SUBJECT, token

HOME = {"location": "westeurope"}
AUTHORIZATION = "providers/Microsoft.Authorization"
ROLE = f"/subscriptions/{DEV}/{AUTHORIZATION}/roleDefinitions/{uuid4()}"
IDENTITY = "providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    owner = {"name": "factory", "clientId": FACTORY, "roles": {"Dev": "Owner", "Prod": "Owner"}}
    found = Cloud(tmp_path / "azure.db", {**ESTATE, "principals": [owner]})
    for group in ("rg", "rg-others"):
        found.group(group)
    yield found
    found.close()


def signed_in(cloud: Cloud) -> tuple[str, str]:
    """Make an identity that believes somebody, and sign in as it; gives client and principal id."""
    path = f"/subscriptions/{DEV}/resourceGroups/rg/{IDENTITY}"
    made = cloud.arm("PUT", path, HOME).body["properties"]
    believed = {"issuer": ISSUER, "subject": SUBJECT, "audiences": ["api://AzureADTokenExchange"]}
    place = f"{path}/federatedIdentityCredentials/ci"
    assert cloud.arm("PUT", place, {"properties": believed}).status == 201
    client = str(made["clientId"])
    evil = {"client_assertion_type": ASSERTION, "client_assertion": token(sub="repo:evil")}
    assert cloud.token(client, **evil).status == 401
    answer = cloud.token(client, **(evil | {"client_assertion": token()}))
    cloud.tokens[client] = answer.body["access_token"]
    return client, str(made["principalId"])


def assign(cloud: Cloud, scope: str, principal: str, role: str = ROLE) -> str:
    path = f"{scope}/{AUTHORIZATION}/roleAssignments/{uuid4()}"
    given = {"roleDefinitionId": role, "principalId": principal}
    given["principalType"] = "ServicePrincipal"
    assert cloud.arm("PUT", path, {"properties": given}).status == 201
    return path


def define(cloud: Cloud, **rights: list[str]) -> None:
    given: dict[str, Any] = {"roleName": "Own", "assignableScopes": [f"/subscriptions/{DEV}"]}
    body = {"properties": {**given, "permissions": [rights]}}
    assert cloud.arm("PUT", ROLE, body).status == 201


def test_an_identity_may_what_its_role_allows_at_its_scope_and_below(cloud: Cloud) -> None:
    client, principal = signed_in(cloud)
    groups = [f"/subscriptions/{DEV}/resourceGroups/{name}" for name in ("rg", "rg-others")]
    labs = [f"{group}/providers/Microsoft.DevTestLab/labs/one" for group in groups]
    for lab in labs:
        cloud.make(lab, HOME)
    # Who has no role in a subscription does not even see that it is there.
    assert cloud.arm("GET", labs[0], who=client).code == "SubscriptionNotFound"
    define(cloud, actions=["Microsoft.DevTestLab/labs/*"], notActions=["*/delete"])
    given = assign(cloud, groups[0].upper().replace("/SUBSCRIPTIONS", "/subscriptions"), principal)
    assert cloud.arm("GET", labs[0], who=client).status == 200
    assert cloud.arm("GET", labs[0].replace("/rg/", "/RG/"), who=client).status == 200
    assert cloud.arm("GET", f"{labs[0]}/customimages", who=client).status == 200
    for method, path in (("DELETE", labs[0]), ("GET", labs[1]), ("GET", groups[0])):
        assert cloud.arm(method, path, who=client).code == "AuthorizationFailed", path
    asked = f"{labs[0]}/{AUTHORIZATION}/permissions"
    assign(cloud, labs[1], principal, f"/{AUTHORIZATION}/roleDefinitions/{READER}")
    assert cloud.arm("GET", labs[1], who=client).status == 200, "a built-in role, on one lab"
    assert cloud.arm("GET", groups[1], who=client).status == 403
    assert cloud.arm("GET", asked.replace("/rg/", "/rg-others/"), who=client).body["value"] == [
        {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
    ]
    assert cloud.arm("DELETE", given).status == 200
    assert cloud.arm("GET", labs[0], who=client).code == "AuthorizationFailed"
