"""The rehearsal's work folder: copies that keep their salt, and a project that leads back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import workspace
from rehearsal.home import Home, ServerInfo
from rehearsal.workspace import WorkspaceError, environment, in_order, prepare

PROJECT = {
    "name": "image-factory",
    "requiredPulumiVersion": ">=3.252.0",
    "runtime": {"name": "python", "options": {"virtualenv": "x"}},
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    write(folder / "Pulumi.yaml", PROJECT)
    write(folder / "Pulumi.dev.yaml", {"config": {"image-factory:keep": 3}})
    write(folder / "Pulumi.prod.yaml", {"config": {"image-factory:receivesFrom": "dev"}})
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def test_project_leads_back_to_the_checkout(home: Home, checkout: Path) -> None:
    prepare(home, checkout)
    project = read(home.work / "Pulumi.yaml")
    assert project["main"] == str(checkout)
    assert project["runtime"] == "python"
    assert project["requiredPulumiVersion"] == PROJECT["requiredPulumiVersion"]
    assert read(checkout / "Pulumi.yaml") == PROJECT


def test_copies_have_the_settings_of_a_rehearsal(home: Home, checkout: Path) -> None:
    assert prepare(home, checkout) == ["dev", "prod"]
    config = read(home.work / "Pulumi.dev.yaml")["config"]
    assert config == {"image-factory:keep": 3, "image-factory:pollInterval": "0.5s"}
    assert "image-factory:pollInterval" not in read(checkout / "Pulumi.dev.yaml")["config"]


def test_a_copy_keeps_its_edits_until_the_original_changes(home: Home, checkout: Path) -> None:
    prepare(home, checkout)
    copy = home.work / "Pulumi.dev.yaml"
    edited = read(copy)
    edited["encryptionsalt"] = "v1:salt"
    edited["config"]["image-factory:token"] = {"secure": "v1:x"}
    edited["config"]["image-factory:keep"] = 5
    write(copy, edited)
    prepare(home, checkout)
    assert read(copy) == edited

    write(checkout / "Pulumi.dev.yaml", {"config": {"image-factory:keep": 4}})
    prepare(home, checkout)
    renewed = read(copy)
    assert renewed["config"]["image-factory:keep"] == 4
    assert renewed["encryptionsalt"] == "v1:salt"
    assert renewed["config"]["image-factory:token"] == {"secure": "v1:x"}


def test_stacks_come_after_those_they_receive_from() -> None:
    def receives(source: str) -> dict[str, Any]:
        return {"config": {"image-factory:receivesFrom": source}}

    stacks = {"a": receives("organization/image-factory/c"), "b": receives("a"), "c": {}}
    assert in_order(stacks) == ["c", "a", "b"]
    assert in_order({"lonely": receives("elsewhere")}) == ["lonely"]
    several: dict[str, dict[str, Any]] = {
        "a": {"config": {"image-factory:receivesFrom": ["b", "c"]}},
        "b": {"config": {"image-factory:parentsFrom": "c"}},
        "c": {},
    }
    assert in_order(several) == ["c", "b", "a"]


def test_a_circle_of_stacks_is_named() -> None:
    stacks = {
        name: {"config": {"image-factory:receivesFrom": source}}
        for name, source in (("a", "b"), ("b", "a"))
    }
    with pytest.raises(WorkspaceError, match="in a circle: a, b"):
        in_order(stacks)


def test_a_broken_stack_file_is_one_line(home: Home, checkout: Path) -> None:
    (checkout / "Pulumi.dev.yaml").write_text("config: [", encoding="utf-8")
    with pytest.raises(WorkspaceError) as raised:
        prepare(home, checkout)
    assert "Pulumi.dev.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_environment_leads_every_client_to_the_local_azure(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.create()
    home.secrets.write_text(json.dumps({"clients": {"factory": "s3cret"}}), encoding="utf-8")
    server = ServerInfo(pid=1, port=4567, url="https://localhost:4567", scale=240.0)
    monkeypatch.setattr(Home, "read_server", lambda _: server)
    engine = tmp_path / "engine" / "pulumi"
    note = tmp_path / "fake" / ".pulumi" / "engine.json"
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps({"pulumi": str(engine)}), encoding="utf-8")
    (tmp_path / "fake" / "rehearsal").mkdir()
    estate = Path(workspace.__file__).with_name("estate.yaml")
    (tmp_path / "fake" / "rehearsal" / "estate.yaml").write_bytes(estate.read_bytes())
    monkeypatch.setattr(workspace, "CHECKOUT", tmp_path / "fake")
    monkeypatch.setenv("PATH", f"/usr/bin:{engine.parent}")
    monkeypatch.setenv("NO_PROXY", "example.com")

    made = environment(home)

    assert made["ARM_METADATA_HOSTNAME"] == "localhost:4567"
    assert made["AZURE_AUTHORITY_HOST"] == "https://localhost:4567"
    assert made["ARM_CLIENT_SECRET"] == made["AZURE_CLIENT_SECRET"] == "s3cret"
    assert made["REQUESTS_CA_BUNDLE"] == made["SSL_CERT_FILE"] == str(home.trust)
    assert made["REHEARSAL_TIME_SCALE"] == "240"
    assert made["NO_PROXY"] == "example.com,localhost,127.0.0.1"
    venv = tmp_path / "fake" / ".venv" / "bin"
    assert made["PATH"] == f"{venv}:{engine.parent}:/usr/bin"
    assert made["PULUMI_CONFIG_PASSPHRASE"] == environment(home)["PULUMI_CONFIG_PASSPHRASE"]
    assert (home.root / "passphrase").stat().st_mode & 0o777 == 0o600


def test_environment_without_a_server_says_how_to_start_it(home: Home) -> None:
    with pytest.raises(WorkspaceError, match="python -m rehearsal start"):
        environment(home)
