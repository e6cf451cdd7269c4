"""A local Azure in this process, with a clock that only moves when a test moves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from werkzeug.test import Client

from rehearsal.azure import build
from rehearsal.azure.artifacts import ArtifactFolder
from rehearsal.azure.identity.tokens import Secrets
from rehearsal.azure.times import seconds
from rehearsal.azure.world import Azure, Knowledge

Json = dict[str, Any]

DEV = "5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001"
PROD = "c41f2a86-3b9d-4f57-8a60-d05e7b1c9002"
FOREIGN = "77777777-0000-4000-8000-000000000003"
TENANT = "3f6c1f0a-52d7-4c1b-9d51-7f3f2e9a4b10"
OTHER_TENANT = "99999999-0000-4000-8000-000000000009"
FACTORY = "8c0d5d1e-7a55-4f0b-b1c4-6f1f5c3e9101"
AUDITOR = "b7d3f2c8-61aa-4b0e-a9d4-3c5e8f1a9103"
STRANGER = "aaaaaaaa-0000-4000-8000-00000000000a"
LAB_API = "2018-09-15"
START = 1_795_392_000.0  # 2026-11-23 00:00 UTC
WINDOWS = "MicrosoftWindowsServer/WindowsServer/2022-datacenter-g2"
LINUX = "Canonical/ubuntu-24_04-lts/server"

ESTATE: Json = yaml.safe_load(f"""
tenants: [{TENANT}, {OTHER_TENANT}]
subscriptions:
  - {{name: Dev, id: {DEV}, cores: 20, terms: [kinvolk/flatcar-container-linux/stable-gen2]}}
  - {{name: Prod, id: {PROD}, cores: 20}}
  - {{name: Foreign, id: {FOREIGN}, tenant: {OTHER_TENANT}}}
principals:
  - {{name: factory, clientId: {FACTORY}, roles: {{Dev: Contributor, Prod: Contributor}}}}
  - {{name: auditor, clientId: {AUDITOR}, roles: {{Dev: Reader}}}}
  - {{name: stranger, clientId: {STRANGER}, tenant: {OTHER_TENANT}, roles: {{Foreign: Owner}}}}
""")
SECRETS = Secrets(
    {"factory": "factory-secret", "auditor": "auditor-secret", "stranger": "stranger-secret"},
    "token-key",
    "control-key",
)


@dataclass
class Reply:
    """An answer: status, JSON body, headers with any letter case."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.body["error"]["message"])


