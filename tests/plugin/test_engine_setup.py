"""The set-up of engine and packages: what is used, built, repeated, and said when it cannot be."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import setup
from rehearsal.engine import build as building
from rehearsal.engine.build import binaries, build, build_version, newest
from rehearsal.engine.official import find_official, version_of
from rehearsal.engine.steps import SetupError, fingerprint, run_step, seconds
from rehearsal.engine.versions import least, pinned


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def official(folder: Path, version: str, *, host: bool = True) -> Path:
    script(folder / "pulumi", f"echo {version}")
    if host:
        script(folder / "pulumi-language-python", "exit 0")
    return folder / "pulumi"


@pytest.mark.parametrize(
    ("version", "host", "used"),
    [
        (f"v{least()}", True, True),
        (f"v{pinned()}", True, True),
        ("v4.0.1", True, True),
        ("v3.251.9", True, False),
        ("nonsense", True, False),
        (f"v{pinned()}", False, False),
    ],
)
def test_an_official_cli_is_used_if_new_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, host: bool, used: bool
) -> None:
    binary = official(tmp_path / "there", version, host=host)
    monkeypatch.setenv("PATH", f"{binary.parent}:/usr/bin:/bin")
    assert find_official(tmp_path / "own") == (binary if used else None)


def test_our_own_engine_is_not_an_official_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = official(tmp_path / "own", f"v{pinned()}")
    monkeypatch.setenv("PATH", f"{binary.parent}:/usr/bin:/bin")
    assert find_official(tmp_path / "own") is None


def test_a_cli_that_does_not_start_has_no_version(tmp_path: Path) -> None:
    assert version_of(tmp_path / "nothing") is None


FAKE_GO = """\
case "$1 $2" in
  "env GOVERSION") echo go{version};;
  "mod download") echo "{{\\"Dir\\": \\"{sdk}\\"}}";;
  "list -m") echo a-module v3.9.0 v3.99.1 v3.300.2 v3.301.0-alpha.1 v3.300.10;;
  "get tool") echo "$GOFLAGS" >> {log}; echo sums > go.sum;;
  build*) shift; while [ "$1" != -o ]; do shift; done; echo "$GOFLAGS" >> {log}; echo made > $2;;
