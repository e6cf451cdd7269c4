"""What is known of the artifacts' files: by git, by the lab's list, by both, by neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from factory.azure.artifact_observer import digest, observe_contents
from factory.azure.artifact_sources import Repository
from factory.azure.resources import Arm
from tests.azure.repositories import URI, upstream
from tests.plan.world import DEV, image, lab, settings

LISTED = {
    "title": "Java",
    "targetOsType": "Linux",
    "filePath": "/Artifacts/linux-java/Artifactfile.json",
    "parameters": {"version": {"type": "string", "defaultValue": "21"}},
    "createdDate": "2026-11-22T08:00:00Z",
}
ADOPTED = {"name": "own", "resourceGroup": "rg", "virtualNetwork": "net", "subnet": "default"}
JAVA = {"name": "Linux-Java", "source": "Team Repo"}
# Specialized: a deprovision would be of the public repository, which no test is to ask.
USES = image("linux/a", artifacts=[JAVA], capture="specialized")


class FakeLab:
    """A lab with these sources, each of which lists ``LISTED`` as its one artifact."""

    def __init__(self, **sources: Repository) -> None:
        self.sources = {name.replace("_", " "): place for name, place in sources.items()}
        self.asked: list[str] = []

    def artifact_sources(self, lab: str) -> dict[str, Repository]:
        return self.sources

    def artifacts(self, lab: str, source: str) -> dict[str, dict[str, Any]]:
        self.asked.append(source)
        return {"linux-java": LISTED, "linux-other": LISTED}


def observed(fake: FakeLab, **more: Any) -> Any:
    own = settings(DEV, [lab("team")], **more)
    return observe_contents(cast("Arm", fake), own, [USES])


def test_an_adopted_lab_is_believed_about_its_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = upstream(tmp_path, monkeypatch)
    commit = made.write("Tools/linux-java/java.sh", "install")
    fake = FakeLab(team_repo=Repository(URI, "main", "/Tools"), unused=Repository(URI, "x", "/y"))
    contents, warnings = observed(fake, factoryLab=ADOPTED)
    assert warnings == ()
    assert fake.asked == ["team repo"]
    assert contents["team repo"].commit == commit
    assert contents["team repo"].git == {"linux-java": made.tree("Tools/linux-java")}
    assert contents["team repo"].azure == {"linux-java": digest(LISTED)}
    assert "unused" not in contents


def test_what_git_cannot_read_is_one_warning_and_the_lab_s_list_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream(tmp_path, monkeypatch).write("Artifacts/x/y", "z")
    fake = FakeLab(team_repo=Repository(URI, "gone", "/Artifacts"))
    contents, warnings = observed(fake, factoryLab=ADOPTED)
    assert len(warnings) == 1
    assert warnings[0].startswith("artifact source team repo: git cannot read https://git.example")
    assert "there is no branch gone; what the lab lists of it decides" in warnings[0]
    assert contents["team repo"].git == {}
    assert contents["team repo"].azure == {"linux-java": digest(LISTED)}


def test_a_source_that_is_being_moved_is_read_where_it_will_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = upstream(tmp_path, monkeypatch)
    made.write("Artifacts/linux-java/java.sh", "install")
    fake = FakeLab(team_repo=Repository(URI, "old", "/Artifacts"))
    contents, warnings = observed(fake, artifactSources=[{"name": "team repo", "uri": URI}])
    assert warnings == ()
    assert contents["team repo"].git == {"linux-java": made.tree("Artifacts/linux-java")}
    assert contents["team repo"].azure == {}


def test_a_source_that_the_lab_spells_otherwise_is_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream(tmp_path, monkeypatch).write("Artifacts/linux-java/java.sh", "install")
    fake = FakeLab(team_repo=Repository(URI.removesuffix(".git"), "main", "Artifacts/"))
    contents, _ = observed(fake, artifactSources=[{"name": "team repo", "uri": URI}])
    assert contents["team repo"].azure == {"linux-java": digest(LISTED)}


def test_the_digest_sees_what_the_file_says_and_not_when_it_was_synced() -> None:
    assert digest(LISTED) == digest({**LISTED, "createdDate": "later", "somethingNew": 1})
    assert digest(LISTED) != digest({**LISTED, "parameters": {}})
    assert digest(LISTED) != digest({**LISTED, "title": "Java 25"})
