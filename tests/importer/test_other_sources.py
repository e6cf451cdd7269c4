"""Packer, Terraform, Image Builder and plain VMs: a definition each, and what is left to do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.cli import main
from factory.common.errors import Problems
from factory.definitions.bases import Base, PurchasePlan
from factory.definitions.definition import Definition, Os, SecretRef
from factory.definitions.loader import load_images
from factory.importer.conversion import convert
from factory.importer.hcl import parse_hcl
from factory.importer.notes import Notes
from factory.importer.other_sources import of_hcl
from factory.importer.secrets import Secrets
from factory.importer.template import find_vms
from factory.importer.texts import UnreadableError
from factory.importer.writer import definition_text
from tests.importer.old import write

PACKER = """
packer {
  required_plugins { azure = { source = "github.com/hashicorp/azure", version = "~> 2" } }
}
variable "year" {
  type    = string
  default = "2022" // of the server
}
locals {
  sizes = { small = "Standard_D2s_v5", large = "Standard_D8s_v5" }
  sku   = "${var.year}-datacenter-g2"
}
source "azure-dtl" "desk" {
  lab_name        = "team"
  client_secret   = var.secret
  os_type         = "Windows"
  image_publisher = "MicrosoftWindowsServer"
  image_offer     = "WindowsServer"
  image_sku       = local.sku
  vm_size         = local.sizes["large"]
  storage_type    = "Premium"
  plan_info {
    plan_name      = "server"
    plan_product   = "suite"
    plan_publisher = "contoso"
  }
  dtl_artifacts {
    artifact_name = "windows-chocolatey"
    parameters {
      packages = join(" ", ["git", lower("JQ")])
      code     = var.secret
    }
  }
}
source "amazon-ebs" "other" { region = "eu" }
build {
  sources = ["source.azure-dtl.desk"]
  provisioner "powershell" {
    script           = "scripts/tools.ps1"
    environment_vars = ["KEY=CANARY-Winter-1947"]
  }
  provisioner "windows-restart" {}
}
"""
VALUES = """
# Taken without being named.
secret = "CANARY-Winter-1947"
"""
SECRET = """
variable "secret" {
  type      = string
  sensitive = true
}
"""
OLD_PACKER = {
    "variables": {"year": "2022", "key": "{{env `KEY`}}"},
    "sensitive-variables": ["key"],
    "builders": [
        {
            "type": "azure-arm",
            "client_secret": "{{user `key`}}",
            "os_type": "Linux",
            "image_publisher": "Canonical",
            "image_offer": "ubuntu-24_04-lts",
            "image_sku": "server-{{ user `year` }}",
            "vm_size": "Standard_D2s_v5",
            "managed_image_storage_account_type": "Premium_LRS",
        }
    ],
    "provisioners": [{"type": "shell", "scripts": ["a.sh", "https://x/?sig=CANARY-Winter-1947"]}],
}
TERRAFORM = """
resource "azurerm_dev_test_lab" "lab" {
  name = "team"
}
resource "azurerm_dev_test_linux_virtual_machine" "agent" {
  name         = "agent"
  lab_name     = azurerm_dev_test_lab.lab.name
  size         = "Standard_D2s_v5"
  storage_type = "Premium"
  password     = var.secret
  notes        = <<-EOT
    Builds ${upper("all")}
  EOT
  gallery_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }
  tags = { env = var.prod ? "prod" : "dev", "cost center" = "42" }
}
"""
BUILDER = {
    "type": "Microsoft.VirtualMachineImages/imageTemplates",
    "apiVersion": "2024-02-01",
    "properties": {
        "source": {
            "type": "PlatformImage",
            "publisher": "MicrosoftWindowsDesktop",
            "offer": "windows-11",
            "sku": "win11-24h2-ent",
            "version": "latest",
        },
        "vmProfile": {"vmSize": "Standard_D4s_v5"},
        "customize": [
            {"type": "PowerShell", "name": "tools", "inline": ["echo CANARY-Winter-1947"]},
            {"type": "WindowsUpdate"},
        ],
        "distribute": [{"type": "ManagedImage"}],
    },
}
ENVIRONMENT = {
    "parameters": {"pw": {"type": "securestring", "defaultValue": "CANARY-Winter-1947"}},
    "resources": [
        {"type": "Microsoft.Network/virtualNetworks", "name": "net"},
        {
            "type": "Microsoft.Compute/virtualMachines",
            "name": "vm",
            "plan": {"name": "server", "product": "suite", "publisher": "contoso"},
            "properties": {
                "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
                "storageProfile": {
                    "imageReference": {
                        "publisher": "MicrosoftWindowsServer",
                        "offer": "WindowsServer",
                        "sku": "2022-datacenter-g2",
                        "version": "latest",
                    },
                    "dataDisks": [{"lun": 0}],
                },
                "osProfile": {
                    "adminPassword": "[parameters('pw')]",
                    "windowsConfiguration": {},
                    "customData": "[base64(parameters('pw'))]",
                },
            },
            "resources": [{"type": "extensions", "name": "script", "properties": {}}],
        },
    ],
}


def imported(
    tmp_path: Path, files: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> tuple[dict[str, Definition], str]:
    old = write(tmp_path / "old", files)
    assert main(["import", "--golden-images", str(old), "--out", str(tmp_path / "new")]) == 0
    told = capsys.readouterr()
    written = "".join(each.read_text() for each in tmp_path.glob("new/**/*.yaml"))
    assert "CANARY" not in told.out + told.err + written
    problems = Problems()
    images = load_images(tmp_path / "new" / "images", "images", problems)
    assert problems.errors == []
    assert all(each.definition.image_path is None for each in images.values())
    return {name: each.definition for name, each in images.items()}, told.out


def urn(definition: Definition) -> str:
    assert isinstance(definition.base, Base)
    return definition.base.urn


def test_a_packer_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its variables may stand in other files of the folder, and their values in a third."""
    files = {"w/desk.pkr.hcl": PACKER, "w/vars.pkr.hcl": SECRET, "w/x.auto.pkrvars.hcl": VALUES}
    images, said = imported(tmp_path, files, capsys)
    (desk,) = images.values()
    assert set(images) == {"w/desk"}
    assert urn(desk) == "MicrosoftWindowsServer:WindowsServer:2022-datacenter-g2"
    assert (desk.os, desk.size, desk.disk_type) == (Os.WINDOWS, "Standard_D8s_v5", "Premium")
    assert isinstance(desk.base, Base)
    assert desk.base.plan == PurchasePlan(name="server", product="suite", publisher="contoso")
    (one,) = desk.artifacts
    assert one.name == "windows-chocolatey"
    assert one.parameters == {
        "packages": "git jq",
        "code": SecretRef(secret="windows-chocolatey-code"),
    }
    file = (tmp_path / "new/images/w/desk.yaml").read_text()
    for left in (
        "provisioner 1 (powershell: scripts/tools.ps1): make an artifact of it",
        "provisioner 2 (windows-restart): make an artifact of it",
    ):
        assert f"w/desk.pkr.hcl: left to do: {left}" in said
        assert f"# Left to do: {left}\n" in file
    assert "resource packer source amazon-ebs" in said


