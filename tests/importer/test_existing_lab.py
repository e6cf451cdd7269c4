"""``import --from-lab``: formulas and custom images as definitions, repositories as settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.cli import import_, main
from factory.common.errors import Problems
from factory.definitions.bases import Base, ParentBase
from factory.definitions.definition import SecretRef
from factory.definitions.loader import load_images

SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
LAB = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.DevTestLab/labs/web"
SERVER = {
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter-g2",
    "osType": "Windows",
    "version": "latest",
}


def applied(name: str, source: str = "public repo", **parameters: str) -> dict[str, Any]:
    return {
        "artifactId": f"{LAB}/artifactsources/{source}/artifacts/{name}",
        "parameters": [{"name": key, "value": value} for key, value in parameters.items()],
        "status": "Succeeded",
    }


def made_of(vm: str) -> dict[str, Any]:
    return {"vm": {"sourceVmId": f"{LAB}/virtualmachines/{vm}"}, "description": f"Of {vm}"}


LISTS: dict[str, list[dict[str, Any]]] = {
    "formulas": [
        {
            "name": "Web desk",
            "properties": {
                "osType": "Windows",
                "formulaContent": {
                    "properties": {
                        "customImageId": f"{LAB}/customimages/Golden",
                        "size": "Standard_D2s_v5",
                        "artifacts": [applied("windows-git"), applied("own", "team", code="x1")],
                    }
                },
            },
        }
    ],
    "customimages": [
        {"name": "golden", "properties": made_of("source-vm")},
        {"name": "lost", "properties": made_of("gone")},
        {"name": "vhd", "properties": {"vhd": {"imageName": "x.vhd"}}},
        {"name": "old", "tags": {"ImagePath": "a.json"}, "properties": {}},
        {"name": "ours", "tags": {"image-factory-stack": "x"}, "properties": made_of("source-vm")},
    ],
    "virtualmachines": [
        {
            "id": f"{LAB}/virtualmachines/source-vm",
            "name": "source-vm",
            "properties": {
                "galleryImageReference": SERVER,
                "size": "Standard_D4s_v5",
                "artifacts": [applied("windows-7zip")],
                "computeId": "/x",
                "provisioningState": "Succeeded",
            },
        }
    ],
    "artifactsources": [
        {"name": "public repo", "properties": {"sourceType": "GitHub", "uri": "https://x.test/p"}},
        {
            "name": "team",
            "properties": {
                "sourceType": "VsoGit",
                "uri": "https://contoso@dev.azure.com/contoso/_git/artifacts",
                "branchRef": "main",
                "folderPath": "/All",
            },
        },
    ],
    "artifactsources/team/artifacts": [
        {"name": "own", "properties": {"parameters": {"code": {"type": "securestring"}}}}
    ],
    "policysets/default/policies": [
        {
            "name": "sizes",
            "properties": {
                "status": "Enabled",
                "factName": "LabVmSize",
                "threshold": '["Standard_D2s_v5"]',
            },
        },
        {"name": "off", "properties": {"status": "Disabled", "factName": "LabVmCount"}},
    ],
    "schedules": [
        {
            "name": "LabVmsShutdown",
            "properties": {"status": "Enabled", "taskType": "LabVmsShutdownTask"},
        }
    ],
}


class Azure:
    """Azure with one lab in it."""

    def get(self, path: str, api: str) -> dict[str, Any] | None:
        return {"name": "web", "location": "West Europe"} if path == LAB else None

    def list(self, path: str, api: str, **query: str) -> list[dict[str, Any]]:
        return LISTS.get(path.removeprefix(f"{LAB}/"), [])


@pytest.fixture(autouse=True)
def _azure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_, "signed_in", Azure)


def test_a_lab_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new"
    assert main(["import", "--from-lab", LAB, "--out", str(out)]) == 0
    problems = Problems()
    images = load_images(out / "images", "images", problems)
    assert problems.errors == []
    assert set(images) == {"golden", "Web-desk"}
    golden, desk = images["golden"].definition, images["Web-desk"].definition
    assert isinstance(golden.base, Base)
    assert (golden.base.offer, golden.description) == ("WindowsServer", "Of source-vm")
    assert [each.name for each in golden.artifacts] == ["windows-7zip"]
    # A formula of a custom image is built on the definition that the image became.
    assert desk.base == ParentBase(image="golden")
    assert desk.artifacts[1].parameters == {"code": SecretRef(secret="own-code")}
    config = yaml.safe_load((out / "Pulumi.factory.yaml").read_text())["config"]
    assert config["image-factory:artifactSources"] == [
        {
            "name": "team",
            "uri": "https://dev.azure.com/contoso/_git/artifacts",
            "type": "VsoGit",
            "branch": "main",
            "folder": "/All",
        }
    ]
    assert config["image-factory:labs"] == [
        {"name": "web", "resourceGroup": "rg-web", "region": "westeurope", "images": ["**"]}
    ]
    said = capsys.readouterr().out
    for line in (
        "custom image lost: was made of the VM gone, which is gone: what is in it is not known",
        "custom image vhd: was made of a VHD: what is in it is not known",
        "custom image old: is the original factory's: take it in with --adopt",
        "lab web: policy LabVmSize: ",
        "lab web: schedule LabVmsShutdown: LabVmsShutdownTask stays as it is",
        "artifact source team: token: if it is private",
    ):
        assert f"  {line}" in said
    assert "ours" not in said
    assert "LabVmCount" not in said
    assert "To do before" not in said


@pytest.mark.parametrize(
    ("identity", "said"),
    [("web", "is no lab's id"), (LAB.replace("/web", "/other"), "there is no such lab")],
)
def test_a_lab_that_is_not_there(
    identity: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "--from-lab", identity, "--out", str(tmp_path / "new")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
