"""Who the factory is in Azure: the same settings and variables as azure-native's."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pulumi_azure_native
import pytest
import requests
from azure.core.credentials import AccessToken
from azure.identity import (
    ClientAssertionCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
)
from requests.adapters import HTTPAdapter

from factory.azure.client import ArmClient, ArmError
from factory.azure.cloud import Cloud, find_cloud, find_credential, provider_lookup
from factory.common.errors import FactoryError, Problems
from factory.settings.stack_file import PROVIDER_KEYS, check_keys, read_stack_file

WHO = {"ARM_TENANT_ID": "3f6c1f0a-52d7-4c1b-9d51-7f3f2e9a4b10", "ARM_CLIENT_ID": "me"}

OF_GITHUB = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ARM_", "AZURE_", "ACTIONS_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({}, DefaultAzureCredential),
        ({**WHO, "ARM_CLIENT_SECRET": "s"}, ClientSecretCredential),
        ({**WHO, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "t"}, ClientAssertionCredential),
        ({**WHO, "ARM_USE_OIDC": "true", **OF_GITHUB}, ClientAssertionCredential),
        ({"ARM_USE_MSI": "true"}, ManagedIdentityCredential),
        (
            {**WHO, "ARM_CLIENT_SECRET": "s", "ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true"},
            DefaultAzureCredential,
        ),
    ],
)
def test_the_credential_follows_the_variables(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], kind: type
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    lookup = provider_lookup(lambda _: None)
    assert isinstance(find_credential(lookup, find_cloud(lookup)), kind)


def test_configuration_wins_over_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_ENVIRONMENT", "china")
    configured = {"environment": "usgovernment"}
    assert "usgovcloudapi" in find_cloud(provider_lookup(configured.get)).arm
    assert "chinacloudapi" in find_cloud(provider_lookup(lambda _: None)).arm


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({**WHO, "ARM_TENANT_ID": "not/a/tenant", "ARM_CLIENT_SECRET": "s"}, "not configured well"),
        ({**WHO, "ARM_CLIENT_CERTIFICATE_PATH": "/nowhere.pem"}, "not configured well"),
        ({**WHO, "ARM_USE_OIDC": "true"}, "ARM_OIDC_TOKEN"),
    ],
)
def test_a_sign_in_that_cannot_be_is_one_clean_line(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    lookup = provider_lookup(lambda _: None)
    with pytest.raises(FactoryError, match=words) as caught:
        find_credential(lookup, find_cloud(lookup))
    assert "\n" not in str(caught.value)


def test_an_unknown_cloud_is_told() -> None:
    with pytest.raises(FactoryError, match="expected one of public, usgovernment, china"):
        find_cloud(provider_lookup({"environment": "mars"}.get))


def test_a_metadata_host_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", "localhost:1")
    with pytest.raises(FactoryError, match="does not answer as one"):
        find_cloud(provider_lookup(lambda _: None))


# What pulumi_azure_native 3 reads of its configuration and a stack may not say.
ADDRESSES = (
    "auxiliaryTenantIds",
    "disableInstanceDiscovery",
    "metadataHost",
    "msiEndpoint",
    "oidcRequestToken",
    "oidcRequestUrl",
    "oidcToken",
    "oidcTokenFilePath",
)


@pytest.mark.parametrize("key", ADDRESSES)
def test_no_configuration_says_where_tokens_come_from_or_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    for name, value in {**WHO, "ARM_USE_OIDC": "true", **OF_GITHUB}.items():
        monkeypatch.setenv(name, value)
    # As the engine gives it, from wherever it has it: the program stops before it asks anybody.
    with pytest.raises(FactoryError, match=f"azure-native:{key} is no setting of a stack"):
        provider_lookup({key: "https://elsewhere.example"}.get)
    # As it stands in a stack file, where a secret is no better: `validate` tells it with its place.
    file = tmp_path / "Pulumi.dev.yaml"
    for name in (f"azure-native:{key}", f"azure-native:config:{key}"):
        for value in ("https://elsewhere.example", "{secure: v1:abc}"):
            file.write_text(f"config:\n  {name}: {value}\n")
            problems = Problems()
            check_keys(read_stack_file(file, file.name, problems), (), problems)
            (fault,) = problems.errors
            assert str(fault).startswith(f"Pulumi.dev.yaml:2:3: {name} is no setting of a stack")


def test_every_key_of_the_provider_is_either_allowed_or_refused() -> None:
    provider = (Path(pulumi_azure_native.__file__).parent / "config/vars.py").read_text()
    known = set(re.findall(r"__config__\.get(?:_bool)?\('(\w+)'\)", provider))
    assert len(known) > 15
    assert known == PROVIDER_KEYS | set(ADDRESSES)


class Nobody:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", 2**40)


class Wire(HTTPAdapter):
    """Answers instead of the network, and notes which host was shown the token."""

    answers: ClassVar[list[tuple[int, dict[str, str], Any]]] = []
    shown: ClassVar[list[str | None]] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        if request.headers.get("Authorization"):
            self.shown.append(urlsplit(request.url or "").hostname)
        answer = requests.Response()
        answer.status_code, headers, body = self.answers.pop(0)
        answer.headers.update(headers)
        answer.raw, answer.request = io.BytesIO(json.dumps(body).encode()), request
        answer.url = request.url or ""
        return answer


ELSEWHERE = (
    "https://elsewhere.example/subscriptions",
    "https://arm.test@elsewhere.example/subscriptions",
    "https://arm.test.elsewhere.example/subscriptions",
    "https://arm.test:8443/subscriptions",
    "http://arm.test/subscriptions",
)


@pytest.mark.parametrize(
    ("way", "link"),
    [
        ("nextLink", "https://arm.test:x/subscriptions"),
        *((way, link) for way in ("nextLink", "redirect", "operation") for link in ELSEWHERE),
    ],
)
def test_the_token_is_shown_to_arm_alone(
    monkeypatch: pytest.MonkeyPatch, link: str, way: str
) -> None:
    monkeypatch.setattr("factory.azure.transport.Connections", Wire)
    monkeypatch.setattr(Wire, "shown", [])
    client = ArmClient(Cloud("https://arm.test", "https://login", "https://arm.test"), Nobody())
    if way == "operation":
        headers = {"Azure-AsyncOperation": link}
        monkeypatch.setattr(Wire, "answers", [(201, headers, {})])
        assert client.put("/subscriptions/x", "2024-01-01", {}) == ""
    else:
        first: Any = (200, {}, {"value": [{"id": 1}], "nextLink": link})
        moved: Any = (307, {"Location": link}, {})
        answers: list[Any] = [first if way == "nextLink" else moved, (200, {}, {"value": [2]})]
        monkeypatch.setattr(Wire, "answers", answers)
        with pytest.raises(ArmError, match=r"leads to|HTTP 307"):
            list(client.list("/subscriptions", "2024-01-01"))
    assert Wire.shown == ["arm.test"]


def test_the_next_page_of_arm_itself_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.azure.transport.Connections", Wire)
    monkeypatch.setattr(Wire, "shown", [])
    first, second = {"id": 1}, {"id": 2}
    link = "https://ARM.test:443/next"
    pages: list[Any] = [{"value": [first], "nextLink": link}, {"value": [second]}]
    monkeypatch.setattr(Wire, "answers", [(200, {}, page) for page in pages])
    client = ArmClient(Cloud("https://arm.test", "https://login", "https://arm.test"), Nobody())
    assert list(client.list("/subscriptions", "2024-01-01")) == [first, second]
    assert Wire.shown == ["arm.test"] * 2
