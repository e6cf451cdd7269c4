"""Connections to Azure: roots are read once, one token is asked for, a stranger is refused."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import RetryPolicy

from factory.azure.client import ArmClient, ArmError
from factory.azure.cloud import Cloud
from rehearsal import certificates
from rehearsal.azure.server.sockets import Server
from rehearsal.home import Home

MANY = 8


class Credential:
    """Counts how often it is asked; a token lasts for ever."""

    def __init__(self) -> None:
        self.asked = 0

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked += 1
        return AccessToken("token", 2**33)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    certificates.ensure(home)
    return home


@pytest.fixture
def address(home: Home) -> Iterator[str]:
    together = threading.Barrier(MANY, timeout=30)

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        together.wait()  # for all requests, so that none is sent over another's connection
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    server = Server(app, certificate=home.certificate, key=home.key)
    server.start()
    yield server.url
    server.stop()


def test_many_threads_read_the_roots_once_and_ask_for_one_token(
    home: Home, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(home.trust))
    read: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def noted(self: ssl.SSLContext, *args: Any, **kwargs: Any) -> None:
        read.append(args or kwargs)
        load(self, *args, **kwargs)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted)
    credential = Credential()
    client = ArmClient(Cloud(address, address, address), credential)
    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(lambda _: client.get("/subscriptions", "2024-03-01"), range(MANY)))
    assert answers == [{}] * MANY
    assert credential.asked == 1
    assert len(read) == 1


def test_one_view_asks_nothing_twice_and_whoever_asks_hears_the_fault(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(home.trust))
    asked: list[str] = []

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        asked.append(environ["PATH_INFO"])
        status = "403 Forbidden" if "closed" in asked[-1] else "200 OK"
        start(status, [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    server = Server(app, certificate=home.certificate, key=home.key)
    server.start()
    client = ArmClient(Cloud(server.url, server.url, server.url), Credential())

    def read(path: str, whose: ArmClient) -> str:
        try:
            return str(whose.get(path, "2024-03-01"))
        except ArmError as error:
            return str(error.status)

    view = client.one_view()
    with ThreadPoolExecutor(MANY) as pool:
        for path, answer in (("/open", "{}"), ("/Open", "{}"), ("/closed", "403")):
            answers = pool.map(lambda _, path=path: read(path, view), range(MANY))
            assert set(answers) == {answer}
    assert sorted(asked) == ["/closed", "/open"]
    for each in (client, client, client.one_view()):
        read("/open", each)
    assert asked.count("/open") == 4
    server.stop()


@pytest.mark.parametrize("bundle", ["certifi's", "one that is not there"])
def test_a_server_that_nothing_vouches_for_is_refused(
    address: str, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    if bundle != "certifi's":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    monkeypatch.setattr("factory.azure.client.RetryPolicy", lambda **_: RetryPolicy.no_retries())
    client = ArmClient(Cloud(address, address, address), Credential())
    with pytest.raises(ArmError, match=r"(?i)certificate"):
        client.get("/subscriptions", "2024-03-01")
