"""The lock file: read with places, written the same every time, renewed without noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory.common.errors import FactoryError, Problems
from factory.definitions.artifact_content import SourceContent
from factory.definitions.lock_file import LockedImage, differences, read_lock, renewed, write_lock
from factory.gather import read_sources
from factory.observed.model import Offers
from factory.plan.relock import relocked
from tests.plan.world import image
from tests.settings.test_settings import GOOD

URN = "Canonical:ubuntu-24_04-lts:server"
GIT, OTHER = "a" * 40, "b" * 40


def files(java: str = GIT, commit: str = "c" * 40, **more: Any) -> dict[str, SourceContent]:
    ids = {"linux-java": java, "linux-deprovision": "d" * 40}
    return {"public repo": SourceContent(commit, ids, **more)}


DEEP = """\
schema: 1
images:
  a:
    base: image:b
    sources:
      r: {artifacts: {x: {git: nope}}}
"""
IMAGES = {
    "linux/b": LockedImage(f"{URN}:24.04.202611100", files(azure={"linux-java": "1" * 16})),
    "linux/a": LockedImage("image:linux/b", {"team repo": SourceContent(azure={"x": "2" * 16})}),
    # What YAML might take for a number or a date stays what it is.
    "linux/c": LockedImage("P:o:s:2026.11.22", {"r": SourceContent("1" * 40, {"7": "1e" * 20})}),
}


def parsed(path: Path, text: str) -> tuple[Any, list[str]]:
    problems = Problems()
    (path / "images.lock").write_text(text)
    lock = read_lock(path / "images.lock", "images.lock", problems)
    return lock, [str(problem) for problem in problems.errors]


def test_what_is_written_reads_back_and_order_does_not_matter(tmp_path: Path) -> None:
    text = write_lock(IMAGES)
    assert text == write_lock(dict(sorted(IMAGES.items())))
    lock, faults = parsed(tmp_path, text)
    assert faults == []
    assert lock.images == IMAGES
    assert max(len(line) for line in text.splitlines()) < 100


def test_a_lock_of_hundreds_of_definitions_is_read(tmp_path: Path) -> None:
    ids = {f"linux-artifact-{number}": GIT for number in range(20)}
    azure = dict.fromkeys(ids, "1" * 16)
    source = {"public repo": SourceContent("c" * 40, ids, azure)}
    images = {f"linux/{number}": LockedImage(f"{URN}:1.2.3", source) for number in range(300)}
    text = write_lock(images)
    assert len(text) > 512 * 1024  # more than a definition may have
    lock, faults = parsed(tmp_path, text)
    assert faults == []
    assert lock.images == images


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("schema: 1\nimages: {a: {base: x}}", "images.lock:2:14: images.a.base: "),
        ("schema: 2\nimages: {}", "images.lock:1:1: schema: expected"),
        ("images: {}", "images.lock:1:1: schema: is required"),
        ("schema: 1\nimages:\n  a: {base: 'image:b', bass: x}", "images.lock:3:24: images.a.bass"),
        (
            DEEP,
            "images.lock:6:27: images.a.sources.r.artifacts.x.git: ",
        ),
        ("<<<<<<< HEAD\nschema: 1\n", "images.lock:"),
        ("schema: 1\nschema: 1\nimages: {}", "images.lock:2:1: the key 'schema' is given twice"),
    ],
)
def test_faults_have_a_place(tmp_path: Path, text: str, fault: str) -> None:
    lock, faults = parsed(tmp_path, text)
    assert lock is None
    assert any(each.startswith(fault) for each in faults), faults


def test_a_branch_that_went_on_elsewhere_leaves_an_entry_as_it_was() -> None:
    old = LockedImage(f"{URN}:1.2.3", files(azure={"linux-java": "1" * 16}))
    newer = LockedImage(f"{URN}:1.2.4", files(commit="e" * 40))
    assert renewed(old, newer) == LockedImage(f"{URN}:1.2.4", old.contents)
    moved = LockedImage(f"{URN}:1.2.3", files(OTHER, "e" * 40))
    assert renewed(old, moved) == moved
    # Git's sight is not lost because git cannot look today; a new sight is taken in.
    blind = {"public repo": SourceContent(azure={"linux-java": "1" * 16, "linux-deprovision": "2"})}
    assert renewed(old, LockedImage(f"{URN}:1.2.3", blind)).contents == blind
    assert renewed(old, LockedImage(f"{URN}:1.2.3", blind), learn=False).contents == blind
    whole = files(azure={"linux-java": "1" * 16, "linux-deprovision": "2" * 16})
    same = {"public repo": SourceContent("", {}, whole["public repo"].azure)}
    assert renewed(LockedImage("", whole), LockedImage("", same)).contents == whole


def test_to_know_more_of_the_same_is_no_difference() -> None:
    by_git = {"r": SourceContent("c" * 40, {"x": GIT})}
    both = {"r": SourceContent("c" * 40, {"x": GIT}, {"x": "1" * 16})}
    old, new = LockedImage("image:b", by_git), LockedImage("image:b", both)
    assert renewed(old, new, learn=False) == old
    assert renewed(old, new) == new


def test_differences_are_told_line_by_line() -> None:
    old = {"a": LockedImage("P:o:s:1.2.3", files()), "gone": LockedImage("image:a")}
    new = {"a": LockedImage("P:o:s:1.2.4", files(OTHER)), "b": LockedImage("image:a")}
    assert differences(old, new) == [
        "a: base P:o:s:1.2.3 -> P:o:s:1.2.4",
        "a: artifact linux-java of public repo (git aaaaaaa -> bbbbbbb)",
        "b: not in the lock yet",
        "gone: in the lock, but there is no such definition",
    ]
    assert differences(new, new) == []


def test_only_a_pattern_leaves_all_else_alone() -> None:
    images = {name: image(name, artifacts=["linux-java"]) for name in ("linux/a", "linux/b")}
    offers = Offers(dict.fromkeys(images, "1.2.4"), files(OTHER))
    old = {
        name: LockedImage(f"{URN}:1.2.3", files()) for name in ("linux/a", "linux/b", "linux/gone")
    }
    problems = Problems()
    some = relocked(images, offers, old, problems, "linux/a")
    assert some["linux/a"] == LockedImage(f"{URN}:1.2.4", files(OTHER))
    assert {name: some[name] for name in ("linux/b", "linux/gone")} == {
        name: old[name] for name in ("linux/b", "linux/gone")
    }
    assert set(relocked(images, offers, old, problems, "linux/g*")) == {"linux/a", "linux/b"}
    assert set(relocked(images, offers, old, problems)) == {"linux/a", "linux/b"}
    assert problems.errors == []
    relocked(images, offers, old, problems, "windows/**")
    assert "'windows/**' matches no definition" in str(problems.errors[0])


def test_what_cannot_be_locked_is_told_all_at_once() -> None:
    images = {
        "linux/a": image("linux/a", artifacts=["linux-java", "linux-typo"]),
        "linux/b": image("linux/b", artifacts=["linux-java"]),
    }
    problems = Problems()
    relocked(images, Offers({"linux/a": "1.2.3"}, files()), {}, problems)
    typo, gone = (str(problem) for problem in problems.errors)
    assert typo.startswith(
        "images/linux/a.yaml: neither git nor the lab shows the files of linux-typo of public repo"
    )
    assert gone == f"images/linux/b.yaml: its base {URN} is not offered, so it cannot be locked"


class StackFile:
    """An engine that knows settings alone."""

    def __init__(self, **settings: Any) -> None:
        self.raw = {**GOOD, **settings}

    def stack_file(self) -> None:
        return None

    def raw_settings(self) -> dict[str, Any]:
        return self.raw

    def stack_name(self) -> str:
        return "organization/image-factory/dev"

    def stack_folder(self) -> None:
        return None

    def is_set(self, name: str) -> bool:
        return False


def sources(folder: Path, **settings: Any) -> Any:
    file = folder / "images" / "linux" / "a.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("base: {publisher: P, offer: o, sku: s}\nos: linux\n")
    return read_sources(folder, StackFile(**settings))  # type: ignore[arg-type]


def test_a_locked_stack_needs_a_readable_lock(tmp_path: Path) -> None:
    with pytest.raises(FactoryError) as missing:
        sources(tmp_path, locked="true")
    assert (
        "Pulumi.dev.yaml: image-factory:locked is set, but there is no images.lock -> "
        "python -m factory lock --stack dev"
    ) in str(missing.value)
    (tmp_path / "images.lock").write_text("schema: 1\nimages: {linux/a: {}}\n")
    with pytest.raises(FactoryError) as broken:
        sources(tmp_path, locked="true", keep={"newest": 0})
    # The lock's faults come with those of the settings.
    assert "images.lock:2:10: images.linux/a.base: is required" in str(broken.value)
    assert "image-factory:keep.newest" in str(broken.value)


def test_a_lock_that_is_not_in_force_is_ignored_and_that_is_said(tmp_path: Path) -> None:
    assert sources(tmp_path).warnings == ()
    (tmp_path / "images.lock").write_text("not even YAML: [")
    found = sources(tmp_path, locked="false")
    assert found.lock is None
    assert [str(warning) for warning in found.warnings] == [
        "images.lock: is ignored: image-factory:locked is not set in Pulumi.dev.yaml"
    ]


def test_the_lock_may_stand_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "dev.lock").write_text(write_lock(IMAGES))
    found = sources(tmp_path, locked="true", lockFile="locks/dev.lock")
    assert found.lock.images == IMAGES
    assert found.lock.shown == "locks/dev.lock"
