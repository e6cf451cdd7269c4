"""An agent made ready: the tested Pulumi CLI comes first, whatever the agent's image brings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.engine.versions import pinned

CHECKOUT = Path(__file__).parents[2]
# What get.pulumi.com answers: a script that takes --version, and installs below HOME.
INSTALLER = """\
echo "$@" >> "$HOME/installed"
mkdir -p "$HOME/.pulumi/bin"
printf '#!/bin/sh\\necho {answers}\\n' > "$HOME/.pulumi/bin/pulumi"
chmod +x "$HOME/.pulumi/bin/pulumi"
"""


@dataclass
class Agent:
    """A machine with nothing but a Python, some CLI or none, and a way to Pulumi's installer."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    def program(self, name: str, text: str, folder: str = "bin") -> None:
        path = self.root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def brings(self, version: str, folder: str = "bin") -> None:
        self.program("pulumi", f"echo v{version}", folder)

    def prepare(self, **variables: str) -> subprocess.CompletedProcess[str]:
        own = {"HOME": str(self.home), "PATH": f"{self.root / 'bin'}:/usr/bin:/bin"}
        return subprocess.run(
            [self.root / "repository/.ci/prepare"],
            env={**own, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def installs(self) -> list[str]:
        log = self.home / "installed"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    made = Agent(tmp_path)
    made.home.mkdir()
    (tmp_path / "repository/.ci").mkdir(parents=True)
    for name in (".ci/prepare", ".pulumi.version", "requirements.txt"):
        shutil.copy(CHECKOUT / name, tmp_path / "repository" / name)
    # Packages are pip's affair.
    made.program("python", "echo Python 3.11", "repository/.venv/bin")
    answer(made, f"v{pinned()}")
    return made


def answer(agent: Agent, version: str) -> None:
    """Let the installer install what tells this version."""
    script = agent.root / "installer"
    script.write_text(INSTALLER.format(answers=version))
    agent.program("curl", f'cat "{script}"')


def test_the_tested_version_is_put_before_the_one_of_the_agents_image(
    agent: Agent, tmp_path: Path
) -> None:
    agent.brings("3.999.0")
    path = tmp_path / "github-path"
    done = agent.prepare(GITHUB_PATH=str(path))
    assert done.returncode == 0, done.stderr
    assert agent.installs() == [f"--version {pinned()} --no-edit-path"]
    assert done.stdout.splitlines()[-1] == f"ready: Python 3.11, pulumi v{pinned()}"
    assert path.read_text() == f"{agent.home}/.pulumi/bin\n"


def test_azure_devops_is_told_too(agent: Agent) -> None:
    done = agent.prepare(TF_BUILD="True")
    assert f"##vso[task.prependpath]{agent.home}/.pulumi/bin" in done.stdout.splitlines()


def test_what_the_cache_brought_is_not_downloaded_again(agent: Agent, tmp_path: Path) -> None:
    agent.brings("3.999.0")
    agent.brings(pinned(), "home/.pulumi/bin")
    path = tmp_path / "github-path"
    done = agent.prepare(GITHUB_PATH=str(path))
    assert done.stdout.endswith(f"pulumi v{pinned()}\n"), done.stderr
    assert agent.installs() == []
    assert path.read_text() == f"{agent.home}/.pulumi/bin\n"


def test_another_version_in_the_cache_is_replaced(agent: Agent) -> None:
    agent.brings("3.252.0", "home/.pulumi/bin")
    assert agent.prepare().stdout.endswith(f"pulumi v{pinned()}\n")
    assert len(agent.installs()) == 1


def test_the_tested_version_on_path_is_used_as_it_is(agent: Agent, tmp_path: Path) -> None:
    agent.brings(pinned())
    path = tmp_path / "github-path"
    assert agent.prepare(GITHUB_PATH=str(path)).stdout.endswith(f"pulumi v{pinned()}\n")
    assert agent.installs() == []
    assert not path.exists()


@pytest.mark.parametrize("trouble", ["another version", "no network"])
def test_without_the_tested_version_the_agent_is_not_ready(agent: Agent, trouble: str) -> None:
    agent.brings("3.999.0")
    if trouble == "no network":
        agent.program("curl", "exit 6")
    else:
        answer(agent, "v3.998.0")
    done = agent.prepare()
    assert done.returncode == 1
    assert "ready" not in done.stdout
    assert done.stderr.splitlines()[-1] == (
        f"pulumi {pinned()} was not installed in {agent.home}/.pulumi/bin"
    )


def test_it_runs_from_any_folder(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.sep)
    assert agent.prepare().returncode == 0


def plain(text: str) -> str:
    """Names of packages as tools compare them."""
    return re.sub(r"[._]", "-", text.lower())


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_package_is_pinned_by_the_hashes_of_its_files(name: str) -> None:
    text = (CHECKOUT / f"{name}.lock").read_text()
    constraints = plain((CHECKOUT / "constraints.txt").read_text()).split()
    entries = re.split(r"\n(?=[a-z])", text.partition("\n")[2].strip(), flags=re.IGNORECASE)
    found = set()
    for entry in entries:
        pin = re.match(r"([\w.-]+)==([^ ;]+)", entry)
        assert pin is not None, entry
        assert plain(f"{pin[1]}=={pin[2]}") in constraints or "win" in entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), pin[0]
        found.add(plain(pin[1]))
    # Of files, and of no address: an index may be anybody's mirror.
    assert "://" not in text
    wanted = (CHECKOUT / f"{name}.txt").read_text().splitlines()
    names = {plain(line.partition("==")[0]) for line in wanted if "==" in line}
    assert names <= found


def test_packages_are_installed_by_hash_and_the_plugin_by_its_version(agent: Agent) -> None:
    agent.brings(pinned())
    said = agent.root / "said"
    agent.program("python", f'echo "$@" >> "{said}"; echo Python 3.11', "repository/.venv/bin")
    agent.program("pulumi", f'echo "$@" >> "{said}"; echo v{pinned()}')
    assert agent.prepare().returncode == 0
    lines = said.read_text().splitlines()
    assert any(
        "pip install" in each and "--require-hashes -r requirements.lock" in each for each in lines
    )
    version = re.search(
        r"^pulumi-azure-native==(.+)$", (CHECKOUT / "requirements.txt").read_text(), re.M
    )
    assert version is not None
    assert f"plugin install resource azure-native {version[1]}" in lines
