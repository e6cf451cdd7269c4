"""Whoever does what a line about a definition says is rid of it.

Each broken file of the corpus whose line says what to do is mended by just that.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from factory.common.errors import Problems
from factory.settings.validation import Project, check
from tests.settings.test_corpus import CORPUS

BASE = "{publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}"


def instead(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


def added(line: str) -> Callable[[str], str]:
    return lambda text: text + line + "\n"


def written(text: str) -> Callable[[str], str]:
    return lambda _: text


# What is not UTF-8 is read as what it is, and saved as that.
ENCODED = {"latin-1.yaml": "latin-1", "utf-16.yaml": "utf-16"}
FOLLOWED: dict[str, Callable[[str], str]] = {
    "bomb.yaml": written(f"base: {BASE}\nos: linux\ntags: {{a: x, b: x}}\n"),
    "doubled-key.yaml": instead("size: Standard_D2s_v5\n", ""),
    "early-generalizer.yaml": instead("  - linux-deprovision\n", ""),
    "hidden-by-escape.yaml": instead("\\u202e ", ""),
    "id-of-another-subscription.yaml": lambda text: re.sub("/subscriptions.*}", "ok}", text),
    # Once that can be read, its artifacts have a fault, which is told then.
    "inherited/defaults.yaml": lambda text: text.replace("many", "2").replace(
        "windows-sysprep", ""
    ),
    "latin-1.yaml": str,
    "line-end-in-name.yaml": instead('"server\\nx"', "server"),
    "look-alike-key.yaml": instead("\u043es", "os"),
    "look-alike-value.yaml": instead("\u0405", "S"),
    "merge-key.yaml": written(f"base: {BASE}\nos: linux\n"),
    "missing-base.yaml": added(f"base: {BASE}"),
    "missing-os.yaml": added("os: linux"),
    "no-mapping.yaml": written(f"base: {BASE}\nos: windows\n"),
    "no-such-parent.yaml": instead("linux/nowhere", "ok"),
    "not-a-list.yaml": instead("linux-java", "[linux-java]"),
    "only-text.yaml": written(f"base: {BASE}\nos: windows\n"),
    "parent-path-out.yaml": instead("../secret", "ok"),
    "path-out.yaml": instead("../../../x", "server"),
    "python-object.yaml": instead("!!python/object/apply:os.system ['true']", BASE),
    "quote-in-name.yaml": instead("'linux-java\"; rm -rf /'", "linux-apt-package"),
    "right-to-left.yaml": instead("\u202e", ""),
    "size-of-nothing.yaml": instead("big", "Standard_D4s_v5"),
    "tab.yaml": instead("\t", "  "),
    "two-documents.yaml": lambda text: text.partition("---")[0],
    "type-base-both.yaml": instead(", publisher: a", ""),
    "type-base-text.yaml": instead("ubuntu", BASE),
    "type-ver-word.yaml": instead("true", "[our-smoke-test]"),
    "unknown-field.yaml": instead("artifcts", "artifacts"),
    "unknown-inner-field.yaml": instead("ofer", "offer"),
    "utf-16.yaml": str,
    "version-cut.yaml": instead("1.10", "24.04.202611100"),
    "wrong-generalizer.yaml": instead("windows-sysprep", "linux-java"),
    "wrong-system.yaml": instead("Linus", "linux"),
}
RENAMED = {"ending.yml": "ending.yaml"}


def complaints(folder: Path) -> dict[str, list[str]]:
    """Give what is said of each file below the folder, without its place."""
    problems = Problems()
    check(Project(folder.parent, images=folder), problems)
    found: dict[str, list[str]] = {}
    for each in map(str, problems.errors):
        file, what = re.fullmatch(r"broken/([^:]+)(?::\d+:\d+)?: (.*)", each).groups()  # type: ignore[union-attr]
        found.setdefault(file, []).append(what)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    shutil.copytree(CORPUS / "broken", tmp_path / "broken")
    (tmp_path / "broken/ok.yaml").write_text(f"base: {BASE}\nos: linux\n", encoding="utf-8")
    return Path("broken")


def test_what_is_said_of_a_definition_helps(folder: Path) -> None:
    before = complaints(folder)
    advised = {file for file, said in before.items() if any(" -> " in each for each in said)}
    # A circle is shown by arrows too, and names no one way out of it.
    assert advised - {"on-itself.yaml"} == {*FOLLOWED, *RENAMED}
    for file, edit in FOLLOWED.items():
        text = (folder / file).read_text(encoding=ENCODED.get(file, "utf-8"))
        (folder / file).write_text(edit(text), encoding="utf-8")
    for file, name in RENAMED.items():
        (folder / file).rename(folder / name)
    after = complaints(folder)
    assert {file: after[file] for file in after.keys() & {*FOLLOWED, *RENAMED.values()}} == {}
