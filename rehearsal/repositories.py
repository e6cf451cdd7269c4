"""Artifact folders as git repositories, so that ordinary git finds what the labs are served.

Each is a bare repository in the rehearsal's folder, its artifacts under `/Artifacts` on `main` and
`master`. Nobody outside knows of them: `environment` lets git take them for the real addresses.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.home import Home
from rehearsal.settings import Settings, read_estate

PUBLIC = "https://github.com/Azure/azure-devtestlab.git"
_BRANCHES = ("refs/heads/main", "refs/heads/master")
_COUNT = "GIT_CONFIG_COUNT"
# The same folder gives the same commit in every rehearsal: what was read of it once is known.
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "rehearsal"),
        ("EMAIL", "rehearsal@localhost"),
        ("DATE", "2026-01-01T00:00:00Z"),
    )
}


def folders(settings: Settings) -> dict[str, Path]:
    """Give the folder that is served for each address; all others get that of the public one."""
    named: Mapping[str, Any] = read_estate(settings.estate).get("repositories", {})
    own = {str(uri): settings.estate.parent / str(folder) for uri, folder in named.items()}
    return {PUBLIC: settings.artifacts, **own}


def place(home: Home, uri: str) -> Path:
    """Give the bare repository that stands for an address."""
    return (
        home.root / "repositories" / f"{re.sub(r'[^A-Za-z0-9]+', '-', uri).strip('-').lower()}.git"
    )


def publish(home: Home, settings: Settings) -> dict[str, str]:
    """Bring every repository to what its folder holds now; gives the commit of each address.

    RuntimeError in one line if git cannot; a folder that did not change makes no commit.
    """
    return {uri: _publish(place(home, uri), folder) for uri, folder in folders(settings).items()}


def _publish(bare: Path, folder: Path) -> str:
    if not (bare / "HEAD").exists():
        bare.mkdir(mode=0o700, parents=True, exist_ok=True)
        _git(bare, "init", "--quiet", "--bare", "--initial-branch=main", ".")
        _git(bare, "config", "uploadpack.allowFilter", "true")
    with tempfile.TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        options = ("-c", "core.autocrlf=false", "-c", "core.bare=false")
        work = (*options, f"--git-dir={bare}", f"--work-tree={folder}")
        _git(folder, *work, "add", "--all", "--force", ".", **index)
        inner = _git(folder, *work, "write-tree", **index)
    tree = _git(bare, "mktree", said=f"040000 tree {inner}\tArtifacts\n")
    head = _git(bare, "for-each-ref", "--format=%(objectname) %(tree)", _BRANCHES[0]).split()
    if head[1:] == [tree]:
        return head[0]
    before = ("-p", head[0]) if head else ()
    commit = _git(bare, "commit-tree", tree, *before, "-m", "What the folder holds")
    for branch in _BRANCHES:
        _git(bare, "update-ref", branch, commit)
    return commit


def environment(
    home: Home, settings: Settings, around: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Make the variables by which git takes these repositories for the addresses they stand for.

    What the variables `around` already tell git stays, but for what an earlier rehearsal told it.
    """
    numbers = range(int(around.get(_COUNT) or 0))
    told = [
        (around.get(f"GIT_CONFIG_KEY_{n}", ""), around.get(f"GIT_CONFIG_VALUE_{n}", ""))
        for n in numbers
    ]
    served = sorted(uri for uri in folders(settings) if place(home, uri).exists())
    pairs = [(key, value) for key, value in told if not (_is_rewrite(key) and value in served)]
    pairs += [(f"url.{place(home, uri)}.insteadOf", uri) for uri in served]
    found = {_COUNT: str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def _is_rewrite(key: str) -> bool:
    return key.startswith("url.") and key.lower().endswith(".insteadof")


def _git(folder: Path, *words: str, said: str | None = None, **more: str) -> str:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            env={**plain, **_AUTHOR, **more},
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"the artifacts of {folder} cannot be made a git repository: {error}"
        raise RuntimeError(message) from error
    if done.returncode != 0:
        message = f"git {words[0]} of {folder} failed: {' '.join(done.stderr.split())[:300]}"
        raise RuntimeError(message)
    return done.stdout.strip()
