"""What the pipelines sign in with is what the bootstrap makes: neither drifts from the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.commands import Made, commands
from bootstrap.settings import NAMESPACE, PREVIEW, Settings, parse
from bootstrap.trust import EXCHANGE, GITHUB, trusts
from factory.common.errors import Problems
from factory.pipelines.sign_in import AUDIENCE
from factory.pipelines.stages import read_stages

Json = dict[str, Any]

CHECKOUT = Path(__file__).parents[2]
WORKFLOWS = sorted((CHECKOUT / ".github/workflows").glob("*.yml"))
AZURE = [CHECKOUT / "azure-pipelines.yml", *sorted((CHECKOUT / ".azure").glob("*.yml"))]
BOOTSTRAP = (CHECKOUT / "docs/bootstrap.md").read_text()
STACKS = [each.stack for each in read_stages(CHECKOUT)]
REPOSITORY = "repo:contoso/image-factory"
_INPUT = "${{ inputs.stack }}"


def settings() -> Settings:
    """The settings that are shipped, for both services."""
    raw = yaml.safe_load((CHECKOUT / "bootstrap/Pulumi.pipelines.yaml").read_text())["config"]
    own = {key.rpartition(":")[2]: value for key, value in raw.items() if NAMESPACE in key}
    own["region"] = raw["azure-native:location"]
    own["subscriptionId"] = raw["azure-native:subscriptionId"]
    shown = {
        "issuer": f"https://login.microsoftonline.com/{'0' * 8}-0000-0000-0000-{'0' * 12}/v2.0"
    }
    connections = {name: {**shown, "subject": f"/eid1/{name}"} for name in [*STACKS, PREVIEW]}
    service = {"organization": "contoso", "project": "Images", "connections": connections}
    problems = Problems()
    found = parse({**own, "azureDevOps": service}, "Pulumi.pipelines.yaml", problems)
    assert found is not None, problems.errors
    return found


def told(service: str) -> list[str]:
    """The commands that the bootstrap has for a service."""
    names = settings().names
    keys = dict.fromkeys(names, "KEY")
    clients = {n: f"of-{n}" for n in names}
    made = Made("TENANT", "URL", ("OWN", "KEY"), keys, clients, dict.fromkeys(names, "SUB"))
    return commands(settings(), made)[service]


def workflow(path: Path) -> Json:
    content = yaml.safe_load(path.read_text())
    return {"on": content.pop(True), **content}  # `on` is a truth to YAML 1.1


def jobs_that_sign_in() -> Iterator[tuple[str, str, Json, str]]:
    """Each job that may ask for a token: where it is, its subject, itself, its environment."""
    for path in WORKFLOWS:
        content = workflow(path)
        for name, job in content["jobs"].items():
            rights = job.get("permissions", content["permissions"])
            if "uses" in job or rights.get("id-token") != "write":
                continue
            where = f"{path.name} {name}"
            if "environment" in job:
                assert job["environment"] == _INPUT, where
                for stack in STACKS:
                    yield where, f"environment:{stack}", job, stack
                continue
            for event in content["on"]:
                pull = event == "pull_request"
                yield where, "pull_request" if pull else "ref:refs/heads/main", job, ""


def test_the_stacks_are_those_that_get_an_identity() -> None:
    assert sorted(settings().stacks) == sorted(STACKS)
    called = workflow(CHECKOUT / ".github/workflows/factory.yml")["jobs"].values()
    assert sorted(job["with"]["stack"] for job in called) == sorted(STACKS)


def test_every_job_of_github_has_an_identity_that_believes_it_and_no_more_than_it_needs() -> None:
    believed = {
        each.subject: (name, each)
        for name in settings().names
        for each in trusts(settings(), name)
        if each.issuer == GITHUB
    }
    met = set()
    for where, subject, _, environment in jobs_that_sign_in():
        assert f"{REPOSITORY}:{subject}" in believed, where
        who, trust = believed[f"{REPOSITORY}:{subject}"]
        assert who == (environment or PREVIEW), where
        assert trust.audience == EXCHANGE == AUDIENCE
        met.add(f"{REPOSITORY}:{subject}")
    # What nobody signs in with is believed by nobody.
    assert met == set(believed)


def test_every_variable_of_github_is_set_by_the_commands_and_no_other_is() -> None:
    found = [re.search(r"gh variable set (\w+)(?: --env (\S+))? ", line) for line in told("github")]
    given = {(match[1], match[2] or "") for match in found if match}
    assert len(given) == len(found)
    used = set()
    for where, _, job, environment in jobs_that_sign_in():
        for name in re.findall(r"vars\.(\w+)(?! \|\|)\b", yaml.safe_dump(job)):
            place = environment if (name, environment) in given else ""
            assert (name, place) in given, f"{where}: {name} is set nowhere"
            used.add((name, place))
    assert used == given
    # An environment's own comes before the repository's, which is of who only looks.
    for stack in STACKS:
        assert ("AZURE_CLIENT_ID", stack) in given


def test_every_service_connection_and_variable_of_azure_devops_is_named() -> None:
    text = "\n".join(path.read_text() for path in AZURE)
    shapes = set(re.findall(r"azureSubscription: (.+)", text))
    assert shapes == {"image-factory-preview", "image-factory-${{ parameters.stack }}"}
    connections = {"image-factory-preview", *(f"image-factory-{stack}" for stack in STACKS)}
    for name in connections:
        assert f"`{name}`" in BOOTSTRAP, name
    assert {name.removeprefix("image-factory-") for name in connections} == set(settings().names)
    (command,) = told("azureDevOps")
    for group in re.findall(r"- group: (\S+)", text):
        assert f"--name {group} " in command
    given = set(re.findall(r"(\w+)=", command.partition("--variables ")[2]))
    own = {"IMAGE_FACTORY_WEBHOOK"}  # if a chat is wanted
    # A job's own variables are what a job before it put out.
    used = set(re.findall(r"\$\((\w+)\)", text)) - set(re.findall(r"(\w+): \$\[", text))
    assert used <= given | own
    # The rest of the group reaches scripts as the environment.
    assert given == {"PULUMI_BACKEND_URL", "AZURE_TENANT_ID"}


@pytest.mark.parametrize("page", ["ci.md", "bootstrap.md"])
def test_the_two_pages_lead_to_each_other(page: str) -> None:
    other = {"ci.md": "bootstrap.md", "bootstrap.md": "ci.md"}[page]
    assert f"]({other}" in (CHECKOUT / "docs" / page).read_text()
