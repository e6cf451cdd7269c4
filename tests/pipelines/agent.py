"""An agent of either service: runs the scripts of a job for real, in order, by bash.

What is no script is in a table that names what it does; what is in no table fails.
"""

from __future__ import annotations

import io
import os
import runpy
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rehearsal import workspace
from rehearsal.engine.official import version_of
from tests.e2e.harness import CHECKOUT, FactoryUnderTest
from tests.pipelines.standin import Standin

Json = dict[str, Any]

TENANT, CLIENT = "3f6c1f0a-52d7-4c1b-9d51-7f3f2e9a4b10", "8c0d5d1e-7a55-4f0b-b1c4-6f1f5c3e9101"
# What a rehearsal signs in with; a pipeline has none of it.
_SIGN_IN = tuple(
    f"{prefix}_{name}"
    for prefix in ("ARM", "AZURE")
    for name in ("CLIENT_ID", "CLIENT_SECRET", "TENANT_ID")
)
_TAKEN = [
    *("factory", "schemas", ".github", ".azure", ".ci", "azure-pipelines.yml"),
    *("Pulumi.yaml", "__main__.py", "pyproject.toml"),
    *("constraints.txt", "requirements.txt", "requirements-dev.txt"),
    *("requirements.lock", "requirements-dev.lock"),
]
FAST_TESTS = [
    *("tests/__init__.py", "tests/plan/__init__.py", "tests/plan/world.py"),
    *("tests/plan/test_guards.py", "tests/common/__init__.py", "tests/common/test_words.py"),
    *(f"tests/{room}/__init__.py" for room in ("definitions", "ledger", "settings")),
]


@dataclass
class Repository:
    """A repository with a small factory, its origin, and the local Azure that it works in."""

    root: Path
    factory: FactoryUnderTest
    standin: Standin

    @property
    def path(self) -> Path:
        return self.root / "repository"

    def make(self) -> None:
        """Take the project's own files, a small factory instead of its definitions, and commit."""
        self.path.mkdir()
        for name in _TAKEN:
            copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
            copy(CHECKOUT / name, self.path / name)
        self._put_engine()
        for name in FAST_TESTS:
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, self.path / name)
        (self.path / ".gitignore").write_text(".venv\n.ci-*/\n__pycache__/\n.pytest_cache/\n")
        shutil.copytree(self.factory.images, self.path / "images")
        for stack in self.factory.home.work.glob("Pulumi.*.yaml"):
            text = yaml.safe_load(stack.read_text())
            del text["config"]["image-factory:images"]
            (self.path / stack.name).write_text(yaml.safe_dump(text))
        (self.path / ".venv").symlink_to(CHECKOUT / ".venv")
        self.git("init", "-q", "--bare", str(self.root / "origin.git"), folder=self.root)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", str(self.root / "origin.git"))
        self.commit("a factory")

    def _put_engine(self) -> None:
        """Let a cache have brought the archives of the engine that is there, with their sums.

        Another one (REHEARSAL_ENGINE) is the tested one then; nothing is downloaded.
        """
        (self.path / ".pulumi.version").write_text(_engine_version() + "\n")
        engine = runpy.run_path(str(self.path / ".ci/engine.py"))
        plugin = next((CHECKOUT / ".pulumi/plugins").glob("resource-azure-native-*/pulumi-*"))
        programs = {
            "pulumi/pulumi": f'exec {shutil.which("pulumi", path=workspace.search_path())} "$@"',
            plugin.name: f'exec "{plugin}" "$@"',
        }
        sums = []
        for each, program in zip(engine["archives"](*engine["kind"]()), programs, strict=True):
            pack(each.file, {program: programs[program]})
            sums.append(f"{engine['sum_of'](each.file)}  {each.name}\n")
        (self.path / ".pulumi.sums").write_text("".join(sums))

    def define(self, identity: str, **fields: Any) -> None:
        """Change a definition in the working copy."""
        self.factory.define(identity, **fields)
        shutil.copy(self.factory.images / f"{identity}.yaml", self.path / f"images/{identity}.yaml")

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.git("push", "-q", "origin", "main")

    def git(self, *words: str, folder: Path | None = None) -> str:
        who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
        done = subprocess.run(
            ["git", *who, *words],
            cwd=folder or self.path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def merge(self) -> None:
        """Do what a person does with the newest pull request: merge it, and be on main again."""
        branch = self.git("rev-parse", "--abbrev-ref", "HEAD").strip()
        assert branch.startswith("image-factory/"), branch
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--no-edit", f"origin/{branch}")
        self.git("push", "-q", "origin", "main")

    def variables(self) -> dict[str, str]:
        """Give what every agent has: a path, the backend, and the way to the local Azure."""
        own = {**os.environ, **workspace.environment(self.factory.home)}
        for name in (*_SIGN_IN, "IMAGE_FACTORY_WORK", "GITHUB_ACTIONS", "TF_BUILD"):
            own.pop(name, None)
        own["PULUMI_HOME"] = str(self.root / "pulumi-home")
        own["RUNNER_TEMP"] = own["AGENT_TEMPDIRECTORY"] = str(self.root)
        return own


def pack(file: Path, programs: dict[str, str]) -> None:
    """Write a release: an archive of scripts, by their names in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w:gz") as archive:
        for name, text in programs.items():
            content = f"#!/bin/sh\n{text}\n".encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))


def _engine_version() -> str:
    engine = shutil.which("pulumi", path=workspace.search_path())
    assert engine is not None
    found = version_of(Path(engine))
    assert found is not None
    return ".".join(map(str, found))


@dataclass
class Step:
    """One step that was met: what it said, and how it ended; ``code`` is None if it was skipped."""

    name: str
    script: str = ""
    code: int | None = None
    output: str = ""
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """One job that was run."""

    name: str
    steps: list[Step] = field(default_factory=list)
    outputs: Json = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(not step.code for step in self.steps)

    def step(self, part: str) -> Step:
        """Give the step whose name or script has this in it."""
        return next(step for step in self.steps if part in step.name or part in step.script)

    def log(self) -> str:
        return "\n".join(f"--- {s.name or s.script} [{s.code}]\n{s.output}" for s in self.steps)


def only(jobs: list[Job], name: str) -> Job:
    """Give the job of a name."""
    return next(job for job in jobs if job.name == name)


def shown(trigger: str, jobs: list[Job]) -> str:
    """Write down which scripts ran for a trigger, how each ended, and what it said last."""
    lines = [trigger]
    for job in jobs:
        lines.append(f"  {job.name}")
        for step in (step for step in job.steps if "@" not in step.script):
            said = [line for line in step.output.splitlines() if line.strip()]
            code = "skipped" if step.code is None else step.code
            lines.append(f"    [{code}] {step.name}: {said[-1] if said else ''}")
    return "\n".join(lines)


def bash(
    repository: Repository,
    script: str,
    variables: dict[str, str],
    cut_off: Callable[[], bool] | None = None,
) -> tuple[int, str]:
    """Run a script as both services do; ``cut_off`` says when the agent is taken away.

    A script that ends before that is not cut off, which its exit code shows.
    """
    file = repository.root / "step.sh"
    file.write_text(script)
    log = repository.root / "step.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(file)],
            cwd=repository.path,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if cut_off is not None:
            FactoryUnderTest.until(lambda: process.poll() is not None or cut_off(), 120)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        code = process.wait(timeout=240)
    return code, log.read_text()
