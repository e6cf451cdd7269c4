"""A release's state as one file: its stacks, what the local Azure held then, what both read.

The local Azure is kept as the documents of its own store (`rehearsal/azure/store.py`): a rehearsal
of somebody who pulls the newest commit goes on from just those, so they stay readable anyway.
Whoever changes their shape changes `FORMAT` and mends older ones in :func:`_documents`.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.azure.store import Shelf, Store
from rehearsal.engine.steps import write_atomic
from rehearsal.home import Home
from tests.e2e.harness import FactoryUnderTest

FORMAT = 1
FOLDER = Path(__file__).parent
FILE = "state.json.gz"
# Of the stacks of these states alone: there is nothing behind their secrets.
PASSPHRASE = "state of a release"
_ROOT = "{root}"
_SHELVES = ("meta", "resources", "operations", "events")

Json = dict[str, Any]


@dataclass(frozen=True)
class Release:
    """What a release left: its commit, its stacks' exports, texts by path, Azure's documents."""

    commit: str
    stacks: dict[str, Json]
    texts: dict[str, str]
    azure: list[tuple[str, str, Json]]

    def urns(self, stack: str) -> list[str]:
        """List the URNs of a stack, sorted."""
        return sorted(each["urn"] for each in self.stacks[stack]["deployment"]["resources"])


def names() -> list[str]:
    """List the releases whose state is kept, by their folders."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{FILE}"))


def prepare(factory: FactoryUnderTest) -> None:
    """Give a factory the passphrase of these states, before its start."""
    factory.home.create()
    write_atomic(factory.home.root / "passphrase", PASSPHRASE + "\n", mode=0o600)


def taken(factory: FactoryUnderTest, commit: str, stacks: tuple[str, ...]) -> Release:
    """Take all of a factory whose local Azure stands still; AssertionError if it tells where."""
    exported = {stack: _placeless(json.loads(factory.export(stack))) for stack in stacks}
    files = [
        path
        for folder in (factory.images, factory.root / "artifacts")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    files += [factory.home.work / f"Pulumi.{stack}.yaml" for stack in stacks]
    texts = {
        str(path.relative_to(factory.root)): path.read_text(encoding="utf-8").replace(
            str(factory.root), _ROOT
        )
        for path in files
    }
    factory.rehearsal("stop")
    store, shelves = opened(factory.home)
    azure = [(shelf.name, key, doc) for shelf in shelves for key, doc in shelf.items()]
    store.close()
    release = Release(commit, exported, texts, azure)
    told = json.dumps([exported, texts, azure])
    for word in (str(factory.root), str(factory.program), "localhost:", "127.0.0.1"):
        at = told.find(word)
        assert at < 0, f"the state tells of this machine: {told[max(0, at - 200) : at + 200]}"
    return release


def _placeless(export: Json) -> Json:
    """Leave out where in which file a resource was declared: for people to read, and long."""
    for resource in export["deployment"]["resources"]:
        for key in ("sourcePosition", "stackTrace"):
            resource.pop(key, None)
    return export


def write(name: str, release: Release) -> Path:
    """Keep a release's state; the same state makes the same file."""
    path = FOLDER / name / FILE
    path.parent.mkdir(exist_ok=True)
    content = {"format": FORMAT, **release.__dict__}
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def read(name: str) -> Release:
    """Read a release's state."""
    content = json.loads(gzip.decompress((FOLDER / name / FILE).read_bytes()))
    found = content.pop("format")
    assert found == FORMAT, f"{name} is of format {found}"
    return Release(**{**content, "azure": [tuple(each) for each in content["azure"]]})


def restore(release: Release, factory: FactoryUnderTest) -> None:
    """Put all in its place in a fresh factory and start it; its clock stands still."""
    prepare(factory)
    for place, text in release.texts.items():
        path = factory.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(_ROOT, str(factory.root)), encoding="utf-8")
    store, shelves = opened(factory.home)
    by_name = {shelf.name: shelf for shelf in shelves}
    for shelf, key, doc in release.azure:
        by_name[shelf].put(key, doc)
    store.commit()
    store.close()
    factory.start("--artifacts", str(factory.root / "artifacts"))
    for stack, export in release.stacks.items():
        file = factory.root / f"{stack}.json"
        file.write_text(json.dumps(export), encoding="utf-8")
        for words in (
            ("stack", "init", stack),
            ("stack", "import", "-s", stack, "--file", str(file)),
        ):
            ran = factory.engine(*words)
            assert ran.ok, ran.output


def opened(home: Home) -> tuple[Store, list[Shelf]]:
    """Open the state of a local Azure that does not run."""
    store = Store(home.database)
    shelves = [Shelf(name) for name in _SHELVES]
    for shelf in shelves:
        store.add(shelf)
    return store, shelves
