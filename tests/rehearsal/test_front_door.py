"""Tokens, cloud metadata, and what every ARM call is asked for before it is heard."""

from __future__ import annotations

import base64
import json
import time
from email.utils import parsedate_to_datetime

import pytest

from rehearsal.azure.identity.tokens import Tokens
from tests.rehearsal.cloud import AUDITOR, DEV, FACTORY, FOREIGN, START, STRANGER, TENANT, Cloud


def test_openid_configuration_names_the_token_endpoint(cloud: Cloud) -> None:
    found = cloud.call("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration").body
    assert found["token_endpoint"] == f"https://localhost:1/{TENANT}/oauth2/v2.0/token"
    assert found["issuer"] == f"https://localhost:1/{TENANT}/v2.0"
    older = cloud.call("GET", f"/{TENANT}/.well-known/openid-configuration").body
    assert older["token_endpoint"] == f"https://localhost:1/{TENANT}/oauth2/token"
    assert older["issuer"] == f"https://localhost:1/{TENANT}/"
    for each in (found, older):
        keys = each["jwks_uri"].removeprefix("https://localhost:1")
        assert cloud.call("GET", keys).status == 200


def test_a_token_has_three_parts_and_the_claims_clients_read(cloud: Cloud) -> None:
    body = cloud.token().body
    assert body["token_type"] == "Bearer"
    head, claims, signature = body["access_token"].split(".")
    assert head
    assert signature
    found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert found["tid"] == TENANT
    assert found["appid"] == FACTORY
    assert {"aud", "iss", "oid", "sub", "iat", "nbf", "exp"} <= set(found)
    assert 3500 < found["exp"] - time.time() <= 3600


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "AADSTS7000215"),
        ({"client_id": "11111111-0000-0000-0000-000000000000"}, 400, "AADSTS700016"),
        ({"grant_type": "password"}, 400, "AADSTS70003"),
        ({"scope": ""}, 400, "AADSTS900144"),
        ({"scope": "https://localhost:1/user_impersonation"}, 400, "AADSTS1002012"),
    ],
)
def test_a_wrong_token_request_is_refused(
    cloud: Cloud, form: dict[str, str], status: int, error: str
) -> None:
    reply = cloud.token(**form)
    assert reply.status == status
    assert error in reply.body["error_description"]
    assert "access_token" not in reply.body


def test_an_unknown_tenant_is_refused(cloud: Cloud) -> None:
    reply = cloud.token(tenant="00000000-0000-0000-0000-000000000000")
    assert reply.status == 400
    assert "AADSTS90002" in reply.body["error_description"]


def test_metadata_is_one_object_and_for_old_versions_a_list(cloud: Cloud) -> None:
    new = cloud.call("GET", "/metadata/endpoints", query_string={"api-version": "2022-09-01"})
    assert new.body["authentication"]["loginEndpoint"] == "https://localhost:1/"
    assert new.body["authentication"]["audiences"] == ["https://localhost:1"]
    assert new.body["resourceManager"] == "https://localhost:1/"
    old = cloud.call("GET", "/metadata/endpoints", query_string={"api-version": "2020-06-01"})
    assert old.body[0]["name"] == new.body["name"]


def test_without_a_token_401_says_where_to_get_one(cloud: Cloud) -> None:
    reply = cloud.call("GET", f"/subscriptions/{DEV}?api-version=2022-12-01")
    assert (reply.status, reply.code) == (401, "AuthenticationFailed")
    assert f'authorization_uri="https://localhost:1/{TENANT}"' in reply.headers["WWW-Authenticate"]


def test_a_token_made_elsewhere_is_refused(cloud: Cloud) -> None:
    cloud.tokens[FACTORY] = Tokens("another key").make(
        {
            "aud": "https://localhost:1",
            "tid": TENANT,
            "appid": FACTORY,
        }
    )
    reply = cloud.arm("GET", f"/subscriptions/{DEV}")
    assert (reply.status, reply.code) == (401, "InvalidAuthenticationToken")


