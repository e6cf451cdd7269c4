"""Wishes by hand are written into stack files, which stay as they were otherwise."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path

import pytest
import yaml

from factory.cli import main
from factory.common.errors import FactoryError
from factory.pipelines.change_request import Proposal, propose
from factory.pipelines.service import Service
from factory.pipelines.stack_edits import REBUILD, REVOKE, ROLL_BACK, StackEdit, with_edit

CHECKOUT = Path(__file__).parents[2]
FILE = """\
# The building stack.
config:
  azure-native:location: westeurope  # where
  image-factory:pin:
    # held since spring
    linux/old: "20260101.10"

  # the labs
  image-factory:labs:
    - name: web
      images: ["**"]
encryptionsalt: v1:abc
"""


def test_a_setting_that_is_there_is_added_to_and_all_else_stays() -> None:
    changed = with_edit(FILE, StackEdit(ROLL_BACK, "linux/base", "20261123.10"))
    assert '    linux/old: "20260101.10"\n    linux/base: "20261123.10"\n\n  # the labs' in changed
    assert changed.startswith("# The building stack.\nconfig:\n  azure-native:location: westeurope")
    assert changed.endswith("encryptionsalt: v1:abc\n")


def test_a_new_setting_stands_at_the_end_of_the_configuration() -> None:
    changed = with_edit(FILE, StackEdit(REVOKE, "linux/base", "20261123.1", 'it "phones" home: no'))
    loaded = yaml.safe_load(changed)
    assert loaded["config"]["image-factory:revoke"] == {
        "linux/base": {"versions": ["20261123.1"], "reason": 'it "phones" home: no'}
    }
    assert loaded["encryptionsalt"] == "v1:abc"
    again = with_edit(changed, StackEdit(REVOKE, "linux/base", "20261123.2", "that too"))
    entry = yaml.safe_load(again)["config"]["image-factory:revoke"]["linux/base"]
    assert entry["versions"] == ["20261123.1", "20261123.2"]
    with pytest.raises(FactoryError, match="says so already"):
        with_edit(again, StackEdit(REVOKE, "linux/base", "20261123.2", "that too"))


WORN = """\
config:
  image-factory:rebuild:
    # ticket 17
    "linux/**": "2026-05-01T10:00"   # all of it
  image-factory:revoke:
    # audit: stays until 2027
    windows/base:
      versions: ["20261101.1"]  # the bad one
      reason: >-
        phones home
        at night

    # the second
    linux/old:
      versions:
        - "20261102.1"  # bad
      reason: slow
  image-factory:pin: {linux/a: "20261101.10"}  # held
  image-factory:labs: []
