"""Real git repositories in a temporary folder, found by git under addresses of the web."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

URI = "https://git.example.com/contoso/artifacts.git"
_ME = {
    "GIT_AUTHOR_NAME": "me",
    "GIT_AUTHOR_EMAIL": "me@example.com",
    "GIT_COMMITTER_NAME": "me",
    "GIT_COMMITTER_EMAIL": "me@example.com",
}


@dataclass
class Upstream:
    """A repository with a checkout; ``write`` commits one file of it."""

    folder: Path

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words],
            env={**os.environ, **_ME},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> str:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", path)
        return self.git("rev-parse", "HEAD")

    def tree(self, path: str) -> str:
        return self.git("rev-parse", f"HEAD:{path}")


def upstream(folder: Path, monkeypatch: pytest.MonkeyPatch, uri: str = URI) -> Upstream:
    """Make a repository and let git find it under ``uri``; the cache is in the same folder."""
    made = Upstream(folder / "upstream")
    made.folder.mkdir(parents=True)
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("config", "uploadpack.allowFilter", "true")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{made.folder}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", uri)
    return made
