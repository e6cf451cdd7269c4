"""Artifact folders as repositories: what git finds is what the labs are served."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal import repositories
from rehearsal.azure.artifacts import SHIPPED
from rehearsal.client import Client, running
from rehearsal.home import Home
from rehearsal.settings import Settings
from tests.rehearsal.cloud import DEV, FACTORY, TENANT
from tests.rehearsal.test_process import run

OTHER = "https://dev.azure.com/contoso/_git/tools"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    found = Home(tmp_path / "home")
    yield found
    run(found, "stop")


@pytest.fixture
def served(home: Home, tmp_path: Path) -> Settings:
    folder = tmp_path / "artifacts"
    for name in ("linux-java", "linux-deprovision"):
        shutil.copytree(SHIPPED / name, folder / name)
    estate = tmp_path / "estate.yaml"
    estate.write_text(
        f"tenants: []\nsubscriptions: []\nprincipals: []\nrepositories: {{{OTHER}: tools}}\n"
    )
    shutil.copytree(SHIPPED / "linux-swapfile", tmp_path / "tools" / "linux-swapfile")
    return replace(Settings.resolve(home), artifacts=folder, estate=estate)


def asked(home: Home, settings: Settings, *words: str) -> str:
    """Ask git as a client of the rehearsal would, by the real address."""
    told = repositories.environment(home, settings)
    done = subprocess.run(
        ["git", *words], env={**os.environ, **told}, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_git_finds_each_folder_at_its_address(home: Home, served: Settings) -> None:
    commits = repositories.publish(home, served)
    assert set(commits) == {repositories.PUBLIC, OTHER}
    for uri, branch in ((repositories.PUBLIC, "master"), (OTHER, "main")):
        assert asked(home, served, "ls-remote", uri, f"refs/heads/{branch}").startswith(
            commits[uri]
        )


def test_only_a_changed_folder_makes_a_commit(home: Home, served: Settings) -> None:
    first = repositories.publish(home, served)
    assert repositories.publish(home, served) == first
    (served.artifacts / "linux-java" / "java.sh").write_text("another")
    second = repositories.publish(home, served)
    assert second[OTHER] == first[OTHER]
    assert second[repositories.PUBLIC] != first[repositories.PUBLIC]
    bare = repositories.place(home, repositories.PUBLIC)
    log = asked(home, served, f"--git-dir={bare}", "log", "--format=%H", "main")
    assert log.split() == [second[repositories.PUBLIC], first[repositories.PUBLIC]]


def test_what_the_environment_told_git_before_stays(home: Home, served: Settings) -> None:
    around = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "me",
        "GIT_CONFIG_KEY_1": "url./an/earlier/rehearsal.insteadOf",
        "GIT_CONFIG_VALUE_1": OTHER,
    }
    repositories.publish(home, served)
    told = repositories.environment(home, served, around)
    assert told["GIT_CONFIG_COUNT"] == "3"
    assert told["GIT_CONFIG_KEY_0"] == "user.name"
    assert "/an/earlier/rehearsal" not in "".join(told.values())
    assert repositories.environment(home, served, told) == told


def test_a_sync_brings_edited_artifacts_to_the_labs(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    shutil.copytree(SHIPPED, folder)
    assert run(home, "start", "--artifacts", str(folder)).returncode == 0
    before = run(home, "artifacts", "sync").stdout
    file = folder / "linux-java" / "Artifactfile.json"
    file.write_text(file.read_text().replace('"title": "', '"title": "Newer '))
    after = run(home, "artifacts", "sync").stdout
    assert before.split()[1:] == after.split()[1:] == [repositories.PUBLIC]
    assert before != after
    assert _title(Client(home, running(home)), home) == "Newer Java"


def _title(client: Client, home: Home) -> str:
    client.sign_in(TENANT, FACTORY, home.client_secret("factory"))
    group = f"/subscriptions/{DEV}/resourceGroups/rg-team-web"
    lab = f"{group}/providers/Microsoft.DevTestLab/labs/team-web"
    source = f"{lab}/artifactsources/public%20repo/artifacts"
    listed = client.arm("GET", source, "2018-09-15")["value"]
    titles = {each["name"]: each["properties"]["title"] for each in listed}
    return str(titles["linux-java"])
