"""What the service asks of people: everything that is open is told, and nothing that is set."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from factory.cli import main
from factory.pipelines.http_client import Api
from factory.pipelines.protection import on_azure, on_github, unpinned
from factory.pipelines.stages import Stage
from tests.pipelines.test_stages import project

STAGES = [Stage("dev", builds=True), Stage("prod", ("dev",), 2, approval=True)]
TIED = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
REVIEWED = {"type": "required_reviewers", "reviewers": [{}], "prevent_self_review": True}
REVIEW = {
    "required_approving_review_count": 1,
    "require_code_owner_review": True,
    "require_last_push_approval": True,
    "dismiss_stale_reviews_on_push": True,
}
GITHUB: dict[str, Any] = {
    "rules/branches/main": [
        {"type": "pull_request", "parameters": REVIEW},
        {"type": "non_fast_forward"},
        {"type": "required_status_checks"},
    ],
    "environments/dev": TIED,
    "environments/prod": {**TIED, "protection_rules": [REVIEWED]},
    "environments/dev/deployment-branch-policies": {"branch_policies": [{"name": "main"}]},
    "environments/prod/deployment-branch-policies": {"branch_policies": [{"name": "main"}]},
}


def changed(answers: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    found: Any = copy.deepcopy(answers)
    at = found
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return dict(found)


def test_github_with_every_step_done_has_nothing_open() -> None:
    assert list(on_github(GITHUB.get, STAGES)) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("rules/branches/main",), [], "main: nobody has to review what is merged"),
        (
            ("rules/branches/main", 0, "parameters", "required_approving_review_count"),
            0,
            "main: a pull request needs no approval",
        ),
        *(
            (("rules/branches/main", 0, "parameters", key), False, f"({key})")
            for key in ("require_code_owner_review", "require_last_push_approval")
        ),
        (("environments/dev",), None, "environment dev: is not there"),
        (("environments/dev", "deployment_branch_policy"), None, "environment dev: every branch"),
        (
            ("environments/prod/deployment-branch-policies", "branch_policies"),
            [{"name": "main"}, {"name": "*"}],
            "environment prod: *, main may name it, not main alone",
        ),
        (("environments/prod", "protection_rules"), [], "prod: is the end of a line, and wants no"),
        (
            ("environments/prod", "protection_rules", 0, "prevent_self_review"),
            False,
            "environment prod: who started a run may approve it himself",
        ),
    ],
)
def test_what_is_open_on_github_is_told(path: tuple[Any, ...], value: Any, said: str) -> None:
    told = list(on_github(changed(GITHUB, path, value).get, STAGES))
    assert any(said in line for line in told), told


CONTROL: dict[str, Any] = {
    "type": {"name": "Task Check"},
    "settings": {
        "definitionRef": {"name": "evaluateBranchProtection"},
        "inputs": {"allowedBranches": "refs/heads/main"},
    },
}
APPROVAL = {
    "type": {"name": "Approval"},
    "settings": {"approvers": [{}], "requesterCannotBeApprover": True},
}
POLICY = {
    "type": {"id": "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"},
    "isEnabled": True,
    "isBlocking": True,
    "settings": {
        "minimumApproverCount": 1,
        "creatorVoteCounts": False,
        "resetOnSourcePush": True,
        "scope": [{"refName": "refs/heads/main"}],
    },
}
AZURE: dict[str, Any] = {
    "policy/configurations": {"value": [POLICY]},
    "distributedtask/environments": {
        "value": [{"name": "dev", "id": 1}, {"name": "prod", "id": 2}]
    },
    "serviceendpoint/endpoints": {
        "value": [
            {"name": f"image-factory-{name}", "id": name} for name in ("dev", "prod", "preview")
        ]
    },
    "environment 1": {"value": [CONTROL]},
    "environment 2": {"value": [CONTROL, APPROVAL]},
    "endpoint dev": {"value": [CONTROL]},
    "endpoint prod": {"value": [CONTROL]},
    # Pull requests are previewed.
    "endpoint preview": {
        "value": [
            {
                **CONTROL,
                "settings": {
                    **CONTROL["settings"],
                    "inputs": {"allowedBranches": "refs/heads/main, refs/pull/*/merge"},
                },
            }
        ]
    },
}


def of_azure(answers: dict[str, Any]) -> list[str]:
    def ask(path: str) -> Any:
        place, _, query = path.partition("?")
        words = dict(each.split("=") for each in query.split("&"))
        if place == "pipelines/checks/configurations":
            place = f"{words['resourceType']} {words['resourceId']}"
        return answers[place]

    return list(on_azure(ask, STAGES))


def test_azure_devops_with_every_step_done_has_nothing_open() -> None:
    assert of_azure(AZURE) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("policy/configurations", "value"), [], "main: nobody has to review what is merged"),
        (
            ("policy/configurations", "value", 0, "settings", "creatorVoteCounts"),
            True,
            "main: an approval by the author",
        ),
        (("endpoint dev", "value"), [], "connection image-factory-dev: every branch may name it"),
        (
            ("endpoint prod", "value", 0, "settings", "inputs", "allowedBranches"),
            "*",
            "connection image-factory-prod: every branch may name it",
        ),
        (
            ("endpoint prod", "value", 0, "settings", "inputs", "allowedBranches"),
            "refs/heads/main,refs/pull/*/merge",
            "connection image-factory-prod: every branch may name it",
        ),
        (
            ("endpoint preview", "value", 0, "settings", "inputs", "allowedBranches"),
            "refs/heads/main,*",
            "connection image-factory-preview: every branch may name it",
        ),
        (("endpoint preview", "value"), [], "connection image-factory-preview: every branch"),
        (("environment 2", "value"), [CONTROL], "environment prod: is the end of a line"),
        (
            ("environment 2", "value", 1, "settings", "requesterCannotBeApprover"),
            False,
            "environment prod: who started a run may approve it himself",
        ),
        (("serviceendpoint/endpoints", "value"), [], "connection image-factory-dev: is not there"),
    ],
)
def test_what_is_open_on_azure_devops_is_told(path: tuple[Any, ...], value: Any, said: str) -> None:
    told = of_azure(changed(AZURE, path, value))
    assert any(said in line for line in told), told


def test_the_command_says_what_is_open_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, dev=None, prod="dev")
    asked: list[str] = []

    def call(_: Api, method: str, url: str, body: Any = None) -> Any:
        asked.append(f"{method} {url}")
        return GITHUB[url.removeprefix("https://api.test/repos/contoso/factory/")]

    monkeypatch.setattr(Api, "call", call)
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://api.test",
        "GITHUB_REPOSITORY": "contoso/factory",
        "GITHUB_TOKEN": "token",
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["ci", "check", "--work", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "there is no .github/CODEOWNERS" in said
    assert "there is no .pulumi.sums" in said
    (tmp_path / ".pulumi.sums").touch()
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/CODEOWNERS").write_text("* @contoso/owners\n")
    assert main(["ci", "check", "--work", str(tmp_path)]) == 0
    assert all(each.startswith("GET ") for each in asked)


@pytest.mark.parametrize(
    ("file", "line", "is_open"),
    [
        ("Pulumi.dev.deploy.yaml", 'executorImage: {reference: "pulumi/pulumi:3.1.0"}', True),
        ("Pulumi.dev.deploy.yaml", f'{{reference: "pulumi/pulumi:3@sha256:{"a" * 64}"}}', False),
        ("azure-pipelines.yml", "container: ubuntu:24.04", True),
        (".azure/stack.yml", f"- container: a.io/b@sha256:{'0' * 64}", False),
        (".github/workflows/a.yml", "uses: actions/checkout@v5", True),
        (".github/workflows/a.yml", f"uses: actions/checkout@{'b' * 40} # v5.0.0", False),
        (".github/workflows/a.yml", "uses: ./.github/actions/prepare", False),
        (".github/workflows/a.yaml", "image: postgres", True),
        (".github/workflows/a.yml", "image:\n  description: a definition", False),
        ("azure-pipelines.yml", "vmImage: ubuntu-latest", False),
    ],
)
def test_what_runs_by_a_name_that_others_may_move_is_told(
    tmp_path: Path, file: str, line: str, is_open: bool
) -> None:
    (tmp_path / ".pulumi.sums").touch()
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(f"{line}\n")
    told = list(unpinned(tmp_path))
    assert len(told) == is_open
    assert all(each.startswith(f"{file}: ") for each in told)
