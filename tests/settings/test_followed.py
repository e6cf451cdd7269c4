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

SECURE = '{secure: "v1:x"}'
BASE = "{publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}"


def instead(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


def without(*starts: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        lines = text.splitlines(keepends=True)
        return "".join(
            each
            for each in lines
            if not each.lstrip().startswith(tuple(each.lstrip() for each in starts))
        )

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


@pytest.fixture(autouse=True)
def _corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a copy of it, which may be mended."""
    shutil.copytree(CORPUS, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)


def test_what_is_said_of_a_definition_helps() -> None:
    folder = Path("broken")
    (folder / "ok.yaml").write_text(f"base: {BASE}\nos: linux\n", encoding="utf-8")
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


# By what a line about stack files says: the file that is edited, and how.
STACKS: list[tuple[str, str, Callable[[str], str]]] = [
    ("confg: is not a known field", "both", instead("confg: {}\n", "")),
    ("licence is not a known setting", "secrets", instead("in plain text", SECURE)),
    ("labs names the lab 'TEAM' twice", "secrets", instead("name: TEAM", "name: t2")),
    ("labs.TEAM: only excludes", "secrets", instead('["!linux/*"]', '["**", "!x"]')),
    ("builds: the pattern", "shares-one", instead('"windows/**", ', "")),
    ("linux/a comes from", "shares-two", instead('["linux/a"]', '["linux/b"]')),
    ("which is this stack itself", "shares-one", instead(": shares-one", ": typo")),
    ("letGo: only excludes", "shares-one", instead('["!linux/a"]', '["**"]')),
    ("names 'shares-one' twice", "shares-reader", instead(", shares-one]", "]")),
    ("builds is for the stack", "shares-reader", without("image-factory:builds")),
    ("maxCores is for the stack", "shares-reader", without("image-factory:maxCores")),
    ("the lab f is named by", "shares-two", instead('["linux/a"]', '["linux/b"]')),
    ("only is for a trial stack", "trial", without("image-factory:labs", "    - ")),
    ("only: the pattern 'nothing/**'", "trial", instead(', "nothing/**"', "")),
    ("the lab team is named by", "trial", without("image-factory:labs", "    - ")),
    (
        "labs.1.images: expected a list",
        "types",
        instead('images: "**"', 'images: ["**"]'),
    ),
    ("hold: expected a list", "types", instead('hold: "**"', 'hold: ["**"]')),
    (
        "parameters.secret.secret:",
        "types",
        instead("secret: [x]", "secret: licenceKey"),
    ),
    ("the lab factory is named by", "typo", added('  image-factory:builds: ["windows/**"]')),
    ("rg-factory is made by", "typo", instead("rg-factory", "rg-typo")),
    (
        "rg-image-factory is made by this stack",
        "typo",
        instead("rg-image-factory", "rg"),
    ),
    (
        "lab is not a known setting",
        "typo",
        instead("factory:lab: []", "factory:hold: []"),
    ),
    ("imgaes is not a known", "typo", instead("imgaes", "images")),
    ("labs.0.images is required", "typo", instead("imgaes", "images")),
    ("expected 'retire' or 'keep'", "typo", instead("retir\n", "retire\n")),
    ("pin.linux/a: expected text", "typo", instead("20261122.10", "'20261122.1'")),
    ("its build needs 4 cores", "shares-one", instead("maxCores: 2", "maxCores: 8")),
    ("has no source 'nowhere'", "images/linux/a", instead("nowhere", "public repo")),
    ("licence is not set", "trial", added(f"  image-factory:licence: {SECURE}")),
]


def said_of_stacks(folder: Path) -> list[str]:
    problems = Problems()
    check(Project(folder, tuple(sorted(folder.glob("Pulumi.*.yaml")))), problems)
    return [str(each) for each in problems.errors]


def test_no_advice_about_stack_files_is_without_a_case() -> None:
    said = (CORPUS / "stacks.txt").read_text(encoding="utf-8").splitlines()
    advised = [each for each in said if " -> " in each]
    assert [each for each in advised if not any(what in each for what, *_ in STACKS)] == []


@pytest.mark.parametrize(("what", "file", "edit"), STACKS, ids=[what for what, *_ in STACKS])
def test_what_is_said_of_a_stack_file_helps(
    what: str, file: str, edit: Callable[[str], str]
) -> None:
    folder = Path("stacks")
    before = [each for each in said_of_stacks(folder) if what in each]
    assert before
    path = folder / (f"{file}.yaml" if "/" in file else f"Pulumi.{file}.yaml")
    told = [each for each in before if each.startswith(f"{path}:") or len(before) == 1]
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
    after = said_of_stacks(folder)
    # Columns move where text is added before them; what is said without its place does not.
    where = re.compile(r"^[^:]+(:\d+:\d+)?: ")
    left = [where.sub("", each) for each in after if each.startswith(told[0].partition(":")[0])]
    assert not [each for each in told if where.sub("", each) in left]
