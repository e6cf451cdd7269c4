"""Templates as Azure reads them: what is deployed, in which scope, with which values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.cli import main
from factory.common.errors import Problems
from factory.definitions.definition import Base, SecretRef, VaultRef
from factory.definitions.loader import Image, load_images
from tests.importer.old import artifact, template, write

VM = "Microsoft.DevTestLab/labs/virtualMachines"
VALUE = "CANARY-Winter-1947"


def imported(old: Path, out: Path) -> dict[str, Image]:
    assert main(["import", "--golden-images", str(old), "--out", str(out)]) == 0
    problems = Problems()
    images = load_images(out / "images", "images", problems)
    assert problems.errors == []
    return images


def fields(out: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((out / "images" / f"{name}.yaml").read_text())
    return content


def vm(*artifacts: Any, **more: Any) -> dict[str, Any]:
    """A lab VM's resource alone, of a fixed size."""
    own = template(*artifacts, size="Standard_D2s_v5")["resources"][0]
    return {**own, **more}


def nested(inner: dict[str, Any], **more: Any) -> dict[str, Any]:
    properties = {"mode": "Incremental", "template": inner, **more}
    return {"type": "Microsoft.Resources/deployments", "name": "in", "properties": properties}


def text(value: str) -> dict[str, Any]:
    return {"type": "string", "defaultValue": value}


def package(images: dict[str, Image], name: str = "a") -> Any:
    return images[name].definition.artifacts[0].parameters["p"]


def test_a_nested_deployment_is_read_in_the_scope_that_it_asks_for(tmp_path: Path) -> None:
    """Outer by default: its own parameters count only where the scope is said to be inner."""
    own = {"parameters": {"p": {"type": "string"}}, "variables": {"v": "inner"}}
    one = artifact("windows-x", p="[concat(parameters('p'), '-', variables('v'))]")
    around = {"parameters": {"p": text("outer")}, "variables": {"v": "var"}}
    plain = {**around, "resources": [nested({**own, "resources": [vm(one)]})]}
    # As Bicep writes a module: resources by symbolic name, in both templates.
    inner = nested(
        {**own, "languageVersion": "2.0", "resources": {"vm": vm(one)}},
        expressionEvaluationOptions={"scope": "inner"},
        parameters={"p": {"value": "[toUpper(parameters('p'))]"}},
    )
    module = {**around, "languageVersion": "2.0", "resources": {"module": inner}}
    old = write(tmp_path / "old", {"plain.json": plain, "module.json": module})
    images = imported(old, tmp_path / "new")
    assert package(images, "plain") == "outer-var"
    assert package(images, "module") == "OUTER-inner"


def test_a_loop_makes_one_definition_of_each_kind_of_vm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = artifact("windows-x", p="[variables('kinds')[mod(copyIndex('vms'), 2)]]")
    name = "[concat('lab/vm-', copyIndex())]"
    looped = vm(one, name=name, copy={"name": "vms", "count": "[parameters('n')]"})
    own = looped["properties"]
    own["copy"] = [
        {"name": "artifacts", "count": 2, "input": {**one, "more": "[copyIndex('artifacts')]"}}
    ]
    del own["artifacts"]
    whole = {
        "parameters": {"n": {"type": "int", "defaultValue": 4}},
        "variables": {"kinds": ["git", "jq"]},
        "resources": [looped],
    }
    out = tmp_path / "new"
    images = imported(write(tmp_path / "old", {"a.json": whole}), out)
    assert set(images) == {"a", "a-vm-1"}
    assert (package(images), package(images, "a-vm-1")) == ("git", "jq")
    assert [len(each.definition.artifacts) for each in images.values()] == [2, 2]
    assert "a.json: copy: 4 VMs of 2 kinds: a definition is built once" in capsys.readouterr().out
    # The original made images of the first one alone; labs that took the file take that.
    assert fields(out, "a")["imagePath"] == "a.json"
    assert "imagePath" not in fields(out, "a-vm-1")


def test_loops_of_deployments_within_each_other_are_bounded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner: dict[str, Any] = vm(copy={"name": "a", "count": 800})
    for name in "bc":
        inner = {**nested({"resources": [inner]}), "copy": {"name": name, "count": 800}}
    old = write(tmp_path / "old", {"a.json": {"resources": [inner]}})
    assert set(imported(old, tmp_path / "new")) == {"a"}
    assert "a.json: resources: more than 5000 resources" in capsys.readouterr().out


