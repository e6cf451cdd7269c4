"""Microsoft's SDKs on a local Azure over HTTPS; what their pollers sleep, its clock is moved by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.devtestlabs import DevTestLabsClient
from azure.mgmt.devtestlabs import models as labs
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from rehearsal import certificates, keys
from rehearsal.azure import build
from rehearsal.azure.clock import present
from rehearsal.azure.server.sockets import Server
from rehearsal.azure.world import Azure, Knowledge
from rehearsal.first_day import FIRST_DAY
from rehearsal.home import Home
from rehearsal.settings import ESTATE

SCALE = 240.0
DEV = "5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001"
PROD = "c41f2a86-3b9d-4f57-8a60-d05e7b1c9002"
TENANT = "3f6c1f0a-52d7-4c1b-9d51-7f3f2e9a4b10"
CLIENTS = {
    "factory": "8c0d5d1e-7a55-4f0b-b1c4-6f1f5c3e9101",
    "auditor": "b7d3f2c8-61aa-4b0e-a9d4-3c5e8f1a9103",
}
PASSWORD = "Correct-Horse-7"
UBUNTU = labs.GalleryImageReference(
    publisher="Canonical", offer="ubuntu-24_04-lts", sku="server", os_type="Linux", version="latest"
)
WINDOWS = labs.GalleryImageReference(
    publisher="MicrosoftWindowsServer",
    offer="WindowsServer",
    sku="2022-datacenter-g2",
    os_type="Windows",
    version="latest",
)


class Transport(RequestsTransport):  # type: ignore[misc]  # loaded lazily, so Any
    """The SDK's own transport; it notes what was called, and lets no test wait for a poll."""

    def __init__(self, azure: Azure, calls: set[tuple[str, str]], trust: str) -> None:
        super().__init__(connection_verify=trust, use_env_settings=False)
        self._azure = azure
        self._calls = calls

    def send(self, request: Any, **arguments: Any) -> Any:
        path = request.url.partition("://")[2].partition("/")[2].partition("?")[0]
        self._calls.add((request.method, f"/{path}"))
        return super().send(request, **arguments)

    def sleep(self, duration: float) -> None:
        with self._azure.lock:
            self._azure.clock.advance(duration * SCALE)


@dataclass
class Cloud:
    """The server and the clients of one principal after another."""

    root: Path
    calls: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.home = Home(self.root)
        self.home.create()
        certificates.ensure(self.home)
        estate = yaml.safe_load(ESTATE.read_text(encoding="utf-8"))
        self.azure = Azure(Knowledge(estate), scale=SCALE, start=present(FIRST_DAY))
        # Time passes by what pollers sleep and tests say, never by how busy the machine is.
        self.azure.clock.run(frozen=True)
        gateway = build.application(self.azure, keys.ensure(self.home, estate))
        self.server = Server(gateway, certificate=self.home.certificate, key=self.home.key)
        self.server.start()
        self.url = self.server.url
        self.trust = str(self.home.ca)
        self.credential = self.sign_in("factory")
        # Every field of an SDK model may be None to a type checker; a test would notice.
        self.labs: Any = self.lab_client()
        self.compute = self.compute_client()
        self.resources = self.resource_client()
        self.subscriptions: Any = SubscriptionClient(self.credential, **self.reach())

    def close(self) -> None:
        self.server.stop()
        self.azure.store.close()

    def sign_in(self, name: str, secret: str = "") -> ClientSecretCredential:
        return ClientSecretCredential(
            TENANT,
            CLIENTS[name],
            secret or self.home.client_secret(name),
            authority=self.url,
            disable_instance_discovery=True,
            transport=self.transport(),
        )

    def lab_client(self, subscription: str = DEV, who: str = "factory") -> Any:
        credential = self.credential if who == "factory" else self.sign_in(who)
        return DevTestLabsClient(credential, subscription, **self.reach())

    def compute_client(self, subscription: str = DEV) -> Any:
        return ComputeManagementClient(self.credential, subscription, **self.reach())

    def resource_client(self, subscription: str = DEV) -> Any:
        return ResourceManagementClient(self.credential, subscription, **self.reach())

    def transport(self) -> Transport:
        return Transport(self.azure, self.calls, self.trust)

    def reach(self) -> dict[str, Any]:
        """Give what every client is told of where this cloud is."""
        return {
            "base_url": self.url,
            "credential_scopes": [f"{self.url}/.default"],
            "transport": self.transport(),
        }

    def group(self, name: str, location: str = "westeurope") -> str:
        self.resources.resource_groups.create_or_update(name, {"location": location})
        return name

    def lab(self, name: str) -> tuple[str, str]:
        """Make a lab with a network; gives its group and its name."""
        group = self.group(f"rg-{name}")
        body = labs.Lab(location="westeurope", lab_storage_type="StandardSSD")
        self.labs.labs.begin_create_or_update(group, name, body).result()
        network = labs.VirtualNetwork()
        self.labs.virtual_networks.begin_create_or_update(
            group, name, f"Dtl{name}", network
        ).result()
        self.advance(600)  # until the artifact sources are synced
        return group, name

    def order(self, image: labs.GalleryImageReference = UBUNTU, **more: Any) -> Any:
        """Write the body of a lab VM."""
        return labs.LabVirtualMachine(
            size="Standard_D2s_v5",
            user_name="labuser",
            password=PASSWORD,
            gallery_image_reference=image,
            **more,
        )

    def vm(self, lab: tuple[str, str], name: str, **more: Any) -> Any:
        client = self.labs.virtual_machines
        return client.begin_create_or_update(*lab, name, self.order(**more)).result()

    def advance(self, seconds: float) -> None:
        with self.azure.lock:
            self.azure.clock.advance(seconds)


def artifact(name: str, **parameters: str) -> Any:
    """Write an artifact of the public repository, as applyArtifacts takes it."""
    return labs.ArtifactInstallProperties(
        artifact_id=f"/artifactsources/public repo/artifacts/{name}",
        parameters=[
            labs.ArtifactParameterProperties(name=key, value=value)
            for key, value in parameters.items()
        ],
    )


@contextmanager
def refused(status: int, code: str, said: str = "") -> Iterator[None]:
    """Expect the SDK to raise HttpResponseError with this status, error code and words."""
    with pytest.raises(HttpResponseError) as raised:
        yield
    error = raised.value
    found = error.error.code if error.error else None
    assert (error.status_code, found) == (status, code), error.message
    assert said in str(error)


def failed(poller: Callable[[], Any], code: str) -> str:
    """Expect an operation that was accepted to fail at its end; gives the message."""
    running = poller()
    with pytest.raises(HttpResponseError) as raised:
        running.result()
    assert raised.value.error is not None
    assert raised.value.error.code == code, raised.value.message
    return str(raised.value.error.message)