esac
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a Go on PATH that builds instantly and notes with which flags."""
    sdk = tmp_path / "sdk"
    for name in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        script(sdk / "python" / name, "exit 0")
    log = tmp_path / "built.log"
    script(tmp_path / "go" / "go", FAKE_GO.format(version="1.26.8", sdk=sdk, log=log))
    monkeypatch.setenv("PATH", f"{tmp_path / 'go'}:/usr/bin:/bin")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    return log


def test_build_makes_all_four_files_once(tmp_path: Path, go: Path) -> None:
    folder = tmp_path / ".pulumi" / "bin"
    assert build(folder) is True
    assert sorted(path.name for path in folder.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    ]
    assert go.read_text(encoding="utf-8").splitlines() == ["-mod=readonly -buildvcs=false"] * 2
    assert os.access(folder / "pulumi-language-python-exec", os.X_OK)
    assert build(folder) is False
    assert len(go.read_text(encoding="utf-8").splitlines()) == 2


def test_build_goes_on_where_it_was_cut_off(tmp_path: Path, go: Path) -> None:
    folder = tmp_path / ".pulumi" / "bin"
    build(folder)
    (folder / "pulumi-language-python").unlink()
    assert build(folder) is True
    assert len(go.read_text(encoding="utf-8").splitlines()) == 3


def test_without_go_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SetupError) as raised:
        build(tmp_path / "bin")
    text = str(raised.value)
    assert "Go >= 1.26" in text
    assert "there is no `go` on PATH" in text
    assert "\n" not in text


def test_an_old_go_is_named(tmp_path: Path, go: Path) -> None:
    script(tmp_path / "go" / "go", FAKE_GO.format(version="1.19.8", sdk="x", log=go))
    with pytest.raises(SetupError, match=r"go is version 1\.19\.8"):
        build(tmp_path / "bin")


def test_a_failed_build_leaves_no_half_binary(tmp_path: Path, go: Path) -> None:
    failing = 'case "$1" in env) echo go1.26.8;; *) echo "dial tcp: no route" >&2; exit 1;; esac'
    script(tmp_path / "go" / "go", failing)
    folder = tmp_path / ".pulumi" / "bin"
    with pytest.raises(SetupError, match="a download failed; is the network there"):
        build(folder)
    assert list(folder.iterdir()) == []


def test_every_version_is_pinned() -> None:
    for binary in binaries(pinned()):
        assert (binary.module / "go.sum").stat().st_size > 10_000
        assert len(binary.stamp()) == 64


def test_another_version_is_resolved_once_and_built_beside(tmp_path: Path, go: Path) -> None:
    for _ in range(2):
        folder = build_version("3.252.0", tmp_path)
        assert folder == tmp_path / "engines" / "3.252.0" / "bin"
        assert (folder / "pulumi").is_file()
        assert (folder / "pulumi-language-python-exec").is_file()
    resolved = "-mod=mod -buildvcs=false"
    built = "-mod=readonly -buildvcs=false"
    assert go.read_text(encoding="utf-8").splitlines() == [resolved, built, built]
    module = (folder.parent / "module" / "go.mod").read_text(encoding="utf-8")
    assert "pkg/v3 v3.252.0" in module
    assert "sdk/v3 v3.252.0" in module
    own = (building.MODULES / "cli" / "go.mod").read_text(encoding="utf-8")
    assert module.splitlines()[-1] == own.splitlines()[-1], "the CLI's own replacement"


def test_of_the_pinned_version_nothing_is_resolved(tmp_path: Path, go: Path) -> None:
    assert build_version(pinned(), tmp_path) == tmp_path / "bin"
    assert build(tmp_path / "bin") is False
    assert go.read_text(encoding="utf-8").splitlines() == ["-mod=readonly -buildvcs=false"] * 2


def test_modules_that_cannot_be_resolved_leave_nothing(tmp_path: Path, go: Path) -> None:
    failing = 'case "$1" in env) echo go1.26.8;; *) echo "no matching versions" >&2; exit 1;; esac'
    script(tmp_path / "go" / "go", failing)
    with pytest.raises(SetupError, match=r"modules of 3\.251\.7 failed: no matching versions"):
        build_version("3.251.7", tmp_path)
    assert [path.name for path in (tmp_path / "engines" / "3.251.7").iterdir()] == ["logs"]


def test_the_newest_version_is_the_highest_number_that_is_released(go: Path) -> None:
    assert newest() == "3.300.10"


def test_a_failing_step_tells_its_last_line(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    command = [sys.executable, "-c", "print('first'); print('the reason'); raise SystemExit(3)"]
    with pytest.raises(SetupError, match="a step failed: the reason"):
        run_step("a step", command, log=log, cwd=tmp_path)


def test_a_long_step_shows_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rehearsal.engine.steps.PROGRESS_SECONDS", 0.05)
    command = [sys.executable, "-c", "import time; time.sleep(0.4)"]
    run_step("a step", command, log=tmp_path / "l", cwd=tmp_path, progress=lambda _: ", so far")
    shown = capsys.readouterr().out.splitlines()
    assert "  a step: 0 s, so far" in shown
    assert shown[-1].startswith("a step: done in ")


def test_the_launcher_starts_our_plugin_from_any_folder(tmp_path: Path) -> None:
    odd = tmp_path / "it's here"
    odd.mkdir()
    assert setup.install_plugin(odd) is True
    assert setup.install_plugin(odd) is False
    folder = odd / ".pulumi" / "plugins" / "resource-azure-native-v3.29.0"
    launcher = folder / "pulumi-resource-azure-native"
    script(odd / ".venv" / "bin" / "python", 'echo "$PYTHONPATH" "$@"')
    done = os.popen(f'sh "{launcher}" 127.0.0.1:1').read()  # noqa: S605  # a path of our own
    assert done == f"{odd} -m rehearsal.plugin 127.0.0.1:1\n"


def test_packages_are_installed_again_only_when_requirements_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    bin_folder = tmp_path / ".venv" / "bin"
    log = tmp_path / "calls"
    script(bin_folder / "python", f'echo "$@" >> {log}')
    script(bin_folder / "pip", "exit 0")
    assert setup.install_packages(tmp_path) is True
    assert setup.install_packages(tmp_path) is False
    (tmp_path / "requirements.txt").write_text("requests\n", encoding="utf-8")
    assert setup.install_packages(tmp_path) is True
    calls = log.read_text(encoding="utf-8").splitlines()
    assert len(calls) == 2
    assert calls[0].endswith("-c constraints.txt -r requirements.txt -r requirements-dev.txt")


def test_fingerprints_keep_parts_apart() -> None:
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])


def test_durations_are_readable() -> None:
    assert (seconds(4.4), seconds(245)) == ("4 s", "4 min 05 s")


def test_setup_runs_with_the_standard_library_alone() -> None:
    # -S leaves site-packages out, as on a machine before its first set-up.
    command = [sys.executable, "-S", "-m", "rehearsal", "setup", "--help"]
    done = subprocess.run(command, cwd=setup.CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Set this checkout up." in done.stdout
