"""What Pulumi Cloud is told from Pulumi.<stack>.deploy.yaml; and that no stack is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from bootstrap.deployments.program import run
from factory.common.errors import FactoryError
from factory.pipelines.stages import read_stages
from factory.settings.sibling_stacks import read_receivers
from factory.settings.stack_file import stack_of
from factory.settings.validation import find_project
from rehearsal.home import Home
from rehearsal.workspace import prepare
from tests.components.harness import Recorder, in_loop

CHECKOUT = Path(__file__).parents[2]
FILES = ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml")
CLIENT, TENANT = "0a9d5d1e-7a55-4f0b-b1c4-6f1f5c3e9000", "1a9d5d1e-7a55-4f0b-b1c4-6f1f5c3e9001"
SETTINGS, SCHEDULE, DRIFT = (
    f"pulumiservice:index:{kind}"
    for kind in ("DeploymentSettings", "DeploymentSchedule", "DriftSchedule")
)


def shipped(stack: str) -> dict[str, Any]:
    """The file that is shipped, with the ids that a user writes into it."""
    found: dict[str, Any] = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.deploy.yaml").read_text())
    azure = found["settings"]["operationContext"]["oidc"]["azure"]
    azure |= {"clientId": CLIENT, "tenantId": TENANT}
    return found


def brought(folder: Path, **files: dict[str, Any]) -> Recorder:
    for name in FILES:
        (folder / name).write_text((CHECKOUT / name).read_text())
    for stack, content in files.items():
        (folder / f"Pulumi.{stack}.deploy.yaml").write_text(yaml.safe_dump(content))
    recorder = Recorder()

    def program() -> None:
        own = {"project:organization": "contoso", "project:stacks": json.dumps(["dev", "prod"])}
        named = {f"image-factory{key.removeprefix('project')}": own[key] for key in own}
        pulumi.runtime.set_all_config(named)
        run(folder)

    in_loop(recorder, program)
    return recorder


def test_the_shipped_files_become_settings_and_schedules(tmp_path: Path) -> None:
    found = brought(tmp_path, dev=shipped("dev"), prod=shipped("prod"))
    dev = found.inputs(SETTINGS, "dev/settings")
    assert (dev["organization"], dev["project"], dev["stack"]) == (
        "contoso",
        "image-factory",
        "dev",
    )
    azure = dev["operationContext"]["oidc"]["azure"]
    assert (azure["clientId"], azure["tenantId"]) == (CLIENT, TENANT)
    assert dev["operationContext"]["environmentVariables"]["PULUMI_CONTINUE_ON_ERROR"] == "true"
    assert dev["sourceContext"]["git"]["branch"] == "refs/heads/main"
    prod = found.inputs(SETTINGS, "prod/settings")
    assert (dev["github"]["deployCommits"], prod["github"]["deployCommits"]) == (True, False)
    assert found.inputs(SCHEDULE, "prod/schedule/0")["pulumiOperation"] == "update"
    assert found.names(SCHEDULE) == ["dev/schedule/0", "prod/schedule/0"]
    for stack in ("dev", "prod"):
        assert found.inputs(DRIFT, f"{stack}/drift")["autoRemediate"] is False
        # What a pull request says would run with the rights of the stack.
        github = found.inputs(SETTINGS, f"{stack}/settings")["github"]
        assert github["previewPullRequests"] is False


def test_every_fault_is_told_with_its_place_and_nothing_is_declared(tmp_path: Path) -> None:
    dev, prod = shipped("dev"), shipped("prod")
    dev["settings"]["operationContext"]["oidc"]["azure"]["clientId"] = "me"
    dev["schedules"] = [{"operation": "destroy", "cron": "0 1 * * *"}]
    dev["drift"] = {"cron": "at night"}
    other = "2a9d5d1e-7a55-4f0b-b1c4-6f1f5c3e9002"
    prod["settings"]["operationContext"]["oidc"]["azure"]["subscriptionId"] = other
    with pytest.raises(pulumi.RunError) as error:
        brought(tmp_path, dev=dev, prod=prod)
    text = str(error.value)
    for part in (
        "settings.operationContext.oidc.azure.clientId: ",
        "schedules.0.operation: ",
        "drift.cron: expected five fields",
        f"subscriptionId is {other}",
    ):
        assert part in text
    assert "Pulumi.dev.deploy.yaml:1:" not in text
    assert text.count("\n  ") == 4


def test_a_stack_runs_after_its_sources_where_its_file_says_so(tmp_path: Path) -> None:
    hook = "pulumiservice:index:Webhook"
    assert not brought(tmp_path, dev=shipped("dev"), prod=shipped("prod")).names(hook)
    prod = {**shipped("prod"), "afterSources": True}
    found = brought(tmp_path, dev=shipped("dev"), prod=prod)
    (name,) = found.names(hook)
    made = found.inputs(hook, name)
    assert (made["projectName"], made["stackName"]) == ("image-factory", "dev")
    assert (made["format"], made["payloadUrl"]) == ("pulumi_deployments", "image-factory/prod")
    assert set(made["filters"]) == {"update_succeeded", "update_failed"}
    dev = {**shipped("dev"), "afterSources": True}
    with pytest.raises(pulumi.RunError, match="afterSources is set, but dev reads no other stack"):
        brought(tmp_path, dev=dev, prod=prod)


def test_ids_that_nobody_filled_in_are_told(tmp_path: Path) -> None:
    raw = yaml.safe_load((CHECKOUT / "Pulumi.dev.deploy.yaml").read_text())
    with pytest.raises(pulumi.RunError, match=r"clientId is still a placeholder"):
        brought(tmp_path, dev=raw, prod=shipped("prod"))


def test_the_files_are_no_stacks(tmp_path: Path) -> None:
    for name in (*FILES, "Pulumi.dev.deploy.yaml", "Pulumi.prod.deploy.yaml"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    assert stack_of(tmp_path / "Pulumi.dev.deploy.yaml") is None
    stacks = [path.name for path in find_project(tmp_path, None, None).stacks]
    assert stacks == ["Pulumi.dev.yaml", "Pulumi.prod.yaml"]
    with pytest.raises(FactoryError, match="is no stack file"):
        find_project(tmp_path, "dev.deploy", None)
    # One that reads like a stack, and a state to be taken in again, are none either.
    text = (CHECKOUT / "Pulumi.prod.yaml").read_text()
    (tmp_path / "Pulumi.other.deploy.yaml").write_text(text)
    (tmp_path / "recovered.other.yaml").write_text(text)
    assert [each.stack for each in read_stages(tmp_path)] == ["dev", "prod"]
    assert read_receivers(tmp_path, "dev") == ["prod"]
    home = Home(tmp_path / "home")
    home.work.mkdir(parents=True)
    assert prepare(home, tmp_path) == ["dev", "prod"]
    assert not (home.work / "Pulumi.dev.deploy.yaml").exists()