def test_the_only_file_of_values_counts_and_of_two_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = PACKER.replace('default = "2022" // of the server', "").replace("var.secret", '""')
    files = {"a/desk.pkr.hcl": code, "a/prod.pkrvars.hcl": 'year = "2025"'}
    images, _ = imported(tmp_path, files, capsys)
    assert urn(images["a/desk"]).endswith(":2025-datacenter-g2")
    old = write(tmp_path / "two", {**files, "a/dev.pkrvars.hcl": 'year = "2022"'})
    assert main(["import", "--golden-images", str(old), "--out", str(tmp_path / "b")]) == 0
    said = capsys.readouterr().out
    assert "variables: more than one file has values for them (dev.pkrvars.hcl, prod" in said
    assert "galleryImageReference.sku: parameter 'year' has no default" in said


def test_a_packer_template_of_the_older_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, said = imported(tmp_path, {"agent.json": OLD_PACKER}, capsys)
    assert urn(images["agent"]) == "Canonical:ubuntu-24_04-lts:server-2022"
    assert images["agent"].disk_type == "Premium"
    assert "provisioner 1 (shell: a.sh): make an artifact of it" in said


def test_lab_vms_of_terraform(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"main.tf": TERRAFORM, "variables.tf": SECRET, "terraform.tfvars": VALUES}
    images, said = imported(tmp_path, files, capsys)
    assert set(images) == {"agent"}
    agent = images["agent"]
    assert urn(agent) == "Canonical:ubuntu-24_04-lts:server"
    assert (agent.os, agent.description) == (Os.LINUX, "Builds ALL")
    assert agent.tags == {"cost center": "42"}
    assert "main.tf: tags.env: the function computed() is not resolved here" in said
    assert "resource azurerm_dev_test_lab: a lab that takes images stands in a stack's" in said


