from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.plugin.service import Service
from rehearsal.plugin.values import from_struct, to_struct
from tests.plugin.fake_arm import FakeArm, FakeArmServer

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:dev::image-factory::some:component:Parent${token}::{name}"


@dataclass
class Plugin:
    """The plugin over gRPC, with what a test asks of it in Python values."""

    stub: Any
    arm: FakeArm

    def configure(self, **settings: str) -> Any:
        return self.stub.Configure(messages.ConfigureRequest(args=to_struct(settings)))

    def check(
        self,
        token: str,
        inputs: dict[str, Any],
        old: dict[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        answer = self.stub.Check(
            messages.CheckRequest(
                urn=urn(token),
                news=to_struct(inputs),
                olds=to_struct(old or {}),
                randomSeed=b"seed",
                **more,
            )
        )
        return from_struct(answer.inputs), [failure.reason for failure in answer.failures]

    def diff(self, token: str, old: dict[str, Any], new: dict[str, Any]) -> Any:
        return self.stub.Diff(
            messages.DiffRequest(urn=urn(token), old_inputs=to_struct(old), news=to_struct(new))
        )

    def create(
        self, token: str, inputs: dict[str, Any], *, preview: bool = False, timeout: float = 0
    ) -> tuple[str, dict[str, Any]]:
        request = messages.CreateRequest(
            urn=urn(token), properties=to_struct(inputs), preview=preview, timeout=timeout
        )
        answer = self.stub.Create(request)
        return answer.id, from_struct(answer.properties)

    def update(
        self,
        token: str,
        identity: str,
        *,
        old: dict[str, Any],
        new: dict[str, Any],
        preview: bool = False,
    ) -> dict[str, Any]:
        request = messages.UpdateRequest(
            id=identity,
            urn=urn(token),
            olds=to_struct(old),
            old_inputs=to_struct(old),
            news=to_struct(new),
            preview=preview,
        )
        return from_struct(self.stub.Update(request).properties)

    def read(
        self,
        token: str,
        identity: str,
        inputs: dict[str, Any] | None = None,
        outputs: dict[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        request = messages.ReadRequest(
            id=identity,
            urn=urn(token),
            inputs=to_struct(inputs or {}),
            properties=to_struct(outputs or {}),
        )
        answer = self.stub.Read(request)
        return answer.id, from_struct(answer.inputs), from_struct(answer.properties)

    def cancel(self) -> None:
        self.stub.Cancel(empty_pb2.Empty())

    def delete(self, token: str, identity: str) -> None:
        self.stub.Delete(messages.DeleteRequest(id=identity, urn=urn(token)))

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(messages.InvokeRequest(tok=token, args=to_struct(arguments)))
        return from_struct(getattr(answer, "return"))


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeArmServer]:
    server = FakeArmServer(tmp_path_factory.mktemp("arm"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def arm_server(running_server: FakeArmServer) -> FakeArmServer:
    """The server with nothing stored, seen or scripted."""
    running_server.arm = FakeArm(running_server.url)
    return running_server


@pytest.fixture
def bare_plugin(arm_server: FakeArmServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    """The plugin before Configure, at a time scale that makes its waits short."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(arm_server.certificate))
    environment = {
        "ARM_METADATA_HOSTNAME": f"localhost:{arm_server.port}",
        "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
        "ARM_TENANT_ID": "tenant",
        "ARM_CLIENT_ID": "client",
        "ARM_CLIENT_SECRET": "s3cret",
        "REHEARSAL_TIME_SCALE": "1000",
    }
    server = grpc.server(ThreadPoolExecutor(max_workers=96))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Service(environment), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Plugin(provider_pb2_grpc.ResourceProviderStub(channel), arm_server.arm)
    server.stop(None).wait()


@pytest.fixture
def plugin(bare_plugin: Plugin) -> Plugin:
    bare_plugin.configure()
    return bare_plugin
