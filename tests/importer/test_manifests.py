"""What an artifact's manifest keeps secure stays so, however the manifest was saved."""

from __future__ import annotations

import codecs
import json
from base64 import b64encode
from pathlib import Path

import pytest

from factory.cli import main
from factory.common.errors import Problems
from factory.definitions.definition import SecretRef
from factory.definitions.loader import load_images
from rehearsal.azure.artifacts import ArtifactFolder
from tests.importer.old import artifact, template, write

VALUE = "CANARY-Winter-1947"
MANIFEST = json.dumps(
    {
        "title": "x",
        "description": "one line",
        "targetOsType": "Windows",
        "parameters": {
            "forest": {"type": "string"},
            "boot": {"displayName": "Boot", "type": "secureString"},
        },
    }
)


def manifest(folder: Path, name: str, content: str | bytes) -> Path:
    own = folder / "windows-x"
    own.mkdir(parents=True)
    raw = content.encode() if isinstance(content, str) else content
    (own / name).write_bytes(raw)
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("artifactfile.json", MANIFEST),
        ("ARTIFACTFILE.JSON", codecs.BOM_UTF8 + MANIFEST.encode()),
        ("ArtifactFile.json", MANIFEST.encode("utf-16")),
        ("Artifactfile.json", MANIFEST.replace("one line", "two\n\tlines")),
        ("Artifactfile.json", "// mine\n" + MANIFEST.replace("}}", "},/* no more */}")),
        ("Artifactfile.json", MANIFEST.replace('"', "'")),
    ],
)
def test_a_manifest_is_read_as_the_lab_reads_it(
    name: str, content: str | bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = manifest(tmp_path / "repo" / "Artifacts", name, content)
    # What the rehearsal's lab offers is what an import knows.
    assert [each.name for each in ArtifactFolder.read(folder).listed()] == ["windows-x"]
    old = write(tmp_path / "old", {"a.json": template(artifact("windows-x", boot=VALUE))})
    argv = ["import", "--golden-images", str(old), "--artifacts", str(tmp_path / "repo")]
    assert main([*argv, "--out", str(tmp_path / "new")]) == 0
    assert "Everything was carried over" in capsys.readouterr().out
    (image,) = load_images(tmp_path / "new" / "images", "images", Problems()).values()
    assert image.definition.artifacts[0].parameters == {"boot": SecretRef(secret="windows-x-boot")}


@pytest.mark.parametrize(
    "content",
    [
        MANIFEST[:-3],  # declares it, though it is cut off
        b"\xff\xfe\xff" + MANIFEST.encode(),
        "<html>404</html>",  # declares nothing: how names and values look has to do
        '["boot"]',
        '{"parameters": "none"}',
    ],
)
def test_where_a_manifest_cannot_be_read_what_looks_like_a_secret_is_one(
    content: str | bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = manifest(tmp_path / "artifacts", "artifactfile.json", content)
    given = artifact("windows-x", boot=VALUE, adminPW="x", site="https://x.test/A1b2", on="true")
    old = write(tmp_path / "old", {"a.json": template(given)})
    argv = ["import", "--golden-images", str(old), "--artifacts", str(folder)]
    assert main([*argv, "--out", str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert "windows-x/artifactfile.json: is " in said.split("Secrets to set")[0]
    assert "Everything was carried over" not in said
    (image,) = load_images(tmp_path / "new" / "images", "images", Problems()).values()
    parameters = image.definition.artifacts[0].parameters
    assert isinstance(parameters["boot"], SecretRef)
    assert isinstance(parameters["adminPW"], SecretRef)
    assert (parameters["site"], parameters["on"]) == ("https://x.test/A1b2", "true")


@pytest.mark.parametrize(
    "place", ["notes", "tag", "artifact", "parameter", "encoded", "folded", "password"]
)
def test_a_secure_value_that_stands_elsewhere_in_clear_ends_the_import(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = " ".join([VALUE] * 9) if place == "folded" else VALUE
    one = artifact("windows-x", boot="[parameters('boot')]")
    vm = template(one, notes=f"boots with {value}" if place in {"notes", "folded"} else "x")
    vm["parameters"]["boot"] = {"type": "secureString", "defaultValue": value}
    own = vm["resources"][0]
    if place == "tag":
        own["tags"] = {"hint": value}
    elif place == "artifact":
        own["properties"]["artifacts"].append(artifact(f"windows-{value}"))
    elif place in {"parameter", "encoded"}:
        text = b64encode(value.encode()).decode() if place == "encoded" else f"run {value} now"
        own["properties"]["artifacts"].append(artifact("windows-y", script=text))
    elif place == "password":  # the VM's own, which nothing declares
        del vm["parameters"]["boot"]["defaultValue"]
        own["properties"] |= {"password": value, "notes": value}
    old, out = write(tmp_path / "old", {"a.json": vm}), tmp_path / "new"
    assert main(["import", "--golden-images", str(old), "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert "nothing was written: a secret would stand in clear" in told.err
    assert "images/a.yaml: has a value that a.json" in told.err
    assert VALUE not in told.out + told.err
    assert not out.exists()
