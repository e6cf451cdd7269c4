"""Definition files: what is read, what is inherited, and how faults are told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from factory.common.errors import FactoryError, Problems
from factory.definitions.definition import Capture, Os, SecretRef
from factory.definitions.loader import Image, load_images

BASE = "base: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def load(folder: Path) -> dict[str, Image]:
    problems = Problems()
    images = load_images(folder, "images", problems)
    problems.raise_if_any("definitions")
    return images


def faults(folder: Path) -> list[str]:
    problems = Problems()
    load_images(folder, "images", problems)
    return [str(problem) for problem in sorted(problems.errors)]


def test_the_shipped_definitions_are_sound() -> None:
    images = load(Path(__file__).parents[2] / "images")
    assert len(images) >= 6
    assert {image.definition.os for image in images.values()} == {Os.WINDOWS, Os.LINUX}
    assert all(image.definition.description for image in images.values())


def test_a_path_without_its_ending_is_the_identity(tmp_path: Path) -> None:
    write(tmp_path, linux__deep__one=BASE + "os: linux\n")
    assert list(load(tmp_path)) == ["linux/deep/one"]


def test_defaults_are_inherited_downwards_and_the_nearest_wins(tmp_path: Path) -> None:
    write(
        tmp_path,
        defaults=BASE + "os: linux\nauthor: top\ntags: {a: top, b: top}\nretries: 2\n",
        linux__defaults="author: middle\ntags: {b: middle}\nartifacts: [linux-java]\n",
        linux__one="artifacts: [linux-powershell]\ntags: {c: own}\n",
        two="description: no folder\n",
    )
    images = load(tmp_path)
    one = images["linux/one"].definition
    assert (one.author, one.retries) == ("middle", 2)
    assert one.tags == {"a": "top", "b": "middle", "c": "own"}
    assert [artifact.name for artifact in one.artifacts] == ["linux-powershell"]
    assert images["two"].definition.author == "top"


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("os: linux\n", ["linux-deprovision"]),
        ("os: windows\nartifacts: [windows-git]\n", ["windows-git", "windows-sysprep"]),
        ("os: windows\nartifacts: [windows-sysprep]\n", ["windows-sysprep"]),
        ("os: linux\ncapture: specialized\n", []),
    ],
)
def test_the_generaliser_is_last_if_it_is_needed(
    tmp_path: Path, text: str, last: list[str]
) -> None:
    write(tmp_path, one=BASE + text)
    definition = load(tmp_path)["one"].definition
    assert [artifact.name for artifact in definition.all_artifacts] == last


def test_values_stay_what_they_were_written_as(tmp_path: Path) -> None:
    parameters = (
        "{a: 1.10, b: on, c: 19:00, d: 007, e: [x, y], f: {secret: vpn}, g: , h: 'yes', i: true, "
        "j: {keyVault: kv-x, secret: vpn}, k: {user: x, secret: y}}"
    )
    text = f"os: linux\nartifacts: [{{name: linux-java, parameters: {parameters}}}]\n"
    write(tmp_path, one=BASE + text)
    values = load(tmp_path)["one"].definition.artifacts[0].parameters
    assert values.pop("f") == SecretRef(secret="vpn")
    assert str(values.pop("j")) == "secret vpn of key vault kv-x"
    assert values == {
        "a": "1.10",
        "b": "on",
        "c": "19:00",
        "d": "007",
        "e": '["x", "y"]',
        "g": "",
        "h": "yes",
        "i": "true",
        "k": '{"user": "x", "secret": "y"}',
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("os: linux\nsiez: x\n", "images/one.yaml:3:1: siez: is not a known field"),
        ("os: macos\n", "images/one.yaml:2:1: os: expected 'windows' or 'linux'"),
        ("os: linux\nos: windows\n", "images/one.yaml:3:1: the key 'os' is given twice"),
        ("os: linux\ntimeLimit: 4\n", "timeLimit: expected a duration such as 90m"),
        ("os: linux\nretries: many\n", "images/one.yaml:3:1: retries:"),
        ("os: linux\nsize: huge\n", "images/one.yaml:3:1: size:"),
        (
            "os: linux\nartifacts: [{name: a, parameters: {k: {keyVault: kv-x}}}]\n",
            "parameters.k.secret: is required",
        ),
        (
            "os: linux\nartifacts: [{name: a, parameters: {k: {keyVault: x--y, secret: s}}}]\n",
            "got 'x--y' -> write it such as kv-team",
        ),
        (
            "os: linux\nartifacts: [{name: a, parameters: {k: {keyVault: kv, secret: s_s}}}]\n",
            "parameters.k.secret: expected the name of a secret of the key vault",
        ),
        ("os: linux\n\tsize: x\n", "images/one.yaml:3:1: is not YAML"),
        ("- os\n", "is not YAML"),
        ("os: linux\nartifacts: [windows-sysprep]\n", "windows-sysprep does not run on linux"),
        (
            "os: linux\nartifacts: [linux-deprovision, linux-java]\n",
            "linux-deprovision must be the last artifact",
        ),
        ("os: linux\ntags: {image-factory-x: y}\n", "are the factory's own"),
        (
            'os: linux\nartifacts: [{name: a, parameters: {x: "[concat(1)]"}}]\n',
            "an ARM expression is not allowed here",
        ),
        ("os: linux\na: &x 1\nb: *x\n", "YAML aliases"),
    ],
)
def test_faults_name_file_line_and_what_was_expected(tmp_path: Path, text: str, fault: str) -> None:
    write(tmp_path, one=BASE + text)
    assert any(fault in line for line in faults(tmp_path)), faults(tmp_path)


def test_an_inherited_fault_is_told_at_the_file_it_came_from(tmp_path: Path) -> None:
    write(tmp_path, defaults=BASE + "os: linux\nretries: x\n", linux__one="author: me\n")
    assert faults(tmp_path)[0].startswith("images/defaults.yaml:3:1: retries:")


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, one=BASE + "os: x\nsize: y\n", two="os: linux\n", three=": [")
    with pytest.raises(FactoryError) as caught:
        load(tmp_path)
    assert "4 problems" in str(caught.value)


def test_identities_that_give_one_azure_name_are_a_fault(tmp_path: Path) -> None:
    write(tmp_path, a__b=BASE + "os: linux\n", a_b=BASE + "os: linux\n")
    assert "give the same Azure name 'a-b'" in faults(tmp_path)[0]


@pytest.mark.parametrize("folder", ["absent", "empty"])
def test_no_definitions_at_all_is_a_fault_not_a_wish(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    assert len(faults(tmp_path / folder)) == 1


def test_links_and_wrong_endings_are_told(tmp_path: Path) -> None:
    write(tmp_path, one=BASE + "os: linux\n")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "one.yaml")
    (tmp_path / "two.yml").write_text("os: linux\n")
    told = faults(tmp_path)
    assert any("link.yaml: is a symbolic link" in line for line in told)
    assert any("two.yml: ends in .yml" in line for line in told)


def test_a_folder_that_cannot_be_read_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, one=BASE + "os: linux\n", linux__two=BASE + "os: linux\n")
    scan = os.scandir

    def closed(path: Path | str) -> object:
        if Path(path).name == "linux":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert faults(tmp_path) == [
        "images/linux: cannot be read: Permission denied -> see its permissions"
    ]


def test_bytes_that_are_not_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_bytes(b"\xff\xfe\x00os")
    assert "images/one.yaml:1:1: cannot be read: it looks like UTF-16" in faults(tmp_path)[0]


def test_blanks_and_line_ends_of_a_value_are_passed_on(tmp_path: Path) -> None:
    value = "  -----BEGIN CERTIFICATE-----\nMIIB \n"
    artifact = {"name": "linux-java", "parameters": {"a": value}}
    verify = {"script": {"url": "https://x.test/a.sh", "arguments": " x "}}
    raw = {"os": "linux", "artifacts": [artifact], "verify": verify}
    write(tmp_path, one=BASE + yaml.safe_dump(raw))
    definition = load(tmp_path)["one"].definition
    assert definition.artifacts[0].parameters["a"] == value
    (script,) = definition.verification or ()
    assert " x " in script.parameters.values()


@pytest.mark.parametrize("name", ["SQL Server Tools", "C++ (2022) & more", "værktøj", "7zip"])
def test_an_artifact_is_named_as_its_folder_is(name: str, tmp_path: Path) -> None:
    write(tmp_path, one=BASE + yaml.safe_dump({"os": "linux", "artifacts": [name]}))
    assert load(tmp_path)["one"].definition.artifacts[0].name == name


@pytest.mark.parametrize("name", ["..", "a/b", "a\\b", "a?x", "a#x", "a%2fb", ".git"])
def test_a_name_that_leads_out_of_the_folder_is_none(name: str, tmp_path: Path) -> None:
    write(tmp_path, one=BASE + yaml.safe_dump({"os": "linux", "artifacts": [name]}))
    with pytest.raises(FactoryError, match="the name of a folder"):
        load(tmp_path)


def test_the_fingerprint_covers_what_shapes_the_image_and_nothing_else(tmp_path: Path) -> None:
    def fingerprint(text: str) -> str:
        write(tmp_path, one=BASE + "os: linux\n" + text)
        return load(tmp_path)["one"].fingerprint

    plain = fingerprint("")
    assert fingerprint("author: me\ntimeLimit: 9h\n") == plain
    shaped = [
        "size: Standard_D8s_v5\n",
        "diskType: Premium\n",
        "capture: specialized\n",
        "artifacts: [linux-java]\n",
        "artifacts: [{name: linux-java, parameters: {a: b}}]\n",
        "artifacts: [{name: linux-java, source: other}]\n",
    ]
    assert len({plain, *map(fingerprint, shaped)}) == len(shaped) + 1


def test_specialised_is_spelled_as_documented() -> None:
    assert {kind.value for kind in Capture} == {"generalized", "specialized"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "os: linux\nverify: [linux-deprovision]\n",
            "one.yaml:3:10: verify: linux-deprovision has",
        ),
        ("os: linux\nverify:\n- {name: x, wrong: 1}\n", "one.yaml:4:13: verify.0.wrong: is not a"),
        ("os: linux\nverify: {artifact: []}\n", "one.yaml:3:10: verify.artifact: is not a known"),
        ("os: linux\nverify: {script: {url: http://x/a.sh}}\n", "verify.script.url: "),
        ("os: linux\nverify: {script: {url: https://x/}}\n", "ends in a plain file name"),
        ("os: windows\nverify: {script: {url: https://x/a.sh}}\n", "has to end in .ps1"),
        ("os: linux\nverify: [{name: x, parameters: {a: '[b()]'}}]\n", "a: an ARM expression"),
        (
            "os: linux\nverify: {script: {url: https://x/a.sh, arguments: \"[b('c')]\"}}\n",
            "verify.script.arguments: an ARM expression is not allowed",
        ),
        ("os: linux\nverify: {script: {url: https://x/\u0430.sh}}\n", "U+0430"),
        ("os: linux\nverify: {script: {url: 'https://[x'}}\n", "verify.script.url: "),
        ("os: linux\nverify: x\n", "one.yaml:3:1: verify: "),
        ("os: linux\nverify: {script: {url: https://x/a.sh, list: 1}}\n", "script.list: is not"),
        (
            f"os: linux\nverify: [{'x, ' * 201}]\n",
            "verify: expected at most 200 entries",
        ),
        ("os: linux\nkeepFailed: 40d\n", "one.yaml:3:1: keepFailed: "),
    ],
)
def test_a_wrong_verification_is_told_at_its_place(tmp_path: Path, text: str, fault: str) -> None:
    write(tmp_path, one=BASE + text)
    (told,) = faults(tmp_path)
    assert fault in told


def test_what_verifies_is_inherited_and_can_be_switched_off(tmp_path: Path) -> None:
    write(
        tmp_path,
        defaults=BASE + "os: linux\nverify: [linux-java]\nkeepFailed: 3d\n",
        one="description: inherits\n",
        two="verify: []\nkeepFailed: 1d\n",
        three="verify: null\nkeepFailed: null\n",
    )
    images = load(tmp_path)
    tests = {name: image.definition.verification for name, image in images.items()}
    assert [artifact.name for artifact in tests["one"] or ()] == ["linux-java"]
    assert (tests["two"], tests["three"]) == ((), None)
    assert images["three"].definition.keep_failed is None
    assert len({image.fingerprint for image in images.values()}) == 1
