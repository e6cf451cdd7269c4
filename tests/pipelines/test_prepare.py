"""An agent made ready: CLI and plugin by their sums, and the tested CLI comes first on PATH."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal.engine.versions import pinned
from tests.pipelines.agent import pack

CHECKOUT = Path(__file__).parents[2]
PLUGIN = re.findall(r"(?m)^pulumi-azure-native==(.+)$", (CHECKOUT / "requirements.txt").read_text())
KINDS = [(s, *m) for s in ("linux", "darwin") for m in (("x64", "amd64"), ("arm64", "arm64"))]
LAUNCHER = "pulumi-resource-azure-native"


@dataclass
class Agent:
    """A machine with a Python and some CLI or none, and the server that has Pulumi's releases."""

    root: Path
    releases: str
    asked: list[str] = field(default_factory=list)

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def bin(self) -> Path:
        return self.repository / ".ci-engine"

    @property
    def plugin(self) -> Path:
        return self.root / f"home/.pulumi/plugins/resource-azure-native-v{PLUGIN[0]}" / LAUNCHER

    def program(self, name: str, text: str, folder: str = "bin") -> None:
        path = self.root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def release(self, version: str = pinned(), says: str = pinned()) -> None:
        """Publish the archives of every kind of agent, and the sums that Pulumi publishes."""
        lines = []
        for system, of_cli, of_plugin in KINDS:
            cli = self.root / f"www/sdk/pulumi-v{version}-{system}-{of_cli}.tar.gz"
            # In the archive all lies in a folder, and some of it is no program of ours.
            pack(cli, {"pulumi/pulumi": f"echo v{says}", "pulumi/pulumi-language-python": "exit"})
            lines.append(f"{hashlib.sha256(cli.read_bytes()).hexdigest()}  {cli.name}\n")
            name = f"pulumi-resource-azure-native-v{PLUGIN[0]}-{system}-{of_plugin}.tar.gz"
            pack(self.root / "www/plugins" / name, {f"./{LAUNCHER}": "echo plugin"})
        (self.root / "www/checksums.txt").write_text("".join(lines))

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        own = {
            "HOME": str(self.root / "home"),
            "PATH": f"{self.root / 'bin'}:/usr/bin:/bin",
            "IMAGE_FACTORY_PULUMI_RELEASES": self.releases,
            "IMAGE_FACTORY_PULUMI_CHECKSUMS": f"{self.releases}/checksums.txt",
            "NO_PROXY": "127.0.0.1",
        }
        return subprocess.run(
            command, env={**own, **variables}, capture_output=True, text=True, check=False
        )

    def sums(self) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, str(self.repository / ".ci/engine.py"), "sums")

    def prepare(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.repository / ".ci/prepare"), **variables)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """Make one whose repository has its sums, as after `sums` at somebody's desk."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    (tmp_path / "www").mkdir()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "www"))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Agent(tmp_path, f"http://127.0.0.1:{server.server_address[1]}", asked)
    (tmp_path / "home").mkdir()
    (tmp_path / "repository/.ci").mkdir(parents=True)
    for name in (".ci/prepare", ".ci/engine.py", ".pulumi.version", "requirements.txt"):
        shutil.copy(CHECKOUT / name, made.repository / name)
    # Packages are pip's affair.
    python = f'echo "$@" >> "{tmp_path}/said"\ncase "$1" in -m) ;; --version) echo Python 3.11 ;;'
    made.program(
        "python", f'{python} *) exec {sys.executable} "$@" ;; esac', "repository/.venv/bin"
    )
    made.release()
    done = made.sums()
    assert done.returncode == 0, done.stderr
    shutil.rmtree(made.repository / ".ci-downloads")
    asked.clear()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def test_the_tested_version_is_put_before_the_one_of_the_agents_image(agent: Agent) -> None:
    agent.program("pulumi", "echo v3.999.0")
    path = agent.root / "github-path"
    done = agent.prepare(GITHUB_PATH=str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"ready: Python 3.11, pulumi {pinned()}"
    assert path.read_text() == f"{agent.bin}\n"
    assert sorted(each.name for each in agent.bin.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert agent.run(str(agent.plugin)).stdout == "plugin\n"


def test_azure_devops_is_told_too(agent: Agent) -> None:
    done = agent.prepare(TF_BUILD="True")
    assert f"##vso[task.prependpath]{agent.bin}" in done.stdout.splitlines()


def test_a_program_of_the_right_version_is_not_enough(agent: Agent) -> None:
    """What an image or an earlier job left says any version that it likes."""
    agent.program("pulumi", f"echo v{pinned()}; echo evil")
    agent.program("pulumi", f"echo v{pinned()}; echo evil", "repository/.ci-engine")
    agent.program("pulumi-resource-other", "echo evil", "repository/.ci-engine")
    folder = str(agent.plugin.parent.relative_to(agent.root))
    agent.program(LAUNCHER, "echo evil", folder)
    assert agent.prepare().returncode == 0
    assert agent.run(str(agent.bin / "pulumi")).stdout == f"v{pinned()}\n"
    assert agent.run(str(agent.plugin)).stdout == "plugin\n"
    assert not (agent.bin / "pulumi-resource-other").exists()


def test_what_the_cache_brought_is_not_downloaded_again_and_is_compared(agent: Agent) -> None:
    assert agent.prepare().returncode == 0
    assert len(agent.asked) == 2
    shutil.rmtree(agent.bin)
    assert agent.prepare().returncode == 0
    assert len(agent.asked) == 2
    # Somebody wrote into the cache: what is there is not what the repository says.
    (cached,) = (agent.repository / ".ci-downloads").glob("pulumi-v*")
    pack(cached, {"pulumi/pulumi": f"echo v{pinned()}; echo evil"})
    assert agent.prepare().returncode == 0
    assert len(agent.asked) == 3
    assert agent.run(str(agent.bin / "pulumi")).stdout == f"v{pinned()}\n"


def test_another_archive_than_the_repository_says_is_never_installed(agent: Agent) -> None:
    agent.release(says="3.998.0")
    done = agent.prepare()
    assert done.returncode == 1
    assert "ready" not in done.stdout
    (line,) = done.stderr.splitlines()
    assert re.search(r"pulumi-v\S+: its SHA-256 is \w{64}, and .pulumi.sums has \w{64} ->", line)
    assert not agent.bin.exists()
    assert not agent.plugin.exists()


@pytest.mark.parametrize("trouble", ["no file", "another version"])
def test_without_a_sum_the_agent_is_not_ready_and_a_line_says_what_to_do(
    agent: Agent, trouble: str
) -> None:
    if trouble == "no file":
        (agent.repository / ".pulumi.sums").unlink()
    else:
        (agent.repository / ".pulumi.version").write_text("3.999.0\n")
    done = agent.prepare()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert ".pulumi.sums has no sum of pulumi-v" in line
    assert "-> `python3 .ci/engine.py sums`, and commit .pulumi.sums" in line
    assert agent.asked == []


def test_without_a_network_the_agent_is_not_ready(agent: Agent) -> None:
    shutil.rmtree(agent.root / "www")
    done = agent.prepare()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "cannot be had from 127.0.0.1" in line
    assert "IMAGE_FACTORY_PULUMI_RELEASES" in line


def test_the_sums_are_those_of_all_kinds_of_agents_and_what_pulumi_published(agent: Agent) -> None:
    sums = agent.repository / ".pulumi.sums"
    (agent.root / "www/both").mkdir()
    for file in agent.root.glob("www/*/*.tar.gz"):
        shutil.copy(file, agent.root / "www/both")
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", sums],
        cwd=agent.root / "www/both",
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.stdout.count(": OK\n") == 8, checked.stdout + checked.stderr
    kept = sums.read_text()
    (agent.root / "www/checksums.txt").write_text(kept.replace("a", "b"))
    done = agent.sums()
    assert done.returncode == 1
    assert "Pulumi published" in done.stderr
    assert sums.read_text() == kept


def test_the_sums_in_the_repository_are_of_the_versions_that_are_pinned() -> None:
    """Nobody has to have written them yet: a pipeline then stops and says how (see above)."""
    file = CHECKOUT / ".pulumi.sums"
    versions = re.findall(r"-v([\d.]+)-", file.read_text()) if file.exists() else []
    assert set(versions) <= {pinned(), PLUGIN[0]}


def test_it_runs_from_any_folder(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.sep)
    assert agent.prepare().returncode == 0


def test_packages_are_installed_by_hash(agent: Agent) -> None:
    assert agent.prepare().returncode == 0
    assert "--require-hashes -r requirements.lock" in (agent.root / "said").read_text()


def plain(text: str) -> str:
    """Names of packages as tools compare them."""
    return re.sub(r"[._]", "-", text.lower())


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-sbom"])
def test_every_package_is_pinned_by_the_hashes_of_its_files(name: str) -> None:
    text = (CHECKOUT / f"{name}.lock").read_text()
    constraints = plain((CHECKOUT / "constraints.txt").read_text()).split()
    # Its head is uv's own, with the command: `make lock` and the update bot run it again.
    entries = re.split(r"^(?=[a-z])", text, flags=re.IGNORECASE | re.MULTILINE)[1:]
    found = set()
    for entry in entries:
        pin = re.match(r"([\w.-]+)==([^ ;]+)", entry)
        assert pin is not None, entry
        known = plain(f"{pin[1]}=={pin[2]}") in constraints or "win" in entry
        assert known or name == "requirements-sbom"
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), pin[0]
        found.add(plain(pin[1]))
    # Of files, and of no address: an index may be anybody's mirror.
    assert "://" not in text
    wanted = (CHECKOUT / f"{name}.txt").read_text().splitlines()
    names = {plain(line.partition("==")[0]) for line in wanted if "==" in line}
    assert names <= found