def test_a_condition_decides_and_one_that_is_open_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = {
        "parameters": {"full": {"type": "bool", "defaultValue": False}, "site": {"type": "string"}},
        "resources": [
            vm(artifact("windows-x", p="full"), condition="[parameters('full')]"),
            vm(artifact("windows-x", p="lean"), condition="[not(parameters('full'))]"),
            vm(artifact("windows-x", p="odd"), condition="[equals(parameters('site'), 'b')]"),
        ],
    }
    images = imported(write(tmp_path / "old", {"a.json": whole}), tmp_path / "new")
    assert [package(images, name) for name in sorted(images)] == ["lean", "odd"]
    said = capsys.readouterr().out
    assert "condition: is false, with the values that are known" in said
    assert "condition: parameter 'site' has no default; it is taken for true" in said


@pytest.mark.parametrize(
    ("template_name", "values_name"),
    [
        ("azuredeploy.json", "azuredeploy.parameters.json"),
        ("Agent.json", "agent.Parameters.json"),
        ("template.json", "parameters.json"),
        ("a.json", "a.parameters.prod.json"),
    ],
)
def test_a_parameters_file_beside_the_template_has_its_values(
    template_name: str, values_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Values are taken as they are; a secure one is a secret, one of a vault stays there."""
    names = ("tools", "code", "join", "text")
    given = artifact("windows-x", **{name: f"[parameters('{name}')]" for name in names})
    whole = template(given, size="[parameters('size')]")
    for name in names:
        kind = "secureString" if name in {"code", "join"} else "string"
        whole["parameters"][name] = {"type": kind}
    whole["parameters"]["tools"] = {"type": "array"}
    vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv-team"
    reference = {"keyVault": {"id": vault}, "secretName": "domain-join"}
    values = {
        "SIZE": {"value": "Standard_D4s_v5"},
        "tools": {"value": ["git", "7zip"]},
        "code": {"value": VALUE},
        "join": {"reference": reference},
        "text": {"value": "[not('an expression')]"},
    }
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
    old = write(
        tmp_path / "old",
        {template_name: whole, values_name: {"$schema": schema, "parameters": values}},
    )
    alone = old / "GoldenImages" / template_name
    for number, where in enumerate((old, alone)):
        (image,) = imported(where, tmp_path / f"new{number}").values()
        assert image.definition.size == "Standard_D4s_v5"
        assert image.definition.artifacts[0].parameters == {
            "tools": '["git", "7zip"]',
            "code": SecretRef(secret="windows-x-code"),
            "join": VaultRef(keyVault="kv-team", secret="domain-join"),
            "text": "[[not('an expression')]",
        }
    told = capsys.readouterr()
    assert "Everything was carried over." in told.out
    assert VALUE not in told.out + told.err


def test_values_of_several_files_and_of_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = {
        "parameters": {"p": {"type": "string"}},
        "resources": [vm(artifact("windows-x", p="[parameters('p')]"))],
    }
    values = {name: {"parameters": {"p": {"value": name}}} for name in ("dev", "prod", "other")}
    files = {
        "a.json": whole,
        "a.dev.json": values["dev"],
        "a.parameters.json": values["prod"],
        "b.parameters.json": values["other"],
        "c.bicep": "param p string",
    }
    images = imported(write(tmp_path / "old", files), tmp_path / "new")
    assert package(images) == "prod"
    said = capsys.readouterr().out
    assert "a.parameters.json is taken of a.parameters.json, a.dev.json" in said
    assert "  c.bicep: is no template yet: make one of it (az bicep build)" in said
    assert "  b.parameters.json: holds values for parameters, and no template beside it" in said


def formula(name: str, *artifacts: Any, **content: Any) -> dict[str, Any]:
    its = {key: value for key, value in vm(*artifacts)["properties"].items() if key != "notes"}
    content = {"formulaContent": {"properties": its, **content}, "description": f"The {name}"}
    return {
        "type": "Microsoft.DevTestLab/labs/formulas",
        "name": f"lab/{name}",
        "properties": content,
    }


def test_formulas_are_definitions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a template, within a lab's resource, and as the portal or `az` shows one."""
    one, two = formula("desk", artifact("windows-x")), formula("studio", artifact("windows-y"))
    lab = {
        "type": "Microsoft.DevTestLab/labs",
        "name": "lab",
        "resources": [{**two, "type": "formulas"}, {"type": "policySets/policies", "name": "p"}],
    }
    steps = [{"artifactId": "/artifactsources/public repo/artifacts/windows-git"}]
    flat = {
        **one["properties"],
        "formulaContent": one["properties"]["formulaContent"]["properties"],
    }
    shown = {**flat, "type": "Microsoft.DevTestLab/labs/formulas", "name": "desk", "id": "/x"}
    unmade = {**one, "properties": {"vm": {"labVmId": "/x"}}}
    files = {
        "desks.json": {"resources": [one, lab, unmade]},
        "shown.json": dict(one.items()),
        "az.json": shown,
        "list.json": [shown],
        "steps.json": steps,
    }
    images = imported(write(tmp_path / "old", files), tmp_path / "new")
    assert set(images) == {"desks", "desks-studio", "shown", "az", "list"}
    assert images["desks"].definition.description == "The desk"
    assert [each.name for each in images["desks-studio"].definition.artifacts] == ["windows-y"]
    base = images["az"].definition.base
    assert isinstance(base, Base)
    assert base.publisher == "MicrosoftWindowsServer"
    said = capsys.readouterr().out
    assert "steps.json: is a list of artifacts alone: name them in a definition" in said
    assert "formulaContent: a formula without its content" in said
    assert "resource microsoft.devtestlab/labs/policysets/policies: a definition builds" in said


def test_what_only_a_deployment_knows_is_told_and_stays_to_be_filled_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = artifact(
        "windows-x",
        p="[reference('x').outputs.host.value]",
        q="[listKeys('x', '2020-01-01').keys[0].value]",
        r="[format('{0}', parameters('notUsedElsewhere'))]",
    )
    whole = template(given)
    whole["parameters"] |= {"notUsedElsewhere": {"type": "string"}, "unused": {"type": "string"}}
    old = write(tmp_path / "old", {"a.json": json.dumps(whole)})
    assert main(["import", "--golden-images", str(old), "--out", str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert "artifacts[0].p: reference() is known at a deployment alone; write its value" in said
    assert "unused" not in said
    parameters = fields(tmp_path / "new", "a")["artifacts"][0]["parameters"]
    assert parameters == {
        "p": "[reference('x').outputs.host.value]",
        "q": {"secret": "windows-x-q"},
        "r": "[format('{0}', parameters('notUsedElsewhere'))]",
    }
    # Nobody builds with an expression unawares.
    assert "To do before the first preview" in said


def test_what_bears_a_secrets_name_is_one_though_nothing_declares_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = artifact(
        "windows-x",
        first="[parameters('domainPassword')]",
        second="[concat('run ', variables('apiKey'))]",
        third="[parameters('plain')]",
    )
    whole = template(given, storageType=VALUE)
    whole["parameters"] |= {"domainPassword": text(VALUE), "plain": text("git")}
    whole["variables"] |= {"apiKey": "Canary-Key-0001"}
    images = imported(write(tmp_path / "old", {"a.json": whole}), tmp_path / "new")
    assert images["a"].definition.artifacts[0].parameters == {
        "first": SecretRef(secret="windows-x-first"),
        "second": SecretRef(secret="windows-x-second"),
        "third": "git",
    }
    # What is told is as free of it as what is written.
    told = capsys.readouterr()
    assert "parameters of windows-x: no manifest says what is secure" in told.out
    assert "storageType: '***' is none of" in told.out
    assert VALUE not in told.out + told.err


def test_a_module_of_bicep_with_a_parameter_that_may_be_missing(tmp_path: Path) -> None:
    """Bicep makes the parameter's object by an expression, and a default of its own applies."""
    chosen = "[if({0}(), createObject('value', 'given'), createObject())]"
    own = {"parameters": {"p": text("default")}}
    inner = {
        **own,
        "languageVersion": "2.0",
        "resources": {"vm": vm(artifact("windows-x", p="[parameters('p')]"))},
    }
    files = {
        f"{name}.json": {
            "resources": {
                "m": nested(
                    inner,
                    expressionEvaluationOptions={"scope": "inner"},
                    parameters={"p": chosen.replace("{0}", name)},
                )
            }
        }
        for name in ("true", "false")
    }
    images = imported(write(tmp_path / "old", files), tmp_path / "new")
    assert {name: package(images, name) for name in images} == {"true": "given", "false": "default"}


def test_the_portals_export_of_a_vm_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = vm(artifact("windows-x", p="1"), name="[concat(parameters('labs_web_name'), '/one')]")
    running["properties"] |= {
        "computeId": "/subscriptions/x",
        "fqdn": "one.westeurope.cloudapp.azure.com",
        "provisioningState": "Succeeded",
        "lastKnownPowerState": "Running",
    }
    whole = {"parameters": {"labs_web_name": text("web")}, "resources": [running]}
    images = imported(write(tmp_path / "old", {"template.json": whole}), tmp_path / "new")
    assert package(images, "template") == "1"
    assert "Everything was carried over." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [("a.bicep", "make one of it (az bicep build)"), ("a.txt", "is of no kind that can be read")],
)
def test_a_file_of_another_kind_is_refused(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("param p string")
    assert main(["import", "--golden-images", str(tmp_path / name), "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "holds no template of a lab VM" in error
    assert f"  {name}: is " in error
    assert said in error
