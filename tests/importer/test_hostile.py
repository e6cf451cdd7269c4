"""What an old folder may hold: odd encodings, comments, bombs. Bounded, one line, no traceback."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.cli import main
from factory.common.errors import Problems
from factory.definitions.loader import load_images
from factory.importer.arm.scope import Scope
from factory.importer.arm.values import HOLE
from factory.importer.conversion import convert
from factory.importer.machines import KINDS
from factory.importer.notes import Notes
from factory.importer.other_sources import of_packer_json
from factory.importer.secrets import Secrets
from factory.importer.template import find_vms
from factory.importer.texts import parse_json
from factory.importer.writer import definition_text
from tests.importer.old import artifact, template, write

KEYS = (
    "artifacts",
    "artifactId",
    "parameters",
    "name",
    "value",
    "galleryImageReference",
    "publisher",
    "osType",
    "size",
    "notes",
    "defaultValue",
    "type",
    "a",
    "copy",
    "count",
    "input",
    "condition",
    "resources",
    "template",
    "formulaContent",
    "storageProfile",
    "customize",
    "builders",
    "dtl_artifacts",
)
EXPRESSIONS = (
    "[parameters('a')]",
    "[variables('a')]",
    "[concat(variables('a'), parameters('size'))]",
    "[parameters('a').name]",
    "[resourceId('a/b', 'c')]",
    "[copyIndex()]",
    "[listKeys('a').b]",
    "[reduce(parameters('a'), lambda('x', lambdaVariables('x')))]",
    "{{user `a`}}",
    "azure-dtl",
    "securestring",
    "/artifactsources/x/artifacts/windows-y",
)
PLAIN = json.dumps(template())


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        b"// who wrote this?\r\n/* nobody */" + PLAIN.encode(),
        PLAIN.replace("}]}", "},],}").encode(),
    ],
)
def test_json_as_people_save_it_is_read(content: bytes, tmp_path: Path) -> None:
    old = write(tmp_path / "old", {"a.json": content})
    assert main(["import", "--golden-images", str(old), "--out", str(tmp_path / "new")]) == 0
    assert set(load_images(tmp_path / "new" / "images", "images", Problems())) == {"a"}


def test_what_looks_like_a_comment_in_a_text_stays() -> None:
    assert parse_json('{"a": "http://x/*y*/", /* b */ "c": ",}",}') == {
        "a": "http://x/*y*/",
        "c": ",}",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON: line 1"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ("/*" * 1_000_000, "is not JSON"),
        ('"\\' * 1_000_000, "is not JSON"),
        ('{"a": ' + "9" * 10_000 + "}", "is not JSON"),
        ('{"a": NaN}', "NaN is no JSON value"),
        (b"\xff\xfe\xff", "neither UTF-8 nor UTF-16"),
        (b" " * (4 * 1024 * 1024 + 1), "is larger than 4 MB"),
        ("[]", "is no ARM template"),
        ('{"resources": []}', "has no lab VM"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_and_the_others_are_read(
    content: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write(tmp_path / "old", {"bad.json": content, "good.json": template()})
    (old / "GoldenImages" / "link.json").symlink_to(old / "GoldenImages" / "good.json")
    assert main(["import", "--golden-images", str(old), "--out", str(tmp_path / "new")]) == 0
    told = capsys.readouterr()
    assert said in next(line for line in told.out.splitlines() if line.startswith("  bad.json: "))
    assert "  link.json: is a symbolic link" in told.out
    assert "Traceback" not in told.err
    assert [path.name for path in (tmp_path / "new" / "images").iterdir()] == ["good.yaml"]


def test_names_that_attack_the_terminal_or_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = "a\n\u202eb\x1b[31m.json"
    old = write(tmp_path / "old", {odd: template(notes="x\n# y\x07"), "..x/...json": template()})
    assert main(["import", "--golden-images", str(old), "--out", str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    problems = Problems()
    images = load_images(tmp_path / "new" / "images", "images", problems)
    assert len(images) == 2
    # A definition holds nothing that nobody sees; what that costs is told.
    assert "images made from it cannot be adopted" in said
    assert {image.definition.image_path for image in images.values()} == {None, "..x\\...json"}


@pytest.mark.parametrize(
    "value",
    [
        "[variables('a')]",  # refers to itself
        "[variables('z0')]",  # doubles sixty times
        "[" + "concat(" * 5000 + "'x'" + ")" * 5000 + "]",
        "[concat('a']",
        "[concat('a') 'b']",
        "[]",
        "[parameters()]",
        "[resourceId()]",
        "[resourceId('a/b')]",
        "[format('{9}', 'x')]",
        "[copyIndex()]",
        "[variables('image').nothing]",
    ],
)
def test_an_expression_without_a_value_is_said_to_have_none(value: str) -> None:
    variables: dict[str, Any] = {"a": "[variables('a')]", "image": {}, "z60": "x" * 100}
    for index in range(60):
        variables[f"z{index}"] = f"[concat(variables('z{index + 1}'), variables('z{index + 1}'))]"
    scope = Scope.of({"variables": variables})
    assert scope.work.holes.why(scope.evaluate(value))


def test_a_plain_bracket_stays_one(tmp_path: Path) -> None:
    given = artifact("windows-x", text="[[f(x)]", other="[[a b]")
    old = write(tmp_path / "old", {"a.json": template(given)})
    assert main(["import", "--golden-images", str(old), "--out", str(tmp_path / "new")]) == 0
    (found,) = load_images(tmp_path / "new" / "images", "images", Problems()).values()
    assert found.definition.artifacts[0].parameters == {"text": "[[f(x)]", "other": "[[a b]"}


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(EXPRESSIONS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_ODD, _ODD, _ODD, st.sampled_from(sorted(KINDS)))
@settings(max_examples=150, deadline=None)
def test_no_template_is_too_odd(
    properties: Any, parameters: Any, variables: Any, kind: str
) -> None:
    """Whatever stands where something else is expected: it is noted, and never a traceback."""
    notes = Notes()
    resource = {"type": kind, "properties": properties}
    deployed = {"type": "Microsoft.Resources/deployments", "properties": {"template": resource}}
    odd = {
        "resources": [resource, properties, {**deployed, "copy": parameters}],
        "parameters": parameters,
        "variables": variables,
    }
    packed = of_packer_json({"builders": [properties, resource], "variables": variables})
    for content in (odd, packed, properties):
        for vm in find_vms("a.json", content, notes, parameters):
            found = convert(
                vm, identity="a", image_path="a.json", secrets=Secrets(notes, "factory"), size=None
            )
            assert yaml.safe_load(definition_text(found))["imagePath"] == "a.json"
            assert HOLE not in definition_text(found)
    assert not any(HOLE in line for line in notes.lines())
