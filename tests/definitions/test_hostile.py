"""Input that wishes ill: bounded, named, one line, nothing opened that should not be."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from factory.common.errors import Problem, Problems, printable
from factory.common.yaml_file import MAX_BYTES, MAX_VALUES
from factory.definitions.loader import load_images

GOOD = "base: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}\nos: linux\n"


def told(folder: Path) -> list[str]:
    problems = Problems()
    load_images(folder, "images", problems)
    return [str(problem) for problem in sorted(set(problems.errors))]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD + "#" * 10_000_000, f"has {10_000_000 + len(GOOD)} bytes, at most {MAX_BYTES}"),
        ("a: [" + "x," * (MAX_VALUES + 10) + "x]\n", f"holds more than {MAX_VALUES} values"),
        ("[" * 200_000, "expected a mapping"),
        ("a: " + "[" * 200_000, "nested"),
        ("{a: " * 60_000, "nested"),
        ("a:\n- " + "- " * 100_000, "nested"),
        ("? " * 100_000, "nested"),
        ("a: " + "&x " * 1000 + "1\n", "is not YAML"),
        ("".join(f"field{n}: 1\n" for n in range(9000)), "more faults"),
        ("x" * 200_000 + ": 1\n", "is not"),
        ('a: "' + "\\u0041" * 40_000 + '"\n', "a: is not a known field"),
        (GOOD + "artifacts: [" + "linux-java, " * 5000 + "]\n", "at most 200 entries"),
    ],
)
def test_what_is_large_or_deep_is_refused_by_its_place_within_bounds(
    tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "one.yaml").write_text(content, encoding="utf-8")
    tracemalloc.start()
    try:
        lines = told(tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert any(said in line for line in lines), lines[:3]
    assert all(line.startswith("images/one.yaml") for line in lines)
    assert all(len(line) < 1100 for line in lines)
    assert len(lines) < 60
    assert peak < 64 * 1024 * 1024


NAMES = [
    "line\nend",
    "quote'\"",
    "Ünlaut",
    "l\u0131nux",  # a dotless i, which is an I to a pattern that ignores case
    "\u212aelvin",
    "right\u202eleft",
    "-option",
    "space in it",
    "esc\x1b[31m",
    "$(id)",
    "x" * 100,
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_mean_ill_are_refused_and_written_so_that_they_show(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / f"{name}.yaml").write_text(GOOD, encoding="utf-8")
    lines = told(tmp_path)
    assert len(lines) == 1
    assert "cannot be used" in lines[0]
    assert lines[0].isprintable()
    assert "\n" not in lines[0]


def test_a_file_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    os.close(os.open(bytes(tmp_path) + b"/\xff\xfe.yaml", os.O_CREAT | os.O_WRONLY))
    assert len(told(tmp_path)) == 1
    assert told(tmp_path)[0].isprintable()


def _outside(folder: Path) -> Path:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("password: hunter2\n", encoding="utf-8")
    (outside / "defaults.yaml").write_text("password: hunter2\n", encoding="utf-8")
    return outside


def _linked_defaults(folder: Path) -> None:
    (folder / "defaults.yaml").symlink_to(_outside(folder) / "defaults.yaml")


def _linked_file(folder: Path) -> None:
    (folder / "two.yaml").symlink_to(_outside(folder) / "secret.yaml")


def _linked_folder(folder: Path) -> None:
    (folder / "more").symlink_to(_outside(folder))


def _circle(folder: Path) -> None:
    (folder / "again").symlink_to(folder)


def _broken_link(folder: Path) -> None:
    (folder / "gone.yaml").symlink_to(folder / "nowhere.yaml")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")


def _pipe_as_defaults(folder: Path) -> None:
    os.mkfifo(folder / "defaults.yaml")


def _case_of_files(folder: Path) -> None:
    (folder / "One.yaml").write_text(GOOD, encoding="utf-8")


def _case_of_folders(folder: Path) -> None:
    for name in ("linux", "Linux"):
        (folder / name).mkdir()
        (folder / name / f"{name}-x.yaml").write_text(GOOD, encoding="utf-8")


def _case_of_defaults(folder: Path) -> None:
    (folder / "Defaults.yaml").write_text("retries: 2\n", encoding="utf-8")


def _case_of_ending(folder: Path) -> None:
    (folder / "two.YAML").write_text(GOOD, encoding="utf-8")


def _bottomless(folder: Path) -> None:
    deep = folder.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (deep / "two.yaml").write_text(GOOD, encoding="utf-8")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_linked_defaults, "defaults.yaml: is a symbolic link"),
        (_linked_file, "two.yaml: is a symbolic link"),
        (_linked_folder, "more: is a symbolic link"),
        (_circle, "again: is a symbolic link"),
        (_broken_link, "gone.yaml: is a symbolic link"),
        (_pipe, "pipe.yaml: is not a regular file"),
        (_pipe_as_defaults, "defaults.yaml: is not a regular file"),
        (_case_of_files, "differs from One.yaml in case alone"),
        (_case_of_folders, "differs from Linux in case alone"),
        (_case_of_defaults, "Defaults.yaml: differs from defaults.yaml in case"),
        (_case_of_ending, "two.YAML: ends in .YAML"),
        (_bottomless, "folders are nested more than"),
    ],
)
def test_a_folder_that_means_ill(
    tmp_path: Path, prepare: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "one.yaml").write_text(GOOD, encoding="utf-8")
    prepare(folder)
    lines = told(folder)
    assert any(said in line for line in lines), lines
    assert not any("hunter2" in line or "password" in line for line in lines)


def test_a_byte_order_mark_of_utf_8_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert told(tmp_path) == []


def test_problems_come_in_the_order_of_lines_and_show_what_they_quote() -> None:
    listed = [Problem(f"a.yaml:{line}:1", "x") for line in (10, 9, 1)]
    assert [each.place[1] for each in sorted(listed)] == [1, 9, 10]
    forged = str(Problem("a\nb.yaml:1:1", "x\u202ey\x1b[0m", "\ud800"))
    assert forged == "a\\nb.yaml:1:1: x\\u202ey\\x1b[0m -> \\ud800"
    assert printable("straße\tx") == "straße\\tx"
