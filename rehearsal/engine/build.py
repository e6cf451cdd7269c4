"""Building the Pulumi CLI and its Python language host from Go modules.

No package of Debian, PyPI or npm carries the CLI itself. It builds from its Go modules; the
current language host is in no module that can be had, but the one of sdk v3.68.0 still is, and
it drives programs under engine 3.259 with the two scripts of the sdk v3.259.0 module. The host
ignores `runtime.options` of Pulumi.yaml, so the venv's bin folder goes first on PATH.

Every version is pinned by the go.mod and go.sum beside this file; `go build -mod=readonly`
refuses anything else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rehearsal.engine.steps import SetupError, fingerprint, run_step, say, write_atomic

CLI_VERSION = "v3.259.0"
MODULES = Path(__file__).resolve().parent
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_SCRIPTS = {
    "pulumi-language-python-exec": "python/cmd",
    "pulumi-resource-pulumi-python": "python/dist",
}


@dataclass(frozen=True)
class Binary:
    """One program to build: the module folder that pins it, its package and linker flags."""

    name: str
    module: str
    package: str
    ldflags: str

    def stamp(self) -> str:
        """Hash everything that decides what is built."""
        folder = MODULES / self.module
        return fingerprint([folder / "go.mod", folder / "go.sum", self.package, self.ldflags])


BINARIES = (
    Binary(
        name="pulumi",
        module="cli",
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ldflags=f"-s -w -X {_SDK}/go/common/version.Version={CLI_VERSION}",
    ),
    Binary(
        name="pulumi-language-python",
        module="language-host",
        package=f"{_SDK}/python/cmd/pulumi-language-python",
        ldflags="-s -w",
    ),
)


def build(bin_folder: Path) -> bool:
    """Build into `bin_folder` what is not there yet; True if anything was done.

    Raises SetupError if Go is missing or too old, a download fails or a build fails.
    """
    stamps = bin_folder.parent / "stamps"
    due = [binary for binary in BINARIES if not _is_current(binary, bin_folder, stamps)]
    scripts_due = [name for name in _SCRIPTS if not _is_current_script(name, bin_folder, stamps)]
    if not due and not scripts_due:
        return False
    go = _find_go()
    bin_folder.mkdir(parents=True, exist_ok=True)
    for binary in due:
        _build_one(go, binary, bin_folder, stamps)
    if scripts_due:
        _copy_scripts(go, bin_folder, stamps)
    return True


def _is_current(binary: Binary, bin_folder: Path, stamps: Path) -> bool:
    stamp = stamps / binary.name
    return (
        (bin_folder / binary.name).is_file()
        and stamp.is_file()
        and stamp.read_text(encoding="utf-8") == binary.stamp()
    )


def _is_current_script(name: str, bin_folder: Path, stamps: Path) -> bool:
    stamp = stamps / name
    return (
        (bin_folder / name).is_file()
        and stamp.is_file()
        and stamp.read_text(encoding="utf-8") == CLI_VERSION
    )


def _find_go() -> str:
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    needed = _needed_go()
    wanted = (
        f"No Pulumi CLI >= 3.238 is on PATH, and building one needs Go >= {needed}: "
        "install either (https://www.pulumi.com/docs/install, https://go.dev/dl)"
    )
    if go is None:
        message = f"{wanted}; there is no `go` on PATH."
        raise SetupError(message)
    answer = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=_environment()
    )
    found = answer.stdout.strip().removeprefix("go")
    if _numbers(found) < _numbers(needed):
        message = f"{wanted}; {go} is version {found or 'unknown'}."
        raise SetupError(message)
    return go


def _needed_go() -> str:
    match = re.search(r"^go (\S+)$", (MODULES / "cli" / "go.mod").read_text("utf-8"), re.MULTILINE)
    if match is None:
        message = f"{MODULES / 'cli' / 'go.mod'} has no `go` line."
        raise SetupError(message)
    return match[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _environment() -> dict[str, str]:
    # The user's own Go settings (workspace, flags, another toolchain) must not change what is
    # built. CGO off: the same binary with and without a C compiler, which a bare machine lacks.
    return {
        **os.environ,
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }


def _build_one(go: str, binary: Binary, bin_folder: Path, stamps: Path) -> None:
    if binary.name == "pulumi":
        say("engine: no official Pulumi CLI >= 3.238 on PATH; building one, about 4 minutes once")
    temporary = bin_folder / f".{binary.name}.{os.getpid()}"
    command = [go, "build", "-v", "-ldflags", binary.ldflags, "-o", str(temporary), binary.package]
    try:
        run_step(
            f"engine: build of {binary.name}",
            command,
            log=bin_folder.parent / "logs" / f"build-{binary.name}.log",
            cwd=MODULES / binary.module,
            environment=_environment(),
            progress=_progress,
        )
        temporary.replace(bin_folder / binary.name)
    finally:
        temporary.unlink(missing_ok=True)
    write_atomic(stamps / binary.name, binary.stamp())


def _progress(log: str) -> str:
    lines = log.splitlines()
    fetched = sum(line.startswith("go: downloading") for line in lines)
    compiled = sum(not line.startswith("go: ") for line in lines)
    return f", {fetched} modules fetched, {compiled} packages compiled"


def _copy_scripts(go: str, bin_folder: Path, stamps: Path) -> None:
    answer = subprocess.run(
        [go, "mod", "download", "-json", f"{_SDK}@{CLI_VERSION}"],
        cwd=MODULES / "cli",
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    match = re.search(r'"Dir": "([^"]+)"', answer.stdout)
    if answer.returncode != 0 or match is None:
        reason = (answer.stderr.strip() or answer.stdout.strip()).replace("\n", " ")[:300]
        message = f"engine: the module {_SDK} {CLI_VERSION} cannot be had: {reason}"
        raise SetupError(message)
    for name, folder in _SCRIPTS.items():
        source = Path(match[1]) / folder / name
        write_atomic(bin_folder / name, source.read_text("utf-8"), mode=0o755)
        write_atomic(stamps / name, CLI_VERSION)
    say("engine: scripts of the Python language host copied")