"""


@pytest.mark.parametrize(
    ("edit", "gone", "new"),
    [
        (StackEdit(REBUILD, "linux/a", moment="M"), "", "    linux/a: M"),
        (
            StackEdit(REBUILD, "linux/**", moment="M"),
            '    "linux/**": "2026-05-01T10:00"   # all of it',
            '    "linux/**": M   # all of it',
        ),
        (
            StackEdit(REVOKE, "windows/base", "20261103.10", "again"),
            (
                '      versions: ["20261101.1"]  # the bad one\n'
                "      reason: >-\n        phones home\n        at night"
            ),
            '      versions: ["20261101.1", "20261103.10"]  # the bad one\n      reason: again',
        ),
        (
            StackEdit(REVOKE, "linux/old", "20261103.10", "again: #1"),
            "      reason: slow",
            '        - "20261103.10"\n      reason: "again: #1"',
        ),
        (
            StackEdit(ROLL_BACK, "linux/b", "20261101.1"),
            '  image-factory:pin: {linux/a: "20261101.10"}  # held',
            '  image-factory:pin: {linux/a: "20261101.10", linux/b: "20261101.1"}  # held',
        ),
    ],
)
def test_of_a_setting_that_is_there_only_what_differs_is_touched(
    edit: StackEdit, gone: str, new: str
) -> None:
    before, after = WORN.splitlines(), with_edit(WORN, edit).splitlines()
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changes = [each for each in steps if each[0] != "equal"]
    lost = [line for _, start, end, _, _ in changes for line in before[start:end]]
    made = [line for _, _, _, start, end in changes for line in after[start:end]]
    assert "\n".join(lost) == gone
    assert "\n".join(made) == new


def test_a_file_without_an_end_of_line_and_with_an_empty_mapping() -> None:
    text = "config:\n  image-factory:rebuild: {}\n  image-factory:keep: {newest: 2}"
    changed = with_edit(text, StackEdit(REBUILD, "linux/base", moment="2026-11-25T10:00"))
    config = yaml.safe_load(changed)["config"]
    assert config["image-factory:rebuild"] == {"linux/base": "2026-11-25T10:00"}
    text = "config:\n  a:b: c"
    assert yaml.safe_load(with_edit(text, StackEdit(ROLL_BACK, "x", "20261123.1")))["config"]["a:b"]


@pytest.mark.parametrize(
    "text", ["", "config: {a: b}\n", "a: b\n", "config:\n  image-factory:pin: [x]\n", "config: [\n"]
)
def test_what_cannot_be_changed_safely_is_left(text: str) -> None:
    with pytest.raises(FactoryError, match=r"by hand|no YAML"):
        with_edit(text, StackEdit(ROLL_BACK, "linux/base", "20261123.1"))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(CHECKOUT / name, tmp_path)
    shutil.copytree(CHECKOUT / "images", tmp_path / "images")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "stack", "fault"),
    [
        (
            ["roll-back", "--image", "linux/nothing", "--version", "20261123.1"],
            "prod",
            "no definit",
        ),
        (["roll-back", "--image", "linux/rhel-9", "--version", "1"], "prod", "--version '1'"),
        (["roll-back", "--image", "linux/rhel-9"], "prod", "name it by --version"),
        (["revoke", "--image", "linux/rhel-9", "--version", "20261123.1"], "dev", "say why"),
        (["rebuild", "--image", "linux/rhel-9"], "prod", "only a stack that builds"),
        (["rebuild", "--image", "../x"], "dev", "rebuild"),
        (["rebuild", "--image", "linux/nothing"], "dev", "matches no definition"),
        (["rebuild", "--image", "linux/rhel-9"], "nobody", "there is no"),
    ],
)
def test_a_wish_that_makes_no_sense_changes_nothing(
    work: Path, capsys: pytest.CaptureFixture[str], words: list[str], stack: str, fault: str
) -> None:
    before = {path: path.read_text() for path in work.glob("Pulumi.*.yaml")}
    assert main(["ci", "change", *words, "--stack", stack, "--work", str(work)]) == 1
    assert fault in capsys.readouterr().err
    assert {path: path.read_text() for path in work.glob("Pulumi.*.yaml")} == before


def test_a_wish_is_written_and_the_project_stays_sound(work: Path) -> None:
    words = ["ci", "change", "rebuild", "--image", "linux/rhel-9", "--stack", "dev"]
    assert main([*words, "--work", str(work)]) == 0
    assert main(["validate", "--work", str(work)]) == 0
    text = (work / "Pulumi.dev.yaml").read_text()
    assert "# The building stack:" in text
    assert "linux/rhel-9:" in text


def test_the_ends_of_lines_stay_what_they_were(work: Path) -> None:
    file = work / "Pulumi.dev.yaml"
    old = file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(old)
    words = ["ci", "change", "rebuild", "--image", "linux/rhel-9", "--stack", "dev"]
    assert main([*words, "--work", str(work)]) == 0
    new = file.read_bytes()
    assert new.startswith(old.rstrip(b"\r\n"))
    assert new.count(b"\n") == new.count(b"\r\n") == old.count(b"\n") + 2


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "SYSTEM_ACCESSTOKEN"])
def test_a_wish_with_a_token_of_the_job_in_it_is_refused(name: str, tmp_path: Path) -> None:
    service = Service({"TF_BUILD": "True", name: "eyJ0-canary.4711-token"})
    proposal = Proposal("Revoke linux/a", "since eyJ0-canary.4711-token is out", "main")
    with pytest.raises(FactoryError, match="has a token of this job in it") as caught:
        propose(service, tmp_path / "Pulumi.dev.yaml", proposal, datetime(2026, 11, 22, tzinfo=UTC))
    assert "canary" not in str(caught.value)
