"""GitHub, as far as our workflows know it: what each event sets, in which order jobs run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from tests.pipelines.agent import CLIENT, TENANT, Job, Repository, Step, bash
from tests.pipelines.expressions import evaluate, filled
from tests.pipelines.standin import TOKEN

Json = dict[str, Any]

# What the actions do that our workflows use: to the files, or to the outputs of the step.
ACTIONS: dict[str, Callable[[Json], Json]] = {
    "actions/checkout": lambda _: {},  # the repository is there
    "actions/setup-python": lambda _: {"python-version": "3.11"},
    "actions/cache": lambda _: {},  # .venv is there, as after a run that kept it
    "actions/upload-artifact": lambda _: {},
}
_CUT = Callable[[], bool]


class GitHub:
    """Runs workflows for one repository; ``variables`` are those of repository and environments.

    ``approve`` is asked before a job that has an environment, as its reviewers are.
    """

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.approve: Callable[[str], object] = lambda _: None
        self.vars: Json = {
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_TENANT_ID": TENANT,
            "PULUMI_BACKEND_URL": repository.variables()["PULUMI_BACKEND_URL"],
        }
        self.secrets: Json = {}
        self.summary = ""
        self._runs = 0

    def run(
        self, workflow: str, event: str, inputs: Json | None = None, cut_off: _CUT | None = None
    ) -> list[Job]:
        """Run a workflow for an event, as far as its ``on`` has it; jobs after what they need."""
        content = self._read(f".github/workflows/{workflow}")
        triggers = content["on"]
        assert event in triggers, f"{workflow} does not run on {event}"
        self._runs += 1
        github = self._context(event)
        return self._jobs(content, github, inputs or {}, cut_off)

    def _read(self, name: str) -> Json:
        text = (self.repository.path / name).read_text()
        content = yaml.safe_load(text)
        if True in content:  # `on` is a truth to YAML 1.1
            content["on"] = content.pop(True)
        return dict(content)

    def _context(self, event: str) -> Json:
        pull = event == "pull_request"
        repository = "contoso/image-factory"
        return {
            "event_name": event,
            "repository": repository,
            "ref": "refs/pull/7/merge" if pull else "refs/heads/main",
            "token": TOKEN,
            "event": {"pull_request": {"head": {"repo": {"full_name": repository}}}}
            if pull
            else {},
        }

    def _jobs(self, content: Json, github: Json, inputs: Json, cut_off: _CUT | None) -> list[Job]:
        done: dict[str, list[Job]] = {}
        outputs: Json = {}
        waiting = dict(content["jobs"])
        while waiting:
            ready = [n for n, job in waiting.items() if set(job.get("needs", [])) <= done.keys()]
            assert ready, f"jobs that wait for each other: {list(waiting)}"
            for name in ready:
                job = waiting.pop(name)
                needed = [each for other in job.get("needs", []) for each in done[other]]
                names = {"github": github, "inputs": inputs, "vars": self.vars}
                names["needs"] = {each: outputs.get(each, {}) for each in job.get("needs", [])}
                good = all(each.ok for each in needed)
                if not self._wanted(job.get("if"), names, good=good):
                    done[name] = []
                elif "uses" in job:
                    called = self._read(job["uses"].removeprefix("./"))
                    assert "workflow_call" in called["on"]
                    known = called["on"]["workflow_call"]["inputs"]
                    given = {key: each.get("default") for key, each in known.items()}
                    assert job.get("with", {}).keys() <= known.keys()
                    given |= job.get("with", {})
                    done[name] = self._jobs(called, github, given, cut_off)
                else:
                    permissions = job.get("permissions", content["permissions"])
                    done[name] = [self._job(name, job, permissions, names, cut_off)]
                    outputs[name] = {"outputs": done[name][0].outputs}
        return [job for jobs in done.values() for job in jobs]

    def _wanted(self, condition: str | None, names: Json, *, good: bool) -> bool:
        text = str(condition or "success()").strip().removeprefix("${{").removesuffix("}}")
        functions = {
            "success": lambda: good,
            "failure": lambda: not good,
            "always": lambda: True,
            "cancelled": lambda: False,
        }
        said = bool(evaluate(text, names, functions))
        # A condition that asks for no status is for jobs whose steps went well so far.
        return said and (good or any(f"{name}(" in text for name in functions))

    def _job(
        self, name: str, job: Json, permissions: Json, names: Json, cut_off: _CUT | None
    ) -> Job:
        known = {**names, "secrets": self.secrets, "runner": {"os": "Linux"}, "steps": {}}
        environment = str(filled(job.get("environment", ""), known, {}))
        if environment:
            self.approve(environment)
        event = names["github"]["event_name"]
        where = f"environment:{environment}" if environment else "pull_request"
        if not environment and event != "pull_request":
            where = "ref:refs/heads/main"
        self.repository.standin.subject = f"repo:contoso/image-factory:{where}"
        done = Job(str(filled(job.get("name", name), known, {})))
        variables = self._variables(names["github"], permissions)
        self._steps(job["steps"], known, variables, done, cut_off)
        told = job.get("outputs", {}).items()
        done.outputs = {key: filled(value, known, {}) or "" for key, value in told}
        return done

    def _variables(self, github: Json, permissions: Json) -> dict[str, str]:
        url, root = self.repository.standin.url, self.repository.root
        found = {
            **self.repository.variables(),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": f"{url}/api",
            "GITHUB_GRAPHQL_URL": f"{url}/api/graphql",
            "GITHUB_SERVER_URL": url,
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_REF": github["ref"],
            "GITHUB_RUN_ID": str(self._runs),
            "GITHUB_OUTPUT": str(root / "output"),
            "GITHUB_STEP_SUMMARY": str(root / "summary"),
            "GITHUB_PATH": str(root / "path"),
        }
        if permissions.get("id-token") == "write":
            found["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{url}/oidc/github?api-version=2.0"
            found["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = TOKEN
        return found

    def _steps(
        self, steps: list[Json], known: Json, variables: dict[str, str], job: Job, cut: _CUT | None
    ) -> None:
        for step in steps:
            met = Step(step.get("name", ""), str(step.get("run", step.get("uses", ""))))
            if not self._wanted(step.get("if"), known, good=job.ok):
                job.steps.append(met)
                continue
            functions = {"hashFiles": lambda *_: "hash"}
            given = {k: filled(str(v), known, functions) for k, v in step.get("with", {}).items()}
            if "uses" in step:
                self._use(step | {"with": given}, known, variables, job, met)
                continue
            own = {
                key: str(filled(str(value), known, {}) or "")
                for key, value in step.get("env", {}).items()
            }
            met.variables = own
            root = self.repository.root
            for name in ("output", "summary"):
                (root / name).write_text("")
            assert "${{" not in step["run"], "a value of somebody's in a script"
            cut_here = cut if "ci run" in step["run"] else None
            met.code, met.output = bash(
                self.repository, step["run"], {**variables, **own}, cut_here
            )
            job.steps.append(met)
            self.summary = (root / "summary").read_text() or self.summary
            lines = (root / "output").read_text().splitlines()
            outputs = dict(line.split("=", 1) for line in lines)
            known["steps"] = {**known["steps"], step.get("id", met.name): {"outputs": outputs}}

    def _use(self, step: Json, known: Json, variables: dict[str, str], job: Job, met: Step) -> None:
        if step["uses"].startswith("./"):
            action = self._read(f"{step['uses'][2:]}/action.yml")
            defaults = {k: v.get("default", "") for k, v in action.get("inputs", {}).items()}
            inner = {**known, "inputs": {**defaults, **step["with"]}, "steps": {}}
            self._steps(action["runs"]["steps"], inner, variables, job, None)
            return
        name, _, version = step["uses"].partition("@")
        assert name in ACTIONS, f"unknown action {name}"
        assert version, f"{name} is not pinned"
        outputs = ACTIONS[name](step["with"])
        met.code = 0
        job.steps.append(met)
        known["steps"] = {**known["steps"], step.get("id", name): {"outputs": outputs}}
