"""Broken definitions and stack files with what is said of each, word for word.

To accept new words: ``python -m tests.settings.test_corpus``, then read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.common.errors import Problems
from factory.settings.validation import Project, check

CORPUS = Path(__file__).parent / "corpus"


def said_of_definitions() -> str:
    problems = Problems()
    check(Project(CORPUS, images=CORPUS / "broken"), problems)
    return _lines(problems)


def said_of_stacks() -> str:
    problems = Problems()
    folder = CORPUS / "stacks"
    check(Project(folder, tuple(sorted(folder.glob("Pulumi.*.yaml")))), problems)
    return _lines(problems)


def _lines(problems: Problems) -> str:
    return "".join(f"{each}\n" for each in sorted(set(problems.errors)))


SAID = {"broken.txt": said_of_definitions, "stacks.txt": said_of_stacks}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_broken_files(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CORPUS)
    assert SAID[name]() == (CORPUS / name).read_text(encoding="utf-8")


def test_every_broken_definition_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CORPUS)
    said = said_of_definitions()
    # Its fault is inherited, and told once, where it stands.
    elsewhere = {"broken/inherited/child.yaml", "broken/inherited/child-of-faulty.yaml"}
    files = {
        path.relative_to(CORPUS).as_posix()
        for path in (CORPUS / "broken").rglob("*")
        if path.is_file()
    }
    assert len(files) > 40
    assert [file for file in sorted(files - elsewhere) if f"{file}:" not in said] == []


@pytest.mark.parametrize("file", SAID)
def test_nothing_is_said_in_the_words_of_a_library(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CORPUS)
    said = SAID[file]()
    for words in ("nput should", "timedelta", "instance of", "after validation", "parse string"):
        assert words not in said
    assert "of the form that is expected" not in said


if __name__ == "__main__":
    import os

    os.chdir(CORPUS)
    for file, say in SAID.items():
        (CORPUS / file).write_text(say(), encoding="utf-8")
