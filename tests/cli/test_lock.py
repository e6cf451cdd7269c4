"""``lock``: what it writes, what --only leaves alone, what --check says and ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from factory.cli import lock, main
from factory.cli.common.stack_inputs import Stack
from factory.common.errors import Problems
from factory.definitions.artifact_content import SourceContent
from factory.definitions.lock_file import read_lock
from factory.gather import Sources
from factory.observed.model import Offers
from tests.plan.world import DEV, PROD, image, settings
from tests.plan.world import lab as lab_of

IMAGES = {name: image(name, artifacts=["linux-java"]) for name in ("linux/a", "linux/b")}


@dataclass
class Now:
    """What marketplace and sources have, and the stack that asks."""

    path: Path
    base: str = "1.2.3"
    java: str = "a"
    stack: str = DEV
    more: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def sources(self, *, use_lock: bool) -> Sources:
        assert not use_lock, "a lock that cannot be read must not be in the way of a new one"
        own = settings(self.stack, [lab_of("team")], **self.more)
        return Sources(self.path.parent, own, IMAGES, (), self.path)

    def offers(self) -> Offers:
        self.asked.append("offers")
        ids = {"linux-java": self.java * 40, "linux-deprovision": "d" * 40}
        seen = {"public repo": SourceContent("c" * 40, ids)}
        return Offers(dict.fromkeys(IMAGES, self.base), seen, ("a source was not read",))

    def lock(self, *options: str) -> int:
        return main(["lock", "--stack", "dev", *options])

    def bases(self) -> dict[str, str]:
        problems = Problems()
        found = read_lock(self.path, "images.lock", problems)
        assert found is not None, problems.errors
        return {identity: entry.version for identity, entry in found.images.items()}


class Named:
    """The engine, of which a name is all that is asked here."""

    def __init__(self, now: Now) -> None:
        self.now = now

    def stack_name(self) -> str:
        return self.now.stack


@pytest.fixture
def now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Now:
    made = Now(tmp_path / "images.lock")
    monkeypatch.setattr(Stack, "sources", lambda _stack, **how: made.sources(**how))
    monkeypatch.setattr(Stack, "engine", Named(made))
    monkeypatch.setattr(lock, "connect", lambda _engine: SimpleNamespace(arm=None))
    monkeypatch.setattr(lock, "observe_offers", lambda *_asked: made.offers())
    return made


def test_it_writes_all_and_says_what_is_new(now: Now, capsys: pytest.CaptureFixture[str]) -> None:
    assert now.lock() == 0
    said = capsys.readouterr()
    assert said.out == (
        "images.lock: a new file\n  linux/a: not in the lock yet\n  linux/b: not in the lock yet\n"
    )
    assert "warning: a source was not read" in said.err
    assert "warning: images.lock is ignored until image-factory:locked is set" in said.err
    assert now.bases() == {"linux/a": "1.2.3", "linux/b": "1.2.3"}


def test_check_writes_nothing_and_ends_with_2(now: Now, capsys: pytest.CaptureFixture[str]) -> None:
    assert now.lock("--check") == 2
    assert not now.path.exists()
    now.more = {"locked": True}
    assert now.lock() == 0
    assert "ignored" not in capsys.readouterr().err
    assert now.lock("--check") == 0
    assert capsys.readouterr().out == "images.lock: no differences\n"
    before = now.path.read_text()
    now.java = "b"
    assert now.lock("--check") == 2
    assert capsys.readouterr().out.splitlines() == [
        "images.lock: 2 differences",
        "  linux/a: artifact linux-java of public repo (git aaaaaaa -> bbbbbbb)",
        "  linux/b: artifact linux-java of public repo (git aaaaaaa -> bbbbbbb)",
    ]
    assert now.path.read_text() == before


def test_only_moves_what_it_names(now: Now) -> None:
    now.lock()
    now.base = "1.2.4"
    assert now.lock("--only", "linux/a") == 0
    assert now.bases() == {"linux/a": "1.2.4", "linux/b": "1.2.3"}
    assert now.lock("--only", "linux/a", "--check") == 0
    assert now.lock("--check") == 2


def test_a_file_in_conflict_is_written_anew_but_never_guessed_at(
    now: Now, capsys: pytest.CaptureFixture[str]
) -> None:
    now.path.write_text("<<<<<<< HEAD\nschema: 1\n=======\n")
    for options in (["--check"], ["--only", "linux/a"]):
        assert now.lock(*options) == 1
        assert "images.lock:" in capsys.readouterr().err
    assert now.path.read_text().startswith("<<<")
    assert now.lock() == 0
    assert "; it is written anew" in capsys.readouterr().err
    assert set(now.bases()) == {"linux/a", "linux/b"}


def test_what_cannot_be_locked_leaves_the_file_alone(
    now: Now, capsys: pytest.CaptureFixture[str]
) -> None:
    now.lock()
    before = now.path.read_text()
    now.base = ""
    assert now.lock() == 1
    assert "images/linux/a.yaml: its base" in capsys.readouterr().err
    assert now.path.read_text() == before


def test_a_stack_that_receives_has_nothing_to_lock(
    now: Now, capsys: pytest.CaptureFixture[str]
) -> None:
    now.stack = PROD
    assert now.lock() == 1
    assert "builds nothing" in capsys.readouterr().err
    assert now.asked == []
