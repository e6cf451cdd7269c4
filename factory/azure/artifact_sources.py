"""Reads by git what stands in artifact repositories: the commit of a branch, an id per artifact.

Only what git is asked crosses the network: the branch's commit always, its folder trees when that
commit was never seen here (no file content at all). Git uses the credentials that the environment
gives it and asks nobody; no secret is ever among its arguments.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from factory.common.git import GitError, git

_LOOK, _FETCH = 20, 120  # seconds


@dataclass(frozen=True)
class Repository:
    """Where a source's artifacts are; ``branch`` may be empty for the repository's own default."""

    uri: str
    branch: str
    folder: str

    @property
    def ref_names(self) -> tuple[str, ...]:
        """How the branch may be called on the other side, the likeliest first."""
        if not self.branch:
            return ("HEAD",)
        if self.branch.startswith("refs/"):
            return (self.branch,)
        return (f"refs/heads/{self.branch}", f"refs/tags/{self.branch}")

    @property
    def address(self) -> str:
        """What git is given: a password that somebody wrote into the URI stays out of sight."""
        parts = urlsplit(self.uri)
        if parts.password is None:
            return self.uri
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def same_as(self, other: Repository | None) -> bool:
        """Tell whether both name one place, however their addresses and folders are spelt."""
        return other is not None and self.spelling == other.spelling

    @property
    def spelling(self) -> tuple[str, str, str]:
        """The place in one spelling of the many that mean it."""
        uri = self.uri.rstrip("/").lower().removesuffix(".git")
        return uri, self.branch, self.folder.strip("/").lower()

    def __str__(self) -> str:
        """Write it for a message."""
        return f"{self.address} {self.branch or 'HEAD'} {self.folder}"


@dataclass(frozen=True)
class GitContent:
    """What stands in a repository's folder: tree ids by lower-cased name of the artifact."""

    commit: str
    trees: Mapping[str, str]


def read_repository(repository: Repository, cache: Path | None = None) -> GitContent:
    """Read the folders below a repository's artifact folder, as they stand now.

    ``cache`` is where commits that were read before are remembered; the user's cache folder if it
    is not said. Raises :class:`GitError` with one line if git cannot.
    """
    if not repository.address.startswith("https://"):
        msg = "only https:// is read by git"
        raise GitError(msg)
    with ExitStack() as stack:
        folder = _usable(cache or cache_folder())
        if folder is None:
            # Nothing can be remembered on this machine; that costs time, not correctness.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ref, head = _head(repository, folder)
        note = folder / f"{_digest(repository)}.json"
        known = _remembered(note, head)
        if known is None:
            known = _fetched(repository, ref, folder)
            _remember(note, head, known)
        return known


def cache_folder(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """Give the folder in which this user's programs keep what can be had again."""
    home = Path.home()
    usual: dict[str, Callable[[], Path]] = {
        "darwin": lambda: home / "Library" / "Caches",
        "win32": lambda: Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local"),
    }
    named = environment.get("XDG_CACHE_HOME")
    base = Path(named) if named else usual.get(system, lambda: home / ".cache")()
    return base / "image-factory" / "artifact-sources"


def _usable(folder: Path) -> Path | None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _head(repository: Repository, folder: Path) -> tuple[str, str]:
    """Ask the other side for the branch's commit: the one call that every run costs."""
    names = repository.ref_names
    said = git(folder, "ls-remote", "--", repository.address, *names, seconds=_LOOK)
    lines = [line.split("\t") for line in said.splitlines() if "\t" in line]
    found = {name: commit for commit, name in lines}
    for name in names:
        if name in found:
            return name, found[name]
    msg = f"there is no branch {repository.branch}"
    raise GitError(msg)


def _fetched(repository: Repository, ref: str, folder: Path) -> GitContent:
    """Fetch one commit's trees into a repository that is thrown away: runs share nothing."""
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as place:
        bare = Path(place)
        git(bare, "init", "--quiet", "--bare", ".", seconds=_LOOK)
        options = ("--quiet", "--depth=1", "--filter=blob:none", "--no-tags")
        git(bare, "fetch", *options, "--", repository.address, ref, seconds=_FETCH)
        commit = git(bare, "rev-parse", "FETCH_HEAD^{commit}", seconds=_LOOK).strip()
        inner = repository.folder.strip("/")
        try:
            listed = git(bare, "ls-tree", "-z", f"{commit}:{inner}", seconds=_LOOK)
        except GitError:
            msg = f"there is no folder {repository.folder} at {commit[:7]}"
            raise GitError(msg) from None
    trees: dict[str, str] = {}
    for line in filter(None, listed.split("\0")):
        facts, _, name = line.partition("\t")
        _mode, kind, tree = facts.split()
        if kind in {"tree", "commit"}:  # a folder, or a submodule
            trees[name.lower()] = tree
    return GitContent(commit, trees)


def _digest(repository: Repository) -> str:
    parts = (repository.address, repository.branch, repository.folder.strip("/"))
    return sha256("\n".join(parts).encode()).hexdigest()[:40]


def _remembered(note: Path, head: str) -> GitContent | None:
    """Give what was read when the branch stood at ``head``; one note per branch and folder."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        if found["head"] != head:
            return None
        trees = {str(name): str(tree) for name, tree in found["trees"].items()}
        return GitContent(str(found["commit"]), trees)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _remember(note: Path, head: str, content: GitContent) -> None:
    part = note.with_suffix(f".{os.getpid()}.part")
    text = json.dumps({"head": head, "commit": content.commit, "trees": dict(content.trees)})
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(note)
    except OSError:
        part.unlink(missing_ok=True)
