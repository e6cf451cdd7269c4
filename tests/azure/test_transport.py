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
