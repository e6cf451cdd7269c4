"""``python -m factory import`` from end to end: what is written loads, what is lost is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.cli import main
from factory.common.errors import Problems
from factory.definitions.definition import Base, Os, SecretRef
from factory.definitions.loader import Image, load_images
from factory.settings.cross_check import cross_check, wanted_secrets
from factory.settings.loader import parse_settings
from tests.importer.old import CREDENTIAL, OTHER, SUBSCRIPTION, artifact, old_lab, template, write

STORAGE = "Microsoft.Storage/storageAccounts"
PLACE = "write its value in the place of the expression"


def imported(old: Path, out: Path, *more: str) -> int:
    labs = ["--labs", str(old / "Labs.json")] if (old / "Labs.json").exists() else []
    return main(["import", "--golden-images", str(old), "--out", str(out), *labs, *more])


def loaded(out: Path) -> dict[str, Image]:
    problems = Problems()
    images = load_images(out / "images", "images", problems)
    assert problems.errors == []
    return images


def stack(out: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((out / f"Pulumi.{name}.yaml").read_text())["config"]
    return content


def test_everything_moves_in_and_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "Win2022/Datacenter.json": template(),
        "Win2022/SQL Server.json": template(
            artifact("windows-chocolatey", packages="git"),
            artifact("windows-own", source="Team Repo"),
            artifact("windows-sysprep"),
            notes="Golden Image: SQL",
        ),
    }
    labs = [
        old_lab("team", "Win2022/SQL Server.json"),
        old_lab("finance", "Win2022", subscription=OTHER),
    ]
    old, out = write(tmp_path / "old", files, labs), tmp_path / "new"
    more = ("--images-to-save", "2", "--size", "Standard_D2s_v5", "--region", "West Europe")
    assert imported(old, out, *more) == 0
    images = loaded(out)
    sql = images["Win2022/SQL-Server"].definition
    assert sql.os is Os.WINDOWS
    assert isinstance(sql.base, Base)
    assert sql.base.urn == "MicrosoftWindowsServer:WindowsServer:2022-datacenter-g2"
    assert (sql.description, sql.size) == ("SQL", "Standard_D2s_v5")
    assert sql.image_path == "Win2022\\SQL Server.json"
    assert [(each.source, each.name) for each in sql.all_artifacts] == [
        ("public repo", "windows-chocolatey"),
        ("Team Repo", "windows-own"),
        ("public repo", "windows-sysprep"),
    ]
    assert sql.artifacts[0].parameters == {"packages": "git"}
    building, receiving = stack(out, "factory"), stack(out, "labs-22222222")
    assert building["image-factory:labs"][0]["images"] == ["Win2022/SQL-Server"]
    assert receiving["image-factory:labs"][0]["images"] == ["Win2022/**"]
    assert receiving["image-factory:receivesFrom"] == "factory"
    assert building["image-factory:keep"] == {"newest": 2}
    assert settings_faults(out, "labs-22222222", images) == []
    said = capsys.readouterr().out
    assert "Win2022/SQL Server.json: is Win2022/SQL-Server here" in said
    # The repository that only the original's lab knows is all that is left to be done.
    assert said.count("has no source 'Team Repo'") == 1


def settings_faults(out: Path, name: str, images: dict[str, Image]) -> list[str]:
    azure = {"azure-native:subscriptionId": "subscriptionId", "azure-native:location": "region"}
    raw = {
        azure.get(key, key.removeprefix("image-factory:")): value
        for key, value in stack(out, name).items()
    }
    problems = Problems()
    settings = parse_settings(raw, name, problems)
    assert settings is not None
    cross_check(images, settings, wanted_secrets(images, settings), name, problems)
    return [str(problem) for problem in problems.errors]


def test_secrets_are_named_and_their_values_appear_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secure = template(
        artifact("windows-join", domainPassword=CREDENTIAL, user="joe"),
        artifact("windows-other", key=f"[concat('{CREDENTIAL}', '')]"),
        artifact("windows-vault", text="[parameters('plainName')]"),
        artifact("windows-declared", odd=CREDENTIAL + "x", fine="y"),
        artifact("windows-sas", uri=f"https://a/b?sv=1&sig={CREDENTIAL}"),
        artifact("windows-open", text="[parameters('given')]"),
        artifact("windows-script", arguments=f"-User joe -Password {CREDENTIAL}"),
        artifact("windows-json", settings={"adminPassword": CREDENTIAL}),
        tags={},
    )
    secure["parameters"]["plainName"] = {"type": "securestring", "defaultValue": CREDENTIAL}
    secure["parameters"]["given"] = {"type": "secureString"}
    secure["resources"][0]["properties"]["notes"] = "[parameters('plainName')]"
    known = tmp_path / "artifacts" / "windows-declared"
    known.mkdir(parents=True)
    (known / "Artifactfile.json").write_text('{"parameters": {"odd": {"type": "securestring"}}}')
    old, out = write(tmp_path / "old", {"a.json": secure}), tmp_path / "new"
    assert imported(old, out, "--artifacts", str(known.parent)) == 0
    told = capsys.readouterr()
    written = "".join(file.read_text() for file in out.rglob("*") if file.is_file())
    assert CREDENTIAL not in told.out + told.err + written
    join, other, vault, declared, sas, given, script, settings = loaded(out)[
        "a"
    ].definition.artifacts
    assert join.parameters["domainPassword"] == SecretRef(secret="windows-join-domainPassword")
    assert join.parameters["user"] == "joe"
    # One value, one secret: it is set once.
    assert other.parameters["key"] == vault.parameters["text"] == join.parameters["domainPassword"]
    assert declared.parameters["odd"] == SecretRef(secret="windows-declared-odd")
    assert declared.parameters["fine"] == "y"
    assert isinstance(sas.parameters["uri"], SecretRef)
    assert isinstance(script.parameters["arguments"], SecretRef)
    assert isinstance(settings.parameters["settings"], SecretRef)
    assert given.parameters["text"] == SecretRef(secret="windows-open-text")
    command = "pulumi config set --secret image-factory:windows-join-domainPassword --stack factory"
    assert command in told.out


def test_nothing_is_overwritten_and_then_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write(tmp_path / "old", {"a.json": template(), "b.json": template()}, [])
    out = tmp_path / "new"
    (out / "images").mkdir(parents=True)
    (out / "images" / "b.yaml").write_text("mine\n")
    (out / "Pulumi.factory.yaml").write_text("mine too\n")
    assert imported(old, out) == 1
    error = capsys.readouterr().err
    assert "images/b.yaml" in error
    assert "Pulumi.factory.yaml" in error
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == [
        "Pulumi.factory.yaml",
        "b.yaml",
    ]
    assert (out / "images" / "b.yaml").read_text() == "mine\n"


def test_what_cannot_be_carried_over_is_said_and_refused_by_validation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    custom = template(customImageId="[resourceId('x/y', 'z')]", dataDiskParameters=[{"size": 1}])
    del custom["resources"][0]["properties"]["galleryImageReference"]
    custom["resources"].append({"type": STORAGE, "name": "x"})
    open_ended = template(artifact("windows-x", what="[parameters('branch')]"))
    open_ended["parameters"]["branch"] = {"type": "string"}
    unread = template({"artifactId": "[variables('nowhere')]"})
    files = {"custom.json": custom, "open.json": open_ended, "unread.json": unread}
    out = tmp_path / "new"
    assert imported(write(tmp_path / "old", files), out) == 0
    said = capsys.readouterr().out.splitlines()
    base = (
        "a custom image as base is another definition here: base: {image: ...}; "
        "the definition is not complete without: write it as base"
    )
    for line in (
        f"custom.json: customImageId: {base}",
        "custom.json: datadiskparameters: a lab's image holds the OS disk alone",
        f"custom.json: resource {STORAGE.lower()}: a definition builds a VM and nothing beside it",
        f"open.json: artifacts[0].what: parameter 'branch' has no default; {PLACE}",
        "unread.json: artifacts[0].artifactId: there is no variable 'nowhere'",
    ):
        assert f"  {line}" in said
    problems = Problems()
    assert load_images(out / "images", "images", problems) == {}
    refused = {problem.where.split(":")[0] for problem in problems.errors}
    assert refused == {f"images/{name}.yaml" for name in ("custom", "open", "unread")}
    todo = said[said.index(next(line for line in said if line.startswith("To do before"))) :]
    assert any("images/custom.yaml:2:1: base: is required" in line for line in todo)


def test_a_lab_vm_template_of_the_portal_alone(tmp_path: Path) -> None:
    """A single file; a lab around its VM; short ids; another letter case; a default size."""
    vm = template({"ArtifactId": "/ArtifactSources/public repo/artifacts/linux-java"})
    own = vm["resources"][0]
    own["type"] = "virtualMachines"
    own["properties"]["GalleryImageReference"] = {
        "Publisher": "[variables('image').publisher]",
        "Offer": "[format('{0}-24_04-lts', 'ubuntu')]",
        "Sku": "server",
        "OSType": "Linux",
        "Version": "24.04.202611010",
    }
    del own["properties"]["galleryImageReference"]
    vm["parameters"]["all"] = {"type": "array", "defaultValue": own["properties"]["artifacts"]}
    own["properties"]["artifacts"] = "[parameters('all')]"
    own["properties"]["size"] = "[parameters('Size')]"
    vm["parameters"]["size"] = {"type": "string", "defaultValue": "Standard_B2s"}
    vm["variables"]["image"] = {"publisher": "[concat('Canon', 'ical')]"}
    vm["resources"] = [{"type": "Microsoft.DevTestLab/labs", "name": "x", "resources": [own]}]
    file = tmp_path / "My VM.json"
    file.write_text(json.dumps(vm))
    assert imported(file, tmp_path / "new") == 0
    definition = loaded(tmp_path / "new")["My-VM"].definition
    assert isinstance(definition.base, Base)
    assert definition.base.urn == "Canonical:ubuntu-24_04-lts:server"
    assert definition.base.version == "24.04.202611010"
    assert definition.size == "Standard_B2s"
    assert [each.name for each in definition.all_artifacts] == ["linux-java", "linux-deprovision"]


def test_the_region_of_a_lab_is_a_placeholder_until_somebody_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write(tmp_path / "old", {"a.json": template()}, [old_lab("team", "")])
    assert imported(old, tmp_path / "new") == 0
    said = capsys.readouterr().out
    assert "Pulumi.factory.yaml: image-factory:labs.0.region: " in said
    assert "got '<region of the lab team>'" in said
    assert stack(tmp_path / "new", "factory")["azure-native:subscriptionId"] == SUBSCRIPTION


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--images-to-save", "0"), "--images-to-save: expected at least 1"),
        (("--size", "big; rm"), "--size: expected a VM size"),
        (("--region", "<x>"), "--region: expected a region"),
        (("--stack", "../x"), "--stack: expected letters"),
    ],
)
def test_options_are_checked(
    argv: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write(tmp_path / "old", {"a.json": template()})
    assert imported(old, tmp_path / "new", *argv) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_the_command_has_help_with_examples_and_its_exit_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["import", "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert "python -m factory import" in shown.split("example:")[1]
    assert "exit codes:" in shown


def test_a_key_of_labs_json_that_the_original_never_read_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write(tmp_path / "old", {"Base.json": template()})
    entry = {**old_lab("team", "Base.json"), "LabResourceGroup": "rg-team"}
    (old / "Labs.json").write_text(json.dumps({"Labs": [entry]}))
    assert imported(old, tmp_path / "new", "--region", "westeurope") == 0
    said = capsys.readouterr().out
    assert "Labs[0]: labresourcegroup: is no key that the original read" in said
    assert "1 definition and 1 stack file written" in said


def test_two_labs_of_one_name_in_two_groups_are_both_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {**old_lab("Team", "SQL.json"), "ResourceGroup": "rg-other"}
    again = {**old_lab("team", "SQL.json"), "ResourceGroup": "RG-Team"}
    files = {"Base.json": template(), "SQL.json": template()}
    old = write(tmp_path / "old", files, [old_lab("team", "Base.json"), other, again])
    assert imported(old, tmp_path / "new", "--region", "westeurope") == 0
    first = stack(tmp_path / "new", "factory")["image-factory:labs"]
    assert [(lab["resourceGroup"], lab["images"]) for lab in first] == [
        ("rg-team", ["Base", "SQL"])
    ]
    second = stack(tmp_path / "new", f"labs-{SUBSCRIPTION[:8]}-2")
    (lab,) = second["image-factory:labs"]
    assert (lab["name"], lab["resourceGroup"], lab["images"]) == ("Team", "rg-other", ["SQL"])
    assert second["image-factory:resourceGroup"] == "rg-image-factory-copies-2"
    assert "has the name of another one in its subscription" in capsys.readouterr().out
