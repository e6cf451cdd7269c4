"""The token of a run: asked of either service, kept in a private file, renewed, and gone.

And comments by the APIs of both: made once, then changed.
"""

from __future__ import annotations

import getpass
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from factory.common.errors import FactoryError
from factory.pipelines import sign_in
from factory.pipelines.outcome import Notice, Outcome, Result
from factory.pipelines.pull_request import post
from factory.pipelines.service import Service
from factory.pipelines.state_locks import StateLock, is_left_behind
from factory.pipelines.webhook import notify
from rehearsal import certificates
from rehearsal.home import Home
from tests.pipelines.standin import TOKEN, Standin, standin

MARK = "<!-- mine -->"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    home = Home(tmp_path / "home")
    home.create()
    certificates.ensure(home)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(home.ca))
    with standin(home.certificate, home.key) as found:
        yield found


def github(service: Standin) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": f"{service.url}/api",
        "GITHUB_GRAPHQL_URL": f"{service.url}/api/graphql",
        "GITHUB_REPOSITORY": "contoso/image-factory",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REF": "refs/pull/7/merge",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{service.url}/oidc/github?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": TOKEN,
        "AZURE_CLIENT_ID": "me",
        "AZURE_TENANT_ID": "here",
    }


def azure(service: Standin) -> dict[str, str]:
    service.connections["connection-1"] = "image-factory-dev"
    return {
        "TF_BUILD": "True",
        "SYSTEM_COLLECTIONURI": f"{service.url}/contoso/",
        "SYSTEM_TEAMPROJECT": "factory",
        "BUILD_REPOSITORY_ID": "repo-1",
        "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
        "SYSTEM_ACCESSTOKEN": TOKEN,
        "SYSTEM_OIDCREQUESTURI": f"{service.url}/oidc/azure",
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "connection-1",
        "AZURESUBSCRIPTION_CLIENT_ID": "me",
        "AZURESUBSCRIPTION_TENANT_ID": "here",
    }


Variables = Callable[[Standin], dict[str, str]]
BOTH = pytest.mark.parametrize("of", [github, azure])


@BOTH
def test_the_token_stands_in_a_private_file_is_renewed_and_goes(
    service: Standin, of: Variables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "_RENEWED", 0.05)
    variables = {**of(service), "RUNNER_TEMP": str(tmp_path)}
    with sign_in.signed_in(variables, print):
        file = Path(variables["AZURE_FEDERATED_TOKEN_FILE"])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text() in service.tokens
        assert variables["ARM_USE_DEFAULT_AZURE_CREDENTIAL"] == "true"
        assert (variables["AZURE_CLIENT_ID"], variables["ARM_TENANT_ID"]) == ("me", "here")
        limit = time.monotonic() + 30
        while len(service.tokens) < 3:
            assert time.monotonic() < limit
            time.sleep(0.02)
    assert not file.exists()


@BOTH
def test_a_service_that_gives_no_token_is_one_line_without_any(
    service: Standin, of: Variables
) -> None:
    variables = {**of(service), "SYSTEM_ACCESSTOKEN": "wrong-secret"}
    variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "wrong-secret"
    if of is azure:
        del variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    with pytest.raises(FactoryError, match="the token of this run: localhost said 401") as caught:
        sign_in.identity(variables).ask()  # type: ignore[union-attr]
    assert "wrong-secret" not in str(caught.value)


def test_without_a_client_the_variables_are_named_and_at_a_desk_nothing_happens(
    service: Standin,
) -> None:
    variables = github(service)
    del variables["AZURE_CLIENT_ID"]
    with pytest.raises(FactoryError, match="AZURE_CLIENT_ID and AZURE_TENANT_ID"):
        sign_in.identity(variables)
    job = {"AZURE_CLIENT_ID": "me"}
    with sign_in.signed_in(job, print):
        assert job == {"AZURE_CLIENT_ID": "me"}


@BOTH
def test_a_comment_is_made_once_and_then_changed(service: Standin, of: Variables) -> None:
    running = Service(of(service))
    us, them = {"login": "github-actions[bot]"}, {"login": "somebody"}
    others = [
        {"id": number, "body": f"{MARK} quoted? no, said"[1:], "user": us}
        for number in range(1, 130)
    ]
    # Whoever may comment can write the mark: what he said is not ours to replace.
    others.append({"id": 130, "body": f"{MARK}\ntheirs", "user": them})
    service.comments[7] = list(others)
    assert post(running, f"{MARK}\none", MARK) == "created"
    assert post(running, f"{MARK}\ntwo", MARK) == "updated"
    assert [each["body"] for each in service.comments[7][130:]] == [f"{MARK}\ntwo"]
    assert service.comments[7][129]["body"] == f"{MARK}\ntheirs"


def test_who_may_not_comment_is_told_what_to_do(service: Standin) -> None:
    variables = github(service)
    del variables["GITHUB_TOKEN"]
    with pytest.raises(FactoryError, match=r"GITHUB_TOKEN is not set -> give the step"):
        post(Service(variables), MARK, MARK)
    with pytest.raises(FactoryError, match="for no pull request"):
        post(Service({**variables, "GITHUB_REF": "refs/heads/main"}), MARK, MARK)
    elsewhere = {**azure(service), "BUILD_REPOSITORY_PROVIDER": "GitHub"}
    with pytest.raises(FactoryError, match="not in Azure Repos"):
        post(Service(elsewhere), MARK, MARK)


def test_a_chat_is_told_and_one_that_fails_harms_nothing(service: Standin) -> None:
    told = [Outcome("dev", Result.STOPPED, (Notice("error", "too many"),))]
    variables = {"IMAGE_FACTORY_WEBHOOK": f"{service.url}/chat"}
    assert notify(variables, told, "") is None
    assert service.messages[0]["attachments"][0]["content"]["body"][1]["color"] == "Attention"
    variables["IMAGE_FACTORY_WEBHOOK_KIND"] = "slack"
    assert notify(variables, told, "") is None
    assert service.messages[1]["blocks"][1]["text"]["text"] == "*dev* error: too many"
    service.broken = True
    fault = notify(variables, told, "")
    assert fault is not None
    assert "500" in fault
    assert "/chat" not in fault


def test_whose_lock_may_be_released() -> None:
    agent, person = getpass.getuser(), "somebody-else"
    elsewhere = StateLock(1, "another-host", agent, "now")
    running = {"GITHUB_ACTIONS": "true"}
    assert is_left_behind(elsewhere, running)
    assert is_left_behind(elsewhere, {"TF_BUILD": "True"})
    assert not is_left_behind(elsewhere, {})
    assert not is_left_behind(StateLock(1, "another-host", person, "now"), running)
