"""``always``: artifacts that the author of a definition cannot leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.definitions.artifact import Always
from factory.definitions.definition import Definition
from factory.definitions.effective import values
from factory.definitions.lineage import Image
from tests.definitions.test_definitions import BASE, faults, load, write

TOP = "always:\n  first: [top-agent]\n  last: [top-scan, top-seal]\n"
MIDDLE = "always: {first: [team-certificate], last: [team-tidy]}\n"


def applied(image: Image) -> list[tuple[str, str]]:
    """Give what the build VM gets, and the place that says so, without its column."""
    return [
        (each.artifact.name, image.place(*each.loc).rpartition(":")[0])
        for each in image.definition.building
    ]


def test_what_is_further_away_wraps_what_is_nearer(tmp_path: Path) -> None:
    write(
        tmp_path,
        defaults=BASE + "os: linux\n" + TOP,
        linux__defaults=MIDDLE,
        linux__deep__defaults="always: {first: [], last: [deep-log]}\n",
        linux__deep__one="artifacts: [linux-java]\n",
        two="description: below the top alone\n",
    )
    images = load(tmp_path)
    assert applied(images["linux/deep/one"]) == [
        ("top-agent", "images/defaults.yaml:4"),
        ("team-certificate", "images/linux/defaults.yaml:1"),
        ("linux-java", "images/linux/deep/one.yaml:1"),
        ("deep-log", "images/linux/deep/defaults.yaml:1"),
        ("team-tidy", "images/linux/defaults.yaml:1"),
        ("top-scan", "images/defaults.yaml:5"),
        ("top-seal", "images/defaults.yaml:5"),
        ("linux-deprovision", "images/defaults.yaml:2"),
    ]
    assert [name for name, _ in applied(images["two"])] == [
        "top-agent",
        "top-scan",
        "top-seal",
        "linux-deprovision",
    ]
    said = {each.loc: each.source for each in values(images["linux/deep/one"])}
    assert said["always", "last", 0, "name"] == "images/linux/deep/defaults.yaml:1:28"
    assert said["always", "last", 3, "name"] == "images/defaults.yaml:5:20"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ("capture: specialized\nartifacts: [linux-java]\n", ["linux-java", "seal"]),
        (
            "artifacts: [linux-java, linux-deprovision]\n",
            ["linux-java", "seal", "linux-deprovision"],
        ),
        (
            "capture: specialized\nartifacts: [linux-deprovision]\n",
            ["seal", "linux-deprovision"],
        ),
        ("artifacts: []\n", ["seal", "linux-deprovision"]),
    ],
)
def test_the_last_come_before_what_generalises_whoever_wrote_it(
    tmp_path: Path, fields: str, names: list[str]
) -> None:
    write(tmp_path, defaults="always: {last: [seal]}\n", one=BASE + "os: linux\n" + fields)
    assert [name for name, _ in applied(load(tmp_path)["one"])] == names


def test_one_of_a_system_is_for_images_of_that_system(tmp_path: Path) -> None:
    both = "always: {first: [agent, {name: linux-agent, os: linux}, {name: win, os: windows}]}\n"
    write(
        tmp_path, defaults=BASE + both, one="os: linux\n", two="os: windows\nartifacts: [agent]\n"
    )
    images = load(tmp_path)
    assert [name for name, _ in applied(images["one"])][:-1] == ["agent", "linux-agent"]
    assert [name for name, _ in applied(images["two"])][:-1] == ["agent", "win", "agent"]


def test_it_shapes_the_image_as_if_it_were_written_there(tmp_path: Path) -> None:
    write(
        tmp_path,
        a__defaults="always: {first: [{name: linux-java, os: linux}]}\n",
        a__one=BASE + "os: linux\n",
        b=BASE + "os: linux\nartifacts: [linux-java]\n",
        c=BASE + "os: linux\n",
    )
    found = {name: image.fingerprint for name, image in load(tmp_path).items()}
    assert found["a/one"] == found["b"] != found["c"]
    # As released versions have it that were built before there was `always`.
    assert found["b"] == "f29e9d0e82b35ac2"


def test_a_build_that_was_cut_off_goes_on_with_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        defaults="always: {last: [{name: seal, parameters: {key: {secret: sealKey}}}]}\n",
        one=BASE + "os: linux\nverify: [smoke]\n",
    )
    definition = load(tmp_path)["one"].definition
    text = definition.model_dump_json(by_alias=True, exclude_defaults=True)
    again = Definition.model_validate_json(text)
    assert again.all_artifacts == definition.all_artifacts
    assert [each.name for each in again.verification or ()] == ["smoke"]


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"one": "always: {first: [x]}\n"}, "images/one.yaml:1:1: always is for what is below a"),
        ({"defaults": "always: x\n"}, "images/defaults.yaml:1:1: always: expected a mapping"),
        ({"defaults": "always:\n"}, "images/defaults.yaml:1:1: always: expected a mapping"),
        (
            {"defaults": "always: {frist: [x]}\n", "a__defaults": "always: {first: [y]}\n"},
            "images/defaults.yaml:1:10: always.frist: is not a known field -> did you mean first?",
        ),
        ({"defaults": "always: {first: x}\n"}, "defaults.yaml:1:10: always.first: expected a list"),
        (
            {"defaults": "always: {first:\n"},
            "images/defaults.yaml:2:1: is not YAML",
        ),
        (
            {"defaults": "always:\n  last: [ok, {name: linux-deprovision}]\n"},
            "images/defaults.yaml:2:15: always.last.1.name: linux-deprovision ends every build",
        ),
        (
            {"defaults": "always: {first: [{name: x, parameters: {a: '[b()]'}}]}\n"},
            "images/defaults.yaml:1:28: always.first.0.parameters: a: an ARM expression",
        ),
    ],
)
def test_a_fault_is_told_once_where_it_stands(
    tmp_path: Path, files: dict[str, str], fault: str
) -> None:
    sound = BASE + "os: linux\n"
    files = {"a__two": sound, "a__three": sound, **files}
    write(tmp_path, **{**files, "one": files.get("one", "") + sound})
    (told,) = faults(tmp_path)
    assert fault in told


def test_a_stack_stands_outside_of_all_folders() -> None:
    stack = Always.model_validate({"first": ["a"], "last": ["z"]})
    folder = Always.model_validate({"first": ["b"], "last": ["y"]})
    both = stack.around(folder)
    assert [each.name for each in both.first] == ["a", "b"]
    assert [each.name for each in both.last] == ["y", "z"]
    assert stack.around(None) == stack
