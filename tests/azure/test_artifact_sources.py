"""Reading artifact repositories by the real git."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from factory.azure import artifact_sources
from factory.azure.artifact_sources import Repository, cache_folder, read_repository
from factory.common.git import GitError, git
from tests.azure.repositories import URI, Upstream, upstream

PLACE = Repository(URI, "main", "/Artifacts")


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upstream:
    made = upstream(tmp_path, monkeypatch)
    made.write("Artifacts/linux-java/java.sh", "install")
    made.write("Artifacts/Linux-Git/git.sh", "install")
    made.write("Artifacts/README.md", "a file is no artifact")
    return made


def test_the_commit_and_one_id_per_folder_are_read(there: Upstream) -> None:
    found = read_repository(PLACE)
    assert found.commit == there.git("rev-parse", "HEAD")
    assert found.trees == {
        "linux-java": there.tree("Artifacts/linux-java"),
        "linux-git": there.tree("Artifacts/Linux-Git"),
    }


def test_a_script_that_changes_changes_its_own_artifact_alone(there: Upstream) -> None:
    before = read_repository(PLACE)
    there.write("Artifacts/linux-java/java.sh", "install another")
    after = read_repository(PLACE)
    assert after.commit != before.commit
    assert after.trees["linux-java"] != before.trees["linux-java"]
    assert after.trees["linux-git"] == before.trees["linux-git"]


def test_a_known_commit_is_not_fetched_again(
    there: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read_repository(PLACE)
    asked: list[str] = []

    def watched(folder: Path, *words: str, seconds: float) -> str:
        asked.append(words[0])
        return git(folder, *words, seconds=seconds)

    monkeypatch.setattr(artifact_sources, "git", watched)
    assert read_repository(PLACE) == first
    assert asked == ["ls-remote"]
    there.write("Artifacts/linux-java/java.sh", "newer")
    assert read_repository(PLACE) != first
    assert "fetch" in asked


def test_a_branch_is_meant_exactly_and_a_tag_will_do(there: Upstream) -> None:
    main = there.git("rev-parse", "HEAD")
    there.git("tag", "--annotate", "v1", "--message", "one")
    there.git("checkout", "--quiet", "-b", "feature/main")
    there.write("Artifacts/linux-java/java.sh", "feature")
    assert read_repository(PLACE).commit == main
    assert read_repository(Repository(URI, "v1", "Artifacts/")).commit == main
    assert read_repository(Repository(URI, "", "/Artifacts")).commit != main  # HEAD is checked out


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Repository(URI, "gone", "/Artifacts"), "there is no branch gone"),
        (Repository(URI, "main", "/Other"), "there is no folder /Other at "),
        (Repository("--upload-pack=x", "main", "/"), "only https://"),
        (Repository("ext::sh -c x", "main", "/"), "only https://"),
    ],
)
def test_what_cannot_be_read_is_one_line(there: Upstream, place: Repository, said: str) -> None:
    with pytest.raises(GitError, match=said) as fault:
        read_repository(place)
    assert "\n" not in str(fault.value)


def test_a_password_in_an_address_reaches_neither_git_nor_a_message() -> None:
    place = Repository("https://me:s3cret@git.example.com/a.git", "main", "/Artifacts")
    assert place.address == "https://git.example.com/a.git"
    assert "s3cret" not in str(place)


def test_a_broken_or_unusable_cache_costs_time_only(
    there: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read_repository(PLACE)
    for note in cache_folder().iterdir():
        note.write_text("{")
    assert read_repository(PLACE) == first
    (tmp_path / "file").write_text("")
    assert read_repository(PLACE, tmp_path / "file" / "cache") == first


def test_nothing_but_notes_stays_in_the_cache(there: Upstream) -> None:
    read_repository(PLACE)
    there.write("Artifacts/linux-java/java.sh", "newer")
    read_repository(PLACE)
    assert [each.suffix for each in cache_folder().iterdir()] == [".json"]


def test_the_cache_is_where_the_system_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    own = Path("image-factory") / "artifact-sources"
    assert cache_folder({}, "linux") == Path("/home/me/.cache") / own
    assert cache_folder({"XDG_CACHE_HOME": "/c"}, "linux") == Path("/c") / own
    assert cache_folder({}, "darwin") == Path("/home/me/Library/Caches") / own
    assert cache_folder({"LOCALAPPDATA": "/l"}, "win32") == Path("/l") / own


def test_a_git_that_hangs_is_ended_with_its_helpers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nsleep 300 &\necho $! > helper\nwait\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitError, match=r"did not end within 0\.5 s"):
        git(tmp_path, "ls-remote", seconds=0.5)
    helper = int((tmp_path / "helper").read_text())
    deadline = time.monotonic() + 10
    while _runs(helper):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2][:3]
    except FileNotFoundError:
        return False


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="there is no `git` on PATH"):
        git(tmp_path, "--version", seconds=5)


def test_a_reason_is_told_without_a_password(there: Upstream) -> None:
    with pytest.raises(GitError) as fault:
        git(there.folder, "fetch", "file://me:s3cret@x/nowhere", seconds=20)
    assert "s3cret" not in str(fault.value)