def test_an_image_builder_template_alone_and_in_a_template(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = {"resources": [{**BUILDER, "name": "in"}]}
    images, said = imported(tmp_path, {"alone.json": BUILDER, "whole.json": whole}, capsys)
    for image in images.values():
        assert urn(image) == "MicrosoftWindowsDesktop:windows-11:win11-24h2-ent"
        assert (image.os, image.size) == (Os.WINDOWS, "Standard_D4s_v5")
    assert set(images) == {"alone", "whole"}
    assert "alone.json: left to do: customizer 1 (PowerShell: tools): make an artifact" in said
    assert "alone.json: left to do: customizer 2 (WindowsUpdate): make an artifact" in said


def test_the_vm_of_an_environments_template(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = {"itemDisplayName": "Web farm", "description": "x"}
    files = {"Web/azuredeploy.json": ENVIRONMENT, "Web/metadata.json": metadata}
    images, said = imported(tmp_path, files, capsys)
    (image,) = images.values()
    assert image.description == "Web farm"
    assert urn(image) == "MicrosoftWindowsServer:WindowsServer:2022-datacenter-g2"
    assert (image.os, image.size) == (Os.WINDOWS, "Standard_D4s_v5")
    assert isinstance(image.base, Base)
    assert image.base.plan == PurchasePlan(name="server", product="suite", publisher="contoso")
    for line in (
        "left to do: customData: what it does to the VM; make an artifact of it",
        "datadiskparameters: a lab's image holds the OS disk alone",
        "resource microsoft.compute/virtualmachines/extensions: what it does to a VM; make",
        "resource microsoft.network/virtualnetworks: a definition builds a VM and nothing",
    ):
        assert f"Web/azuredeploy.json: {line}" in said
    assert "metadata.json" not in said


def test_expressions_of_hcl() -> None:
    text = """
    a = "x${ var.b }y" # c
    b = var.list[0].name
    c = [for x in var.l : x]
    d = var.a == "x" ? { k = 1 } : null
    e = "$${plain} \\"q\\" \\u00e9"
    f = merge({ a = 1 }, local.more)
    g = "[not an expression]"
    h { i = [1,
      -2.5, true, null,
    ] }
    """
    assert parse_hcl(text) == {
        "a": "[concat('x', parameters('b'), 'y')]",
        "b": "[parameters('list')[0]['name']]",
        "c": "[computed(parameters('l'))]",
        "d": "[computed(parameters('a'))]",
        "e": '${plain} "q" é',
        "f": "[shallowMerge(createArray(createObject('a', 1), variables('more')))]",
        "g": "[[not an expression]",
        "h": [{"i": [1, -2.5, True, None], "labels": []}],
    }


@pytest.mark.parametrize(
    "text",
    [
        *("a", "a {", "}", 'a = "x', "a = <<E\nx", '"a" = 1', 'a = "\\uZZZZ"'),
        *("a = " + "[" * 9000, 'a = "' + '${"' * 5000, "a = f(" * 3000),
    ],
)
def test_what_is_no_hcl_is_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = TERRAFORM.replace("var.secret", '"x"').replace("var.prod", "true")
    images, said = imported(tmp_path, {"bad/a.tf": text, "main.tf": good}, capsys)
    assert set(images) == {"agent"}
    assert "bad/a.tf: is no HCL that can be read: line " in said or text in {
        "a = ",
        'a = "%{ if x }"',
    }


_WORDS = (
    *('source "azure-arm" "x" {', 'resource "azurerm_dev_test_linux_virtual_machine" "y" {'),
    *('variable "a" {', "locals {", "build {", 'provisioner "shell" {', "dtl_artifacts {"),
    *("gallery_image_reference {", "plan_info {", "tags = ", "a = ", "default = ", "source = "),
    *(
        "var.a",
        "local.a",
        '"${',
        '}"',
        '"x"',
        "1",
        "<<E\n",
        "\n",
        "}",
        "{",
        "[",
        "]",
        "(",
        ")",
        ",",
    ),
)


@given(st.lists(st.sampled_from(_WORDS), max_size=25))
@settings(max_examples=200, deadline=None)
def test_whatever_stands_in_a_file_it_is_read_or_refused(words: list[str]) -> None:
    with suppress(UnreadableError):
        content, notes = parse_hcl(" ".join(words)), Notes()
        for vm in find_vms("a.tf", of_hcl(content, [content]), notes):
            secrets = Secrets(notes, "factory")
            found = convert(vm, identity="a", image_path=None, secrets=secrets, size=None)
            assert isinstance(yaml.safe_load(definition_text(found)), dict)
