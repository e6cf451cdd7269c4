"""One version of the Pulumi CLI is tested, and one is the least: the same wherever they stand."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from rehearsal.engine.build import MODULES
from rehearsal.engine.versions import CHECKOUT, least, numbers, pinned

# Files that tell the tested version, with how they write it; %s stands for it.
PINNED = {
    "rehearsal/engine/cli/go.mod": [
        "github.com/pulumi/pulumi/pkg/v3 v%s",
        "github.com/pulumi/pulumi/sdk/v3 v%s",
    ],
    "Pulumi.dev.deploy.yaml": ["pulumi/pulumi-python-3.11:%s"],
    "Pulumi.prod.deploy.yaml": ["pulumi/pulumi-python-3.11:%s"],
    "README.md": ["tested with %s"],
}
# Files that tell the oldest version that is accepted.
LEAST = {
    "Pulumi.yaml": ['requiredPulumiVersion: ">=%s"'],
    "bootstrap/Pulumi.yaml": ['requiredPulumiVersion: ">=%s"'],
    "bootstrap/deployments/Pulumi.yaml": ['requiredPulumiVersion: ">=%s"'],
    "__main__.py": ['require_pulumi_version(">=%s")'],
    "README.md": ["CLI >= %s"],
}
_VERSION = r"3\.\d{3}\.\d+"


@pytest.mark.parametrize("file", PINNED)
def test_the_tested_version_is_the_same_everywhere(file: str) -> None:
    check(file, PINNED[file], pinned())


@pytest.mark.parametrize("file", LEAST)
def test_the_oldest_version_is_the_same_everywhere(file: str) -> None:
    check(file, LEAST[file], least())


def check(file: str, forms: list[str], wanted: str) -> None:
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    for form in forms:
        before, after = (re.escape(part) for part in form.split("%s"))
        # As a group of its own, to see what stands there instead.
        found = re.findall(f"{before}({_VERSION}){after}", text)
        assert found, f"{file} does not say {form % wanted!r}"
        assert set(found) == {wanted}, f"{file} says {found}, not {wanted}"


def test_no_other_file_of_the_repository_names_a_version_of_the_cli() -> None:
    """A version written down once more is one that is forgotten when the others move."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    # The table of the versions that were tried, and what the SDK's and modules' own versions are.
    packages = {"constraints.txt", "requirements.txt", "requirements.lock", "requirements-dev.lock"}
    own = {".pulumi.sums", "docs/engines.md", *packages, *PINNED, *LEAST}
    files = [
        name
        for name in listed
        if name.split("/")[0] in (".ci", ".github", ".azure", "docs", "factory", "bootstrap")
        or "/" not in name
    ]
    assert ".ci/prepare" in files
    for name in sorted(set(files) - own - {".pulumi.version"}):
        text = (CHECKOUT / name).read_text(encoding="utf-8")
        assert not re.findall(rf"\b(?<![\d.]){_VERSION}(?![\d.])", text), name


def test_the_least_is_no_newer_than_what_is_tested_nor_older_than_is_known_to_work() -> None:
    oldest, tested = numbers(least()), numbers(pinned())
    assert oldest is not None
    assert tested is not None
    assert (3, 252, 0) <= oldest <= tested


def test_the_sums_of_the_engine_are_those_of_its_version() -> None:
    sums = (MODULES / "cli" / "go.sum").read_text(encoding="utf-8")
    for module in ("pkg", "sdk"):
        found = re.findall(
            rf"^github.com/pulumi/pulumi/{module}/v3 v([\d.]+) h1:", sums, re.MULTILINE
        )
        assert found == [pinned()], module


def test_a_cache_of_an_agent_is_of_one_version_and_holds_downloads_alone() -> None:
    """The files that decide what is installed are the key of what is kept."""
    action = yaml.safe_load((CHECKOUT / ".github/actions/prepare/action.yml").read_text())
    azure = yaml.safe_load((CHECKOUT / ".azure/prepare.yml").read_text())
    steps = [step.get("with") or step.get("inputs") or {} for step in action["runs"]["steps"]]
    steps += [step.get("inputs", {}) for step in azure["steps"]]
    caches = [each for each in steps if "key" in each]
    assert len(caches) == 2
    for cache in caches:
        for part in ("requirements", ".lock", ".pulumi.*", ".ci/*"):
            assert part in cache["key"].replace("*requirements*", "requirements.lock"), part
        assert cache["path"].removeprefix("$(Build.SourcesDirectory)/") == ".ci-downloads"


def test_each_file_is_read_where_pulumis_own_tools_look(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text('name: x\nrequiredPulumiVersion: ">=3.300.1"\n')
    (tmp_path / ".pulumi.version").write_text("3.301.2\n")
    assert (least(tmp_path), pinned(tmp_path)) == ("3.300.1", "3.301.2")
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    with pytest.raises(ValueError, match="requiredPulumiVersion"):
        least(tmp_path)
