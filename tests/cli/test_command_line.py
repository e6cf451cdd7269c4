"""Options, help, exit codes, and the reading of an exported state."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from factory.cli import main
from factory.common.names import logical_name
from factory.ledger.state_reader import read_ledger
from factory.settings.engine_command import HalfReplaced, half_replaced_in, resources_of
from tests.plan.world import dev

COMMANDS = (
    "validate",
    "list",
    "show",
    "new",
    "schema",
    "trial",
    "plan",
    "why",
    "history",
    "forecast",
    "usage",
    "page",
    "lock",
    "orphans",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_its_exit_codes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert f"python -m factory {command}" in shown.split("example:")[1]
    assert "exit codes:" in shown


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["plan"], "--stack"),
        (["plan", "--stack", "dev", "--json", "--markdown"], "not allowed with"),
        (["forecast", "--stack", "dev", "--weeks", "0"], "expected a number of weeks"),
        (["forecast", "--stack", "dev", "--every", "5"], "expected a duration"),
        (["forecast", "--stack", "dev", "--every", "5m"], "at least 1h"),
        (["lock", "--stack", "dev", "--only", "!linux/**"], "name what is meant"),
        (["plam", "--stack", "dev"], "invalid choice"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_1(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 1  # 2 would read as "changes are due"
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_stack_file_must_be_there_and_be_called_like_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("config: {}")
    for path, why in (
        (other, "is not called Pulumi.<stack>.yaml"),
        (tmp_path / "Pulumi.x.yaml", "is no file"),
        (tmp_path / "Pulumi.x.deploy.yaml", "is for Pulumi Deployments, and no stack file"),
        (tmp_path / "recovered.x.yaml", "is not called Pulumi.<stack>.yaml"),
    ):
        assert main(["plan", "--stack", str(path)]) == 1
        assert why in capsys.readouterr().err


def test_a_folder_without_a_project_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "--stack", "dev", "--work", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "has no Pulumi.yaml" in error
    assert error.count("\n") == 1


def test_without_an_engine_it_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: image-factory\nruntime: python\n")
    done = subprocess.run(
        [sys.executable, "-m", "factory", "plan", "--stack", "dev", "--work", str(tmp_path)],
        env={**os.environ, "PATH": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("image-factory: there is no `pulumi` on PATH")
    assert done.stderr.count("\n") == 1


def test_an_export_reads_as_the_ledger_that_a_program_sees() -> None:
    world = dev("linux/a", "linux/b")
    world.founded = False
    world.run()
    resources = [
        {"urn": urn, "custom": True, "created": "2026-11-22T08:00:00Z", **resource}
        for urn, resource in world.resources.items()
    ]
    # What waits for its deletion shares its URN with a living one, or has nothing alive any more.
    urn = next(urn for urn in world.resources if urn.endswith("linux/a@20261122.1/record"))
    resources.append({"urn": urn, "type": "x", "delete": True, "outputs": {}})
    gone = urn.replace("linux/a", "linux/gone")
    resources.append({"urn": gone, "type": "x", "delete": True})
    # What was deleted first and could not be made again looks like a living one.
    unmade = urn.replace("linux/a", "linux/unmade")
    resources.append({"urn": unmade, "type": "x", "pendingReplacement": True})
    found = read_ledger(resources_of({"version": 3, "deployment": {"resources": resources}}))
    assert found == world.ledger
    assert resources_of({"version": 3, "deployment": {}}) == {}
    half = half_replaced_in({"version": 3, "deployment": {"resources": resources}})
    assert half.old == {logical_name(urn): 1, logical_name(gone): 1}
    assert half.gone == {logical_name(unmade)}
    assert half_replaced_in({"version": 3}) == HalfReplaced()


def test_what_a_command_prints_is_no_command_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, tags and reasons of others are printed; JSON of them stays JSON."""

    def stages(_: argparse.Namespace) -> int:
        print("a lab's name: \x1b[2J\u202e\r.", file=sys.stderr)
        print(json.dumps({"name": "\x7f\x1b"}, ensure_ascii=False))
        return 0

    monkeypatch.setattr("factory.cli.ci._stages", stages)
    assert main(["ci", "stages"]) == 0
    out, err = capsys.readouterr()
    assert err == "a lab's name: \\u001b[2J\\u202e\\u000d.\n"
    assert "\x7f" not in out
    assert json.loads(out) == {"name": "\x7f\x1b"}


def test_an_engine_that_is_not_logged_in_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: image-factory\nruntime: python\n")
    engine = tmp_path / "pulumi"
    said = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"
    engine.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 255\n")
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert main(["plan", "-s", "dev", "--work", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "is not logged in" in error
    assert "-> `pulumi login`" in error


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert re.fullmatch(r"image-factory \d+\.\d+\.\d+\n", capsys.readouterr().out)
