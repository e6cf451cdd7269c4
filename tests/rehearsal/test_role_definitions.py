"""Roles as clients look them up: by name, by id, at a scope and beside it; and who has them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.cloud import AUDITOR, DEV, PROD, TENANT, Cloud

Json = dict[str, Any]
OWNER_CLIENT = "12121212-0000-4000-8000-000000000012"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
LAB_USER = "76283e04-6283-4c54-8f91-bcf1374a3c64"
OWN = "33333333-3333-4333-8333-333333333333"
SUBSCRIPTION = f"/subscriptions/{DEV}"
ROLES = "providers/Microsoft.Authorization/roleDefinitions"
GIVEN = "providers/Microsoft.Authorization/roleAssignments"
API = "2022-04-01"


@pytest.fixture
def owner(cloud: Cloud) -> Cloud:
    """Give a cloud whose factory may give roles."""
    cloud.close()
    principal = {"name": "factory", "clientId": OWNER_CLIENT, "roles": {"Dev": "Owner"}}
    cloud.estate = {**cloud.estate, "principals": [*cloud.estate["principals"][1:], principal]}
    cloud.open()
    token = cloud.token(OWNER_CLIENT, "factory-secret", tenant=TENANT)
    cloud.tokens[OWNER_CLIENT] = token.body["access_token"]
    return cloud


def listed(cloud: Cloud, scope: str, kind: str = ROLES, text: str = "", **more: Any) -> list[Json]:
    query = {"$filter": text} if text else {}
    reply = cloud.arm("GET", f"{scope}/{kind}", version=API, query=query, **more)
    assert reply.status == 200, reply.body
    return list(reply.body["value"])


def names(found: list[Json]) -> list[str]:
    return [each["properties"]["roleName"] for each in found]


def test_a_built_in_role_is_found_by_its_name(cloud: Cloud) -> None:
    (found,) = listed(cloud, SUBSCRIPTION, text="roleName eq 'DevTest Labs User'")
    assert found["id"] == f"{SUBSCRIPTION}/{ROLES}/{LAB_USER}"
    assert (found["name"], found["properties"]["type"]) == (LAB_USER, "BuiltInRole")
    (allowed,) = found["properties"]["permissions"]
    assert "Microsoft.DevTestLab/labs/claimAnyVm/action" in allowed["actions"]
    assert allowed["notActions"] == ["Microsoft.Compute/virtualMachines/vmSizes/read"]
    assert found["properties"]["assignableScopes"] == ["/"]
    assert listed(cloud, SUBSCRIPTION, text="roleName eq 'Nobody'") == []


def test_built_in_roles_stand_at_every_scope_and_at_the_tenant(cloud: Cloud) -> None:
    group = cloud.group("rg-roles")
    everywhere = names(listed(cloud, SUBSCRIPTION))
    assert {"Owner", "Contributor", "Reader", "User Access Administrator"} < set(everywhere)
    assert names(listed(cloud, group, text="atScope()")) == everywhere
    tenant = listed(cloud, "")
    assert names(tenant) == everywhere
    assert tenant[0]["id"].startswith("/providers/Microsoft.Authorization/")
    for scope in ("", SUBSCRIPTION, group):
        found = cloud.arm("GET", f"{scope}/{ROLES}/{READER}", version=API).body
        assert found["properties"]["roleName"] == "Reader"
    missing = cloud.arm("GET", f"{SUBSCRIPTION}/{ROLES}/{OWN}", version=API)
    assert (missing.status, missing.code) == (404, "RoleDefinitionDoesNotExist")


def make_role(cloud: Cloud, scope: str, name: str, role: str = OWN) -> Any:
    properties = {"roleName": name, "assignableScopes": [scope], "permissions": []}
    body = {"properties": properties}
    return cloud.arm("PUT", f"{scope}/{ROLES}/{role}", body, version=API, who=OWNER_CLIENT)


def test_a_role_of_ones_own_is_listed_where_it_may_be_given(owner: Cloud) -> None:
    group = f"{SUBSCRIPTION}/resourceGroups/rg-roles"
    owner.arm("PUT", group, {"location": "westeurope"}, who=OWNER_CLIENT)
    assert make_role(owner, group, "Image Maker").status == 201
    who: Json = {"who": OWNER_CLIENT}
    own = "type eq 'CustomRole'"
    assert names(listed(owner, group, text=own, **who)) == ["Image Maker"]
    assert listed(owner, SUBSCRIPTION, text=own, **who) == []
    below = f"atScopeAndBelow() and {own}"
    assert names(listed(owner, SUBSCRIPTION, text=below, **who)) == ["Image Maker"]
    by_id = owner.arm("GET", f"/{ROLES}/{OWN}", version=API, **who)
    assert by_id.body["properties"]["roleName"] == "Image Maker"
    taken = make_role(owner, group, "reader", "44444444-4444-4444-8444-444444444444")
    assert (taken.status, taken.code) == (409, "RoleDefinitionWithSameNameExists")


def test_who_has_a_role_is_asked_of_a_scope(owner: Cloud) -> None:
    group = f"{SUBSCRIPTION}/resourceGroups/rg-roles"
    owner.arm("PUT", group, {"location": "westeurope"}, who=OWNER_CLIENT)
    people = {p.client_id: p.object_id for p in owner.azure.directory.principals()}
    for number, (scope, client) in enumerate([(SUBSCRIPTION, AUDITOR), (group, OWNER_CLIENT)]):
        properties = {
            "roleDefinitionId": f"/{ROLES}/{LAB_USER}",
            "principalId": people[client],
            "principalType": "ServicePrincipal",
        }
        path = f"{scope}/{GIVEN}/{number}{OWN[1:]}"
        made = owner.arm("PUT", path, {"properties": properties}, version=API, who=OWNER_CLIENT)
        assert made.status == 201, made.body

    def scopes(scope: str, text: str = "") -> list[str]:
        found = listed(owner, scope, GIVEN, text, who=OWNER_CLIENT)
        return [each["properties"]["scope"] for each in found]

    assert scopes(SUBSCRIPTION) == [SUBSCRIPTION, group]
    assert scopes(group) == [SUBSCRIPTION, group]
    assert scopes(SUBSCRIPTION, "atScope()") == [SUBSCRIPTION]
    assert scopes(group, f"atScope() and principalId eq '{people[OWNER_CLIENT]}'") == [group]
    assert scopes(group, f"assignedTo('{people[AUDITOR]}')") == [SUBSCRIPTION]
    refused = owner.arm(
        "GET",
        f"{group}/{GIVEN}",
        version=API,
        who=OWNER_CLIENT,
        query={"$filter": "atTheMoon()"},
    )
    assert refused.code == "InvalidFilterInQueryString"
    assert PROD not in str(scopes(SUBSCRIPTION))
