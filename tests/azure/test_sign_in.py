"""Who the factory is in Azure: the same settings and variables as azure-native's."""

from __future__ import annotations

import os

import pytest
from azure.identity import (
    ClientAssertionCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
)

from factory.azure.cloud import find_cloud, find_credential, provider_lookup
from factory.common.errors import FactoryError

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


def test_a_metadata_host_that_does_not_answer_is_told() -> None:
    with pytest.raises(FactoryError, match="does not answer as one"):
        find_cloud(provider_lookup({"metadataHost": "localhost:1"}.get))
