"""The files of both services: sound by their published schemas and by linters, pinned, in order."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from factory.cli import main
from tests.pipelines.azure import read_texts
from tests.pipelines.expressions import filled

CHECKOUT = Path(__file__).parents[2]
WORKFLOWS = sorted((CHECKOUT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((CHECKOUT / ".github/actions").glob("*/action.yml"))
AZURE = [CHECKOUT / "azure-pipelines.yml", *sorted((CHECKOUT / ".azure").glob("*.yml"))]
_BIN = CHECKOUT / ".pulumi/bin"


def tool(name: str, *words: object) -> None:
    command = [str(Path(sys.executable).parent / name), *map(str, words)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_by_their_schemas(tmp_path: Path) -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", *ACTIONS)
    tool("check-jsonschema", "--builtin-schema", "vendor.renovate", CHECKOUT / "renovate.json")
    # To Azure DevOps every scalar is a text, and its schema says so.
    texts = []
    for path in AZURE:
        copy = tmp_path / f"{path.stem}.json"
        copy.write_text(json.dumps(read_texts(path)))
        texts.append(copy)
    words = ("--regex-variant", "python", "--data-transform", "azure-pipelines")
    tool("check-jsonschema", "--builtin-schema", "vendor.azure-pipelines", *words, *texts)


@pytest.fixture(scope="module")
def actionlint() -> Path:
    """Build it once, as the set-up builds an engine: its module file pins every part of it."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        pytest.skip("there is no `go` on PATH to build actionlint with")
    module = Path(__file__).parent / "actionlint"
    stamp, wanted = _BIN / ".actionlint", (module / "go.sum").read_text()
    if not stamp.is_file() or stamp.read_text() != wanted:
        command = [go, "build", "-mod=readonly", "-o", str(_BIN / "actionlint")]
        own = {"GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
        subprocess.run(
            [*command, "github.com/rhysd/actionlint/cmd/actionlint"],
            cwd=module,
            env={**os.environ, **own},
            check=True,
        )
        stamp.write_text(wanted)
    return _BIN / "actionlint"


def test_by_linters(actionlint: Path) -> None:
    tool("yamllint", "--strict", *WORKFLOWS, *ACTIONS, *AZURE)
    done = subprocess.run(
        [actionlint, "-no-color", *WORKFLOWS],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", ".ci/prepare"], cwd=CHECKOUT, check=True)


def test_actions_are_pinned_by_commit_with_their_version_beside() -> None:
    for path in (*WORKFLOWS, *ACTIONS):
        for line in path.read_text().splitlines():
            if "uses:" in line and "uses: ./" not in line:
                assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_nothing_secret_but_the_address_of_the_chat() -> None:
    for path in (*WORKFLOWS, *ACTIONS, *AZURE):
        secrets = set(re.findall(r"secrets\.(\w+)", path.read_text()))
        assert secrets <= {"IMAGE_FACTORY_WEBHOOK"}, path
        assert "CLIENT_SECRET" not in path.read_text()


def test_no_value_of_somebody_stands_in_a_script() -> None:
    for path in (*WORKFLOWS, *ACTIONS, *AZURE):
        for node in _scripts(yaml.safe_load(path.read_text())):
            assert "${{" not in node, f"{path.name}: {node}"
            assert "$(" not in node, f"{path.name}: {node}"


def _scripts(node: object) -> list[str]:
    if isinstance(node, list):
        return [text for each in node for text in _scripts(each)]
    if not isinstance(node, dict):
        return []
    own = [str(node[key]) for key in ("run", "bash", "script", "inlineScript") if key in node]
    own = [text for text in own if not text.startswith("{")]
    return own + [text for each in node.values() for text in _scripts(each)]


def test_the_jobs_are_those_of_the_stack_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ci", "write", "--check", "--work", str(CHECKOUT)]) == 0, capsys.readouterr().err


def test_one_run_of_a_stack_and_a_newer_one_waits() -> None:
    stack = yaml.safe_load((CHECKOUT / ".github/workflows/stack.yml").read_text())["jobs"]["up"]
    assert stack["concurrency"]["cancel-in-progress"] is False
    assert "inputs.stack" in stack["concurrency"]["group"]
    *_, stage = yaml.safe_load((CHECKOUT / ".azure/stack.yml").read_text())["stages"]
    assert "deployment" in stage["jobs"][0]
    assert stage["lockBehavior"] == "sequential"


def test_what_somebody_writes_by_hand_is_no_macro() -> None:
    """Azure DevOps fills `$(System.AccessToken)` in wherever it stands in a step's `env`."""
    content = read_texts(CHECKOUT / ".azure/by-hand.yml")
    wish = "$(System.AccessToken) $$(System.AccessToken)) ${{ variables['System.AccessToken'] }}"
    names = {each["name"]: wish for each in content["parameters"] if "values" not in each}
    names["what"] = "revoke"
    (env,) = [step["env"] for step in content["jobs"][0]["steps"] if "env" in step]
    functions = {"replace": lambda text, old, new: text.replace(old, new)}
    given = {
        name: filled(value, {"parameters": names}, functions)
        for name, value in env.items()
        if name != "SYSTEM_ACCESSTOKEN"
    }
    assert given.keys() == {"WHAT", "STACK", "IMAGE", "VERSION", "REASON"}
    assert [value for value in given.values() if "$(" in value] == []
