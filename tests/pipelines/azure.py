"""Azure DevOps, as far as our pipelines know it: templates are filled in, stages run in order."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import yaml

from tests.pipelines.agent import CLIENT, TENANT, Job, Repository, Step, bash
from tests.pipelines.expressions import evaluate, filled
from tests.pipelines.standin import TOKEN

Json = dict[str, Any]

# Tasks that are no scripts of ours; what they do to the files is nothing that a test would miss.
TASKS = {"UsePythonVersion@0", "Cache@2"}
_STATUS: dict[str, Callable[..., Any]] = {
    "and": lambda *all_: all(all_),
    "not": lambda it: not it,
    # What nobody has set is nothing, and equal to an empty text.
    "eq": lambda a, b: (a or "") == (b or ""),
    "ne": lambda a, b: (a or "") != (b or ""),
    "always": lambda: True,
    "canceled": lambda: False,
    "replace": lambda text, old, new: str(text).replace(old, new),
}
Cut = Callable[[], bool]


def read_texts(path: Path) -> Json:
    """Read a file as the service does: to it every scalar is a text."""
    return dict(yaml.load(path.read_text(), Loader=yaml.BaseLoader))  # noqa: S506 - the plainest


class AzureDevOps:
    """Runs pipelines for one repository; ``group`` are the variables of the variable group.

    ``approve`` is asked before a deployment, as the approvers of its environment are.
    """

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.approve: Callable[[str], object] = lambda _: None
        self.group: Json = {"PULUMI_BACKEND_URL": repository.variables()["PULUMI_BACKEND_URL"]}
        self.overrides: Json = {}

    def run(
        self,
        file: str,
        reason: str,
        *,
        schedule: str = "",
        pull_request: int = 0,
        parameters: Json | None = None,
        cut_off: Cut | None = None,
    ) -> list[Job]:
        """Run a pipeline: ``reason`` is Build.Reason, ``schedule`` the name of its schedule."""
        content = read_texts(self.repository.path / file)
        variables: Json = {"Build.Reason": reason, "Build.CronSchedule.DisplayName": schedule}
        variables |= {"System.StageAttempt": "1", "System.JobAttempt": "1"}
        variables |= {"Agent.OS": "Linux", "System.AccessToken": TOKEN}
        for each in content.get("variables", ()):
            variables |= self.group if "group" in each else {each["name"]: each["value"]}
        variables |= self.overrides
        if pull_request:
            variables["System.PullRequest.PullRequestId"] = str(pull_request)
        given = {**_defaults(content), **(parameters or {})}
        whole = self._expand(content, file, {"parameters": given, "variables": variables})
        stages = whole.get("stages") or [{"stage": "only", "dependsOn": [], "jobs": whole["jobs"]}]
        return self._stages(stages, variables, cut_off)

    def _expand(self, value: Any, file: str, names: Json) -> Any:
        """Fill templates in: conditions, included files, and what stands in ``${{ }}``."""
        if isinstance(value, str):
            return filled(value, names, _STATUS) if "${{" in value else value
        taken = False
        if isinstance(value, dict):
            filled_in: Json = {}
            for key, each in value.items():
                if key.startswith("${{"):
                    if taken := _holds(key, names, taken):
                        filled_in |= self._expand(each, file, names)
                elif key == "parameters":
                    filled_in[key] = each
                else:
                    filled_in[key] = self._expand(each, file, names)
            return filled_in
        return self._expand_list(value, file, names)

    def _expand_list(self, value: list[Any], file: str, names: Json) -> list[Any]:
        found: list[Any] = []
        taken = False
        for each in value:
            key = next(iter(each), "") if isinstance(each, dict) else ""
            if str(key).startswith("${{"):
                if taken := _holds(key, names, taken):
                    found += self._expand(each[key], file, names)
            elif key == "template":
                found += self._template(each, file, names)
            else:
                found.append(self._expand(each, file, names))
        return found

    def _template(self, entry: Json, file: str, names: Json) -> list[Any]:
        path = str(PurePosixPath(file).parent / entry["template"])
        content = read_texts(self.repository.path / path)
        given = self._expand(dict(entry).get("parameters", {}), file, names)
        unknown = set(given) - {each["name"] for each in content.get("parameters", ())}
        assert not unknown, f"{path} has no parameters {unknown}"
        given = {**_defaults(content), **given}
        for each in content.get("parameters", ()):
            if each["type"] == "boolean":
                assert given[each["name"]] in ("true", "false"), each
                given[each["name"]] = given[each["name"]] == "true"
        inner = {**names, "parameters": given}
        (kind,) = {"stages", "jobs", "steps"} & set(content)
        expanded: list[Any] = self._expand(content[kind], path, inner)
        return expanded

    def _stages(self, stages: list[Json], variables: Json, cut_off: Cut | None) -> list[Job]:
        done: dict[str, list[Job]] = {}
        waiting = {stage["stage"]: stage for stage in stages}
        while waiting:
            ready = [n for n, stage in waiting.items() if _after(stage) <= done.keys()]
            assert ready, f"stages that wait for each other: {list(waiting)}"
            for name in ready:
                stage = waiting.pop(name)
                done[name] = []
                # Only of the stages that one names itself it knows what they put out.
                known = {each: _outputs(done[each]) for each in _after(stage)}
                names = {"variables": variables, "dependencies": known}
                if evaluate(stage.get("condition", "always()"), names, _STATUS):
                    done[name] = [
                        self._job(job, variables, known, cut_off) for job in stage["jobs"]
                    ]
        return [job for jobs in done.values() for job in jobs]

    def _job(self, job: Json, variables: Json, known: Json, cut_off: Cut | None) -> Job:
        steps = job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
        assert "steps" in job or job["environment"], job
        if "environment" in job:
            self.approve(job["environment"])
        before = {stage: _by_job(each["outputs"]) for stage, each in known.items()}
        for name, text in job.get("variables", {}).items():
            asked = re.fullmatch(r"\$\[(.+)\]", text)
            value = evaluate(asked[1], {"stageDependencies": before}, {}) if asked else text
            variables = {**variables, name: value or ""}
        done = Job(job.get("displayName") or job["job"])
        done.outputs["job"] = job.get("job") or job["deployment"]
        agent = self._agent(variables)
        for step in steps:
            self._step(step, variables, agent, done, cut_off)
        return done

    def _agent(self, variables: Json) -> dict[str, str]:
        """Every variable is in the environment, by its name in capitals; secrets are not."""
        url = self.repository.standin.url
        own = {
            re.sub(r"[. ]", "_", name).upper(): str(value)
            for name, value in variables.items()
            if name != "System.AccessToken"
        }
        return {
            **self.repository.variables(),
            **own,
            "TF_BUILD": "True",
            "SYSTEM_OIDCREQUESTURI": f"{url}/oidc/azure",
            "SYSTEM_COLLECTIONURI": f"{url}/contoso/",
            "SYSTEM_TEAMPROJECT": "factory",
            "BUILD_REPOSITORY_ID": "repo-1",
            "BUILD_REPOSITORY_PROVIDER": "TfsGit",
            "BUILD_REPOSITORY_URI": f"{url}/contoso/factory/_git/image-factory",
            "BUILD_BUILDID": "42",
        }

    def _step(
        self, step: Json, variables: Json, agent: dict[str, str], job: Job, cut_off: Cut | None
    ) -> None:
        inputs = step.get("inputs", {})
        script = str(step.get("bash") or inputs.get("inlineScript") or "")
        met = Step(str(step.get("displayName", "")), script)
        job.steps.append(met)
        functions = {**_STATUS, "succeeded": lambda: job.ok}
        if not evaluate(step.get("condition", "succeeded()"), {"variables": variables}, functions):
            return
        if not script:
            assert step.get("task") in TASKS or {"checkout", "publish"} & set(step), step
            met.code = 0
            return
        met.variables = {
            name: self._macros(str(value), variables) for name, value in step.get("env", {}).items()
        }
        more = {}
        if "task" in step:
            assert step["task"] == "AzureCLI@2", step
            more = self._connection(inputs["azureSubscription"])
        cut_here = cut_off if "ci run" in script else None
        met.code, met.output = bash(
            self.repository, script, {**agent, **more, **met.variables}, cut_here
        )
        told = re.findall(
            r"(?m)^##vso\[task.setvariable variable=(\w+);isOutput=true\](.*)$", met.output
        )
        for name, value in told if "name" in step else ():
            job.outputs[f"{step['name']}.{name}"] = value

    def _macros(self, text: str, variables: Json) -> str:
        """Fill ``$(NAME)`` in; what nobody has set stays as it is, as in the service."""
        return re.sub(r"\$\(([\w.]+)\)", lambda found: str(variables.get(found[1], found[0])), text)

    def _connection(self, name: str) -> dict[str, str]:
        number = str(uuid5(NAMESPACE_DNS, name))
        self.repository.standin.connections[number] = name
        return {
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": number,
            "AZURESUBSCRIPTION_CLIENT_ID": CLIENT,
            "AZURESUBSCRIPTION_TENANT_ID": TENANT,
        }


def _holds(key: str, names: Json, before: bool) -> bool:
    """Tell whether a part is taken; ``before`` tells it of the part that stands before it."""
    word, _, rest = key[3:-2].strip().partition(" ")
    assert word in ("if", "else"), key
    return not before if word == "else" else bool(evaluate(rest, names, _STATUS))


def _after(stage: Json) -> set[str]:
    named = stage["dependsOn"]
    return {named} if isinstance(named, str) else set(named)


def _outputs(jobs: list[Job]) -> Json:
    """Give what a stage put out, as ``dependencies`` has it: ``job.step.variable``."""
    return {
        "outputs": {
            f"{job.outputs['job']}.{name}": value
            for job in jobs
            for name, value in job.outputs.items()
            if name != "job"
        }
    }


def _by_job(outputs: Json) -> Json:
    """Give the same as ``stageDependencies`` has it: by job, then ``step.variable``."""
    found: Json = {}
    for name, value in outputs.items():
        job, _, rest = name.partition(".")
        found.setdefault(job, {"outputs": {}})["outputs"][rest] = value
    return found


def _defaults(content: Json) -> Json:
    return {each["name"]: each.get("default", "") for each in content.get("parameters", ())}
