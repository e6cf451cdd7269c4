"""Signing in by azure-identity, and the services beside ARM that clients ask: Graph, Key Vault."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests
import urllib3
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential, EnvironmentCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.sdk.cloud import CLIENTS, DEV, TENANT, Cloud, refused

VAULT, SECRET = "kv-image-factory", "lab-admin-password"
API = {"api-version": "7.4"}


def test_a_wrong_secret_is_refused(cloud: Cloud) -> None:
    credential = cloud.sign_in("factory", "not the secret")
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential.get_token(f"{cloud.url}/.default")


@pytest.mark.parametrize("kind", [EnvironmentCredential, DefaultAzureCredential])
def test_the_environment_leads_here(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    """What `python -m rehearsal env` prints is all that a client of azure-identity needs."""
    for name, value in {
        "AZURE_AUTHORITY_HOST": cloud.url,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENTS["factory"],
        "AZURE_CLIENT_SECRET": cloud.home.client_secret("factory"),
        "REQUESTS_CA_BUNDLE": cloud.trust,
        "NO_PROXY": "localhost",
    }.items():
        monkeypatch.setenv(name, value)
    credential = kind(disable_instance_discovery=True)
    scopes = [f"{cloud.url}/.default"]
    client = ResourceManagementClient(credential, DEV, base_url=cloud.url, credential_scopes=scopes)
    assert client.resource_groups.check_existence("rg-nobody-made") is False


def test_a_token_for_something_else_is_no_token_for_arm(cloud: Cloud) -> None:
    reach = {**cloud.reach(), "credential_scopes": ["https://elsewhere/.default"]}
    client = ResourceManagementClient(cloud.credential, DEV, **reach)
    with refused(401, "InvalidAuthenticationToken"):
        list(client.resource_groups.list())


def test_the_cloud_describes_itself(cloud: Cloud) -> None:
    url = f"{cloud.url}/metadata/endpoints"
    answer = requests.get(url, params={"api-version": "2022-09-01"}, verify=cloud.trust, timeout=9)
    found = answer.json()
    assert found["resourceManager"] == f"{cloud.url}/"
    assert found["authentication"]["loginEndpoint"] == f"{cloud.url}/"
    assert found["suffixes"]["keyVaultDns"] == f"vault.localhost:{cloud.server.port}"
    assert found["microsoftGraphResourceId"] == f"{cloud.url}/"
    old = requests.get(url, params={"api-version": "2019-05-01"}, verify=cloud.trust, timeout=9)
    assert old.json() == [found]


def graph(cloud: Cloud, path: str, body: Any = None, **query: str) -> requests.Response:
    token = cloud.credential.get_token(f"{cloud.url}/.default").token
    return requests.request(
        "GET" if body is None else "POST",
        f"{cloud.url}/v1.0/{path}",
        params=query,
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        verify=cloud.trust,
        timeout=9,
    )


def test_graph_knows_the_principals(cloud: Cloud) -> None:
    client = CLIENTS["factory"]
    for text in (f"appId eq '{client}'", f"servicePrincipalNames/any(c:c eq '{client}')"):
        (found,) = graph(cloud, "servicePrincipals", **{"$filter": text}).json()["value"]
        assert (found["displayName"], found["appId"]) == ("factory", client)
    for path in ("servicePrincipals", "directoryObjects"):
        assert graph(cloud, f"{path}/{found['id']}").json()["appId"] == client
    several = graph(cloud, "directoryObjects/getByIds", {"ids": [found["id"]]}).json()["value"]
    assert [each["@odata.type"] for each in several] == ["#microsoft.graph.servicePrincipal"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("me", 400, "BadRequest"),
        ("servicePrincipals/none", 404, "Request_ResourceNotFound"),
        ("servicePrincipals?$filter=sideways", 400, "Request_UnsupportedQuery"),
        ("groups", 501, "RouteNotRehearsed"),
    ],
)
def test_what_graph_refuses(cloud: Cloud, path: str, status: int, code: str) -> None:
    answer = graph(cloud, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_graph_asks_for_a_token(cloud: Cloud) -> None:
    answer = requests.get(f"{cloud.url}/v1.0/me", verify=cloud.trust, timeout=9)
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def vault(cloud: Cloud, path: str, token: str = "", host: str = VAULT) -> tuple[int, Any, str]:
    """Ask a vault at its own host, as the suffix of the cloud metadata makes it."""
    name = f"{host}.vault.localhost"
    # The system may not resolve the name; the certificate is checked for it all the same.
    pool = urllib3.HTTPSConnectionPool(
        "127.0.0.1",
        cloud.server.port,
        ca_certs=cloud.trust,
        server_hostname=name,
        assert_hostname=name,
    )
    headers = {"Host": f"{name}:{cloud.server.port}"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    answer = pool.request("GET", path, fields=API, headers=headers)
    return answer.status, json.loads(answer.data), answer.headers.get("WWW-Authenticate", "")


def test_a_secret_of_a_vault(cloud: Cloud) -> None:
    path = f"/secrets/{SECRET}"
    status, _, challenge = vault(cloud, path)
    assert status == 401
    named = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    assert named["authorization"] == f"{cloud.url}/{TENANT}"
    token = cloud.credential.get_token(f"{named['resource']}/.default").token
    status, found, _ = vault(cloud, path, token)
    assert status == 200
    assert found["value"] == json.loads(cloud.home.secrets.read_text())["vaults"][VAULT][SECRET]
    assert found["id"].startswith(f"https://{VAULT}.vault.localhost:{cloud.server.port}{path}/")
    version = found["id"].rpartition("/")[2]
    assert vault(cloud, f"{path}/{version}", token)[1] == found
    assert vault(cloud, f"{path}/none", token)[0] == 404
    code = vault(cloud, "/secrets/none", token)[1]["error"]["code"]
    assert code == "SecretNotFound"
    assert vault(cloud, path, token, "kv-none")[1]["error"]["code"] == "VaultNotFound"
    other = cloud.sign_in("auditor").get_token(f"{named['resource']}/.default").token
    assert vault(cloud, path, other)[1]["error"]["code"] == "Forbidden"
    plain = f"{cloud.url}/~vaults/{VAULT}{path}"
    bearer = {"Authorization": f"Bearer {token}"}
    answer = requests.get(plain, params=API, headers=bearer, verify=cloud.trust, timeout=9)
    assert answer.json() == found
