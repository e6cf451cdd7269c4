"""An artifact's own files change: the plan names it and builds; a locked stack asks first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.e2e.harness import CHECKOUT, TEAM_WEB, FactoryUnderTest
from tests.e2e.test_cli import cli


@pytest.fixture
def java(factory: FactoryUnderTest) -> Path:
    """A factory whose labs are served a folder of our own; gives a script in it to write."""
    folder = factory.root / "artifacts"
    shutil.copytree(CHECKOUT / "rehearsal" / "artifacts", folder)
    factory.rehearsal("stop")
    factory.start("--artifacts", str(folder))
    return folder / "linux-java" / "java.sh"


def pushed(factory: FactoryUnderTest, script: Path) -> None:
    with script.open("a") as file:
        file.write("# another line\n")
    factory.rehearsal("artifacts", "sync")


def planned(factory: FactoryUnderTest) -> str:
    ran = cli(factory, "plan", "--stack", "dev")
    assert "warning" not in ran.output
    return ran.output


def test_a_changed_script_builds_what_uses_it_and_nothing_else(
    factory: FactoryUnderTest, java: Path
) -> None:
    factory.define("linux/java", artifacts=["linux-java"])
    factory.define("linux/plain")
    factory.configure_dev([TEAM_WEB])
    factory.must_up("dev")
    pushed(factory, java)
    ran = factory.must_up("dev")
    assert "artifact linux-java changed in public repo (" in ran.output
    assert "Plan: 1 to build, 1 to deliver" in ran.output
    assert [name.split("-2")[0] for name in factory.holding("team-web")] == [
        "linux-java",
        "linux-java",
        "linux-plain",
    ]
    assert "to build" not in planned(factory)


def test_a_locked_stack_builds_what_its_lock_says(factory: FactoryUnderTest, java: Path) -> None:
    lock = factory.root / "images.lock"
    factory.define("linux/java", artifacts=["linux-java"])
    factory.configure_dev([TEAM_WEB], locked="true", lockFile=str(lock))
    missing = factory.preview("dev")
    assert not missing.ok
    assert "python -m factory lock --stack dev" in missing.output
    # Before the lab is there: the public repository is known all the same.
    assert cli(factory, "lock", "--stack", "dev").code == 0
    factory.must_up("dev")
    assert len(factory.holding("team-web")) == 1
    # The lab is there now and lists its artifacts: more is known, nothing differs.
    assert cli(factory, "lock", "--stack", "dev", "--check").code == 0
    # Files that move upstream concern nobody before the lock moves, or a build would be due.
    pushed(factory, java)
    assert "to build" not in planned(factory)
    factory.define("linux/java", artifacts=["linux-java"], size="Standard_D4s_v5")
    refused = factory.up("dev")
    assert not refused.ok
    assert "artifact linux-java changed in public repo" in refused.output
    assert "python -m factory lock --stack dev --only linux/java" in refused.output
    assert factory.build_vms() == []
    check = cli(factory, "lock", "--stack", "dev", "--check")
    assert check.code == 2
    assert "linux/java: artifact linux-java of public repo (git " in check.output
    assert cli(factory, "lock", "--stack", "dev", "--only", "linux/java").code == 0
    factory.must_up("dev")
    assert len(factory.holding("team-web")) == 2
    entry = yaml.safe_load(lock.read_text())["images"]["linux/java"]
    assert set(entry["sources"]["public repo"]["artifacts"]) == {"linux-deprovision", "linux-java"}
