"""Where a lab makes its VMs: asked for once, with all else that the lab says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from factory.azure.resources import Arm

LAB, GROUP = "/lab", "/subscriptions/s/resourceGroups/rg-vms"
PREVIEW = "2018-10-15-preview"


@dataclass
class Client:
    """A lab as the preview API tells it."""

    properties: dict[str, Any]
    written: list[dict[str, Any]] = field(default_factory=list)

    def get(self, path: str, api: str) -> dict[str, Any]:
        assert (path, api) == (LAB, PREVIEW)
        return {"id": LAB, "location": "here", "tags": {"a": "b"}, "properties": self.properties}

    def put(self, path: str, api: str, body: dict[str, Any]) -> None:
        assert (path, api) == (LAB, PREVIEW)
        self.written.append(body)


def test_a_lab_is_asked_with_all_that_it_says_of_itself_and_only_if_it_has_to_be() -> None:
    client = Client({"isolateLabResources": "Enabled", "vmCreationResourceGroupId": None})
    assert Arm(client).gather_vms(LAB, GROUP)  # type: ignore[arg-type]
    properties = {"isolateLabResources": "Enabled", "vmCreationResourceGroupId": GROUP}
    assert client.written == [{"location": "here", "tags": {"a": "b"}, "properties": properties}]
    again = Client({"vmCreationResourceGroupId": GROUP.lower()})
    assert not Arm(again).gather_vms(LAB, GROUP)  # type: ignore[arg-type]
    assert again.written == []