@dataclass
class Cloud:
    """The local Azure and a client of it."""

    path: Path
    estate: Json = field(default_factory=lambda: ESTATE)
    real: float = 0.0

    def __post_init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.open()

    def open(self, artifacts: ArtifactFolder | None = None) -> None:
        """Start on what is on disk, as a new process would."""
        knowledge = Knowledge(self.estate, artifacts=artifacts or ArtifactFolder.read())
        self.azure = Azure(knowledge, path=self.path, start=START, real=lambda: self.real)
        self.gateway = build.application(self.azure, SECRETS)
        self.client = Client(self.gateway)

    def close(self) -> None:
        self.azure.store.close()

    def advance(self, text: str) -> None:
        self.real += seconds(text)

    def call(self, method: str, path: str, **arguments: Any) -> Reply:
        answer = self.client.open(path, method=method, base_url="https://localhost:1", **arguments)
        body = answer.get_json() if answer.data else None
        return Reply(answer.status_code, body, answer.headers)

    def token(self, client: str = FACTORY, secret: str | None = None, **form: str) -> Reply:
        names = {FACTORY: "factory", AUDITOR: "auditor", STRANGER: "stranger"}
        tenant = OTHER_TENANT if client == STRANGER else TENANT
        data = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": secret or f"{names.get(client)}-secret",
            "scope": "https://localhost:1/.default",
            **form,
        }
        return self.call("POST", f"/{form.pop('tenant', tenant)}/oauth2/v2.0/token", data=data)

    def arm(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str = LAB_API,
        who: str = FACTORY,
        query: Json | None = None,
    ) -> Reply:
        if who not in self.tokens:
            self.tokens[who] = self.token(who).body["access_token"]
        found = {"api-version": version} if version else {}
        return self.call(
            method,
            path,
            json=body,
            query_string=found | (query or {}),
            headers={"Authorization": f"Bearer {self.tokens[who]}"},
        )

    def follow(self, reply: Reply) -> Reply:
        """Poll once the URL an answer names."""
        url = reply.headers.get("Azure-AsyncOperation") or reply.headers["Location"]
        path = url.removeprefix("https://localhost:1")
        return self.arm("GET", path.partition("?")[0], version="", query=_query(url))

    def finish(self, reply: Reply, within: str = "2h") -> Json:
        """Let an operation end, and give what polling it says."""
        assert reply.status in (200, 201, 202), reply.body
        if reply.status != 202 and "Azure-AsyncOperation" not in reply.headers:
            return {"status": "Succeeded"}
        self.advance(within)
        ended = self.follow(reply)
        return dict(ended.body or {"status": "Succeeded"})

    def make(self, path: str, body: Json | None = None, *, version: str = LAB_API) -> Json:
        """PUT and wait, and give what then stands."""
        ended = self.finish(self.arm("PUT", path, body or {}, version=version))
        assert ended["status"] == "Succeeded", ended
        return dict(self.arm("GET", path, version=version).body)

    def group(self, name: str, location: str = "westeurope", subscription: str = DEV) -> str:
        path = f"/subscriptions/{subscription}/resourceGroups/{name}"
        assert self.arm("PUT", path, {"location": location}).status in (200, 201)
        return path

    def lab(
        self,
        name: str = "web",
        location: str = "westeurope",
        subscription: str = DEV,
        **properties: Any,
    ) -> str:
        """Make a lab with its network; gives its path."""
        group = self.group(f"rg-{name}", location, subscription)
        path = f"{group}/providers/Microsoft.DevTestLab/labs/{name}"
        self.make(path, {"location": location, "properties": properties})
        self.make(f"{path}/virtualnetworks/Dtl{name}")
        return path

    def order(self, image: str = WINDOWS, **properties: Any) -> Json:
        """Write the body of a lab VM."""
        publisher, offer, sku = image.split("/")
        reference = {"publisher": publisher, "offer": offer, "sku": sku, "version": "latest"}
        return {
            "tags": {"made": "by a test"},
            "properties": {
                "size": "Standard_D2s_v5",
                "userName": "labuser",
                "password": "Correct-Horse-7",
                "galleryImageReference": reference,
                **properties,
            },
        }

    def vm(self, lab: str, name: str = "build", image: str = WINDOWS, **properties: Any) -> str:
        """Make a lab VM; gives its path."""
        path = f"{lab}/virtualmachines/{name}"
        self.make(path, self.order(image, **properties))
        return path

    def apply(self, vm: str, *names: str, **parameters: str) -> Json:
        """Apply artifacts to a VM and wait; gives the VM with all that can be expanded."""
        reply = self.arm(
            "POST", f"{vm}/applyArtifacts", {"artifacts": artifacts(*names, **parameters)}
        )
        assert self.finish(reply, "3h")["status"] == "Succeeded"
        return self.expanded(vm)

    def expanded(self, vm: str) -> Json:
        expand = {"$expand": "properties($expand=artifacts,computeVm,networkInterface)"}
        return dict(self.arm("GET", vm, query=expand).body)

    def disk(self, vm: str) -> Json:
        """Give the OS disk behind a lab VM."""
        found = self.expanded(vm)["properties"]["computeVm"]["osDiskId"]
        return dict(self.arm("GET", found).body)

    def control(self, method: str, path: str, /, body: Json | None = None, **query: str) -> Reply:
        headers = {"X-Rehearsal-Key": "control-key"}
        return self.call(
            method, f"/_rehearsal/{path}", json=body, query_string=query, headers=headers
        )


def artifacts(*names: str, **parameters: str) -> list[Json]:
    """Write artifacts of the public repository; parameters go to the first."""
    given = [{"name": name, "value": value} for name, value in parameters.items()]
    return [
        {
            "artifactId": f"/artifactsources/public repo/artifacts/{name}",
            "parameters": given if at == 0 else [],
        }
        for at, name in enumerate(names)
    ]


def compute(subscription: str, group: str, kind: str, name: str) -> str:
    """Write the path of a compute resource."""
    base = f"/subscriptions/{subscription}/resourceGroups/{group}"
    return f"{base}/providers/Microsoft.Compute/{kind}/{name}"


def _query(url: str) -> Json:
    return dict(part.split("=", 1) for part in url.partition("?")[2].split("&"))
