"""What the bootstrap's settings may be: each fault in one line that says where and what."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic.alias_generators import to_camel

from bootstrap import access
from bootstrap.settings import NAMESPACE, Settings, parse
from bootstrap.trust import MOST, check, trusts
from factory.common.errors import Problems

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs/bootstrap.md").read_text(encoding="utf-8")
TENANT = "0a9d5d1e-7a55-4f0b-b1c4-6f1f5c3e9000"
GOOD: dict[str, Any] = {
    "subscriptionId": "5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001",
    "region": "westeurope",
    "storageAccount": "contosoimagefactory",
    "keyVault": "contoso-image-factory",
    "stacks": ["dev", "prod"],
    "github": {"repository": "contoso/image-factory"},
}
DEV_OPS = {"organization": "contoso", "project": "Images"}


def said(**changed: Any) -> list[str]:
    problems = Problems()
    raw = {key: value for key, value in (GOOD | changed).items() if value is not None}
    parse(raw, "Pulumi.x.yaml", problems)
    return [str(each).removeprefix(f"Pulumi.x.yaml: {NAMESPACE}:") for each in problems.errors]


def test_good_settings_have_no_fault() -> None:
    assert said() == []
    assert said(github={**GOOD["github"], "ownerId": 1, "repositoryId": "2"}) == []
    assert said(github={}, pulumiDeployments={"organization": "contoso"}) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"storageAccount": "Contoso"}, "storageAccount: expected 3 to 24 small letters"),
        ({"storageAccount": None}, "storageAccount is required"),
        ({"keyVault": "a--b"}, "keyVault: expected letters, digits and single dashes"),
        ({"container": "$root"}, "container: expected small letters"),
        ({"redundancy": "RAGRS"}, "redundancy: expected "),
        ({"stacks": []}, "stacks: "),
        ({"stacks": ["dev", "Dev"]}, "stacks names 'Dev' twice"),
        ({"stacks": ["preview"]}, "stacks: 'preview' is the name of the identity that only looks"),
        ({"stacks": ["org/x/dev"]}, "stacks.0: expected a stack's own name"),
        ({"githb": {}}, "githb is not a known setting"),
        ({"github": {"repository": "contoso/*"}}, "github.repository: expected OWNER/REPOSITORY"),
        (
            {"github": {"repository": "a/b", "ownerId": 1}},
            "github: ownerId and repositoryId belong",
        ),
        ({"github": {"repository": "a/b", "branch": "*"}}, "github.branch: expected a branch"),
        ({"operators": [{"id": "me@contoso.com"}]}, "operators.0.id: expected an id such as"),
        ({"operators": [{"id": TENANT, "type": "Robot"}]}, "operators.0.type: expected "),
        (
            {"azureDevOps": {**DEV_OPS, "connections": {"dev": {"name": "x"}}}},
            "azureDevOps: connections that are given by name need organizationId",
        ),
        (
            {"azureDevOps": {**DEV_OPS, "connections": {"dev": {"subject": "/eid1/x"}}}},
            "azureDevOps.connections.dev: a connection is either its name, or issuer and subject",
        ),
        (
            {"pulumiDeployments": {"organization": "*"}},
            "pulumiDeployments.organization: expected a name of letters",
        ),
        (
            {"pulumiDeployments": {"organization": "a", "operations": ["all"]}},
            "pulumiDeployments.operations.0: expected ",
        ),
    ],
)
def test_each_fault_is_one_line(changed: dict[str, Any], expected: str) -> None:
    (line,) = said(**changed)
    assert line.startswith(expected)


def test_an_identity_that_is_not_there_is_named_with_those_that_are() -> None:
    shown = {"issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0", "subject": "/eid1/x"}
    (line,) = said(azureDevOps={**DEV_OPS, "connections": {"test": shown}})
    assert line.endswith("the identities are dev, prod, preview")
    foreign = {**shown, "issuer": "https://evil.example"}
    (line,) = said(azureDevOps={**DEV_OPS, "connections": {"dev": foreign}})
    assert line.startswith("azureDevOps.connections.dev.issuer: expected https://login")


def test_somebody_has_to_sign_in() -> None:
    problems = Problems()
    raw = {key: value for key, value in GOOD.items() if key != "github"}
    parse(raw, "Pulumi.x.yaml", problems)
    (line,) = map(str, problems.errors)
    assert "nobody could sign in" in line


def test_a_token_is_believed_by_one_identity_alone() -> None:
    shown = {"issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0", "subject": "/eid1/x"}
    raw = {**GOOD, "azureDevOps": {**DEV_OPS, "connections": {"dev": shown, "preview": shown}}}
    problems = Problems()
    settings = parse(raw, "Pulumi.x.yaml", problems)
    assert settings is not None
    assert not problems.errors
    check(settings, "Pulumi.x.yaml", problems)
    (line,) = map(str, problems.errors)
    assert "dev and preview would both believe" in line


def test_no_identity_can_have_more_credentials_than_azure_takes() -> None:
    operations = ["preview", "update", "refresh", "detect-drift", "remediate-drift", "destroy"]
    shown = {"issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0", "subject": "/eid1/x"}
    raw = {
        **GOOD,
        "pulumiDeployments": {"organization": "contoso", "operations": operations},
        "azureDevOps": {**DEV_OPS, "connections": {"dev": shown}},
    }
    settings = parse(raw, "", Problems())
    assert settings is not None
    assert len(trusts(settings, "dev")) == 8 < MOST


def test_stacks_are_read_from_their_files_and_their_sources_are_among_them(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    problems = Problems()
    access.read_stacks(tmp_path, ["dev", "prod"], problems)
    lines = sorted(map(str, problems.errors))
    assert "there is no such file" in lines[0]
    assert "receives from dev, which is none of" in lines[1]
    (tmp_path / "Pulumi.dev.yaml").write_text("environment: [shared]\nconfig: {}\n")
    problems = Problems()
    access.read_stacks(tmp_path, ["dev"], problems)
    assert "comes from an environment, which is not read" in str(problems.errors[0])


def test_every_setting_is_documented_and_declared() -> None:
    own = {to_camel(name) for name in Settings.model_fields} - {"subscriptionId", "region"}
    table = PAGE.split("## Settings")[1]
    assert [name for name in sorted(own) if not re.search(rf"`{name}`", table)] == []
    project = yaml.safe_load((CHECKOUT / "bootstrap/Pulumi.yaml").read_text())
    assert set(project["config"]) == own


def test_its_forms_take_nothing_from_the_words_of_the_factorys() -> None:
    # Words are found by the pattern alone: the last one who says them would be heard everywhere.
    script = (
        "import factory.program; from factory.common import fields; before = dict(fields._SAID);"
        "import bootstrap.deployments.file;"
        "assert not [key for key, said in before.items() if fields._SAID[key] != said]"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=CHECKOUT)
