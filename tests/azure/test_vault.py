"""What is asked of a key vault, and what is told of its answers: never a value."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ServiceRequestError
from azure.core.rest import HttpRequest

from factory.azure.cloud import Cloud, find_cloud
from factory.azure.key_vault import VaultError, Vaults
from factory.definitions.definition import VaultRef

REF = VaultRef.model_validate({"keyVault": "kv-golden", "secret": "vpn"})
NAMED = "secret vpn of key vault kv-golden"


class Nobody:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", 2**40)


@dataclass
class Answer:
    status_code: int
    body: Any

    def json(self) -> Any:
        return json.loads(self.body) if isinstance(self.body, str) else self.body


@dataclass
class Pipeline:
    answer: Answer | Exception
    asked: list[str] = field(default_factory=list)

    def send_request(self, request: HttpRequest) -> Answer:
        self.asked.append(request.url)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def vaults(answer: Answer | Exception, suffix: str = "vault.azure.net") -> tuple[Vaults, Pipeline]:
    found = Vaults(Cloud("https://arm", "https://login", "https://arm", suffix), Nobody())
    pipeline = Pipeline(answer)
    found._client = pipeline  # type: ignore[assignment]
    return found, pipeline


def error(status: int, code: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": "hunter2 is not the value"}})


def test_a_secret_is_read_at_its_own_host_by_name() -> None:
    found, pipeline = vaults(Answer(200, {"value": "hunter2"}))
    assert found.read(REF) == "hunter2"
    assert pipeline.asked == ["https://kv-golden.vault.azure.net/secrets/vpn?api-version=7.4"]


def test_whether_it_exists_is_asked_without_its_value() -> None:
    found, pipeline = vaults(Answer(200, {"value": [{"id": "x"}]}))
    assert found.fault(REF) is None
    assert pipeline.asked[0].startswith("https://kv-golden.vault.azure.net/secrets/vpn/versions?")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (error(404, "SecretNotFound"), f"{NAMED} does not exist"),
        (Answer(200, {"value": []}), f"{NAMED} does not exist"),
        (error(403, "Forbidden"), None),
        (error(500, "Oops"), f"{NAMED} cannot be read: HTTP 500 Oops"),
        (ServiceRequestError("no such\n host"), f"{NAMED} cannot be read: no such host"),
    ],
)
def test_a_fault_is_one_line_before_anything_is_built(
    answer: Answer | Exception, fault: str | None
) -> None:
    assert vaults(answer)[0].fault(REF) == fault


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error(403, "Forbidden"), "Key Vault Secrets User"),
        (error(404, "SecretNotFound"), "does not exist"),
        (Answer(200, {"valu": "hunter2"}), "has no value"),
        (Answer(502, "<html>hunter2"), "HTTP 502"),
    ],
)
def test_no_error_repeats_what_the_vault_said(answer: Answer, words: str) -> None:
    with pytest.raises(VaultError, match=words) as caught:
        vaults(answer)[0].read(REF)
    assert "hunter2" not in str(caught.value)


def test_a_cloud_without_vaults_says_so() -> None:
    with pytest.raises(VaultError, match="this cloud names no key vaults"):
        vaults(Answer(200, {}), suffix="")[0].read(REF)


def test_every_named_cloud_has_its_vaults() -> None:
    for name in ("public", "usgovernment", "china"):
        assert find_cloud({"environment": name}.get).vault.startswith("vault.")


def test_a_value_that_was_set_since_is_not_the_one_that_was_given() -> None:
    """A run that goes on looks for what one that was cut off has given to a VM."""
    set_at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    attributes = {"created": int(set_at.timestamp())}
    found, _ = vaults(Answer(200, {"value": "hunter2", "attributes": attributes}))
    assert found.read(REF, set_at) == "hunter2"
    with pytest.raises(VaultError, match=f"{NAMED} was changed since") as caught:
        found.read(REF, set_at - timedelta(minutes=1))
    assert "hunter2" not in str(caught.value)