def test_an_expired_token_is_refused(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cloud.arm("GET", f"/subscriptions/{DEV}").status == 200
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    reply = cloud.arm("GET", f"/subscriptions/{DEV}")
    assert (reply.status, reply.code) == (401, "ExpiredAuthenticationToken")


def test_a_token_for_something_else_is_refused(cloud: Cloud) -> None:
    form = {"scope": "https://graph.microsoft.com/.default"}
    cloud.tokens[FACTORY] = cloud.token(**form).body["access_token"]
    assert cloud.arm("GET", f"/subscriptions/{DEV}").code == "InvalidAuthenticationToken"


@pytest.mark.parametrize("scope", ["{} openid offline_access profile", "openid profile {}", "{}"])
def test_scopes_in_any_order_are_for_the_one_resource(cloud: Cloud, scope: str) -> None:
    form = {"scope": scope.format("https://localhost:1/.default")}
    cloud.tokens[FACTORY] = cloud.token(**form).body["access_token"]
    assert cloud.arm("GET", f"/subscriptions/{DEV}").status == 200


def test_the_older_token_endpoint_is_asked_for_a_resource(cloud: Cloud) -> None:
    """ADAL, go-autorest and scripts with curl still use it."""
    form = {
        "grant_type": "client_credentials",
        "client_id": FACTORY,
        "client_secret": "factory-secret",
    }
    path = f"/{TENANT}/oauth2/token"
    assert "'resource'" in cloud.call("POST", path, data=form).body["error_description"]
    body = cloud.call("POST", path, data={**form, "resource": "https://localhost:1/"}).body
    assert body["resource"] == "https://localhost:1/"
    assert body["expires_in"] == "3599"
    assert int(body["expires_on"]) - int(body["not_before"]) == 3599
    cloud.tokens[FACTORY] = body["access_token"]
    assert cloud.arm("GET", f"/subscriptions/{DEV}").status == 200
    wrong = cloud.call("POST", path, data={**form, "resource": "x", "client_secret": "wrong"})
    assert (wrong.status, wrong.body["error"]) == (401, "invalid_client")


def test_a_token_of_one_tenant_is_no_good_in_another(cloud: Cloud) -> None:
    reply = cloud.arm("GET", f"/subscriptions/{FOREIGN}")
    assert (reply.status, reply.code) == (401, "InvalidAuthenticationTokenTenant")
    assert cloud.arm("GET", f"/subscriptions/{FOREIGN}", who=STRANGER).status == 200


def test_a_reader_may_read_and_not_write(cloud: Cloud) -> None:
    group = cloud.group("rg-a")
    assert cloud.arm("GET", group, who=AUDITOR).status == 200
    reply = cloud.arm("PUT", group, {"location": "westeurope"}, who=AUDITOR)
    assert (reply.status, reply.code) == (403, "AuthorizationFailed")
    assert "Microsoft.Resources/subscriptions/resourceGroups/write" in reply.message


def test_a_call_without_api_version_is_refused(cloud: Cloud) -> None:
    reply = cloud.arm("GET", f"/subscriptions/{DEV}", version="")
    assert (reply.status, reply.code) == (400, "MissingApiVersionParameter")


def test_the_lab_service_knows_its_own_api_versions_alone(cloud: Cloud) -> None:
    lab = f"{cloud.group('rg-a')}/providers/Microsoft.DevTestLab/labs/a"
    reply = cloud.arm("PUT", lab, {"location": "westeurope"}, version="2024-03-01")
    assert (reply.status, reply.code) == (400, "NoRegisteredProviderFound")


def test_an_unknown_route_answers_loudly(cloud: Cloud, capfd: pytest.CaptureFixture[str]) -> None:
    path = f"/subscriptions/{DEV}/providers/Microsoft.Web/sites"
    reply = cloud.arm("GET", path)
    assert (reply.status, reply.code) == (501, "RouteNotRehearsed")
    assert f"GET {path}" in reply.message
    assert path in capfd.readouterr().err


def test_an_unknown_route_of_a_vault_answers_loudly_too(cloud: Cloud) -> None:
    reply = cloud.call("GET", "/~vaults/any/certificates?api-version=7.4")
    assert (reply.status, reply.code) == (501, "RouteNotRehearsed")


def test_paths_are_case_insensitive(cloud: Cloud) -> None:
    cloud.group("rg-Mixed")
    found = cloud.arm("GET", f"/SUBSCRIPTIONS/{DEV.upper()}/resourcegroups/RG-MIXED")
    assert found.body["name"] == "rg-Mixed"


def test_the_date_header_is_the_rehearsals_clock(cloud: Cloud) -> None:
    cloud.advance("7d")
    date = cloud.arm("GET", f"/subscriptions/{DEV}").headers["Date"]
    assert parsedate_to_datetime(date).timestamp() == START + 7 * 86400


def test_the_control_api_asks_for_its_key(cloud: Cloud) -> None:
    reply = cloud.call("GET", "/_rehearsal/clock")
    assert (reply.status, reply.code) == (403, "ControlKeyMissing")
    token = cloud.token().body["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert cloud.call("POST", "/_rehearsal/reset", headers=bearer).status == 403


def test_a_body_that_is_no_object_is_refused(cloud: Cloud) -> None:
    reply = cloud.arm("PUT", f"/subscriptions/{DEV}/resourceGroups/rg-a", [1])
    assert (reply.status, reply.code) == (400, "InvalidRequestContent")


def test_requests_are_on_record_without_secrets(cloud: Cloud) -> None:
    cloud.group("rg-a")
    found = cloud.control("GET", "requests").body["value"]
    assert [(each["method"], each["status"], each["who"]) for each in found] == [
        ("POST", 200, None),
        ("PUT", 201, "factory"),
    ]
    text = json.dumps(found)
    assert "factory-secret" not in text
    assert cloud.tokens[FACTORY] not in text
