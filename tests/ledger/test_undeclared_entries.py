"""A state is code: what this program never declares is refused before an engine loads it."""

from __future__ import annotations

from typing import Any

import pytest

from factory.common.errors import FactoryError
from factory.ledger.undeclared_entries import check_export, check_resources

DEV = "organization/image-factory/dev"
STACK, OURS = "pulumi:pulumi:Stack", "azure-native:compute:Snapshot"


def entry(kind: str, name: str = "x", **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::image-factory::{kind}::{name}", "type": kind, **more}


PROVIDER = entry(
    "pulumi:providers:azure-native",
    custom=True,
    inputs={"__internal": {}, "location": "westeurope", "version": "3.29.0"},
)
GOOD = [
    entry(STACK, outputs={"catalogue": {}}),
    PROVIDER,
    entry("imagefactory:index:Image"),
    entry("pulumi:index:Stash", custom=True, outputs={"output": "yes"}),
    {
        **entry(OURS, custom=True),
        "urn": f"urn:pulumi:dev::image-factory::imagefactory:index:Version${OURS}::x",
    },
    entry("azure-native:compute/v20240302:Snapshot", custom=True, delete=True),
]


def test_what_the_program_declares_is_fine() -> None:
    check_export(DEV, {"version": 3, "deployment": {"resources": GOOD}})
    check_export(DEV, {"version": 3, "deployment": {}})
    check_export(DEV, {})
    check_resources(DEV, {each["urn"]: {"type": each["type"]} for each in GOOD})


def provider(package: str, **inputs: Any) -> dict[str, Any]:
    return entry(f"pulumi:providers:{package}", custom=True, inputs=inputs)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (provider("azure-native", pluginDownloadURL="https://elsewhere"), "pluginDownloadURL"),
        (provider("azure-native", __internal={"pluginDownloadURL": "https://x"}), "__internal"),
        (provider("azure-native", metadataHost="elsewhere.example"), "metadataHost"),
        (provider("azure-native", oidcRequestUrl="https://elsewhere"), "oidcRequestUrl"),
        (provider("evil", version="1.0.0"), "a provider of evil"),
        (provider("imagefactory"), "a provider of imagefactory"),
        (provider("pulumi-python"), "a provider of pulumi-python"),
        (entry("pulumi-python:dynamic:Resource", inputs={"__provider": "gASV"}), "pulumi-python"),
        (entry(OURS, outputs={"__provider": "gASV"}), "holds a program"),
        (entry("command:local:Command", custom=True), "type command:local:Command"),
        (entry("imagefactory:index:Image", custom=True), "said to be of a plugin"),
        ({"urn": entry(OURS)["urn"], "type": "pulumi-python:dynamic:Resource"}, "does not say"),
        ("nothing", "it is no entry"),
    ],
)
@pytest.mark.parametrize("pending", [False, True])
def test_what_it_never_declares_stops_the_run(bad: Any, words: str, pending: bool) -> None:
    where = (
        {"pending_operations": [{"type": "creating", "resource": bad}]}
        if pending
        else {"resources": [*GOOD, bad]}
    )
    with pytest.raises(FactoryError, match=words) as caught:
        check_export(DEV, {"deployment": where})
    assert "no engine has read it, nothing was changed" in str(caught.value)
    assert "\n" not in str(caught.value)


OURS_URL = "azurekeyvault://contoso.vault.azure.net/keys/dev"


def kept(kind: str, **state: str) -> dict[str, Any]:
    return {"deployment": {"secrets_providers": {"type": kind, "state": state}}}


@pytest.mark.parametrize(
    ("export", "said"),
    [
        (kept("cloud", url=OURS_URL, encryptedkey="x"), OURS_URL),
        (kept("passphrase", salt="v1:x"), ""),
        (kept("service", url="https://api.pulumi.com"), ""),
        (kept("cloud", url=OURS_URL), None),
        ({"deployment": {}}, OURS_URL),
    ],
)
def test_secrets_that_the_stack_file_says_are_kept_there_are_fine(
    export: dict[str, Any], said: str | None
) -> None:
    check_export(DEV, export, said)


@pytest.mark.parametrize(
    ("export", "said", "words"),
    [
        # An engine that loads it shows its Key Vault token to that host.
        (kept("cloud", url="azurekeyvault://elsewhere.example/keys/x"), OURS_URL, "elsewhere"),
        (kept("cloud", url="azurekeyvault://elsewhere.example/keys/x"), "", "a passphrase does"),
        (kept("passphrase", salt="v1:x"), OURS_URL, "passphrase keeps its secrets"),
        (kept("cloud", url="gcpkms://x"), "default", "gcpkms"),
        ({"deployment": {"secrets_providers": ["x"]}}, OURS_URL, "something else keeps"),
        ({"deployment": {"secrets_providers": {"type": ["cloud"]}}}, OURS_URL, "cloud"),
    ],
)
def test_secrets_that_are_kept_elsewhere_stop_the_run(
    export: dict[str, Any], said: str, words: str
) -> None:
    with pytest.raises(FactoryError, match=words) as caught:
        check_export(DEV, export, said)
    assert "no engine has read it, nothing was changed" in str(caught.value)
    assert "\n" not in str(caught.value)
