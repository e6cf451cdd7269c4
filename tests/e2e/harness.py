"""One factory of its own per test: a local Azure, two stacks, the real engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from rehearsal import workspace
from rehearsal.cli import main as rehearsal_cli
from rehearsal.client import Client, running
from rehearsal.first_day import FIRST_DAY
from rehearsal.home import Home
from tests import warm
from tests.invariant import COMPARED, Watched

CHECKOUT = Path(__file__).parents[2]
DEV, PROD = "5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001", "c41f2a86-3b9d-4f57-8a60-d05e7b1c9002"
SCALE = "600"
UBUNTU = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}


@dataclass
class Ran:
    """What one engine command did."""

    code: int
    output: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    def step_count(self, what: str) -> int:
        found = re.search(rf"[+\-~]+ *(\d+) {what}", self.output)
        return int(found[1]) if found else 0


def called(main: Callable[[Sequence[str]], int], args: Sequence[str], env: dict[str, str]) -> Ran:
    """Run a command line in this process, as its module does that is started with ``env``.

    A process of its own would take longer to import what it needs than most commands take.
    """
    out, err = StringIO(), StringIO()
    with patch.dict(os.environ, env, clear=True), redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(args)
        except SystemExit as ended:  # argparse's
            code = int(ended.code or 0)
    return Ran(code, out.getvalue() + err.getvalue())


@dataclass
class FactoryUnderTest:
    """Drives the engine as a user would, with stack files and images of its own."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    program: Path = CHECKOUT  # the checkout whose program is run
    # What the test says it leaves in no state (tests/e2e/leftovers.py): stack, label, fate.
    left: list[tuple[str, str, str]] = field(default_factory=list)
    # A run begins with its preview, as with people who type `pulumi up`: where the test is marked
    # `plain`. It is about a third of the engine's time, so what plays one run after another, or
    # does not depend on it, goes without.
    previewed: bool = False

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    @property
    def images(self) -> Path:
        return self.root / "images"

    def start(self, *options: str) -> None:
        self.rehearsal("start", "--scale", SCALE, "--day", str(FIRST_DAY), *options)
        os.environ["REHEARSAL_HOME"] = str(self.home.root)
        # Each factory has a cache of its own, neither the user's nor that of a test beside it.
        cache = {"XDG_CACHE_HOME": str(self.root / "cache")}
        self.env = {**os.environ, **workspace.environment(self.home), **cache}
        self.env |= warm.variables(self.env)
        self.home.work.mkdir(parents=True, exist_ok=True)
        self.home.state.mkdir(parents=True, exist_ok=True)
        project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())
        project |= {"main": str(self.program), "runtime": "python"}
        (self.home.work / "Pulumi.yaml").write_text(yaml.safe_dump(project))

    def rehearsal(self, *args: str) -> str:
        """Run a command of `python -m rehearsal`; gives what it prints."""
        ran = called(rehearsal_cli, args, {**os.environ, "REHEARSAL_HOME": str(self.home.root)})
        assert ran.ok, ran.output
        return ran.output

    # -- definitions and stacks

    def define(self, identity: str, **fields: Any) -> None:
        path = self.images / f"{identity}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = {"base": UBUNTU, "os": "linux", "size": "Standard_D2s_v5", **fields}
        raw["base"] = self.dated(raw["base"])
        path.write_text(yaml.safe_dump(raw))

    def dated(self, base: dict[str, str]) -> dict[str, str]:
        """Fix a base at its newest version: the clock runs fast, and `latest` moves with it."""
        if "version" in base or "image" in base:
            return base
        path = (
            f"/subscriptions/{DEV}/providers/Microsoft.Compute/locations/westeurope/publishers/"
            f"{base['publisher']}/artifacttypes/vmimage/offers/{base['offer']}/skus/{base['sku']}"
            "/versions"
        )
        names = [item["name"] for item in self.arm("GET", path, "2024-11-01")["value"]]
        newest = max(names, key=lambda name: [int(part) for part in name.split(".")])
        return {**base, "version": newest}

    def configure(self, stack: str, subscription: str, **settings: Any) -> None:
        config = {
            "azure-native:subscriptionId": subscription,
            "azure-native:location": "westeurope",
            "image-factory:images": str(self.images),
            "image-factory:pollInterval": "0.3s",
            **{f"image-factory:{key}": value for key, value in settings.items()},
        }
        path = self.home.work / f"Pulumi.{stack}.yaml"
        old = yaml.safe_load(path.read_text()) if path.exists() else {}
        kept = {
            k: v for k, v in old.get("config", {}).items() if isinstance(v, dict) and "secure" in v
        }
        path.write_text(yaml.safe_dump({**old, "config": {**kept, **config}}))
        if not old:
            ran = self.engine("stack", "init", stack)
            assert ran.ok, ran.output

    def configure_dev(self, labs: list[dict[str, Any]] | None = None, **more: Any) -> None:
        lab = {"name": "image-factory", "resourceGroup": "rg-image-factory", "create": True}
        own = labs if labs is not None else [TEAM_WEB, TEAM_DATA]
        settings = {"resourceGroup": "rg-image-factory", "factoryLab": lab, "labs": own, **more}
        self.configure("dev", DEV, **settings)

    def configure_prod(self, labs: list[dict[str, Any]] | None = None, **more: Any) -> None:
        own = labs if labs is not None else [FINANCE, ENGINEERING_US]
        settings = {"resourceGroup": "rg-copies", "receivesFrom": "dev", "labs": own, **more}
        self.configure("prod", PROD, **settings)

    # -- the engine

    def engine(self, *args: str, **env: str) -> Ran:
        watched = Watched.begin(self.root) if args[0] in COMPARED else None
        more = watched.options if watched else ()
        done = subprocess.run(
            ["pulumi", "-C", str(self.home.work), "--non-interactive", *args, *more],
            env={**self.env, **env, **(watched.variables if watched else {})},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if watched:
            watched.check(done.stdout)
        return Ran(done.returncode, done.stdout + done.stderr)

    def up(self, stack: str, *options: str) -> Ran:
        plain = () if self.previewed else ("--skip-preview",)
        return self.engine("up", "--yes", *plain, "-s", stack, *options)

    def must_up(self, stack: str, *options: str) -> Ran:
        ran = self.up(stack, *options)
        assert ran.ok, ran.output
        return ran

    def preview(self, stack: str, *options: str) -> Ran:
        return self.engine("preview", "--suppress-outputs", "-s", stack, *options)

    def killed_up(self, stack: str, when: Callable[[], bool]) -> str:
        """Start an up and kill its whole process group as soon as ``when`` holds."""

        def kill(process: subprocess.Popen[bytes]) -> None:
            os.killpg(process.pid, signal.SIGKILL)

        said = self._ended_up(stack, when, kill).output
        ran = self.engine("cancel", "--yes", "-s", stack)
        assert ran.ok, ran.output
        return said

    def interrupted_up(self, stack: str, when: Callable[[], bool]) -> Ran:
        """Start an up and interrupt the engine, once, as soon as ``when`` holds."""
        return self._ended_up(stack, when, lambda process: process.send_signal(signal.SIGINT))

    def _ended_up(
        self,
        stack: str,
        when: Callable[[], bool],
        end: Callable[[subprocess.Popen[bytes]], None],
    ) -> Ran:
        command = ["pulumi", "-C", str(self.home.work), "--non-interactive", "up", "--yes"]
        command += ["--skip-preview", "-s", stack]
        log, watched = self.root / "ended.log", Watched.begin(self.root)
        command += watched.options
        env = {**warm.cold(self.env), **watched.variables}
        with log.open("w") as out:
            process = subprocess.Popen(
                command, env=env, stdout=out, stderr=out, start_new_session=True
            )
            self.until(lambda: process.poll() is not None or when())
            assert process.poll() is None, log.read_text()
            end(process)
            process.wait(timeout=600)
        watched.check(log.read_text())
        return Ran(process.returncode, log.read_text())

    def export(self, stack: str) -> str:
        return self.engine("stack", "export", "-s", stack).output

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """What `pulumi stack export` has of resources, read where the engine keeps it."""
        backend = Path(self.env["PULUMI_BACKEND_URL"].removeprefix("file://"))
        path = backend / ".pulumi" / "stacks" / workspace.PROJECT / f"{stack}.json"
        latest = json.loads(path.read_text())["checkpoint"]["latest"] or {}
        found: list[dict[str, Any]] = latest.get("resources", [])
        return found

    # -- what Azure shows

    def azure(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.rehearsal("show", "--json"))
        return found

    def labs(self) -> dict[str, dict[str, Any]]:
        """Every lab by name."""
        return {
            lab["name"]: lab
            for subscription in self.azure()["subscriptions"]
            for lab in subscription["labs"]
        }

    def holding(self, lab: str) -> list[str]:
        """Names of the whole custom images of ours in a lab."""
        found = self.labs().get(lab)
        return sorted(
            image["name"]
            for image in (found or {}).get("customImages", [])
            if image["state"] == "Succeeded" and "image-factory-version" in image["tags"]
        )

    def build_vms(self) -> list[str]:
        found = self.labs().get("image-factory")
        return [vm["name"] for vm in found["virtualMachines"]] if found else []

    def control(self) -> Client:
        """Give a client of the control API."""
        return Client(self.home, running(self.home))

    def arm(self, method: str, path: str, version: str = "2018-09-15", body: Any = None) -> Any:
        """Call ARM as the owner of the estate would."""
        client = Client(self.home, running(self.home))
        estate = yaml.safe_load((CHECKOUT / "rehearsal/estate.yaml").read_text())
        principal = next(p for p in estate["principals"] if p["name"] == "estate-owner")
        client.sign_in(
            estate["tenants"][0], principal["clientId"], self.home.client_secret("estate-owner")
        )
        return client.arm(method, path, version, body)

    @staticmethod
    def until(condition: Callable[[], bool], seconds: float = 120) -> None:
        limit = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < limit, "waited in vain"
            time.sleep(0.05)


def lab(name: str, *patterns: str, region: str = "westeurope") -> dict[str, Any]:
    return {
        "name": name,
        "resourceGroup": f"rg-{name}",
        "region": region,
        "images": list(patterns) or ["**"],
    }


TEAM_WEB = lab("team-web")
TEAM_DATA = lab("team-data", region="northeurope")
FINANCE = lab("finance")
ENGINEERING_US = lab("engineering-us", region="eastus2")


def lab_path(subscription: str, name: str) -> str:
    group = f"/subscriptions/{subscription}/resourceGroups/rg-{name}"
    return f"{group}/providers/Microsoft.DevTestLab/labs/{name}"


@contextmanager
def standing(root: Path, labs: list[dict[str, Any]], **own: Any) -> Iterator[FactoryUnderTest]:
    """Give a factory of one image, up in ``labs`` of dev and in one of prod, for tests to share."""
    with pytest.MonkeyPatch.context() as variables:
        stood = FactoryUnderTest(root)
        variables.setenv("REHEARSAL_HOME", str(stood.home.root))
        stood.start()
        stood.define("linux/base")
        stood.configure_dev(labs, pollInterval="0.1s", **own)
        stood.configure_prod([ENGINEERING_US], pollInterval="0.1s")
        for stack in ("dev", "prod"):
            stood.must_up(stack)
        yield stood
        stood.rehearsal("stop")
